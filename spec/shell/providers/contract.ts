/**
 * The contract of providers: what every adapter must do, whatever CI it speaks to. Each adapter's test brings a `Target`: the adapter
 * beside a server that keeps a ledger and misbehaves (ledger.ts), or, for builds that run here, beside real processes.
 *
 * What is asked is what the core builds on (T5): that nothing is started twice and nothing is lost, although every answer may be missing;
 * that "missing" is never a guess; that a build that was started is followed to its end; that secrets stay where they are; that what
 * is not signed is not believed. No test waits for time to pass: the adapter's clock is the test's.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BuildName, buildKey, excerpt, type Plan, type Status } from '../../../core/index.js'
import type { Clock, Fields, Log } from '../../../shell/ports.js'
import type { Accepted, Job, LogLine, Missing, Progress, Provider, Refused, Uncertain, WebhookRequest } from '../../../shell/providers/provider.js'
import { type ManualClock, manualClock } from '../support/bridge.js'
import { missingFeatures } from './missing-features.js'
import { BUSY_SECONDS, type Doubt, type Fault, FAULTS, REFUSALS, type RefusalFault } from './ledger.js'

/** A case of the suite for providers of which it can be asked; for others there is none. */
const whereItApplies =
  (applies: boolean) =>
  (name: string, act: () => Promise<void>, timeoutMs?: number): void => {
    if (applies) test(name, act, timeoutMs)
  }

// ---------------------------------------------------------------------------------------- what a target brings

/** What an adapter is given by the suite. */
export interface Ports {
  readonly clock: Clock
  readonly log: Log
}

/** How calls to the webhook of this provider are signed. */
export interface Signing {
  /** The body that the provider would send about the build as it stands. */
  readonly body: (key: string) => Buffer
  /** Whether the body is signed, and not only known to be from somebody who has the token. */
  readonly coversBody: boolean
  /** Whether what is older or newer than 300 s is refused. */
  readonly hasTime: boolean
  /** The name of the header that holds the signature or token at its end, in small letters. */
  readonly header: string
  /** All headers that go with the body, signed at that time. */
  readonly sign: (body: Buffer, atMs: number) => { readonly [name: string]: string }
}

/** One adapter with its server, for one test. */
export interface Bench {
  /** What the server was asked, and answered (`LedgerServer.answered`); absent where there is no server. */
  readonly answered?: () => ReadonlyArray<string>
  /** How many calls the server is working on (`LedgerServer.busy`); 0 where there is no server. */
  readonly busy: () => number
  readonly close: () => Promise<void>
  /** How many connections are open at the server. */
  readonly connections: () => number
  /** How many calls will never be answered. */
  readonly held: () => number
  /** Whether the server was told to end the build. */
  readonly isCancelled: (key: string) => boolean
  readonly misbehave: (choose: () => Fault | null) => void
  /** Brings the build to a status: the server will say so when it is asked, and calls nobody. */
  readonly move: (key: string, status: Status) => void
  /** What this provider's plans say; the rest is made up. */
  readonly plan: Partial<Plan>
  /** An adapter that knows nothing, as after a restart. The same server, the same configuration. */
  readonly provider: (ports: Ports) => Provider | Promise<Provider>
  /** Adds a line to the log of the build. */
  readonly say: (key: string, line: string) => void
  /** What the adapter knows and nobody else may learn: tokens, keys. The server says them back when it refuses. */
  readonly secrets: ReadonlyArray<string>
  /** `null` where the provider calls nobody. */
  readonly signing: Signing | null
  /** How many builds of the key there are at the server. */
  readonly started: (key: string) => number
}

export interface Target {
  /** How a build can end here, besides `cancelled`. */
  readonly ends: ReadonlyArray<Status>
  /** What can go wrong on the way; `FAULTS` where there is a server, none where there is no way. */
  readonly faults: ReadonlyArray<Doubt>
  /** Whether a second start of one key is no second build. Then a start may also be carried out late. */
  readonly isIdempotent: boolean
  readonly name: string
  readonly open: () => Promise<Bench>
  /** `REFUSALS`, or those that this server has. The server's reason is `REASON`, and what `echo` makes of the secrets. */
  readonly refusals: ReadonlyArray<RefusalFault>
}

export { FAULTS, REFUSALS }

/** Why the server refuses. It must be in what the adapter says, as must be none of what follows it. */
export const REASON = 'this is not for you to build'

/** The reason of a server that gives away whatever it was sent. */
export const echo = (secrets: ReadonlyArray<string>): string => [REASON, ...secrets].join(' ')

// ---------------------------------------------------------------------------------------- builds

const nameOf = (knot: string, rkey: string, workflow: string): BuildName => {
  const decoded = BuildName.decode({ knot, rkey, workflow })
  if (decoded._tag === 'Left') throw new Error(`no name of a build: ${knot} ${rkey} ${workflow}`)
  return decoded.right
}

export const BUILD = nameOf('knot.example', '3mbd3542k2222', 'ci.yml')

/** The name of a build, for an error. */
const shortly = ({ knot, rkey, workflow }: BuildName): string => [knot, rkey, workflow].map((part) => JSON.stringify(excerpt(part))).join(' ')

/** A build that is not that one. */
export const OTHER = nameOf('knot.example', '3mbd3542k2222', 'other.yml')

/** Builds whose names have broken programs; no two are one. */
export const ODD: ReadonlyArray<BuildName> = [
  nameOf('knot.example', '3mbd3542k2222', 'CI.yml'),
  nameOf('knot.example', '3mbd3542k2222', 'ci.yml'),
  nameOf('knot.example', '3mbd3542k2222', '100% sure.yml'),
  nameOf('knot.example', '3mbd3542k2222', '%2e%2e.yml'),
  nameOf('knot.example', '3mbd3542k2222', 'a?b&key=c#d+e;f.yml'),
  nameOf('knot.example', '3mbd3542k2222', ' leading and trailing '),
  nameOf('knot.example', '3mbd3542k2222', 'größe ☃.yml'),
  nameOf('knot.example', '3mbd3542k2222', '"quoted" \'$(x)\' `y`.yml'),
  nameOf('knot.example', '3mbd3542k2222', '__proto__'),
  nameOf('knot.example', '3mbd3542k2222', 'constructor'),
  nameOf('knot.example', '__proto__', 'ci.yml'),
  nameOf('knot.example', 'a:b~c._-', 'ci.yml'),
  nameOf('knot.example', '-', '...'),
  nameOf('localhost', '3mbd3542k2222', 'ci.yml'),
  nameOf('knot.example', 'r'.repeat(512), 'ü'.repeat(100))
]

const SHA = 'a'.repeat(40)

/** A build as the core would ask for it. */
export const jobOf = (build: BuildName, plan: Partial<Plan>): Job => ({
  build,
  key: buildKey(build),
  plan: {
    clone: { depth: 1 as Plan['clone']['depth'], skip: false, submodules: false },
    pipeline: 'demo',
    provider: 'under-test',
    ref: 'refs/heads/main',
    repository: {
      did: '',
      name: 'hello',
      owner: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Plan['repository']['owner'],
      rkey: '3mbd3542k2223' as Plan['repository']['rkey']
    },
    settings: [],
    sha: SHA as Plan['sha'],
    steps: [],
    variables: [
      ['CI', 'true'],
      ['TANGLED_PIPELINE_ID', buildKey(build)],
      ['TANGLED_REF', 'refs/heads/main'],
      ['TANGLED_SHA', SHA]
    ],
    ...plan
  }
})

// ---------------------------------------------------------------------------------------- the bench at work

const RANK: { readonly [S in Status]: number } = { cancelled: 2, failed: 2, pending: 0, running: 1, success: 2, timeout: 2 }

const isEnd = (status: Status): boolean => RANK[status] === 2

/** A log that keeps all that it is told, as text. */
const listening = () => {
  const heard: Array<string> = []
  const say = (message: string, fields: Fields = {}): void => void heard.push(`${message} ${JSON.stringify(fields)}`)
  const log: Log = { debug: say, error: say, info: say, warn: say }
  return { heard, log }
}

/** Integers from 0 to below `below`, always the same for one seed (mulberry32). */
export const randomOf = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) % below
  }
}

export interface Workshop {
  /** Resolves with what the adapter answers; time passes for it only while nobody is at work. `what` names it, for the error where it never comes. */
  readonly answer: <A>(asked: Promise<A>, what?: string) => Promise<A>
  readonly bench: Bench
  readonly clock: ManualClock
  readonly close: () => Promise<void>
  /** All that the adapter has said, in answers, reports, logs. */
  readonly heard: Array<string>
  /** Another adapter that knows nothing. The one before is left as a crash would leave it, and closed at the end. */
  readonly restart: () => Promise<Provider>
  /** Lets time pass until it holds. `what` is what is waited for, for the error where it never comes. */
  readonly until: (holds: () => boolean, what?: string) => Promise<void>
}

/** Turns of the event loop without any call under way, until nobody can be in the middle of something that needs no time. */
const QUIET_TURNS = 25

/** How often time passes for nothing before it is given up: half a minute on a machine with nothing else to do, and longer on a busy one. */
const QUIET_MAX = 20_000

/** How many calls an error tells. */
const LAST_CALLS = 4

export const openWorkshop = async (target: Target): Promise<Workshop> => {
  const bench = await target.open()
  const clock = manualClock()
  const { heard, log } = listening()
  const providers: Array<Provider> = []

  /**
   * Time passes in steps of a quarter of a second, so a limit of several seconds takes more turns than a call that is answered.
   * While a call is held, there is nothing else to wait for.
   */
  const until = async (holds: () => boolean, what = String(holds)): Promise<void> => {
    let quiet = 0
    let passed = 0
    while (!holds()) {
      if (bench.busy() > 0) quiet = 0
      else if (++quiet > QUIET_TURNS && bench.held() > 0) {
        clock.advance(60_000)
        quiet = 0
      } else if (quiet > QUIET_TURNS) {
        if (++passed > QUIET_MAX) {
          const last = bench.answered?.().slice(-LAST_CALLS).join(', ') ?? ''
          throw new Error(`an hour has passed for the provider, and this never came: ${what}.${last === '' ? '' : ` The last that reached the CI, with its answer: ${last}.`}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (bench.busy() === 0) clock.advance(250)
      }
      // Before the next look, what was woken has its turn: it may be about to sleep again.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  const answer = async <A>(asked: Promise<A>, what = 'an answer of the provider'): Promise<A> => {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    asked.then(settle, settle)
    const before = bench.held()
    await until(() => isSettled, what)
    // A call that was given up may be waited for by the server for a moment longer: not so long that the next one pays for it.
    for (let turn = 0; turn < QUIET_TURNS && bench.held() > before; turn++) await new Promise((resolve) => setImmediate(resolve))
    const answered = await asked
    heard.push(JSON.stringify([answered]))
    return answered
  }

  return {
    answer,
    bench,
    clock,
    close: async () => {
      const closing = Promise.all(providers.map((provider) => provider.close()))
      await answer(closing.then(() => null), 'the end of `close`')
      await bench.close()
    },
    heard,
    restart: async () => {
      const provider = await bench.provider({ clock, log })
      providers.push(provider)
      return provider
    },
    until
  }
}

/**
 * Has the build started as the core has it: after anything uncertain it asks, and starts again only what is missing. Now and then
 * everything is forgotten, as in a crash. Ends when the build is accepted or refused.
 */
export const drive = async (
  { answer, restart }: Workshop,
  job: Job,
  random: (below: number) => number
): Promise<{ readonly asked: number; readonly outcome: Accepted | Refused }> => {
  let provider = await restart()
  let isStart = true
  for (let asked = 1; asked < 1_000; asked++) {
    if (random(6) === 0) provider = await restart()
    const outcome: Accepted | Missing | Refused | Uncertain = await answer<Accepted | Missing | Refused | Uncertain>(
      isStart ? provider.start(job) : provider.find(job)
    )
    if (outcome._tag === 'Accepted' || outcome._tag === 'Refused') return { asked, outcome }
    isStart = outcome._tag === 'Missing'
  }
  throw new Error(`neither accepted nor refused after a thousand questions: ${job.key}`)
}

/** Follows the build until it has ended. */
const followed = async ({ heard, until }: Workshop, provider: Provider, job: Job, external: string): Promise<ReadonlyArray<Progress>> => {
  const reports: Array<Progress> = []
  provider.follow(job, external, (progress) => {
    reports.push(progress)
    heard.push(JSON.stringify(progress))
  })
  await until(() => reports.some(({ status }) => isEnd(status)), 'a report of `follow` that the build has ended')
  return reports
}

const accepted = async (workshop: Workshop, provider: Provider, job: Job): Promise<string> => {
  const outcome = await workshop.answer(provider.start(job))
  if (outcome._tag !== 'Accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
  return outcome.external
}

/** The same lines, each of which is also put into `into` when it comes. */
async function* kept(lines: AsyncIterable<LogLine>, into: Array<LogLine>): AsyncGenerator<LogLine> {
  for await (const line of lines) {
    into.push(line)
    yield line
  }
}

/** The lines of the log, to its end. */
const readLog = async (workshop: Workshop, lines: AsyncIterable<LogLine>): Promise<ReadonlyArray<LogLine>> => {
  const read = async (): Promise<ReadonlyArray<LogLine>> => {
    const all: Array<LogLine> = []
    for await (const line of lines) all.push(line)
    return all
  }
  return workshop.answer(read(), 'the end of the log, of a build that has ended or a reader who has left')
}

const textOf = (lines: ReadonlyArray<LogLine>): ReadonlyArray<string> => lines.flatMap((line) => (line._tag === 'Text' ? [line.text] : []))

/** What is wrong with a log as a whole; empty where nothing is. */
export const faultsOfLog = (lines: ReadonlyArray<LogLine>): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const open = new Set<number>()
  const known = new Set<number>()
  for (const line of lines) {
    if (line._tag === 'Text') {
      if (!open.has(line.step)) wrong.push(`text outside an open step: ${line.text}`)
      if (/[\r\n]$/.test(line.text)) wrong.push(`text with its line feed: ${JSON.stringify(line.text)}`)
    } else if (line.status === 'start') {
      if (known.has(line.step)) wrong.push(`step ${String(line.step)} starts twice`)
      if (line.step !== known.size) wrong.push(`step ${String(line.step)} comes where ${String(known.size)} was to come`)
      known.add(line.step)
      open.add(line.step)
    } else if (!open.delete(line.step)) wrong.push(`step ${String(line.step)} ends without being open`)
  }
  return [...wrong, ...[...open].map((step) => `step ${String(step)} never ends`)]
}

/** A call of the provider, signed by `sign` at `atMs`, that arrives at `nowMs`. */
const call = (signing: Signing, body: Buffer, atMs: number, nowMs = atMs): WebhookRequest => ({
  body,
  headers: { 'content-type': 'application/json', ...signing.sign(body, atMs) },
  nowMs
})

const NOW_MS = 1_767_225_600_000

/** Ways to get a signature wrong: from the headers of a good call to those of a bad one. */
const FORGERIES: ReadonlyArray<readonly [name: string, forge: (value: string) => string | ReadonlyArray<string> | undefined]> = [
  ['missing', () => undefined],
  ['empty', () => ''],
  ['wrong', (value) => value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
  ['short', (value) => value.slice(0, -1)],
  ['long', (value) => `${value}0`],
  ['much too long', (value) => value + '0'.repeat(100_000)],
  ['in capitals', (value) => value.replace(/[0-9A-Za-z-]+$/, (tail) => tail.toUpperCase())],
  ['doubled', (value) => value.replace(/[0-9A-Za-z-]+$/, (tail) => tail + tail)],
  ['twice in one header', (value) => `${value}, ${value}`],
  ['twice as a header', (value) => [value, value]],
  ['another text', () => 'sha256=zz'],
  ['no ASCII', (value) => value.replace(/.$/, 'é')],
  ['only spaces', () => '   ']
]

/** Well signed, and of no use. */
const NONSENSE: ReadonlyArray<readonly [name: string, body: Buffer]> = [
  ['nothing', Buffer.alloc(0)],
  ['no JSON', Buffer.from('{"key":')],
  ['null', Buffer.from('null')],
  ['a list', Buffer.from('[]')],
  ['a number', Buffer.from('1e400')],
  ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ['no fields', Buffer.from('{}')],
  ['fields of the wrong kind', Buffer.from('{"key":1,"status":{},"build":"x","workflow_run":[],"event":null,"buildid":[]}')],
  ['__proto__', Buffer.from('{"__proto__":{"key":"x","status":"success"},"constructor":{"prototype":{"status":"success"}}}')],
  ['deep', Buffer.from('['.repeat(20_000) + ']'.repeat(20_000))]
]

// ---------------------------------------------------------------------------------------- the cases

/** How many sequences of faults are tried. */
const SEQUENCES = 300

/** Has the adapter tried by the whole contract. Call it at the top of a test file. */
export const describeProvider = (target: Target): void => {
  describe(`the contract of providers: ${target.name}`, () => {
    let shop: Workshop
    beforeEach(async () => {
      shop = await openWorkshop(target)
    })
    afterEach(async () => {
      const { bench, clock, heard } = shop
      await shop.close()
      // Whatever a test was about: secrets were not said, and nothing is left.
      for (const secret of bench.secrets)
        expect(heard.filter((text) => text.includes(secret)), 'what the provider said that contains a secret (name it in `secrets` of createClient)').toEqual([])
      expect(clock.armed(), 'how many timers are left after `close` (that of the client ends them)').toBe(0)
    })
    const jobFor = (build: BuildName): Job => jobOf(build, shop.bench.plan)

    // ------------------------------------------------------------------------------------ whether it is all there

    test('has all that a provider has to do, by a server that does what it is asked', async () => {
      const lacks = await missingFeatures(shop, { ends: target.ends, jobs: [jobFor(BUILD), jobFor(OTHER)], patienceMinutes: 60 })
      expect(lacks.join('\n')).toBe('')
    })

    // ------------------------------------------------------------------------------------ start and find

    test('accepts a started build, once', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      expect(external).not.toBe('')
      expect(shop.bench.started(job.key)).toBe(1)
    })

    test('finds a started build by its key, even from an adapter that knows nothing', async () => {
      const job = jobFor(BUILD)
      const external = await accepted(shop, await shop.restart(), job)
      expect(await shop.answer((await shop.restart()).find(job))).toEqual({ _tag: 'Accepted', external })
      for (const status of ['running', ...target.ends.slice(0, 1)] as const) {
        shop.bench.move(job.key, status)
        expect(await shop.answer((await shop.restart()).find(job))).toEqual({ _tag: 'Accepted', external })
      }
      expect(shop.bench.started(job.key)).toBe(1)
    })

    test('links a build to the web alone, if at all, whatever it is called', async () => {
      const provider = await shop.restart()
      const external = await accepted(shop, provider, jobFor(BUILD))
      const odd = ['', '/', '..', 'javascript:alert(1)', '//evil.example/1', 'a/b/1?x#y', 'a/../1', 'a/b\n/1', '<b>/"/1', 'x'.repeat(5_000)]
      const hosts = new Set<string>()
      for (const name of [external, `${external}/..`, ...odd]) {
        const page = provider.pageOf?.(name) ?? null
        if (page === null) continue
        expect(new URL(page).protocol).toMatch(/^https?:$/)
        hosts.add(new URL(page).host)
      }
      expect(hosts.size).toBeLessThan(2)
    })

    test('calls a build missing that was not started, whatever else is there', async () => {
      const provider = await shop.restart()
      expect(await shop.answer(provider.find(jobFor(BUILD)))).toEqual({ _tag: 'Missing' })
      await accepted(shop, provider, jobFor(BUILD))
      for (const build of ODD.filter((one) => buildKey(one) !== buildKey(BUILD)))
        expect(await shop.answer(provider.find(jobFor(build))), `find, of a build that was not started: ${shortly(build)}`).toEqual({ _tag: 'Missing' })
    })

    test('keeps builds with odd names apart, and finds them', async () => {
      const externals = new Map<string, string>()
      const provider = await shop.restart()
      for (const build of ODD) externals.set(buildKey(build), await accepted(shop, provider, jobFor(build)))
      expect(new Set(externals.values()).size).toBe(ODD.length)
      const after = await shop.restart()
      for (const build of ODD) {
        const job = jobFor(build)
        expect(await shop.answer(after.find(job)), `find, among ${String(ODD.length)} builds, of ${shortly(build)}`).toEqual({
          _tag: 'Accepted',
          external: externals.get(job.key)
        })
        expect(
          shop.bench.started(job.key),
          `how many builds the ledger has of ${shortly(build)} (is the key kept in another form? Say so in \`nameOf\` of benchOf)`
        ).toBe(1)
      }
      expect(Object.keys(Object.prototype)).toEqual([])
    })

    whereItApplies(target.isIdempotent)('a second start is no second build', async () => {
      const job = jobFor(BUILD)
      const external = await accepted(shop, await shop.restart(), job)
      expect(await accepted(shop, await shop.restart(), job)).toBe(external)
      expect(shop.bench.started(job.key)).toBe(1)
    })

    // ------------------------------------------------------------------------------------ doubt

    describe.each(target.faults)('%s', (fault) => {
      test('makes a start uncertain, or known to be done; then it is found, or missing and started again', async () => {
        const job = jobFor(BUILD)
        shop.bench.misbehave(() => fault)
        const provider = await shop.restart()
        const first = await shop.answer(provider.start(job))
        const isDone = shop.bench.started(job.key) > 0
        expect(first._tag, 'start: nobody has said in words that can be trusted whether it is done').toBe('Uncertain')
        expect((first as Uncertain).error).not.toBe('')
        if (fault === 'busy') expect((first as Uncertain).waitMs, 'the wait that the server has asked for in Retry-After (client.doubt reads it)').toBe(BUSY_SECONDS * 1000)
        shop.bench.misbehave(() => null)
        const found = await shop.answer((await shop.restart()).find(job))
        expect(found._tag, `find: the start was ${isDone ? '' : 'not '}carried out`).toBe(isDone ? 'Accepted' : 'Missing')
        if (!isDone) await accepted(shop, provider, job)
        expect(shop.bench.started(job.key)).toBe(1)
      })

      test('calls nothing missing, and acknowledges nothing', async () => {
        const job = jobFor(BUILD)
        const provider = await shop.restart()
        const external = await accepted(shop, provider, job)
        shop.bench.misbehave(() => fault)
        const says = 'find: the CI has not answered'
        expect((await shop.answer(provider.find(job)))._tag, says).toBe('Uncertain')
        expect((await shop.answer(provider.find(jobFor(nameOf('other.example', 'x', 'y')))))._tag, says).toBe('Uncertain')
        const cancelled = await shop.answer(provider.cancel(job, external))
        expect(cancelled._tag === 'Uncertain' || shop.bench.isCancelled(job.key), 'cancel: Uncertain, or the CI was told to end the build').toBe(true)
      })
    })

    whereItApplies(target.faults.length > 0)('a slow answer is an answer', async () => {
      const job = jobFor(BUILD)
      shop.bench.misbehave(() => 'slow')
      const external = await accepted(shop, await shop.restart(), job)
      expect(await shop.answer((await shop.restart()).find(job))).toEqual({ _tag: 'Accepted', external })
      expect(shop.bench.started(job.key)).toBe(1)
    })

    whereItApplies(target.faults.length > 0)(
      `in ${String(SEQUENCES)} sequences of faults and crashes nothing is lost, and nothing started twice`,
      async () => {
        const faults: ReadonlyArray<Fault> = [...target.faults, 'slow', ...(target.isIdempotent ? (['late'] as const) : [])]
        for (let seed = 1; seed <= SEQUENCES; seed++) {
          const random = randomOf(seed)
          // The faults have an end, and refusals are rare: each ends the sequence.
          let left = random(8)
          const mayRefuse = target.refusals.length > 0 && random(10) === 0
          shop.bench.misbehave(() => {
            if (left === 0 || random(4) === 0) return null
            left--
            if (mayRefuse && random(3) === 0) return target.refusals[random(target.refusals.length)] ?? null
            return faults[random(faults.length)] ?? null
          })
          const job = jobFor(nameOf('knot.example', `s${String(seed)}`, 'ci.yml'))
          const { outcome } = await drive(shop, job, random)
          const count = shop.bench.started(job.key)
          expect({ count, outcome: outcome._tag, seed }).toEqual({
            count: outcome._tag === 'Accepted' ? 1 : count,
            outcome: outcome._tag,
            seed
          })
          // What was refused may have been started by an attempt before, never twice.
          expect(count).toBeLessThanOrEqual(1)
          if (!mayRefuse) expect(outcome._tag).toBe('Accepted')
          shop.bench.misbehave(() => null)
          expect((await shop.answer((await shop.restart()).find(job)))._tag).toBe(count === 1 ? 'Accepted' : 'Missing')
        }
      },
      600_000
    )

    // ------------------------------------------------------------------------------------ refusal

    describe.each(target.refusals)('%s', (fault) => {
      test('refuses a start with the provider’s reason, and without secrets', async () => {
        const job = jobFor(BUILD)
        shop.bench.misbehave(() => fault)
        const outcome = await shop.answer((await shop.restart()).start(job))
        expect(outcome._tag, 'start: the CI itself says that it will not, and has not').toBe('Refused')
        expect((outcome as Refused).error, 'the words of the CI, for the author of the workflow').toContain(REASON)
        expect(shop.bench.started(job.key)).toBe(0)
      })

      whereItApplies(fault !== 'refuse 404')('what may not be looked for is not missing', async () => {
        const job = jobFor(BUILD)
        shop.bench.misbehave(() => fault)
        expect((await shop.answer((await shop.restart()).find(job)))._tag).toBe('Uncertain')
      })

      test('makes the check say so in a sentence', async () => {
        shop.bench.misbehave(() => fault)
        const { isFine, sentence } = await shop.answer((await shop.restart()).check())
        if (fault === 'refuse 401' || fault === 'refuse 403') expect(isFine).toBe(false)
        expect(sentence).not.toBe('')
      })
    })

    test('passes its check when everything is well', async () => {
      const { isFine, sentence } = await shop.answer((await shop.restart()).check())
      expect([isFine, sentence]).toEqual([true, expect.stringMatching(/\S/)])
    })

    whereItApplies(target.faults.length > 0)('the check says that nobody answers', async () => {
      shop.bench.misbehave(() => 'silent')
      const { isFine, sentence } = await shop.answer((await shop.restart()).check())
      expect([isFine, sentence]).toEqual([false, expect.stringMatching(/\S/)])
    })

    // ------------------------------------------------------------------------------------ follow

    test.each(target.ends)('follows a build to %s by polling, when nobody calls', async (end) => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      const reports: Array<Progress> = []
      provider.follow(job, external, (progress) => reports.push(progress))
      await shop.until(() => reports.length > 0)
      shop.bench.move(job.key, 'running')
      await shop.until(() => reports.some(({ status }) => status === 'running'))
      shop.bench.move(job.key, end)
      await shop.until(() => reports.some(({ status }) => isEnd(status)))
      const statuses = reports.map(({ status }) => status)
      expect(statuses.at(-1), `the end that \`follow\` reports (has the CI no "${end}" of its own? Take it out of \`ends\` of the target)`).toBe(end)
      expect(statuses.map((status) => RANK[status])).toEqual(statuses.map((status) => RANK[status]).sort((a, b) => a - b))
      expect(statuses.filter(isEnd)).toEqual([end])
      // What has not changed is no news.
      expect(reports.filter((report, index) => JSON.stringify(report) === JSON.stringify(reports[index - 1]))).toEqual([])
      expect(new Set(reports.map((progress) => progress.external))).toEqual(new Set([external]))
      // The end of the build is the end of the questions.
      await shop.until(() => shop.clock.armed() === 0 && shop.bench.busy() === 0)
    })

    test('follows a build after a restart, even if it has ended meanwhile', async () => {
      const job = jobFor(BUILD)
      const external = await accepted(shop, await shop.restart(), job)
      shop.bench.move(job.key, 'running')
      const [end = 'success'] = target.ends
      shop.bench.move(job.key, end)
      const reports = await followed(shop, await shop.restart(), job, external)
      expect(reports.at(-1)?.status).toBe(end)
      expect((await followed(shop, await shop.restart(), job, external)).at(-1)?.status).toBe(end)
    })

    whereItApplies(target.faults.length > 0)('is followed through every fault', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      const random = randomOf(7)
      const faults: ReadonlyArray<Fault> = [...target.faults, ...target.refusals, 'slow']
      let left = faults.length * 3
      shop.bench.misbehave(() => {
        if (left === 0) return null
        left--
        return faults[random(faults.length)] ?? null
      })
      const reports: Array<Progress> = []
      provider.follow(job, external, (progress) => reports.push(progress))
      shop.bench.move(job.key, 'running')
      await shop.until(() => left < faults.length || reports.some(({ status }) => status === 'running'))
      shop.bench.move(job.key, 'failed')
      await shop.until(() => reports.some(({ status }) => isEnd(status)))
      expect(reports.map(({ status }) => status).filter(isEnd)).toEqual(['failed'])
    })

    test('stops following when that is called off', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      const reports: Array<Progress> = []
      const stop = provider.follow(job, external, (progress) => reports.push(progress))
      await shop.until(() => reports.length > 0)
      stop()
      stop()
      await shop.until(() => shop.clock.armed() === 0 && shop.bench.busy() === 0)
      const before = reports.length
      const [end = 'success'] = target.ends
      shop.bench.move(job.key, 'running')
      shop.bench.move(job.key, end)
      shop.clock.advance(3_600_000)
      await new Promise((resolve) => setImmediate(resolve))
      expect(reports).toHaveLength(before)
    })

    test('reports nothing when following is called off at once', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      const reports: Array<Progress> = []
      provider.follow(job, external, (progress) => reports.push(progress))()
      shop.clock.advance(3_600_000)
      await shop.until(() => shop.clock.armed() === 0 && shop.bench.busy() === 0 && shop.bench.connections() === 0)
      expect(reports).toEqual([])
    })

    // ------------------------------------------------------------------------------------ cancel

    test('cancels a build, and follows it to that end', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      shop.bench.move(job.key, 'running')
      expect(await shop.answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
      expect((await followed(shop, provider, job, external)).at(-1)?.status).toBe('cancelled')
      expect(shop.bench.isCancelled(job.key)).toBe(true)
      // It is not there to be cancelled any more, which is what was asked for.
      expect(await shop.answer((await shop.restart()).cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
    })

    test('acknowledges the cancel of an ended build', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      shop.bench.move(job.key, 'running')
      const [end = 'success'] = target.ends
      shop.bench.move(job.key, end)
      await followed(shop, provider, job, external)
      expect(await shop.answer(provider.cancel(job, external))).toEqual({ _tag: 'Acknowledged' })
      expect((await followed(shop, await shop.restart(), job, external)).at(-1)?.status).toBe(end)
    })

    // ------------------------------------------------------------------------------------ logs

    test('has a log with every line from the first on, in steps, and its end', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      shop.bench.say(job.key, 'the first line')
      shop.bench.move(job.key, 'running')
      const read: Array<LogLine> = []
      const reading = readLog(shop, kept(provider.logs(job, external, new AbortController().signal), read))
      // What is read now is not all. A CI may show nothing of a log before its build has ended.
      const patientUs = shop.clock.now() + 60_000_000
      await shop.until(() => textOf(read).some((text) => text.includes('the first line')) || shop.clock.now() > patientUs)
      shop.bench.say(job.key, 'größe \u001b[31mred\u001b[0m ☃')
      shop.bench.say(job.key, 'the last line')
      const [end = 'success'] = target.ends
      shop.bench.move(job.key, end)
      const lines = await reading
      expect(faultsOfLog(lines)).toEqual([])
      expect(lines[0]).toMatchObject({ _tag: 'Step', status: 'start', step: 0 })
      expect(
        textOf(lines).filter((text) => / line$|red/.test(text)),
        'what came of three lines, two of which were written after the first was read (what is read before the build has ended is not complete)'
      ).toEqual([
        expect.stringContaining('the first line'),
        expect.stringContaining('größe'),
        expect.stringContaining('the last line')
      ])
      const again = await readLog(shop, (await shop.restart()).logs(job, external, new AbortController().signal))
      expect(textOf(again)).toEqual(textOf(lines))
    })

    test('releases a reader who leaves', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      shop.bench.move(job.key, 'running')
      const leaving = new AbortController()
      const reading = readLog(shop, provider.logs(job, external, leaving.signal))
      await new Promise((resolve) => setImmediate(resolve))
      leaving.abort()
      expect(faultsOfLog(await reading).filter((wrong) => !wrong.endsWith('never ends'))).toEqual([])
      await shop.until(() => shop.clock.armed() === 0 && shop.bench.busy() === 0)
      expect(await readLog(shop, provider.logs(job, external, AbortSignal.abort()))).toEqual([])
    })

    whereItApplies(target.refusals.length > 0)('what cannot be had of a log is said in it', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      const [end = 'success'] = target.ends
      shop.bench.move(job.key, 'running')
      shop.bench.move(job.key, end)
      const [fault] = target.refusals
      shop.bench.misbehave(() => fault ?? null)
      const leaving = new AbortController()
      const lines: Array<LogLine> = []
      const read = async (): Promise<void> => {
        for await (const line of provider.logs(job, external, leaving.signal)) lines.push(line)
      }
      const reading = read()
      await shop.until(() => lines.some(({ _tag }) => _tag === 'Text'))
      leaving.abort()
      await shop.answer(reading.then(() => lines))
      expect(lines[0]).toMatchObject({ _tag: 'Step', kind: 'system', status: 'start', step: 0 })
      expect(textOf(lines).join(' ')).toMatch(/\S/)
    })

    // ------------------------------------------------------------------------------------ close

    test('leaves nothing open after a close, whatever was going on', async () => {
      const job = jobFor(BUILD)
      const provider = await shop.restart()
      const external = await accepted(shop, provider, job)
      if (target.faults.length > 0) shop.bench.misbehave(() => 'silent')
      const reports: Array<Progress> = []
      provider.follow(job, external, (progress) => reports.push(progress))
      const asked = [provider.find(job), provider.cancel(job, external), provider.check(), provider.start(jobFor(nameOf('other.example', 'x', 'y')))]
      const reading = readLog(shop, provider.logs(job, external, new AbortController().signal))
      if (target.faults.length > 0) await shop.until(() => shop.bench.held() > 0)
      const closing = provider.close()
      await shop.answer(Promise.all([closing, reading, ...asked]).then(() => null))
      await shop.answer(provider.close().then(() => null))
      await shop.until(() => shop.bench.connections() === 0)
      expect([shop.clock.armed(), shop.bench.busy(), shop.bench.held()]).toEqual([0, 0, 0])
      const before = reports.length
      shop.clock.advance(3_600_000)
      await new Promise((resolve) => setImmediate(resolve))
      expect([reports.length, shop.bench.connections()]).toEqual([before, 0])
    })

    // ------------------------------------------------------------------------------------ webhooks

    test('has a webhook unless its provider calls nobody', async () => {
      expect((await shop.restart()).webhook === undefined).toBe(shop.bench.signing === null)
    })

    /** What the test of webhooks needs; `null` where there are none, and the test has nothing to say. */
    const hooked = async (build = BUILD) => {
      const { bench } = shop
      const { signing } = bench
      const provider = await shop.restart()
      const { webhook } = provider
      if (signing === null || webhook === undefined) return null
      const job = jobFor(build)
      const external = await accepted(shop, provider, job)
      const tell = (request: WebhookRequest) => {
        const answer = webhook(request)
        shop.heard.push(JSON.stringify(answer))
        return answer
      }
      return { external, job, provider, signing, tell }
    }

    test('takes from a webhook how the build stands, under its name', async () => {
      for (const build of ODD) {
        const hook = await hooked(build)
        if (hook === null) return
        shop.bench.move(hook.job.key, 'running')
        const answer = hook.tell(call(hook.signing, hook.signing.body(hook.job.key), NOW_MS))
        expect(answer).toMatchObject({ _tag: 'Reports', reports: [{ build, progress: { external: hook.external, status: 'running' } }] })
      }
    })

    test.each(FORGERIES)('does not believe a webhook whose signature is %s', async (_name, forge) => {
      const hook = await hooked()
      if (hook === null) return
      const good = call(hook.signing, hook.signing.body(hook.job.key), NOW_MS)
      const value = good.headers[hook.signing.header]
      if (typeof value !== 'string') throw new Error(`the target does not sign with ${hook.signing.header}`)
      expect(hook.tell(good)._tag).toBe('Reports')
      const forged = forge(value)
      expect(forged).not.toBe(value)
      expect(hook.tell({ ...good, headers: { ...good.headers, [hook.signing.header]: forged } })._tag).toBe('Unauthorized')
    })

    test('does not believe a webhook whose body was changed, not even by a space', async () => {
      const hook = await hooked()
      if (hook === null || !hook.signing.coversBody) return
      const good = call(hook.signing, hook.signing.body(hook.job.key), NOW_MS)
      for (const body of [
        Buffer.concat([good.body, Buffer.from(' ')]),
        Buffer.from(JSON.stringify(JSON.parse(good.body.toString()), null, 1)),
        good.body.subarray(1),
        Buffer.alloc(0)
      ])
        expect(hook.tell({ ...good, body })._tag).toBe('Unauthorized')
    })

    test('believes a webhook within 300 s of its time, and not at 301', async () => {
      const hook = await hooked()
      if (hook === null || !hook.signing.hasTime) return
      const { signing } = hook
      const at = (seconds: number) => hook.tell(call(signing, signing.body(hook.job.key), NOW_MS + seconds * 1000, NOW_MS))._tag
      expect([0, 299, 300, -300].map(at)).toEqual(['Reports', 'Reports', 'Reports', 'Reports'])
      expect([301, -301, 86_400, -NOW_MS / 1000].map(at)).toEqual(['Unauthorized', 'Unauthorized', 'Unauthorized', 'Unauthorized'])
    })

    test.each(NONSENSE)('takes no report from a well-signed webhook that says %s', async (_name, body) => {
      const hook = await hooked()
      if (hook === null) return
      const answer = hook.tell(call(hook.signing, body, NOW_MS))
      expect(answer._tag === 'Reports' ? answer.reports : []).toEqual([])
      expect(answer._tag).not.toBe('Unauthorized')
      expect(Object.keys(Object.prototype)).toEqual([])
    })

    test('arrives at the same end when webhooks come late, twice and out of order', async () => {
      const hook = await hooked()
      if (hook === null) return
      const { signing } = hook
      const bodies: Array<Buffer> = []
      const [end = 'success'] = target.ends
      for (const status of ['pending', 'running', end] as const) {
        shop.bench.move(hook.job.key, status)
        bodies.push(signing.body(hook.job.key))
      }
      for (let seed = 1; seed <= 50; seed++) {
        const random = randomOf(seed)
        const told = Array.from({ length: 6 }, () => bodies[random(bodies.length)] ?? Buffer.alloc(0))
        // As the core takes reports: a build goes on, and never back.
        let stands: Status = 'pending'
        for (const body of [...told, ...bodies]) {
          const answer = hook.tell(call(signing, body, NOW_MS))
          if (answer._tag !== 'Reports') throw new Error(`not believed: ${JSON.stringify(answer)}`)
          for (const { build, progress } of answer.reports) {
            expect(build).toEqual(BUILD)
            if (RANK[progress.status] > RANK[stands]) stands = progress.status
          }
        }
        expect(stands).toBe(end)
      }
    })
  })
}
