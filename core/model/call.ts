/**
 * Calls: what somebody asks for over XRPC, and the token that proves who they are.
 */
import * as t from 'io-ts'
import { Did, Tid, TimeUs, WorkflowName } from '../data/identifiers.js'
import { Manual } from './trigger.js'

/** The names of workflows, whole or as clients see them; `null`: all. */
const Workflows = t.union([t.readonlyArray(WorkflowName), t.null])

/** What is asked for. */
export const Call = t.union(
  [
    /** Cancel the builds of a pipeline. */
    t.readonly(
      t.strict({ _tag: t.literal('CancelPipeline'), pipeline: Tid, repo: Did, workflows: Workflows })
    ),
    /** Build the repository. */
    t.readonly(
      t.strict({ _tag: t.literal('TriggerPipeline'), cause: Manual, repo: Did, workflows: Workflows })
    )
  ],
  'Call'
)
export type Call = t.TypeOf<typeof Call>

/** The brand of `TokenId`. */
export interface TokenIdBrand {
  readonly TokenId: unique symbol
}

/** The id of a token (`jti`), unique among the tokens of its issuer: 1 to 256 visible ASCII characters. */
export const TokenId = t.brand(
  t.string,
  (s): s is t.Branded<string, TokenIdBrand> => /^[!-~]{1,256}$/.test(s),
  'TokenId'
)
export type TokenId = t.TypeOf<typeof TokenId>

/** A token that was used: its id among those of its issuer, and when it expires. */
export const Token = t.readonly(t.strict({ id: TokenId, untilUs: TimeUs }), 'Token')
export type Token = t.TypeOf<typeof Token>
