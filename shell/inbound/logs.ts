/**
 * `GET /logs/{knot}/{rkey}/{workflow}`: the log of a build, from the first line on, while it grows and until it ends.
 *
 * Lines come from the provider, read anew for each reader and no faster than the reader reads. None are kept here. A build that has not reached its
 * provider yet is waited for; the log of one that never did is its error.
 *
 * A frame is one JSON object (Tangled's `spindle/models`): `content` of `data` is one line without its end, as Tangled's own spindle writes it;
 * `content` of `control` is the name of the step. `step_kind` is left out for what the system does, as Go leaves out a zero.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type BuildName, buildKey, type Builds, excerpt, planOf, type State } from '../../core/index.js'
import { message } from '../lib/messages.js'
import type { Clock, Log } from '../ports.js'
import { PIECE_CHARS, piecesOf } from '../providers/log-texts.js'
import type { LogLine, Provider } from '../providers/provider.js'
import { type Answer, notFound, text } from './http-server.js'
import { buildNamed } from './lookup.js'
import type { Peer } from './peer.js'

export interface LogsLimits {
  /** The limit of characters in a line; a longer one continues in the next frame. */
  readonly lineChars: number
  readonly readers: number
}

export const defaultLogsLimits: LogsLimits = { lineChars: PIECE_CHARS, readers: 256 }

export interface Logs {
  readonly admit: (knot: string, rkey: string, workflow: string) => E.Either<Answer, (peer: Peer) => void>
  readonly readers: () => number
  /** To be called when builds may have reached their providers. */
  readonly wake: () => void
}

// ---------------------------------------------------------------------------------------- frames

const USER = 1

const frame = (value: unknown): string => JSON.stringify(value)

/** The lines of `content`, none longer than the limit. A final line end starts no empty line. */
const linesOf = (content: string, lineChars: number): ReadonlyArray<string> =>
  content
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .flatMap((line) => piecesOf(line, lineChars))

const timeOf = (timeMs: number): string => new Date(Math.min(Math.max(Math.trunc(timeMs) || 0, 0), 8.64e15)).toISOString()

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
          ...(line.command === '' ? {} : { step_command: line.command })
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
  | { readonly _tag: 'Provider'; readonly external: string; readonly provider: Provider; readonly recipe: NonNullable<Builds.Build['recipe']>; readonly run: Builds.Run }

const sourceOf = (providers: ReadonlyArray<Provider>, run: Builds.Run, { error, phase, recipe, status, statusUs }: Builds.Build): Source => {
  const external = 'external' in phase ? phase.external : null
  const say = (name: string, sentence: string): Source => ({ _tag: 'Saying', name, sentence, timeMs: statusUs / 1000 })
  if (recipe === null) return say('workflow', error ?? `nothing was built: ${status}`)
  if (external === null) return phase._tag === 'Settled' ? say('start', error ?? `nothing was built: ${status}`) : { _tag: 'Waiting' }
  const provider = providers.find(({ name }) => name === recipe.provider)
  return provider === undefined
    ? say('log', `the log’s provider, ${excerpt(recipe.provider)}, is no longer configured`)
    : { _tag: 'Provider', external, provider, recipe, run }
}

// ---------------------------------------------------------------------------------------- readers

/** A refusal costs nothing: the answer is ready before any look-up. */
const FULL = E.left(text(503, 'too many log readers; retry later', { 'retry-after': '10' }))

const COMPLETE = { code: 1000, reason: 'log stream complete' } as const

export const createLogs = (
  { clock, durable, log, providers }: { readonly clock: Clock; readonly durable: () => State; readonly log: Log; readonly providers: ReadonlyArray<Provider> },
  limits: LogsLimits
): Logs => {
  let readers = 0
  const waiting = new Set<() => void>()

  const stream = (name: BuildName) => (peer: Peer): void => {
    const gone = new AbortController()
    /** Resumes the writer that waits for room, or for the connection to end. */
    let goOn: () => void = () => undefined

    /** Resolves when there is room for more, or nobody reads any more. */
    const write = async (line: LogLine): Promise<void> => {
      const bytes = Buffer.concat(logFrames(line, limits.lineChars).map((one) => message(one)))
      if (peer.write(bytes) || !peer.isOpen()) return
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
    }

    const writeAll = async (lines: Iterable<LogLine> | AsyncIterable<LogLine>, seen: (line: LogLine) => void = () => undefined): Promise<void> => {
      for await (const line of lines) {
        // The reader has left: drop the rest.
        if (!peer.isOpen()) return
        seen(line)
        await write(line)
      }
    }

    const relay = async (source: Source & { readonly _tag: 'Provider' }): Promise<void> => {
      let nextStep = 0
      const job = { build: name, key: buildKey(name), plan: planOf(name, source.run, source.recipe) }
      try {
        await writeAll(source.provider.logs(job, source.external, gone.signal), ({ step }) => {
          nextStep = Math.max(nextStep, step + 1)
        })
      } catch (error) {
        if (gone.signal.aborted) return
        log.error('build log ended early', { provider: source.provider.name, reason: excerpt(String(error)) })
        await writeAll(saying(nextStep, 'log', 'the rest of the log is unavailable', clock.now() / 1000))
      }
    }

    const end = (done: Promise<void>): void =>
      void done.then(
        () => peer.close(COMPLETE.code, COMPLETE.reason),
        () => peer.close(1011, 'the log is unavailable')
      )

    /** Starts as soon as the source of the log is known. */
    const look = (): void => {
      const found = buildNamed(durable(), name.knot, name.rkey, name.workflow)
      if (O.isNone(found)) {
        waiting.delete(look)
        return peer.close(COMPLETE.code, COMPLETE.reason)
      }
      const source = sourceOf(providers, found.value.run, found.value.build)
      if (source._tag === 'Waiting') return void waiting.add(look)
      waiting.delete(look)
      end(source._tag === 'Provider' ? relay(source) : writeAll(saying(0, source.name, source.sentence, source.timeMs)))
    }
    readers++
    peer.onRoom(() => goOn())
    peer.onClose(() => {
      readers--
      waiting.delete(look)
      gone.abort()
      goOn()
    })
    look()
  }

  return {
    admit: (knot, rkey, workflow) =>
      readers < limits.readers
        ? pipe(
            buildNamed(durable(), knot, rkey, workflow),
            E.fromOption(() => notFound),
            E.map(({ name }) => stream(name))
          )
        : FULL,
    readers: () => readers,
    wake: () => {
      for (const look of [...waiting]) look()
    }
  }
}
