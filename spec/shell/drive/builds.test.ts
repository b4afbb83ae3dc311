/**
 * Many builds at a provider that misbehaves, over many crashes of the bridge: the real drive loop, builder and reader of workflows, on a
 * simulated clock, network and disk. One seed, one run.
 *
 * Faults are scheduled by number, and each must have fired: a fault that did not fire has proven nothing.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import {
  buildKey,
  Builds,
  Config,
  decodeFrame,
  decodeKnotFrame,
  type Event,
  type HostName,
  initial,
  type LogEntry,
  OrderedMap as M,
  run,
  type State,
  type Status,
  type TimeUs
} from '../../../core/index.js'
import { createBuilder } from '../../../shell/drive/builder.js'
import { silentLog } from '../../../shell/lib/log.js'
import { pipeline, seeded, tid } from '../../../shell/demo-network/index.js'
import type { Job, Progress, Provider } from '../../../shell/providers/provider.js'
import { startBridge } from '../../../shell/drive/runtime.js'
import type { Store } from '../../../shell/store/index.js'
import { workflowReader } from '../../../shell/outbound/workflows.js'
import { BEGIN, config, fakeNetwork, HOSTNAME, manualClock, type ManualClock, middle, nothingElse, OWNER, settle } from '../support/bridge.js'

/** How many pushes there are; each starts two builds. */
const PUSHES = Number(process.env['TACK_PUSHES'] ?? 250)
const SEED = 20_261_124

const KNOT = 'localhost:3000' as HostName
const REPO_DID = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'

// ---------------------------------------------------------------------------------------- the world

const settings: Config = E.getOrElse<unknown, Config>(() => {
  throw new Error('not a configuration')
})(Config.decode({ ...config, backfill: false, builds: { ...config.builds, keepStatuses: 1_000_000, providers: ['ci'] } }))

/** A disk that keeps what was appended, over crashes. */
const disk = () => {
  let state = initial(settings)
  let opened = 0
  const open = (): Store => {
    const life = ++opened
    return {
    // Whoever was killed appends nothing any more, and hears nothing.
    append: (events: ReadonlyArray<Event>) => () => {
      if (life !== opened) return new Promise(() => undefined)
      state = run(state, events)[0]
      return Promise.resolve(E.right(undefined))
    },
    close: () => () => Promise.resolve(E.right(undefined)),
    journalBytes: () => 0,
    snapshotBytes: () => 0,
    rescue: () => () => Promise.resolve(E.right(undefined)),
    snapshot: () => () => Promise.resolve(E.right(undefined)),
    state
  }}
  return { open, state: () => state }
}

const FAULTS = ['done, no answer', 'not done, no answer', 'busy', 'looked for in vain', 'shown late', 'reports twice', 'reports late', 'reports out of order', 'never reports running'] as const
type Fault = (typeof FAULTS)[number]

/** How long the provider may take to show a build. */
const SETTLE_MS = 8_000

/** A provider with a ledger of what it started, that answers the truth or nothing. */
const misbehaving = (clock: ManualClock, random: ReturnType<typeof seeded>) => {
  const started = new Map<string, number>()
  const ends = new Map<string, Status>()
  /** When a build that was started begins to be shown. */
  const shownUs = new Map<string, number>()
  const fired = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]))
  const fire = (fault: Fault): void => void fired.set(fault, (fired.get(fault) ?? 0) + 1)
  const happens = (share: number): boolean => random.between(1, 100) <= share

  const begin = ({ key }: Job): string => {
    started.set(key, (started.get(key) ?? 0) + 1)
    shownUs.set(key, clock.now() + (happens(50) ? random.between(0, SETTLE_MS) * 1_000 : 0))
    if (!ends.has(key)) ends.set(key, happens(20) ? 'failed' : 'success')
    return `ci-${key}`
  }
  const uncertain = { _tag: 'Uncertain', error: 'no answer', waitMs: 0 } as const

  const provider: Provider = {
    cancel: () => Promise.resolve({ _tag: 'Acknowledged' }),
    check: () => Promise.resolve({ isFine: true, sentence: '' }),
    close: () => Promise.resolve(),
    find: (job) => {
      if (happens(15)) {
        fire('looked for in vain')
        return Promise.resolve(uncertain)
      }
      const isShown = (shownUs.get(job.key) ?? Infinity) <= clock.now()
      if (started.has(job.key) && !isShown) fire('shown late')
      return Promise.resolve(isShown ? { _tag: 'Accepted', external: `ci-${job.key}` } : { _tag: 'Missing' })
    },
    follow: (job, external, report) => {
      const end = ends.get(job.key) ?? 'success'
      const progress = (status: Status): Progress => ({ error: null, exitCode: end === 'failed' ? 1 : 0, external, status })
      const script: Array<Status> = ['pending', 'running', end]
      if (happens(10)) {
        fire('reports twice')
        script.splice(1, 0, 'running', 'running')
      }
      if (happens(10)) {
        fire('reports out of order')
        script.unshift('running')
      }
      if (happens(10)) {
        fire('never reports running')
        script.splice(0, script.length, 'pending', end)
      }
      const isLate = happens(10)
      if (isLate) fire('reports late')
      const cancels: Array<() => void> = []
      let afterMs = 0
      for (const status of script) {
        afterMs += random.between(1, 400) + (isLate ? 20_000 : 0)
        cancels.push(clock.after(afterMs, () => report(progress(status))))
      }
      return () => {
        for (const cancel of cancels) cancel()
      }
    },
    logs: async function* () {
      await Promise.resolve()
      yield* []
    },
    name: 'ci',
    settleMs: SETTLE_MS,
    start: (job) => {
      if (happens(12)) {
        fire('done, no answer')
        begin(job)
        return Promise.resolve(uncertain)
      }
      if (happens(12)) {
        fire('not done, no answer')
        return Promise.resolve(uncertain)
      }
      if (happens(8)) {
        fire('busy')
        return Promise.resolve({ _tag: 'Uncertain', error: 'too many requests', waitMs: 7_000 })
      }
      return Promise.resolve({ _tag: 'Accepted', external: begin(job) })
    }
  }
  return { fired, provider, started }
}

// ---------------------------------------------------------------------------------------- what the knot says

const WORKFLOW = (name: string): string => `when:\n  - event: push\n    branch: main\nengine: tack\ntack:\n  ci:\n    pipeline: ${name}\n`

const pushText = (n: number, created: number): string => {
  const { event, nsid, rkey } = pipeline(
    tid(created, n % 1_024),
    KNOT,
    'app',
    {
      committerDid: OWNER,
      newSha: (n + 1).toString(16).padStart(40, '0'),
      oldSha: 'f'.repeat(40),
      ownerDid: OWNER,
      ref: 'refs/heads/main',
      repo: REPO_DID
    },
    ['a.yml', 'b.yml'].map((name) => ({ clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name, raw: WORKFLOW(name) }))
  )
  return `${JSON.stringify({ event, nsid, rkey }).slice(0, -1)},"created":${String(created)}000}`
}

const COMMIT = JSON.stringify({
  commit: {
    collection: 'sh.tangled.repo',
    operation: 'create',
    record: { knot: KNOT, name: 'app', repoDid: REPO_DID, spindle: HOSTNAME },
    rev: tid(BEGIN, 1),
    rkey: 'app'
  },
  did: OWNER,
  kind: 'commit',
  time_us: BEGIN
})

// ---------------------------------------------------------------------------------------- the campaign

test(
  'builds survive crashes and a misbehaving provider: none is lost, started twice, or left pending; every status comes once, in order',
  async () => {
    const random = seeded(SEED)
    const clock = manualClock()
    const { fired, provider, started } = misbehaving(clock, random)
    const stored = disk()
    const sent: Array<{ readonly created: number; readonly text: string }> = []
    let crashes = 0

    // A reader of /events: it asks the durable state for what follows its cursor, and comes back with it after a crash.
    const read: Array<LogEntry> = []
    let cursorUs = 0 as TimeUs
    const readOn = (state: State): void => {
      const page = Builds.pageAfter(state.builds, cursorUs, random.between(1, 40))
      read.push(...page.entries)
      cursorUs = page.entries.at(-1)?.createdUs ?? cursorUs
    }

    const live = async (): Promise<{ readonly say: (text: string) => void }> => {
      const connected: { knot: ((text: string) => void) | null } = { knot: null }
      const { network } = fakeNetwork((dial) => {
        const { connection, cursor, deliver, host } = dial
        void Promise.resolve().then(() => {
          if (host === null) {
            deliver({ _tag: 'JetstreamOpened', at: clock.now(), connection })
            deliver(E.toUnion(decodeFrame({ at: clock.now(), connection })(COMMIT)))
          } else {
            deliver({ _tag: 'KnotOpened', at: clock.now(), connection, host })
            const say = (text: string): void => deliver(E.toUnion(decodeKnotFrame({ at: clock.now(), connection, host })(text)))
            connected.knot = say
            for (const { created, text } of sent) if (cursor !== null && BigInt(created) * 1_000n > BigInt(cursor)) say(text)
          }
        })
      })
      startBridge(
        {
          ...nothingElse,
          builder: createBuilder([provider], clock),
          clock,
          log: silentLog,
          network,
          random: middle,
          store: stored.open(),
          workflows: workflowReader({
            clock,
            log: silentLog,
            readFiles: () => Promise.reject(new Error('all files come along'))
          })
        },
        settings,
        null,
        () => readOn(stored.state())
      )
      await settle()
      return { say: (text) => connected.knot?.(text) }
    }

    let life = await live()
    for (let n = 0; n < PUSHES; n++) {
      const created = clock.now()
      const text = pushText(n, created)
      sent.push({ created, text })
      life.say(text)
      // Knots repeat themselves.
      if (random.between(1, 10) === 1) life.say(sent[random.between(0, sent.length - 1)]?.text ?? text)
      if (random.between(1, 4) === 1) await settle()
      clock.advance(random.between(1, 500))
      if (random.between(1, 25) === 1) {
        // A crash: of what was not durable nobody knows; the knot sends again what comes after the cursor.
        crashes++
        life = await live()
      }
    }
    for (let i = 0; i < 400; i++) {
      await settle()
      clock.advance(5_000)
    }
    life = await live()
    for (let i = 0; i < 400; i++) {
      await settle()
      clock.advance(5_000)
    }
    const end = stored.state()
    for (let beforeUs = -1; beforeUs < cursorUs; ) {
      beforeUs = cursorUs
      readOn(end)
    }
    expect(cursorUs).toBe(end.builds.lastUs)

    const builds = M.toEntries(end.builds.runs).flatMap(([, { builds: those }]) => M.toEntries(those))
    expect(builds.length).toBe(2 * PUSHES)
    expect([...started.values()].filter((times) => times !== 1)).toEqual([])
    expect(started.size).toBe(2 * PUSHES)
    expect(builds.filter(([, { phase, status }]) => phase._tag !== 'Settled' || (status !== 'success' && status !== 'failed'))).toEqual([])

    const told = new Map<string, Array<Status>>()
    const runs = new Set<string>()
    for (const entry of read) {
      if (!('status' in entry)) runs.add(`${entry.knot}/${entry.rkey}`)
      else {
        const { build, status } = entry
        expect(runs.has(`${build.knot}/${build.rkey}`)).toBe(true)
        told.set(buildKey(build), [...(told.get(buildKey(build)) ?? []), status])
      }
    }
    const ways = new Set([...told.values()].map((statuses) => statuses.join(' ')))
    const allowed = ['pending running success', 'pending running failed', 'pending success', 'pending failed']
    expect([...ways].filter((way) => !allowed.includes(way))).toEqual([])
    expect(told.size).toBe(2 * PUSHES)
    expect(read.every(({ createdUs }, i) => i === 0 || createdUs > (read[i - 1]?.createdUs ?? 0))).toBe(true)

    expect([...fired].filter(([, times]) => times === 0)).toEqual([])
    expect(crashes).toBeGreaterThan(2)
  },
  600_000
)

