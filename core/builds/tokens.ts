/**
 * Tokens that were used, each of which counts once (T7). They are remembered until they could not be used any more, by
 * the clock that has come furthest: one that is set back brings none back.
 */
import { type Did, laterOf, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { CallReceived } from '../event.js'
import type { BuildsState, TokenKey } from './model.js'

/** How many tokens are remembered, of one caller and of all: with more, calls are refused until some are over. */
export const TOKENS_OF_CALLER_MAX = 100
export const TOKENS_MAX = 5_000

/** Why a token does not count: its time is over; it was used; no more can be remembered. */
export type TokenRefusal = 'expired' | 'used' | 'busy'

type Tokens = Pick<BuildsState, 'tokens' | 'tokensUs'>

const prefixOf = (caller: Did): string => `${caller} `

const keyOf = ({ caller, token }: CallReceived): TokenKey => `${prefixOf(caller)}${token.id}` as TokenKey

/** Those that can still be used at that time. */
const alive = ({ tokens }: Tokens, nowUs: TimeUs): Tokens['tokens'] =>
  M.reduceWithKey<TokenKey, TimeUs, Tokens['tokens']>(tokens, (key, kept, untilUs) =>
    untilUs > nowUs ? kept : M.deleteAt(key)(kept)
  )(tokens)

const countOf = (tokens: Tokens['tokens'], caller: Did): number => {
  const prefix = prefixOf(caller)
  let count = 0
  for (const [key] of M.entriesFrom(tokens, prefix)) {
    if (!key.startsWith(prefix)) break
    count++
  }
  return count
}

/** Why the token of a call does not count; `null` when it does. */
export const tokenRefusal = (state: Tokens, event: CallReceived): TokenRefusal | null => {
  const nowUs = laterOf(state.tokensUs, event.at)
  if (event.token.untilUs <= nowUs) return 'expired'
  const tokens = alive(state, nowUs)
  if (M.has(keyOf(event))(tokens)) return 'used'
  return M.size(tokens) >= TOKENS_MAX || countOf(tokens, event.caller) >= TOKENS_OF_CALLER_MAX ? 'busy' : null
}

/** The state in which the token of the call was used. */
export const withToken = (state: BuildsState, event: CallReceived): BuildsState => {
  const tokensUs = laterOf(state.tokensUs, event.at)
  const tokens = M.upsertAt(keyOf(event), event.token.untilUs)(alive(state, tokensUs))
  return { ...state, tokens, tokensUs }
}
