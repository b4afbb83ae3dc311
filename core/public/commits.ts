/** The reducer of rows, as others see it. */
export { Account, Floor, Repo, SetAside, type Slot, type Slots } from '../commits/account.js'
export {
  type CommitsState,
  type HoldChanged,
  initial,
  isHeld,
  type MemberChanged,
  Policy,
  reduce
} from '../commits/index.js'
export { type Entitlement, entitlement } from '../rights.js'
