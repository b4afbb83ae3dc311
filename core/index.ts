/**
 * tack's core: the machine as a library. This is the only door; what is not exported here is not public.
 *
 *     const state = initial(config)                 // Config.decode({ ...defaults({ hostname, owner }), … })
 *     const [next, effects] = step(state, event)    // decodeFrame(receipt)(text), or any other Event
 *
 * No clock, no chance, no I/O, no exceptions: the same events give the same state and the same effects, everywhere. How
 * to give it a host, save it and restore it: spec/embedding.md. What is public is listed in spec/embedding/surface.txt.
 */

// The machine, and its reducers one by one: an embedder can take any of them alone.
export { type Concern, CONCERNS, run, step } from './machine.js'
export { asAdvance, fold, type Folded } from './batch.js'
export * as Backfill from './public/backfill.js'
export * as Builds from './public/builds.js'
export * as Commits from './public/commits.js'
export * as Counters from './counters.js'
export * as Cursor from './public/cursor.js'
export * as Knots from './public/knots.js'
export * as Connections from './public/connections.js'
export type { Transition } from './transition.js'

// What it is made of, with codecs.
export { Admission, Allowed, Backoff, BuildPolicy, Caps, Config, defaults, type Identity } from './config.js'
export { Natural } from './data/natural.js'
export { AccountEntry, fromParts, Head, headOf, initial, type Parts, State } from './state.js'
export * from './event.js'
export * from './effect.js'
export * from './model/trigger.js'
export * from './model/workflow.js'
export * from './model/build.js'
export { planOf, type Shared } from './builds/plan.js'
export { canonical, type Json } from './canonical.js'
export { explain } from './data/explain.js'

// Questions to the state.
export { cursor, holdersOf, isMember, isWanted, orderRefusal, repoAt, wantedKnots } from './queries.js'

// Foreign formats.
export { decodeDidDocument } from './wire/did-document.js'
export { decodeFrame, type Receipt, rejectFrame } from './wire/jetstream.js'
export { decodeListRecords, type ListAsked, type ListedPage } from './wire/list-records.js'
export { decodeKnotFrame, type KnotReceipt, rejectKnotFrame } from './wire/knot/frame.js'
export { decodeTrigger } from './wire/knot/decode-trigger.js'
export { decodeWorkflow, type Yaml, type YamlMap, type YamlScalar } from './wire/workflow-file.js'
export { decodeCursor, logFrame, pipelineFrame, ReaderCursor, rfc3339, statusFrame } from './wire/status.js'

// Which workflows are built, and what they are told.
export { applies, mistakeIn, type ShortName, shortName } from './builds/when.js'
export { type JobFacts, pipelineUri, variablesOf, withReserved } from './builds/variables.js'

export { aboutOf, mayTakeLong, PASSED_OVER, passOver } from './pass-over.js'
export { LIMITS, overlong, type Overlong, withinLimits } from './limits.js'

// Data.
export { timeOfDateTime } from './data/date-time.js'
export { matchGlob } from './data/glob.js'
export { canonicalHost, HostName, HostPolicy } from './data/host-name.js'
export {
  clampTimeUs,
  COLLABORATOR,
  Collection,
  COLLECTIONS,
  Did,
  isTidAfter,
  isZeroSha,
  MEMBER,
  Nanos,
  Nsid,
  REPO,
  Rkey,
  Sha,
  Tid,
  tidOf,
  timeOfTid,
  TimeUs,
  WorkflowName
} from './data/identifiers.js'
export * as OrderedMap from './data/ordered-map.js'
export { excerpt } from './data/text.js'
