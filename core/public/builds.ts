/** The public part of builds: their reducer. */
export {
  Build,
  buildOf,
  BuildPhase,
  type BuildsGiven,
  type BuildsState,
  type CallAnswer,
  type CallRefusal,
  initial,
  type OrderRefusal,
  reduce,
  Run,
  RunEntry,
  RunKey,
  RunKind,
  runKey,
  runOf,
  RunPhase,
  Source,
  splitKey,
  TokenKey,
  WrittenBuilds
} from '../builds/index.js'
export { RememberedPush } from '../builds/pushes.js'
export { type Page, pageAfter, READER_MARGIN_US, servedAfter, type StatusLog } from '../builds/status-log.js'
