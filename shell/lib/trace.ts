/**
 * Traces: a run of the machine as lines of JSON, for bug reports, counterexamples and ports (spec/formats.md).
 *
 *     {"_tag":"trace",…}   the header
 *     {"_tag":"init",…}    the initial state
 *     {"_tag":"step",…}    an event, its effects, the hash of the state after it
 *     {"_tag":"end",…}     the final state
 *
 * Lines hold plain JSON here; whoever replays a trace decodes its events.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import { createHash } from 'node:crypto'
import { canonical, Config, Event, explain, initial, type Json, State, step } from '../../core/index.js'
import { systemDisk, withFile } from '../store/disk.js'
import { attempt, type StoreError } from '../store/failure.js'
import { parseJson } from '../store/json.js'
import { linesOf } from '../store/lines.js'

/** The version of traces, of vectors, and of the protocol that ports speak. A reader accepts exactly its own. */
export const VERSION = 3

// ---------------------------------------------------------------------------------------- the hash

/** The hash of a value: the first 16 digits of the SHA-256 of its canonical text. */
export const hashOf = (value: Json): string => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16)

/** The written form of a state. */
export const writtenState = (state: State): Json => State.encode(state) as Json

/** The hash of the written form of a state. */
export const stateHash = (state: State): string => hashOf(writtenState(state))

const isHash = (u: unknown): u is string => typeof u === 'string' && /^[0-9a-f]{16}$/.test(u)

export const Hash = new t.Type<string>('Hash', isHash, (u, context) => (isHash(u) ? t.success(u) : t.failure(u, context)), t.identity)

// ---------------------------------------------------------------------------------------- the lines

/** Any JSON value that is present: `t.unknown` alone would accept an absent key. The input has been parsed from JSON text, so the cast is safe. */
export const Present = new t.Type<Json>(
  'JSON',
  (u): u is Json => u !== undefined,
  (u, context) => (u === undefined ? t.failure(u, context) : t.success(u as Json)),
  t.identity
)

export const TraceHeader = t.strict(
  { _tag: t.literal('trace'), about: t.string, name: t.string, rules: t.readonlyArray(t.string), version: t.literal(VERSION) },
  'trace'
)
export type TraceHeader = t.TypeOf<typeof TraceHeader>

export const InitLine = t.union(
  [
    t.strict({ _tag: t.literal('init'), config: Present, hash: Hash }),
    t.strict({ _tag: t.literal('init'), hash: Hash, state: Present })
  ],
  'init'
)
export type InitLine = t.TypeOf<typeof InitLine>

export const StepLine = t.strict(
  { _tag: t.literal('step'), effects: t.readonlyArray(Present), event: Present, hash: Hash },
  'step'
)
export type StepLine = t.TypeOf<typeof StepLine>

export const EndLine = t.strict({ _tag: t.literal('end'), state: Present }, 'end')
export type EndLine = t.TypeOf<typeof EndLine>

// ---------------------------------------------------------------------------------------- writing

/** The start of a run: a configuration before any event, or a state. */
export type Beginning = { readonly config: Config } | { readonly state: State }

export type About = Pick<TraceHeader, 'about' | 'name' | 'rules'>

/** The initial state of a run. */
export const stateAt = (beginning: Beginning): State => ('config' in beginning ? initial(beginning.config) : beginning.state)

/** A complete run of the machine. */
export interface Trace {
  readonly header: TraceHeader
  readonly init: InitLine
  readonly steps: ReadonlyArray<StepLine>
  readonly end: EndLine
}

const headerOf = ({ about, name, rules }: About): TraceHeader => ({ _tag: 'trace', about, name, rules, version: VERSION })

const initOf = (beginning: Beginning): InitLine => {
  const state = stateAt(beginning)
  const hash = stateHash(state)
  return 'config' in beginning ? { _tag: 'init', config: beginning.config, hash } : { _tag: 'init', hash, state: writtenState(state) }
}

/** The steps of the run that begins at `start`, one at a time, and then its end. */
function* stepsOf(start: State, events: Iterable<Event>): Generator<StepLine, EndLine, undefined> {
  let state = start
  for (const event of events) {
    const [after, effects] = step(state, event)
    state = after
    yield { _tag: 'step', effects, event, hash: stateHash(after) }
  }
  return { _tag: 'end', state: writtenState(state) }
}

/** The trace of the run that begins at `beginning` and takes `events`. */
export const traceOf = (about: About, beginning: Beginning, events: Iterable<Event>): Trace => {
  const running = stepsOf(stateAt(beginning), events)
  const steps: Array<StepLine> = []
  let next = running.next()
  for (; next.done !== true; next = running.next()) steps.push(next.value)
  return { header: headerOf(about), init: initOf(beginning), steps, end: next.value }
}

/** The same as the lines of a file, one at a time: a run may be longer than what fits into memory. */
export function* traceLines(about: About, beginning: Beginning, events: Iterable<Event>): Generator<string, void, undefined> {
  yield canonical(headerOf(about))
  yield canonical(initOf(beginning))
  const running = stepsOf(stateAt(beginning), events)
  let next = running.next()
  for (; next.done !== true; next = running.next()) yield canonical(next.value)
  yield canonical(next.value)
}

// ---------------------------------------------------------------------------------------- reading

const Version = t.type({ version: t.number })

/** Decodes a header; `Left` with a sentence if it is none, or has another version. */
const decodeHeader = (json: unknown): E.Either<string, TraceHeader> => {
  const versioned = Version.decode(json)
  return E.isRight(versioned) && versioned.right.version !== VERSION
    ? E.left(`it is a trace of version ${String(versioned.right.version)}, but this tack reads version ${String(VERSION)}`)
    : E.mapLeft(explain)(TraceHeader.decode(json))
}

/** Decodes the start of a trace; `Left` with a sentence if it is neither a configuration nor a state. */
export const beginningOf = (init: InitLine): E.Either<string, Beginning> =>
  'config' in init
    ? E.bimap(explain, (config: Config) => ({ config }))(Config.decode(init.config))
    : E.bimap(explain, (state: State) => ({ state }))(State.decode(init.state))

const decodeBeginning = (json: unknown): E.Either<string, Beginning> => E.chain(beginningOf)(E.mapLeft(explain)(InitLine.decode(json)))

/** A trace that was read: its events, and the outcome that it claims. */
export interface Recorded {
  readonly beginning: Beginning
  /** The final state, as written. */
  readonly end: Json
  readonly header: TraceHeader
  readonly steps: ReadonlyArray<{ readonly effects: ReadonlyArray<Json>; readonly event: Event; readonly hash: string }>
}

const decodeStep = (json: unknown): E.Either<string, Recorded['steps'][number]> => {
  const line = StepLine.decode(json)
  if (E.isLeft(line)) return E.left(explain(line.left))
  const { effects, event, hash } = line.right
  return E.bimap(explain, (decoded: Event) => ({ effects, event: decoded, hash }))(Event.decode(event))
}

const tagOf = (json: unknown): unknown => (typeof json === 'object' && json !== null && '_tag' in json ? json._tag : undefined)

/** Reads the traces in a file, one after the other. An error names the line. */
export const readTraces = (path: string, disk = systemDisk): TE.TaskEither<StoreError, ReadonlyArray<Recorded>> =>
  attempt(path, () =>
    withFile(disk, path, 'read', async (file) => {
      const traces: Array<Recorded> = []
      let header: TraceHeader | null = null
      let beginning: Beginning | null = null
      let steps: Array<Recorded['steps'][number]> = []
      for await (const { bytes, number } of linesOf(file)) {
        const take = <A>(result: E.Either<string, A>): A => {
          if (E.isLeft(result)) throw new Error(`line ${String(number)}: ${result.left}`)
          return result.right
        }
        const json = take(parseJson(bytes.toString()))
        if (header === null) header = take(decodeHeader(json))
        else if (beginning === null) beginning = take(decodeBeginning(json))
        else if (tagOf(json) !== 'end') steps.push(take(decodeStep(json)))
        else {
          traces.push({ beginning, end: take(E.mapLeft(explain)(EndLine.decode(json))).state, header, steps })
          header = null
          beginning = null
          steps = []
        }
      }
      if (header !== null) throw new Error('the last trace is incomplete')
      if (traces.length === 0) throw new Error('it contains no trace')
      return traces
    })
  )
