/**
 * `npm run bench`: how fast the machine is, beside what does less (`JSON.parse`, other clients of Jetstream) or the same in
 * another way (lowdb as it comes). Prints tables, and writes reports/bench.json. `npm run bench -- --quick` is for a first look.
 *
 * Trust the ratios: each is taken within one run, from measurements that took turns, and the machine is never ours alone. For
 * the same reason no test asserts any of this, and a missed target does not fail the run.
 */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bootJob, bridgeJob, coreJob, eventsJob, hoardJob, type Job, type Kept, lowdbJob, parseJob, type Peer, peerJob, perform, pushJob, serverJob, snapshotJob, start, strangersJob, type Stream, whenJob,
  type Writers
} from './jobs.js'
import { median, ratio } from './measure.js'
import { columns, number, percent, range } from './text.js'

const quick = process.argv.includes('--quick')

const plan = quick
  ? {
      boots: 1, coreFrames: 10_000, coreRounds: 9, eventsRounds: 3, lives: 1, patternRounds: 5, pushes: 100, snapshots: 3, socketFrames: 100_000, socketRounds: 3, storeRows: [100_000],
      strangers: 100_000, strangersBoots: 3
    }
  : {
      boots: 5, coreFrames: 20_000, coreRounds: 15, eventsRounds: 9, lives: 3, patternRounds: 15, pushes: 300, snapshots: 3, socketFrames: 200_000, socketRounds: 7, storeRows: [100_000, 1_000_000],
      strangers: 1_000_000, strangersBoots: 9
    }

/** Rounds that do not count: the compiler is still at work. */
const WARM_UP = 3
/** At so few rows, a store is not worth a look. */
const CORE_ROWS = [1_000, 10_000]
/** At more rows, lowdb takes too long. */
const LOWDB_ROWS = 100_000
/** How many rows the streams are about that the readers of a socket race through: only we keep them, so only for us it makes a difference. */
const SOCKET_ROWS = [1_000, 50_000]

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** `act` of each, one after another. */
const eachOf = async <A, B>(all: Iterable<A>, act: (a: A) => Promise<B>): Promise<ReadonlyArray<B>> => {
  const results: Array<B> = []
  for (const a of all) results.push(await act(a))
  return results
}

const times = <A>(count: number, act: (i: number) => Promise<A>): Promise<ReadonlyArray<A>> => eachOf(Array(count).keys(), act)

/** Calls `act` with the path of a folder that is not there yet, and afterwards is there no more. */
const inFolder = async <A>(act: (folder: string) => Promise<A>): Promise<A> => {
  const parent = await mkdtemp(join(tmpdir(), 'tack-bench-'))
  try {
    return await act(join(parent, 'store'))
  } finally {
    await rm(parent, { force: true, recursive: true })
  }
}

/** Calls `act` with a copy of the folder. */
const inCopy = <A>(folder: string, act: (copy: string) => Promise<A>): Promise<A> =>
  inFolder(async (copy) => {
    await cp(folder, copy, { recursive: true })
    return act(copy)
  })

/** `count` measurements of one job. */
const several = async <I, O>(count: number, job: Job<I, O>, input: I): Promise<ReadonlyArray<O>> => {
  const { end, measure } = start(job, input)
  try {
    return await times(count, measure)
  } finally {
    await end()
  }
}

/** Calls `act` with the stream of a server. */
const withStream = async <A>(creates: boolean, rows: number, act: (stream: Stream, bytesPerFrame: number) => Promise<A>): Promise<A> => {
  const { end, measure } = start(serverJob, { creates, frames: plan.socketFrames, rows })
  try {
    const { bytesPerFrame, stream } = await measure()
    return await act(stream, bytesPerFrame)
  } finally {
    await end()
  }
}

// ---------------------------------------------------------------------------------------- over a socket

/** Every frame is kept. */
const TACK = 'tack, durable'
/** The same under `members`, and everybody is a stranger: nearly all of a real stream is. */
const TACK_OF_STRANGERS = 'tack, strangers'
type Reader = Peer | typeof TACK | typeof TACK_OF_STRANGERS
const READERS: ReadonlyArray<Reader> = ['ws', 'ws + JSON.parse', '@skyware/jetstream', '@atcute/jetstream', TACK, TACK_OF_STRANGERS]

const isTack = (reader: Reader): reader is typeof TACK | typeof TACK_OF_STRANGERS => reader === TACK || reader === TACK_OF_STRANGERS

const read = (reader: Reader, stream: Stream): Promise<{ readonly cpuSeconds: number; readonly seconds: number }> =>
  isTack(reader) ? inFolder((store) => perform(bridgeJob, { keeps: reader === TACK, store, stream })) : perform(peerJob, { peer: reader, stream })

const measureSocket = (rows: number) =>
  withStream(true, rows, async (stream, bytesPerFrame) => {
    // Every other round goes the other way round, so that nobody always follows the same.
    const rounds = await times(plan.socketRounds, async (round) => {
      const order = round % 2 === 0 ? READERS : [...READERS].reverse()
      return new Map(await eachOf(order, async (reader) => [reader, await read(reader, stream)] as const))
    })
    const all = (reader: Reader, what: 'cpuSeconds' | 'seconds') => rounds.map((round) => round.get(reader)?.[what] ?? NaN)
    const readers = READERS.map((reader) => ({
      cpuUs: (median(all(reader, 'cpuSeconds')) * 1e6) / stream.frames,
      framesPerSecond: stream.frames / median(all(reader, 'seconds')),
      reader,
      /** The speed of the bridge among strangers, if that of this one is 1. */
      strangers: ratio(all(reader, 'seconds'), all(TACK_OF_STRANGERS, 'seconds')),
      /** The speed of the bridge, if that of this one is 1. */
      tack: ratio(all(reader, 'seconds'), all(TACK, 'seconds'))
    }))
    return { bytesPerFrame, frames: stream.frames, readers, rows }
  })

// ---------------------------------------------------------------------------------------- the core

/** The core at all numbers of rows, which take turns. Leaves stores behind, where `storeOf` says. */
const measureCores = async (storeOf: (rows: number) => string | null) => {
  const workers = await eachOf([...CORE_ROWS, ...plan.storeRows], async (rows) => {
    const worker = start(coreJob, { frames: plan.coreFrames, rows, store: storeOf(rows) })
    await times(WARM_UP, worker.measure)
    return { ...worker, rows }
  })
  const rounds = await times(plan.coreRounds, () => eachOf(workers, (worker) => worker.measure()))
  await eachOf(workers, (worker) => worker.end())

  const all = (i: number, what: 'bytesPerFrame' | 'bytesPerRow' | 'parseUs' | 'stepUs') => rounds.map((round) => round[i]?.[what] ?? NaN)
  return workers.map(({ rows }, i) => ({
    bytesPerFrame: median(all(i, 'bytesPerFrame')),
    bytesPerRow: median(all(i, 'bytesPerRow')),
    /** What a frame costs, if it costs 1 at the least number of rows. */
    cost: ratio(all(i, 'stepUs'), all(0, 'stepUs')),
    parseUs: median(all(i, 'parseUs')),
    /** The speed of the core, if that of `JSON.parse` is 1. */
    ofParse: ratio(all(i, 'parseUs'), all(i, 'stepUs')),
    rows,
    stepUs: median(all(i, 'stepUs'))
  }))
}

// ---------------------------------------------------------------------------------------- the store

/** Snapshots of the store, boots from it, and the stream as it goes on from there. */
const measureStore = (rows: number, store: string) =>
  withStream(false, rows, async (stream) => ({
    lives: await times(plan.lives, async () => {
      const { seconds: parseSeconds } = await perform(parseJob, { rows, store })
      return { ...(await inCopy(store, (copy) => perform(bridgeJob, { keeps: true, store: copy, stream }))), parseMs: parseSeconds * 1000 }
    }),
    lowdb: rows > LOWDB_ROWS ? null : await several(plan.snapshots, lowdbJob, { path: `${store}.lowdb.json`, store }),
    rows,
    snapshots: await inCopy(store, (copy) => several(plan.snapshots, snapshotJob, { store: copy }))
  }))

// ---------------------------------------------------------------------------------------- boots

/** How many of each there are at n. A fourth as many in a quick run. */
const BOOTS: { readonly [kept in Kept]: number } = { accounts: 25_000, knots: 5_000, rows: 25_000, runs: 5_000 }
const KINDS: ReadonlyArray<Kept> = ['rows', 'accounts', 'knots', 'runs']
const TIMES = 4

/** Boots at n and at 4n, from a snapshot or from the journal alone, which take turns. */
const measureBoot = async (kept: Kept, isJournal: boolean) => {
  const n = quick ? BOOTS[kept] / 4 : BOOTS[kept]
  const booted = (count: number, act: (boot: () => Promise<number>) => Promise<ReadonlyArray<readonly [number, number]>>) =>
    inFolder(async (store) => {
      await perform(hoardJob, { count, isJournal, kept, store })
      return act(() => inCopy(store, async (copy) => (await perform(bootJob, { isGuarded: false, store: copy })).cpuSeconds * 1000))
    })
  const rounds = await booted(n, (small) => booted(TIMES * n, (large) => times(plan.boots, async () => [await small(), await large()] as const)))
  const all = (i: 0 | 1) => rounds.map((round) => round[i])
  return { isJournal, kept, msAtFour: median(all(1)), msAtN: median(all(0)), n, ratio: ratio(all(1), all(0)) }
}

const measureBoots = async () => (await eachOf(KINDS, (kept) => eachOf([false, true], (isJournal) => measureBoot(kept, isJournal)))).flat()

// ---------------------------------------------------------------------------------------- strangers

const ROWS_OF_OWNER = 10_000
const WRITERS: ReadonlyArray<Writers> = ['nobody', 'one', 'one each']

/** Heap, disk and boots after the records of strangers, beside none: the boots take turns. */
const measureStrangers = () =>
  inFolder(async (parent) => {
    await mkdir(parent)
    const stores = await eachOf(WRITERS, async (writers) => {
      const store = join(parent, writers)
      return { ...(await perform(strangersJob, { records: plan.strangers, rows: ROWS_OF_OWNER, store, writers })), store, writers }
    })
    const rounds = await times(plan.strangersBoots, () =>
      eachOf(stores, async ({ store }) => inCopy(store, async (copy) => (await perform(bootJob, { isGuarded: true, store: copy })).cpuSeconds * 1000))
    )
    const boots = (i: number) => rounds.map((round) => round[i] ?? NaN)
    const [none] = stores
    return stores.map(({ diskBytes, heapBytes, writers }, i) => ({
      boot: ratio(boots(i), boots(0)),
      bootMs: median(boots(i)),
      disk: diskBytes / (none?.diskBytes ?? NaN),
      diskBytes,
      heap: heapBytes / (none?.heapBytes ?? NaN),
      heapBytes,
      writers
    }))
  })

type Strangers = Awaited<ReturnType<typeof measureStrangers>>

const printStrangers = (strangers: Strangers): void => {
  print(`\n${number(plan.strangers)} records of strangers where only members are admitted, beside none; ${number(ROWS_OF_OWNER)} rows are the owner's\n`)
  print(
    columns([
      ['written by', 'heap', '', 'disk', '', 'boot, ms of processors', ''],
      ...strangers.map(({ boot, bootMs, disk, diskBytes, heap, heapBytes, writers }) => [
        writers,
        `${number(heapBytes)} B`,
        percent(heap),
        `${number(diskBytes)} B`,
        percent(disk),
        number(bootMs),
        percent(boot)
      ])
    ])
  )
}

// ---------------------------------------------------------------------------------------- builds

const READERS_OF_EVENTS = 1_000
const STATUSES = 96
/** As many as a push with eight workflows makes at once. */
const TOGETHER = 8

const measureBuilds = async () => {
  const { ms } = await inFolder((store) => perform(pushJob, { pushes: plan.pushes, store }))
  const crowd = { frames: STATUSES, laggards: 0, readers: READERS_OF_EVENTS }
  const rounds = await several(plan.eventsRounds, eventsJob, { ...crowd, together: 1 })
  const bursts = await several(plan.eventsRounds, eventsJob, { ...crowd, together: TOGETHER })
  const deliveries = STATUSES * READERS_OF_EVENTS
  /** The rate of `/events`, if that of a bare broadcast is 1. */
  const ofBare = (of: typeof rounds): number =>
    ratio(
      of.map(({ bare }) => bare.seconds),
      of.map(({ events }) => events.seconds)
    )
  return {
    events: {
      framesPerSecond: deliveries / median(rounds.map(({ events }) => events.seconds)),
      ofBare: ofBare(rounds),
      ofBareTogether: ofBare(bursts)
    },
    pushMs: ms
  }
}

// ---------------------------------------------------------------------------------------- what came of it

type Sockets = ReadonlyArray<Awaited<ReturnType<typeof measureSocket>>>
type Cores = Awaited<ReturnType<typeof measureCores>>
type Stores = ReadonlyArray<Awaited<ReturnType<typeof measureStore>>>

const printSockets = (sockets: Sockets): void => {
  print('\nOver a websocket\n')
  print(
    columns([
      ['rows', '', 'frames', 'bytes a frame', 'frames/s', 'CPU a frame', 'tack / it'],
      ...sockets.flatMap(({ bytesPerFrame, frames, readers, rows }) =>
        readers.map(({ cpuUs, framesPerSecond, reader, tack }) => [
          number(rows),
          reader,
          number(frames),
          number(bytesPerFrame),
          number(framesPerSecond),
          `${number(cpuUs)} µs`,
          percent(tack)
        ])
      )
    ])
  )
}

const printCores = (cores: Cores): void => {
  print(`\nText → decode → step, beside JSON.parse alone: frames of ${number(cores[0]?.bytesPerFrame ?? NaN)} bytes\n`)
  print(
    columns([
      ['rows', 'JSON.parse', 'core', 'core / JSON.parse', 'cost / first', 'heap a row'],
      ...cores.map(({ bytesPerRow, cost, ofParse, parseUs, rows, stepUs }) => [
        number(rows),
        `${number(1e6 / parseUs)} /s`,
        `${number(1e6 / stepUs)} /s`,
        percent(ofParse),
        number(cost),
        `${number(bytesPerRow)} B`
      ])
    ])
  )
}

const printStores = (stores: Stores): void => {
  print('\nStore, in milliseconds: median (least–greatest). A block is the longest time for which the event loop stood still; what it did not work, it waited for a processor.\n')
  print(
    columns([
      ['rows', '', 'takes', 'longest block', 'longest work'],
      ...stores.flatMap(({ lives, lowdb, rows, snapshots }) => {
        const written = (what: string, all: typeof snapshots) => [
          number(rows),
          what,
          range(all.map(({ ms }) => ms)),
          range(all.map(({ blockMs }) => blockMs)),
          range(all.map(({ workMs }) => workMs))
        ]
        return [
          written('snapshot', snapshots),
          ...(lowdb === null ? [] : [written('the same by lowdb', lowdb)]),
          [number(rows), 'boot', range(lives.map(({ bootMs }) => bootMs)), '', ''],
          [number(rows), 'the same file by JSON.parse', range(lives.map(({ parseMs }) => parseMs)), '', ''],
          written(
            `${number(plan.socketFrames)} frames`,
            lives.map(({ blockMs, seconds, workMs }) => ({ blockMs, ms: seconds * 1000, workMs }))
          )
        ]
      })
    ])
  )
}

type Boots = Awaited<ReturnType<typeof measureBoots>>

const printBoots = (boots: Boots): void => {
  print('\nBoots at n and at 4n, until the first step is durable, in milliseconds of processors. Linear is 4 at most.\n')
  print(
    columns([
      ['', 'from', 'n', 'at n', 'at 4n', 'ratio'],
      ...boots.map(({ isJournal, kept, msAtFour, msAtN, n, ratio: share }) => [
        kept,
        isJournal ? 'journal' : 'snapshot',
        number(n),
        number(msAtN),
        number(msAtFour),
        number(share)
      ])
    ])
  )
}

type Builds = Awaited<ReturnType<typeof measureBuilds>>

const printBuilds = ({ events: { framesPerSecond, ofBare, ofBareTogether }, pushMs }: Builds): void => {
  print('\nBuilds\n')
  print(
    columns([
      ['from a push to a start, in milliseconds', range(pushMs)],
      [`statuses to ${number(READERS_OF_EVENTS)} readers of /events`, `${number(framesPerSecond)} /s`],
      ['the same, if a bare broadcast by ws is 1', percent(ofBare)],
      [`the same, ${String(TOGETHER)} statuses at once`, percent(ofBareTogether)]
    ])
  )
}

/** What the dearest patterns take, if a hundred thousand steps that do nothing take 1. */
const measurePatterns = async () => {
  const rounds = (await several(WARM_UP + plan.patternRounds, whenJob, {})).slice(WARM_UP)
  return (rounds[0]?.shapes ?? [])
    .map(({ shape }, i) => ({
      ms: median(rounds.map(({ shapes }) => shapes[i]?.ms ?? NaN)),
      ofIdle: ratio(rounds.map(({ shapes }) => shapes[i]?.ms ?? NaN), rounds.map(({ shapes }) => shapes[i]?.idleMs ?? NaN)),
      shape
    }))
    .sort((a, b) => b.ofIdle - a.ofIdle)
}

type Patterns = Awaited<ReturnType<typeof measurePatterns>>

const printPatterns = (patterns: Patterns): void => {
  print('\nPatterns up to the limit of their work, if 100 000 steps that do nothing are 1\n')
  print(columns([['', 'ratio', 'ms'], ...patterns.map(({ ms, ofIdle, shape }) => [shape, percent(ofIdle), number(ms)])]))
}

interface Target {
  readonly is: string
  readonly isMet: boolean
  readonly should: string
  readonly what: string
}

const atLeast = (what: string, limit: number, share: number): Target => ({
  is: percent(share),
  isMet: share >= limit,
  should: `≥ ${percent(limit)}`,
  what
})

const atMost = (what: string, limit: number, value: number, unit: string): Target => ({
  is: `${number(value)}${unit}`,
  isMet: value <= limit,
  should: `≤ ${number(limit)}${unit}`,
  what
})

const targetsOf = (sockets: Sockets, cores: Cores, stores: Stores, boots: Boots, strangers: Strangers, builds: Builds, patterns: Patterns): ReadonlyArray<Target> => {
  const beside = (peer: Peer, limit: number): ReadonlyArray<Target> =>
    sockets.map(({ readers, rows }) =>
      atLeast(`tack / ${peer} at ${number(rows)} rows`, limit, readers.find(({ reader }) => reader === peer)?.tack ?? NaN)
    )
  const amongStrangers = sockets.map(({ readers, rows }) =>
    atLeast(
      `tack among strangers / @atcute/jetstream, ${number(rows)} of their records`,
      1,
      readers.find(({ reader }) => reader === '@atcute/jetstream')?.strangers ?? NaN
    )
  )
  const largest = cores.find(({ rows }) => rows === 1_000_000)
  const stored = stores.find(({ rows }) => rows === 100_000)
  return [
    atLeast('core / JSON.parse at 1 000 rows', 0.25, cores.find(({ rows }) => rows === 1_000)?.ofParse ?? NaN),
    // A quick run has no time for a million rows.
    ...(largest === undefined ? [] : [atMost('cost at 1 000 000 rows / at 1 000', 4, largest.cost, '')]),
    ...beside('@skyware/jetstream', 0.3),
    ...beside('@atcute/jetstream', 0.5),
    ...amongStrangers,
    atMost('longest block of a snapshot of 100 000 rows', 50, median(stored?.snapshots.map(({ blockMs }) => blockMs) ?? []), ' ms'),
    atMost('longest block while consuming at 100 000 rows', 50, median(stored?.lives.map(({ blockMs }) => blockMs) ?? []), ' ms'),
    ...stores.map(({ lives, rows }) =>
      atMost(`a boot of ${number(rows)} rows / its file by JSON.parse`, 10, ratio(lives.map(({ bootMs }) => bootMs), lives.map(({ parseMs }) => parseMs)), '')
    ),
    // Some more than 4: what is sorted, and larger heaps, are not quite linear.
    atMost('a boot at 4n / at n, the worst', 5, Math.max(...boots.map(({ ratio: share }) => share)), ''),
    atMost('heap, disk or boot after records of strangers / without', 1.05, Math.max(...strangers.flatMap(({ boot, disk, heap }) => [boot, disk, heap])), ''),
    atMost('from a push to a start', 20, median(builds.pushMs), ' ms'),
    atLeast('/events / a bare broadcast, 1 000 readers', 0.8, builds.events.ofBare),
    atLeast(`the same, ${String(TOGETHER)} statuses at once`, 1.2, builds.events.ofBareTogether),
    atMost('the dearest patterns / 100 000 idle steps', 1, patterns[0]?.ofIdle ?? NaN, '')
  ]
}

const printTargets = (targets: ReadonlyArray<Target>): void => {
  print('\nTargets\n')
  print(columns([['', 'should be', 'is', ''], ...targets.map(({ is, isMet, should, what }) => [what, should, is, isMet ? 'met' : 'missed'])]))
}

// ---------------------------------------------------------------------------------------- all of it

const machine = { cpu: cpus()[0]?.model ?? '', cpus: cpus().length, load: loadavg()[0] ?? NaN, node: process.version }
print(`${machine.cpu} × ${String(machine.cpus)}, load ${number(machine.load)}, Node ${machine.node}${quick ? ', quick' : ''}`)

const sockets = await eachOf(SOCKET_ROWS, measureSocket)
printSockets(sockets)

const { cores, stores } = await inFolder(async (folder) => {
  await mkdir(folder)
  const storeOf = (rows: number): string => join(folder, String(rows))
  const measured = await measureCores((rows) => (plan.storeRows.includes(rows) ? storeOf(rows) : null))
  printCores(measured)
  return { cores: measured, stores: await eachOf(plan.storeRows, (rows) => measureStore(rows, storeOf(rows))) }
})
printStores(stores)

const boots = await measureBoots()
printBoots(boots)

const strangers = await measureStrangers()
printStrangers(strangers)

const builds = await measureBuilds()
printBuilds(builds)

const patterns = await measurePatterns()
printPatterns(patterns)

const targets = targetsOf(sockets, cores, stores, boots, strangers, builds, patterns)
printTargets(targets)

await mkdir('reports', { recursive: true })
await writeFile('reports/bench.json', `${JSON.stringify({ at: new Date().toISOString(), machine, quick, targets, sockets, cores, stores, boots, strangers, builds, patterns }, null, 2)}\n`)
print('\nAll numbers: reports/bench.json')
