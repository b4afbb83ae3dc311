/**
 * So much of something, and no more: what strangers make us do, and what they make us keep, has a limit.
 */

export interface Budget {
  /** Whether more was spent than there was. */
  readonly isSpent: () => boolean
  /** Takes the cost, and says whether that could be afforded. Who overdraws it can afford nothing any more. */
  readonly spend: (cost: number) => boolean
  /** Takes the cost if it can be afforded, and says whether it could. */
  readonly take: (cost: number) => boolean
}

export const budgetOf = (limit: number): Budget => {
  let rest = limit
  return {
    isSpent: () => rest < 0,
    spend: (cost) => {
      rest -= cost
      return rest >= 0
    },
    take: (cost) => {
      if (cost > rest) return false
      rest -= cost
      return true
    }
  }
}
