/** The manifest: what the traces and vectors cover, counted from their lines. */
import {
  CONCERNS,
  Counters,
  type Effect,
  type Event,
  KnotRejection,
  Rejection,
  IgnoreReason,
  TriggerRefusal,
  WorkflowDrop
} from '../../../core/index.js'
import { StepLine, SUBJECTS, TraceHeader, Vector, VERSION } from '../format.js'
import type { Mutation } from '../mutate.js'
import { EXEMPT, MUTANTS } from '../mutants.js'
import { lineOf } from './lines.js'

type Counts = Readonly<Record<string, number>>

/** How often each of `items` comes, ascending; each of `expected` also where it comes never. */
const counted = (items: Iterable<string>, expected: ReadonlyArray<string> = []): Counts => {
  const counts = new Map<string, number>(expected.map((item) => [item, 0]))
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const numbers = (letter: string, last: number): ReadonlyArray<string> => Array.from({ length: last }, (_, i) => `${letter}${String(i + 1)}`)

/** S1–S17, D1–D13 without D8, F1–F10, B1–B3, T1–T7. */
export const RULES = [
  ...numbers('S', 17),
  ...numbers('D', 13).filter((rule) => rule !== 'D8'),
  ...numbers('F', 10),
  ...numbers('B', 3),
  ...numbers('T', 7)
]

export const EVENTS = Object.keys(CONCERNS)

export const EFFECTS: ReadonlyArray<Effect['_tag']> = [
  'OpenJetstream',
  'CloseJetstream',
  'SubscribeKnot',
  'UnsubscribeKnot',
  'WakeAfter',
  'ReadRecords',
  'ReadWorkflows',
  'StartBuild',
  'FindBuild',
  'FollowBuild',
  'UnfollowBuild',
  'CancelBuild',
  'PublishPipeline',
  'PublishStatus',
  'Report'
]

/** The kinds of reports: rejections with their reasons. */
export const REPORTS = [
  'FrameFromFuture',
  'Gap',
  'KnotFrameFromFuture',
  'KnotRefused',
  'FieldTooLong',
  'KeyRefused',
  'RecordsReadFailed',
  'WorkflowsReadFailed',
  'ProviderUncertain',
  'BuildAbandoned',
  'ReportRefused',
  'PassedOver',
  ...Object.keys(IgnoreReason.keys).map((reason) => `TriggerIgnored/${reason}`),
  ...Object.keys(TriggerRefusal.keys).map((reason) => `TriggerRefused/${reason}`),
  ...Object.keys(WorkflowDrop.keys).map((reason) => `WorkflowDropped/${reason}`),
  ...Object.keys(Rejection.keys).map((reason) => `FrameRejected/${reason}`),
  ...Object.keys(KnotRejection.keys).map((reason) => `KnotFrameRejected/${reason}`)
]

/** The mutant of a law and what kills it, or why there is none. */
type Shown = { readonly killedBy: string; readonly mutant: Mutation } | { readonly exempt: string }

export interface Manifest {
  readonly effects: Counts
  readonly events: Counts
  readonly laws: Readonly<Record<string, Shown>>
  readonly reports: Counts
  readonly rules: { readonly traces: Counts; readonly vectors: Counts }
  readonly subjects: Counts
  readonly totals: { readonly steps: number; readonly traces: number; readonly vectors: number }
  readonly version: number
}

const kindsOf = (effects: ReadonlyArray<Effect>): ReadonlyArray<string> =>
  effects.flatMap((effect) => (effect._tag === 'Report' ? [Counters.kindOf(effect.report)] : []))

const lawsOf = (): Manifest['laws'] => {
  const mutants = MUTANTS.flatMap(({ file, from, killedBy, laws, to }) =>
    laws.map((law): readonly [string, Shown] => [law, { killedBy, mutant: { file, from, to } }])
  )
  const exempt = Object.entries(EXEMPT).map(([law, reason]): readonly [string, Shown] => [law, { exempt: reason }])
  return Object.fromEntries([...mutants, ...exempt])
}

/** The manifest of files by their paths, relative to `spec/data/`. */
export const manifestOf = (files: ReadonlyMap<string, string>): Manifest => {
  const lines = [...files].map(([path, text]) => [path, text.trimEnd().split('\n').map((line): unknown => JSON.parse(line))] as const)
  const traces = lines.flatMap(([path, those]) => (path.startsWith('traces/') ? those : []))
  const vectors = lines.flatMap(([path, those]) =>
    those.filter(Vector.is).map((vector) => ({ rules: vector.rules, subject: path.replace(/^vectors\/(.*)\.jsonl$/, '$1') }))
  )
  const headers = traces.filter(TraceHeader.is)
  const steps = traces.filter(StepLine.is)
  const effects = steps.flatMap((step) => step.effects as ReadonlyArray<Effect>)
  return {
    effects: counted(effects.map((effect) => effect._tag), EFFECTS),
    events: counted(steps.map((step) => (step.event as Event)._tag), EVENTS),
    laws: lawsOf(),
    reports: counted(kindsOf(effects), REPORTS),
    rules: {
      traces: counted(headers.flatMap((header) => header.rules), RULES),
      vectors: counted(vectors.flatMap((vector) => vector.rules), RULES)
    },
    subjects: counted(vectors.map((vector) => vector.subject), SUBJECTS),
    totals: { steps: steps.length, traces: headers.length, vectors: vectors.length },
    version: VERSION
  }
}

/** For people to read, with a line for each entry. @throws Error when there is a lone surrogate in it. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(JSON.parse(lineOf(manifest)), null, 2)}\n`
