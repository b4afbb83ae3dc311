/** The public part of knots: their reducer. */
export {
  type CollaboratorTold,
  initial,
  type KnotLeft,
  type KnotOutcome,
  type KnotsGiven,
  type KnotsState,
  reduce,
  Subscription,
  type TriggerArrived,
  WrittenKnots
} from '../knots/index.js'
export type { Holder } from '../commits/index.js'
