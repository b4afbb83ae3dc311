/** The reducer of the backfill, as others see it. */
export { BackfillState, initial, type MembersChanged, Reading, reduce } from '../backfill.js'
