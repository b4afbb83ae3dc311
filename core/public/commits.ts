/** The reducer of rows, as others see it. */
export { Account, type CommitsState, Floor, type HoldChanged, initial, Policy, reduce, Repo, type Slot, type Slots } from '../commits.js'
