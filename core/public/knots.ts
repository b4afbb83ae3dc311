/** The reducer of knots, as others see it. */
export { type Holder, type HoldsChanged, initial, type KnotsState, reduce, Subscription, type TriggerArrived, WrittenKnots } from '../knots.js'
