/** The reducer of access, as others see it. */
export {
  type AccessGiven,
  type AccessLost,
  type AccessOutcome,
  type AccessState,
  Entry,
  initial,
  reduce,
  WrittenAccess
} from '../access/index.js'
