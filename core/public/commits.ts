/** The public part of rows: their reducer. */
export { Account, Floor, Repo, SetAside, type Slot, type Slots } from '../commits/account.js'
export {
  type ClaimChanged,
  type CommitsState,
  type HoldChanged,
  initial,
  isHeld,
  type MemberChanged,
  type RepoChanged,
  reduce,
  type Rows,
  type RowsOutcome
} from '../commits/index.js'
export { type Entitlement, entitlement, type Right } from '../access/rights.js'
