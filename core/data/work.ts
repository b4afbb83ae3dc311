/**
 * Work that is counted: what strangers make us do has a limit.
 */

/** What may be spent on patterns: a code point that is looked at, or copied, is one. */
export interface Work {
  /** Whether more was spent than there was. */
  readonly isSpent: () => boolean
  /** Takes what something costs, and says whether that can be afforded. */
  readonly spend: (cost: number) => boolean
}

export const workOf = (limit: number): Work => {
  let left = limit
  return {
    isSpent: () => left < 0,
    spend: (cost) => {
      left -= cost
      return left >= 0
    }
  }
}
