/** The reducer of builds, as others see it. */
export {
  Build,
  BuildPhase,
  type BuildsInput,
  type BuildsState,
  initial,
  type Page,
  pageAfter,
  reduce,
  type RightJudged,
  Run,
  RunEntry,
  RunKey,
  RunPhase,
  Source,
  type TriggerJudged,
  WrittenBuilds
} from '../builds.js'
