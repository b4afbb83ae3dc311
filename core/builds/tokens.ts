/**
 * Used tokens: each counts once (T7). A token is remembered until it has expired, by the latest time the clock has ever
 * shown, so setting the clock back revives none.
 */
import { type Did, laterOf, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { CallReceived } from '../event.js'
import type { BuildsState, TokenKey } from './model.js'

/** How many tokens are remembered, per caller and in total. Beyond that, calls are refused until some expire. */
export const TOKENS_OF_CALLER_MAX = 100
export const TOKENS_MAX = 5_000

/** Why a token does not count: it has expired; it was used before; or no more can be remembered. */
export type TokenRefusal = 'expired' | 'used' | 'busy'

type Tokens = Pick<BuildsState, 'tokens' | 'tokensUs'>

const prefixOf = (caller: Did): string => `${caller} `

const keyOf = ({ caller, token }: CallReceived): TokenKey => `${prefixOf(caller)}${token.id}` as TokenKey

/** The tokens that have not expired at that time. */
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

/** The state in which the token of the call has been used. */
export const withToken = (state: BuildsState, event: CallReceived): BuildsState => {
  const tokensUs = laterOf(state.tokensUs, event.at)
  const tokens = M.upsertAt(keyOf(event), event.token.untilUs)(alive(state, tokensUs))
  return { ...state, tokens, tokensUs }
}
