/** The reducer of rows, as others see it. */
export { Account, Floor, Repo, SetAside, type Slot, type Slots } from '../accounts.js'
export { type CommitsState, type Entitlement, entitlement, type HoldChanged, initial, isHeld, type MemberChanged, Policy, reduce } from '../commits.js'
