/**
 * `GET /logs/{knot}/{rkey}/{workflow}`: the log of a build from the first line on, followed until it ends. Also the logs of a pipeline,
 * interleaved as their lines come, for `sh.tangled.ci.subscribePipelineLogs` (xrpc/subscribe-logs.ts).
 *
 * Lines come from the provider, no faster than they are read, and readers take turns (turns.ts); of a running build all readers share one reading
 * (shared-logs.ts). A build that has not reached its provider yet is waited for; the log of one that never did is its error.
 *
 * A frame is one JSON object (Tangled's `spindle/models`): `content` of `data` is one line without its end, as Tangled's own spindle writes it;
 * `content` of `control` is the name of the step. `step_kind` is left out for what the system does, as Go leaves out a zero. `step_failed` is ours:
 * it is present, and true, at the end of a step that is known to have failed.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type BuildName, buildKey, type Builds, excerpt, isFinal, planOf, type State } from '../../../core/index.js'
import { message } from '../../lib/messages.js'
import type { Clock, Log } from '../../ports.js'
import { PIECE_CHARS, piecesOf } from '../../providers/log-texts.js'
import type { LogLine, Provider } from '../../providers/provider.js'
import type { Peer } from '../http/peer.js'
import { type HttpReply, notFound, text } from '../http/responses.js'
import { buildNamed } from './lookup.js'
import { createSharedLogs, defaultSharedLogsLimits, type SharedLogsLimits } from './shared-logs.js'
import type { Turns } from './turns.js'

export interface LogsLimits {
  /** The limit of characters in a line; a longer one continues in the next frame. */
  readonly lineChars: number
  readonly readers: number
  readonly shared: SharedLogsLimits
}

export const defaultLogsLimits: LogsLimits = { lineChars: PIECE_CHARS, readers: 256, shared: defaultSharedLogsLimits }

export interface LogsPorts {
  readonly clock: Clock
  readonly durable: () => State
  readonly log: Log
  readonly providers: ReadonlyArray<Provider>
  readonly turns: Turns
}

/** How the lines of builds are written to a reader. */
export interface LogFraming {
  /** The message, if any, that precedes a close because no more can be read. */
  readonly failure: () => ReadonlyArray<Buffer>
  /** A line as messages. */
  readonly messages: (name: BuildName, line: LogLine) => ReadonlyArray<Buffer>
}

export interface Logs {
  readonly admit: (knot: string, rkey: string, workflow: string) => E.Either<HttpReply, (peer: Peer) => void>
  /** Streams the logs of these builds to a reader, until all of them have ended; `null` when there are too many readers. */
  readonly follow: (names: ReadonlyArray<BuildName>, framing: LogFraming) => ((peer: Peer) => void) | null
  readonly readers: () => number
  /** To be called when builds may have reached their providers. */
  readonly wake: () => void
}

// ---------------------------------------------------------------------------------------- frames

const USER = 1

const frame = (value: unknown): string => JSON.stringify(value)

/** The lines of `content`, none longer than the limit. A final line end starts no empty line. */
export const linesOf = (content: string, lineChars: number): ReadonlyArray<string> =>
  content
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .flatMap((line) => piecesOf(line, lineChars))

/** A provider's time in RFC 3339. */
export const timeOf = (timeMs: number): string => new Date(Math.min(Math.max(Math.trunc(timeMs) || 0, 0), 8.64e15)).toISOString()

/** The frames of a line, as sent. */
export const logFrames = (line: LogLine, lineChars: number = defaultLogsLimits.lineChars): ReadonlyArray<string> => {
  const time = timeOf(line.timeMs)
  switch (line._tag) {
    case 'Step':
      return [
        frame({
          kind: 'control',
          content: line.name,
          time,
          step_id: line.step,
          step_status: line.status,
          ...(line.kind === 'user' ? { step_kind: USER } : {}),
          ...(line.command === '' ? {} : { step_command: line.command }),
          ...(line.hasFailed === true ? { step_failed: true } : {})
        })
      ]
    case 'Text':
      return linesOf(line.text, lineChars).map((content) => frame({ kind: 'data', content, time, step_id: line.step, stream: line.stream }))
  }
}

/** A system step with one sentence. */
const saying = (step: number, name: string, sentence: string, timeMs: number): ReadonlyArray<LogLine> => [
  { _tag: 'Step', command: '', kind: 'system', name, status: 'start', step, timeMs },
  { _tag: 'Text', step, stream: 'stderr', text: sentence, timeMs },
  { _tag: 'Step', command: '', kind: 'system', name, status: 'end', step, timeMs }
]

// ---------------------------------------------------------------------------------------- where a log comes from

type Source =
  /** The build has not reached its provider yet. */
  | { readonly _tag: 'Waiting' }
  | { readonly _tag: 'Saying'; readonly name: string; readonly sentence: string; readonly timeMs: number }
  | {
      readonly _tag: 'Provider'
      readonly build: Builds.Build
      readonly external: string
      readonly provider: Provider
      readonly recipe: NonNullable<Builds.Build['recipe']>
      readonly run: Builds.Run
    }

const sourceOf = (providers: ReadonlyArray<Provider>, run: Builds.Run, build: Builds.Build): Source => {
  const { error, phase, recipe, status, statusUs } = build
  const external = 'external' in phase ? phase.external : null
  const say = (name: string, sentence: string): Source => ({ _tag: 'Saying', name, sentence, timeMs: statusUs / 1000 })
  if (recipe === null) return say('workflow', error ?? `nothing was built: ${status}`)
  if (external === null) return phase._tag === 'Settled' ? say('start', error ?? `nothing was built: ${status}`) : { _tag: 'Waiting' }
  const provider = providers.find(({ name }) => name === recipe.provider)
  return provider === undefined
    ? say('log', `the log’s provider, ${excerpt(recipe.provider)}, is no longer configured`)
    : { _tag: 'Provider', build, external, provider, recipe, run }
}

// ---------------------------------------------------------------------------------------- readers

/** A refusal costs nothing: the answer is ready before any look-up. */
const FULL = E.left(text(503, 'too many log readers; retry later', { 'retry-after': '10' }))

const COMPLETE = { code: 1000, reason: 'log stream complete' } as const

export const createLogs = (
  { clock, durable, log, providers, turns }: LogsPorts,
  limits: LogsLimits
): Logs => {
  let readers = 0
  const waiting = new Set<() => void>()
  const shared = createSharedLogs(({ status }) => isFinal(status), limits.shared)

  const frames: LogFraming = {
    failure: () => [],
    messages: (_, line) => logFrames(line, limits.lineChars).map((one) => message(one))
  }

  const stream = (names: ReadonlyArray<BuildName>, framing: LogFraming) => (peer: Peer): void => {
    const gone = new AbortController()
    /** Resumes the writers that wait for room or for the end of the connection. */
    const goOn = new Set<() => void>()

    const resume = (): void => {
      const those = [...goOn]
      goOn.clear()
      for (const one of those) one()
    }

    /** Writes in a turn with room. @returns whether the reader has room for more. */
    const written = (bytes: Buffer): Promise<boolean> =>
      new Promise((resolve) =>
        turns.take(() => {
          if (peer.isOpen()) turns.spend(bytes.length)
          resolve(peer.write(bytes))
        })
      )

    /** Resolves when there is room for more, or the reader has left. */
    const write = async (bytes: Buffer): Promise<void> => {
      if ((await written(bytes)) || !peer.isOpen()) return
      await new Promise<void>((resolve) => goOn.add(resolve))
    }

    const writeAll = async (name: BuildName, lines: Iterable<LogLine> | AsyncIterable<LogLine>, seen: (line: LogLine) => void = () => undefined): Promise<void> => {
      for await (const line of lines) {
        // The reader has left: the rest is dropped.
        if (!peer.isOpen()) return
        seen(line)
        await write(Buffer.concat(framing.messages(name, line)))
      }
    }

    const relay = async (name: BuildName, source: Source & { readonly _tag: 'Provider' }): Promise<void> => {
      let nextStep = 0
      const job = { build: name, key: buildKey(name), plan: planOf(name, source.run, source.recipe) }
      try {
        await writeAll(name, shared.read(source.provider, job, source.build, source.external, gone.signal), ({ step }) => {
          nextStep = Math.max(nextStep, step + 1)
        })
      } catch (error) {
        if (gone.signal.aborted) return
        log.error('build log ended early', { provider: source.provider.name, reason: excerpt(String(error)) })
        await writeAll(name, saying(nextStep, 'log', 'the rest of the log is unavailable', clock.now() / 1000))
      }
    }

    /** Resolves when the log of a build has been written. Writing begins as soon as its source is known. */
    const tell = (name: BuildName): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = buildNamed(durable(), name.knot, name.rkey, name.workflow)
          if (O.isNone(found)) {
            waiting.delete(look)
            return resolve()
          }
          const source = sourceOf(providers, found.value.run, found.value.build)
          if (source._tag === 'Waiting') return void waiting.add(look)
          waiting.delete(look)
          const done = source._tag === 'Provider' ? relay(name, source) : writeAll(name, saying(0, source.name, source.sentence, source.timeMs))
          done.then(resolve, reject)
        }
        peer.onClose(() => waiting.delete(look))
        look()
      })

    readers++
    peer.onRoom(resume)
    peer.onClose(() => {
      readers--
      gone.abort()
      resume()
    })
    void Promise.all(names.map(tell)).then(
      () => peer.close(COMPLETE.code, COMPLETE.reason),
      () => {
        peer.write(Buffer.concat(framing.failure()))
        peer.close(1011, 'the log is unavailable')
      }
    )
  }

  return {
    admit: (knot, rkey, workflow) =>
      readers < limits.readers
        ? pipe(
            buildNamed(durable(), knot, rkey, workflow),
            E.fromOption(() => notFound),
            E.map(({ name }) => stream([name], frames))
          )
        : FULL,
    follow: (names, framing) => (readers < limits.readers ? stream(names, framing) : null),
    readers: () => readers,
    wake: () => {
      for (const look of [...waiting]) look()
    }
  }
}
