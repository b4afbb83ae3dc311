/** The reducer of knots, as others see it. */
export { type Holder, type HoldsChanged, initial, type KnotsState, reduce, Subscription, WrittenKnots } from '../knots.js'
