/**
 * Jobs: what is measured in a process of its own, so that nobody inherits a heap, or code that was compiled for somebody else.
 * A job is prepared once and then measured as often as it is asked, so that several of them can take turns.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { explain } from '../../core/index.js'

// ---------------------------------------------------------------------------------------- the jobs

/** What a job is told, and what each measurement gives. Both are sent as JSON. */
export interface Job<I, O> {
  readonly input: t.Type<I, unknown>
  /** The script, beside this one. */
  readonly module: string
  readonly output: t.Type<O, unknown>
}

/** Text → decode → step, beside `JSON.parse` alone. */
export const coreJob = {
  module: 'core.js',
  input: t.strict({
    frames: t.number,
    rows: t.number,
    /** Where to keep the rows for jobs to come: a folder that is not there. `null`: nowhere. */
    store: t.union([t.string, t.null])
  }),
  output: t.strict({
    bytesPerFrame: t.number,
    /** Heap. */
    bytesPerRow: t.number,
    /** Microseconds a frame. */
    parseUs: t.number,
    stepUs: t.number
  })
}

const Written = t.strict({
  /** The longest block of the event loop meanwhile. */
  blockMs: t.number,
  ms: t.number,
  /** For how long the thread worked without a pause, at most: the rest of a block it waited for a processor. */
  workMs: t.number
})
export type Written = t.TypeOf<typeof Written>

/** A snapshot of the state of a store. */
export const snapshotJob = { module: 'snapshot.js', input: t.strict({ store: t.string }), output: Written }

/** What lowdb, as it comes, makes of the same rows. */
export const lowdbJob = { module: 'lowdb.js', input: t.strict({ path: t.string, store: t.string }), output: Written }

const Stream = t.strict({ firstUs: t.number, frames: t.number, lastUs: t.number, url: t.string })
export type Stream = t.TypeOf<typeof Stream>

/** A Jetstream server whose stream is ready. */
export const serverJob = {
  module: 'server.js',
  /** `creates`: whether the stream begins with the frames that create the rows. */
  input: t.strict({ creates: t.boolean, frames: t.number, rows: t.number }),
  output: t.strict({ bytesPerFrame: t.number, stream: Stream })
}

const Time = {
  /** Of all threads. */
  cpuSeconds: t.number,
  /** From the connect until the last frame has been processed. */
  seconds: t.number
}

export const Peer = t.keyof({ '@atcute/jetstream': null, '@skyware/jetstream': null, 'ws + JSON.parse': null, ws: null }, 'Peer')
export type Peer = t.TypeOf<typeof Peer>

/** A reader of the stream that stores nothing. */
export const peerJob = { module: 'peer.js', input: t.strict({ peer: Peer, stream: Stream }), output: t.strict(Time) }

/** The whole bridge: a frame counts as processed when it is durable. */
export const bridgeJob = {
  module: 'bridge.js',
  /** `keeps`: whether every frame is kept, or all come from strangers of whom nothing is. */
  input: t.strict({ keeps: t.boolean, store: t.string, stream: Stream }),
  output: t.strict({
    ...Time,
    /** The longest block of the event loop from the connect to the end. */
    blockMs: t.number,
    bootMs: t.number,
    /** For how long its thread worked without a pause, at most. */
    workMs: t.number
  })
}

const Measured = t.strict({
  /** Of the process of the servers, all threads. */
  cpuSeconds: t.number,
  /** From the first status to the last byte at the last reader that reads. */
  seconds: t.number
})

/** One round of many readers of `/events`, and one of a bare broadcast of the same frames. */
export const eventsJob = {
  module: 'events.js',
  /** `laggards`: how many of the readers read nothing. `together`: how many frames are made durable at once. */
  input: t.strict({ frames: t.number, laggards: t.number, readers: t.number, together: t.number }),
  output: t.strict({ bare: Measured, events: Measured })
}

/** The dearest patterns, beside a hundred thousand steps that do nothing. Milliseconds of processors. */
export const whenJob = {
  module: 'when.js',
  input: t.strict({}),
  output: t.strict({ shapes: t.array(t.strict({ idleMs: t.number, ms: t.number, shape: t.string })) })
}

/** The snapshot of a store of so many rows, read by `JSON.parse`. */
export const parseJob = { module: 'parse.js', input: t.strict({ rows: t.number, store: t.string }), output: t.strict(Time) }

export const Kept = t.keyof({ accounts: null, knots: null, rows: null, runs: null }, 'Kept')
/** What there is so much of in a store: accounts of a row each, knots that are held, rows of one account, runs of one knot. */
export type Kept = t.TypeOf<typeof Kept>

/** A store, filled. `isJournal`: with nothing in its snapshot. */
export const hoardJob = {
  module: 'hoard.js',
  input: t.strict({ count: t.number, isJournal: t.boolean, kept: Kept, store: t.string }),
  output: t.strict({})
}

/** One boot from the store, until its first step is durable. `isGuarded`: nobody but members is admitted. */
export const bootJob = { module: 'boot.js', input: t.strict({ isGuarded: t.boolean, store: t.string }), output: t.strict(Time) }

/** What things cost in a store that holds so many; milliseconds and microseconds are of processors. */
export const grownJob = {
  module: 'grown.js',
  input: t.strict({ count: t.number, kept: Kept, store: t.string }),
  output: t.strict({
    /** The longest block of the event loop while the snapshot is written, by the clock. */
    blockMs: t.number,
    bootMs: t.number,
    /** One more of them. */
    eventUs: t.number,
    /** Beyond the process without a store. */
    heapBytes: t.number,
    /** The overview of the page, after one more of them. */
    pageUs: t.number,
    /** The snapshot read by `JSON.parse`, line by line. */
    parseMs: t.number,
    snapshotBytes: t.number,
    snapshotMs: t.number
  })
}

export const Writers = t.keyof({ nobody: null, one: null, 'one each': null }, 'Writers')
/** Who writes the records of strangers. */
export type Writers = t.TypeOf<typeof Writers>

/** A store of members alone, with rows of the owner, after so many records of strangers; in bytes, when all is written. */
export const strangersJob = {
  module: 'strangers.js',
  input: t.strict({ records: t.number, rows: t.number, store: t.string, writers: Writers }),
  output: t.strict({ diskBytes: t.number, heapBytes: t.number })
}

/** So many pushes, one after another: milliseconds from what a knot publishes to what a provider is asked. */
export const pushJob = {
  module: 'push.js',
  input: t.strict({ pushes: t.number, store: t.string }),
  output: t.strict({ ms: t.array(t.number) })
}

// ---------------------------------------------------------------------------------------- running them

/** A measurement that takes longer has failed: a reader waits for ever when its server is gone. */
const PATIENCE_MS = 900_000

const decode = <A>(codec: t.Type<A, unknown>, u: unknown): A => {
  const result = codec.decode(u)
  if (E.isLeft(result)) throw new Error(explain(result.left))
  return result.right
}

export interface Worker<O> {
  readonly end: () => Promise<void>
  /** One at a time. Rejects when the process ends instead. */
  readonly measure: () => Promise<O>
}

const ask = (child: ChildProcess, name: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const patience = setTimeout(() => child.kill(), PATIENCE_MS)
    const fail = (code: number | null, signal: string | null): void => {
      clearTimeout(patience)
      reject(new Error(`${name} ended with ${String(code ?? signal)}`))
    }
    child.once('exit', fail)
    child.once('message', (answer) => {
      clearTimeout(patience)
      child.off('exit', fail)
      resolve(answer)
    })
    child.send('measure')
  })

/** Starts a process for `job`, which prepares itself. */
export const start = <I, O>(job: Job<I, O>, input: I): Worker<O> => {
  const child = fork(fileURLToPath(new URL(job.module, import.meta.url)), [JSON.stringify(input)], { execArgv: ['--expose-gc'] })
  return {
    end: async () => {
      if (!child.connected) return
      child.disconnect()
      await once(child, 'exit')
    },
    measure: async () => decode(job.output, await ask(child, job.module))
  }
}

/** Does `job` once. */
export const perform = async <I, O>(job: Job<I, O>, input: I): Promise<O> => {
  const { end, measure } = start(job, input)
  try {
    return await measure()
  } finally {
    await end()
  }
}

/** In that process: `prepare` gives what is done for each measurement. */
export const serve = <I, O>(job: Job<I, O>, prepare: (input: I) => Promise<() => Promise<O>>): void => {
  const prepared = prepare(decode(job.input, JSON.parse(process.argv[2] ?? '')))
  process.on('message', () => {
    void prepared.then((measure) => measure()).then((output) => process.send?.(output))
  })
  process.on('disconnect', () => process.exit())
}
