/** The reducer of the backfill, as others see it. */
export { type BackfillGiven, BackfillState, initial, Reading, reduce } from '../backfill.js'
