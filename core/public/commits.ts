/** The reducer of rows, as others see it. */
export { Account, type CommitsState, type Entitlement, entitlement, Floor, type HoldChanged, initial, isHeld, type MemberChanged, Policy, reduce, Repo, type Slot, type Slots } from '../commits.js'
