/**
 * tack's core: the machine as a library. This is the only entry point; what is not exported here is not public.
 *
 * The machine is one function, `step(state, event)`, which gives the next state and a list of effects: what is to be
 * done. It uses no clock, randomness, I/O or exceptions: the same events give the same state and the same effects,
 * everywhere. To embed it, write the loop around it:
 *
 *     let state = initial(config)                        // or what was saved: State.decode, fromParts
 *     for await (const batch of arrived()) {             // events, in the order in which they came
 *       const folded = fold(state, batch)                // steps them all
 *       await journal.append(folded.events)              // durable first …
 *       state = folded.state
 *       for (const effect of folded.effects) execute(effect) // … and only then acted on; results arrive as events
 *     }
 *
 * What must be durable before what:
 *
 * 1. The events of a batch, before any of its effects is executed, and before anybody is shown the new state. Otherwise
 *    a build that was requested and then forgotten would be started twice.
 * 2. A snapshot of the state, before the journal that it includes is dropped.
 * 3. Nothing else. A batch whose `isLazy` is true only moves the cursor: losing it costs no more than a replay. Losing
 *    effects does no harm either: the first event of a new process is `Started`, which requests everything that is
 *    outstanding, and looks up what may have been started before it starts anything (T5).
 *
 * What each kind of event is for:
 *
 *     Started, StopRequested             a process begins, with its configuration, or is to end
 *     PassedOver                         the operator had an event skipped because its step did not end
 *     TimerFired                         a WakeAfter is over
 *     JetstreamOpened, JetstreamClosed   the connection to the stream of records
 *     CommitReceived, AccountReceived    a frame of the stream changes records, or the status of an account
 *     StreamAdvanced, FrameRejected      frames of the stream that only move the cursor, or cannot be read
 *     KnotOpened, KnotClosed             the connection to a knot
 *     KnotReceived, KnotFrameRejected    a frame of a knot is a trigger, or cannot be read
 *     CollaboratorUpdated                a frame of a knot says that somebody may push now, or no longer
 *     RecordsRead                        an account's own server has answered ReadRecords
 *     AccessRead                         a knot has answered ReadAccess
 *     WorkflowsRead                      a repository has answered ReadWorkflows
 *     BuildAccepted, BuildMissing        a provider has answered StartBuild or FindBuild
 *     BuildReported, CancelAcknowledged  a provider reports the status of a build, or has answered CancelBuild
 *     RequestFailed                      a request to any of these has failed
 *     CancelRequested, RetryRequested    the operator's orders
 *     CallReceived                       a call of somebody with an account, over XRPC
 *
 * What each kind of effect asks of the shell:
 *
 *     OpenJetstream, CloseJetstream      the connection to the stream
 *     SubscribeKnot, UnsubscribeKnot     the connection to a knot; the first also after a pause
 *     WakeAfter                          come back with TimerFired
 *     ReadRecords, ReadAccess            ask an account's server, or a knot who may push; answer under the number
 *     ReadWorkflows                      read a repository's workflow files, and answer under the number
 *     StartBuild, FindBuild, CancelBuild ask a provider, and answer under the number
 *     FollowBuild, UnfollowBuild         begin or cease to report the status of a build
 *     PublishPipeline, PublishStatus     nothing: facts for observers; readers are served from the durable state
 *     Report                             tell the operator
 *
 * Every request carries a number, and so does its answer. An answer whose number is not the one that the state waits
 * for is ignored, so one that comes late, twice or never does no harm. How to host the core, save it and restore it:
 * spec/embedding.md. What is public is listed in spec/embedding/surface.txt.
 *
 * Ten of the exports host the machine: defaults, Config, explain, initial, fold, Event, Effect, decodeFrame,
 * decodeKnotFrame, State. The others are shapes of data, questions on the state, and parts that can be used alone.
 */

// The machine, and its reducers: an embedder can use any of them alone.
export { type Concern, CONCERNS, run, step } from './machine.js'
export { asAdvance, fold, type Folded } from './batch.js'
export * as Access from './public/access.js'
export * as Backfill from './public/backfill.js'
export * as Builds from './public/builds.js'
export * as Commits from './public/commits.js'
export * as Counters from './counters/index.js'
export * as Cursor from './public/cursor.js'
export * as Knots from './public/knots.js'
export * as Connections from './public/connections.js'
export type { Transition } from './base/transition.js'

// Its parts, with codecs.
export { Admission, Allowed, Backoff, BuildPolicy, Caps, Config, defaults, type Identity } from './config.js'
export { Natural } from './data/natural.js'
export { Request } from './base/request.js'
export { AccountEntry, fromParts, Head, headOf, initial, type StateParts, State } from './state.js'
export * from './event.js'
export * from './effect.js'
export * from './model/trigger.js'
export * from './model/workflow.js'
export { Access as AccessAnswer } from './model/access.js'
export * from './model/build.js'
export { planOf, type Shared } from './builds/plan.js'
export { canonical, type Json } from './data/canonical.js'
export { checked, explain } from './data/explain.js'

// Queries on the state.
export { callAnswer } from './queries/call-answer.js'
export { cursor, holdersOf, isMember, isWanted, orderRefusal, repoAt, wantedKnots } from './queries/rows.js'
export { type NamedRun, shownName, workflowCalled } from './builds/named.js'
export { type PipelineView, type TriggerView, type WorkflowView } from './queries/pipeline-view.js'
export {
  pipelineAt,
  type PipelinePage,
  type PipelineQuery,
  pipelineRun,
  queryPipelines
} from './queries/pipelines.js'
export { repositoriesCalled } from './queries/repositories.js'
export { runOutcome, type RunOutcome } from './queries/run-outcome.js'
export { type HeldRepository } from './access/rights.js'

// Foreign formats.
export { CALLED, type CalledMethod, decodeCall } from './wire/call-body.js'
export {
  decodeDidDocument,
  decodeHandle,
  decodeKnotOfRepository,
  decodeSigningKey,
  hostOfService,
  type WrittenKey
} from './wire/did-document.js'
export { decodeFrame, type Receipt, rejectFrame } from './wire/jetstream.js'
export {
  COLLABORATORS_PAGE,
  type CollaboratorsPage,
  decodeCollaborators,
  decodeDescribeRepo,
  decodeKnotVersion,
  type RepoDescription
} from './wire/knot-answers.js'
export { decodeListRecords, type ListAsked, type ListedPage } from './wire/list-records.js'
export { decodeKnotFrame, type KnotReceipt, rejectKnotFrame } from './wire/knot/frame.js'
export { decodeTrigger } from './wire/knot/decode-trigger.js'
export {
  type Addressed,
  decodeServiceToken,
  judgeServiceToken,
  type ServiceToken,
  type TokenAlgorithm,
  type TokenFault
} from './wire/service-token.js'
export { decodeWorkflow, type Yaml, type YamlMap, type YamlScalar } from './wire/workflow-file.js'
export { inside, isList, isMap } from './wire/yaml-fields.js'
export { decodeCursor, logFrame, pipelineFrame, ReaderCursor, rfc3339, statusFrame } from './wire/status.js'

// Which workflows are built, and with what variables.
export { applies, mayHold, mistakeIn, type ShortName, shortName } from './builds/when.js'
export { type JobFacts, variablesOf, withReserved } from './builds/variables.js'

export { aboutOf, mayTakeLong, PASSED_OVER, passOver } from './journal/pass-over.js'
export * as Numbers from './journal/numbers.js'
export { LIMITS, overlong, type Overlong, withinLimits } from './model/record-limits.js'

// Data.
export { timeOfDateTime } from './data/date-time.js'
export { matchGlob } from './data/glob.js'
export { canonicalHost, HostName, HostPolicy } from './data/host-name.js'
export {
  clampTimeUs,
  COLLABORATOR,
  COLLABORATOR_UPDATE,
  Collection,
  COLLECTIONS,
  Did,
  isTidAfter,
  isZeroSha,
  MEMBER,
  Nanos,
  Nsid,
  pipelineUri,
  REPO,
  Rkey,
  Sha,
  Tid,
  tidOf,
  timeOfTid,
  TimeUs,
  WorkflowName
} from './data/identifiers.js'
export { nearest } from './data/nearest.js'
export * as OrderedMap from './data/ordered-map.js'
export { excerpt } from './data/text.js'
