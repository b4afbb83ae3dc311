/** The vectors of each subject: hand-chosen cases, and the frames of the examples. What is answered is the core's answer. */
import { canonical, type Json } from '../../../core/index.js'
import { EXAMPLES } from '../../suite/examples/index.js'
import type { JetstreamFrame, KnotFrame } from '../../suite/examples/support.js'
import { type Subject, VERSION } from '../format.js'
import { SUBJECT } from '../subjects.js'
import { FOLDS } from './batches.js'
import { CALLS, PAGES } from './bodies.js'
import { BUILD_KEYS, CURSORS, PIPELINE_FRAMES, STATUS_FRAMES, VARIABLES } from './builds.js'
import type { Case } from './cases.js'
import { GLOBS, MISTAKES, WHENS } from './globs.js'
import { HOSTS } from './hosts.js'
import { DATE_TIMES, DIDS, NANOS, NSIDS, RKEYS, TIDS, TIDS_AFTER } from './identifiers.js'
import { INQUIRIES } from './inquiries.js'
import { JETSTREAM } from './jetstream.js'
import { KNOT } from './knot-frames.js'
import { lineOf } from './lines.js'
import { QUERIES } from './queries.js'
import { CONFIGS, STATES } from './states.js'
import { CANONICAL, EXCERPTS } from './texts.js'
import { SERVICE_TOKENS } from './tokens.js'
import { TRIGGERS } from './triggers.js'
import { numbered } from './traces.js'
import { WORKFLOWS } from './workflows.js'

// ---------------------------------------------------------------------------------------- frames of examples

const inputOf = (frame: JetstreamFrame | KnotFrame) => {
  const { at, connection, text } = frame
  return frame._tag === 'KnotFrame' ? { at, connection, host: frame.host, text } : { at, connection, text }
}

/** The frames that the examples hold, each text once. */
const ofExamples = (tag: 'JetstreamFrame' | 'KnotFrame'): ReadonlyArray<Case> => {
  const cases = EXAMPLES.flatMap((example) => {
    const { about, number, rule } = numbered(example)
    return [...example.given, ...example.when].flatMap((happening) => {
      if (happening._tag !== tag) return []
      return [{ expected: undefined, input: inputOf(happening), name: `${number} ${about}`, rules: [rule] }]
    })
  })
  return [...new Map(cases.map((one) => [one.input.text, one] as const).reverse()).values()].reverse()
}

// ---------------------------------------------------------------------------------------- all subjects

interface About {
  readonly about: string
  readonly cases: ReadonlyArray<Case>
  /** The gist of an output: that of it which the author of a case says by hand, so that a wrong core cannot bless itself. */
  readonly gist: (output: Json) => Json
}

const whole = (output: Json): Json => output

const field = (value: Json, name: string): Json =>
  typeof value === 'object' && value !== null && !(value instanceof Array) && name in value ? ((value as Record<string, Json>)[name] ?? null) : null

/** The kind of an event: its tag, of a rejection with the reason. */
const kind = (output: Json): Json =>
  ['_tag', 'reason'].map((name) => field(output, name)).filter((part) => typeof part === 'string').join('/')

const lengthOf = (value: Json): number => (value instanceof Array ? value.length : 0)

const VECTORS: { readonly [subject in Subject]: About } = {
  did: { about: 'DIDs, and what is none', cases: DIDS, gist: whole },
  rkey: { about: 'record keys, and what is none', cases: RKEYS, gist: whole },
  tid: { about: 'TIDs, and what is none', cases: TIDS, gist: whole },
  nsid: { about: 'NSIDs, and what is none', cases: NSIDS, gist: whole },
  nanos: { about: 'stamps in nanoseconds, and what is none', cases: NANOS, gist: whole },
  'date-time': { about: 'moments of RFC 3339 in microseconds, and what is none', cases: DATE_TIMES, gist: whole },
  'tid-after': { about: 'whether the time in a TID is later than a stamp and a tolerance', cases: TIDS_AFTER, gist: whole },
  host: { about: 'host names of knots: their canonical form, or that they are none', cases: HOSTS, gist: whole },
  excerpt: { about: 'foreign text as reports repeat it', cases: EXCERPTS, gist: whole },
  canonical: { about: 'canonical JSON, and its hash', cases: CANONICAL, gist: (output) => field(output, 'text') },
  jetstream: { about: 'frames of the stream: the event, or why it is none', cases: [...JETSTREAM, ...ofExamples('JetstreamFrame')], gist: kind },
  knot: { about: 'frames of knots: the event, or why it is none', cases: [...KNOT, ...ofExamples('KnotFrame')], gist: kind },
  config: { about: 'configurations, and what is none', cases: CONFIGS, gist: whole },
  state: { about: 'states, and what is none', cases: STATES, gist: whole },
  query: { about: 'questions to a state, and the answers', cases: QUERIES, gist: whole },
  fold: {
    about: 'batches: what is stepped, and what it does',
    cases: FOLDS,
    gist: (output) => [lengthOf(field(output, 'events')), lengthOf(field(output, 'effects')), field(output, 'isLazy')]
  },
  trigger: { about: 'what an event of a knot calls for, or why it is not understood', cases: TRIGGERS, gist: whole },
  workflow: { about: 'what a workflow file means, of which a YAML parser made JSON', cases: WORKFLOWS, gist: whole },
  glob: { about: 'whether a pattern matches a name', cases: GLOBS, gist: whole },
  when: { about: 'whether a workflow applies to a cause', cases: WHENS, gist: whole },
  mistake: { about: 'whether conditions can never hold, by mistake', cases: MISTAKES, gist: whole },
  variables: { about: 'what a job is told', cases: VARIABLES, gist: whole },
  'pipeline-frame': { about: 'the text that announces a run', cases: PIPELINE_FRAMES, gist: whole },
  'status-frame': { about: 'the text that tells of a status', cases: STATUS_FRAMES, gist: whole },
  cursor: { about: 'how far a reader of statuses has come', cases: CURSORS, gist: whole },
  'build-key': { about: 'the name of a build as a path', cases: BUILD_KEYS, gist: whole },
  'service-token': { about: 'whether the claims of a token are good for a call', cases: SERVICE_TOKENS, gist: whole },
  inquiry: { about: 'who may push, as a knot and a DID document say', cases: INQUIRIES, gist: (output) => (output instanceof Array ? (output.at(-1) ?? null) : null) },
  'list-records': { about: 'pages of records, as a server lists them, or that an answer is none', cases: PAGES, gist: whole },
  call: { about: 'what the body of a call asks for, or that it is none', cases: CALLS, gist: whole }
}

/** @throws Error when the core does not say what the author of the case says. */
const answer = (subject: Subject, gist: About['gist'], { expected, input, name, rules }: Case): string => {
  const output = SUBJECT[subject](input)
  if (expected !== undefined && canonical(gist(output)) !== canonical(expected))
    throw new Error(`${subject}, "${name}": expected ${canonical(expected)}, not ${canonical(gist(output))}`)
  return lineOf({ _tag: 'vector', input, name, output, rules })
}

export const vectorLines = (subject: Subject): ReadonlyArray<string> => {
  const { about, cases, gist } = VECTORS[subject]
  return [lineOf({ _tag: 'vectors', about, subject, version: VERSION }), ...cases.map((one) => answer(subject, gist, one))]
}
