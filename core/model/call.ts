/**
 * Calls: what somebody asks for over XRPC, and the token by which the shell knows who it is.
 */
import * as t from 'io-ts'
import { Did, Tid, TimeUs, WorkflowName } from '../data/identifiers.js'
import { Manual } from './trigger.js'

/** The names of workflows, whole or as clients are shown them; `null`: all. */
const Workflows = t.union([t.readonlyArray(WorkflowName), t.null])

/** What is asked for. */
export const Call = t.union(
  [
    /** The builds of a pipeline are to end. */
    t.readonly(
      t.strict({ _tag: t.literal('CancelPipeline'), pipeline: Tid, repo: Did, workflows: Workflows })
    ),
    /** The repository is to be built. */
    t.readonly(
      t.strict({ _tag: t.literal('TriggerPipeline'), cause: Manual, repo: Did, workflows: Workflows })
    )
  ],
  'Call'
)
export type Call = t.TypeOf<typeof Call>

/** What tells the id of a token from any other text. */
export interface TokenIdBrand {
  readonly TokenId: unique symbol
}

/** The id of a token (`jti`), which it has to itself among those of its issuer: 1 to 256 visible ASCII characters. */
export const TokenId = t.brand(
  t.string,
  (s): s is t.Branded<string, TokenIdBrand> => /^[!-~]{1,256}$/.test(s),
  'TokenId'
)
export type TokenId = t.TypeOf<typeof TokenId>

/** What tells a token from the other tokens of who has issued it, and how long it could be used. */
export const Token = t.readonly(t.strict({ id: TokenId, untilUs: TimeUs }), 'Token')
export type Token = t.TypeOf<typeof Token>
