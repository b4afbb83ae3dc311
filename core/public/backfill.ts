/** The public part of the backfill: its reducer. */
export { type BackfillGiven, BackfillState, initial, Reading, reduce } from '../backfill/index.js'
