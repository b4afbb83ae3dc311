/**
 * A limited amount of something: strangers can cause only so much work, and have only so much kept.
 */

export interface Budget {
  /** Whether more was spent than there was. */
  readonly isSpent: () => boolean
  /** Takes the cost, and tells whether it was within the budget. Once overdrawn, the budget affords nothing. */
  readonly spend: (cost: number) => boolean
  /** Takes the cost if it is within the budget, and tells whether it was. */
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
