/** The reducer of builds, as others see it. */
export {
  Build,
  BuildPhase,
  type BuildsInput,
  type BuildsState,
  initial,
  type OrderRefusal,
  reduce,
  type RightJudged,
  Run,
  RunEntry,
  RunKey,
  RunPhase,
  Source,
  type TriggerJudged,
  WrittenBuilds
} from '../builds/index.js'
export { Told } from '../builds/pushes.js'
export { type Page, pageAfter, READER_MARGIN_US, servedAfter, type StatusLog } from '../builds/status-log.js'
