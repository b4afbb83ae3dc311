/** The reducer of builds, as others see it. */
export { Build, BuildPhase, type BuildsState, initial, type Page, pageAfter, Run, RunEntry, RunKey, RunPhase, WrittenBuilds } from '../builds.js'
