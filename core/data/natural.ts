/** Natural numbers: durations, counts, and the numbers of requests. */
import * as t from 'io-ts'

/** A duration or count: an integer that is not negative. Its unit is the last word of the name that carries it. */
export interface NaturalBrand {
  readonly Natural: unique symbol
}
/** An integer from 0 to 2⁵³−1. */
export const Natural = t.brand(
  t.number,
  (n): n is t.Branded<number, NaturalBrand> => Number.isSafeInteger(n) && n >= 0,
  'Natural'
)
export type Natural = t.TypeOf<typeof Natural>

export const ZERO = 0 as Natural
export const ONE = 1 as Natural
