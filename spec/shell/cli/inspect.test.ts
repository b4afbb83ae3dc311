/** What flags mean to the machine, and what `inspect` and `replay` show of a state. In process, on real files. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { canonical, decodeFrame, type Event, type HostName, initial, type Json, type Natural, run, type State, type TimeUs } from '../../../core/index.js'
import { type Configuration, NO_CONFIGURATION } from '../../../shell/cli/configuration.js'
import { inspect, inspection, inspectionText } from '../../../shell/cli/inspect.js'
import { configOf, type RunOptions } from '../../../shell/cli/options.js'
import { type Format, replay } from '../../../shell/cli/replay.js'
import { lineOf } from '../../../shell/store/journal.js'
import { FORMAT } from '../../../shell/store/snapshot.js'
import { openStore } from '../../../shell/store/index.js'
import { traceLines } from '../../../shell/lib/trace.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { createWorld, KNOT, OWNER as WORLD_OWNER, PROVIDER } from '../inbound/support.js'
import { BEGIN, config, HOSTNAME, OWNER } from '../support/bridge.js'
import { inFolder } from '../support/process.js'

// ---------------------------------------------------------------------------------------- flags

const options: RunOptions = {
  admission: 'members',
  collaborators: 'knots',
  hostname: HOSTNAME,
  jetstream: new URL('wss://x'),
  listen: { port: 8080 },
  logLevel: 'info',
  owner: OWNER,
  plc: new URL('https://plc.example'),
  rewind: 5,
  store: '.tack',
  tolerance: 60
}

/** What the options ask for, with nothing in the file but `more`, and one provider. */
const asked = (change: Partial<RunOptions>, more: Partial<Configuration> = {}) => configOf({ ...options, ...change }, { ...NO_CONFIGURATION, ...more }, ['ci'])

describe('the configuration from flags and file', () => {
  test('has the defaults of the public network: no ports, no loopback, membership, backfill, 5 s, 60 s, a day to begin and six hours to run', () =>
    expect(asked({})).toEqual(
      E.right({
        admission: 'members',
        backfill: true,
        builds: {
          allow: [],
          backoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 0 },
          keepStatuses: 20_000,
          keepUnits: 67_108_864,
          owedUnits: 134_217_728,
          pendingMs: 86_400_000,
          providers: ['ci'],
          runningMs: 21_600_000
        },
        caps: { admitted: 30_000, stranger: 1_000, strangers: 100_000 },
        collaborators: 'knots',
        hostname: HOSTNAME,
        hosts: { defaultPort: 443, loopback: false, ports: false },
        jetstream: 'wss://x/',
        jetstreamBackoff: { baseMs: 2_000, capMs: 60_000, healthyAfterMs: 30_000 },
        knotBackoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 30_000 },
        owner: OWNER,
        rewindUs: 5_000_000,
        toleranceUs: 60_000_000
      })
    ))

  test.each<[string, Partial<RunOptions>, object]>([
    ['--dev', { dev: true }, { hosts: { defaultPort: 80, loopback: true, ports: true } }],
    ['--allow-loopback', { allowLoopback: true }, { hosts: { defaultPort: 443, loopback: true, ports: false } }],
    ['--admission', { admission: 'open' }, { admission: 'open' }],
    ['--backfill off', { backfill: 'off' }, { backfill: false }],
    ['--collaborators records', { collaborators: 'records' }, { collaborators: 'records' }],
    ['--backfill on', { backfill: 'on' }, { backfill: true }],
    ['--rewind and --tolerance', { rewind: 0.5, tolerance: 1.000001 }, { rewindUs: 500_000, toleranceUs: 1_000_001 }],
    [
      '--max-backoff below the first pause',
      { maxBackoff: 0.25 },
      { jetstreamBackoff: { baseMs: 250, capMs: 250, healthyAfterMs: 30_000 }, knotBackoff: { baseMs: 250, capMs: 250, healthyAfterMs: 30_000 } }
    ],
    [
      '--max-backoff above it',
      { maxBackoff: 10 },
      { jetstreamBackoff: { baseMs: 2_000, capMs: 10_000, healthyAfterMs: 30_000 }, knotBackoff: { baseMs: 2_000, capMs: 10_000, healthyAfterMs: 30_000 } }
    ]
  ])('%s', (_, change, expected) => expect(asked(change)).toMatchObject(E.right(expected)))

  test('has what the file says about builds', () => {
    const allow = [{ pipelines: '**', provider: 'ci', repos: `${OWNER}/*` }]
    expect(asked({}, { allow, builds: { keepStatuses: 100, pendingMinutes: 0.5, runningMinutes: 90 } })).toMatchObject(
      E.right({ builds: { allow, keepStatuses: 100, pendingMs: 30_000, runningMs: 5_400_000 } })
    )
  })

  test('is refused in a sentence when it does not fit', () => expect(asked({ hostname: '' })).toEqual(E.left('at hostname: expected NonEmpty, found ""')))
})

// ---------------------------------------------------------------------------------------- a state to look at

const BOB = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'
const CAROL = 'did:plc:cccccccccccccccccccccccc'

const frame = (n: number, body: object): Event =>
  E.toUnion(decodeFrame({ at: (BEGIN + n) as TimeUs, connection: 1 as Natural })(JSON.stringify({ time_us: BEGIN + n, ...body })))

const put = (n: number, did: string, collection: string, rkey: string, record: object | null): Event =>
  frame(n, { did, kind: 'commit', commit: { collection, rkey, operation: record === null ? 'delete' : 'create', ...(record === null ? {} : { record }) } })

const events: ReadonlyArray<Event> = [
  { _tag: 'Started', at: BEGIN, config, resumeFrom: null },
  { _tag: 'JetstreamOpened', at: BEGIN, connection: 1 as Natural },
  put(1, OWNER, 'sh.tangled.spindle.member', 'm', { instance: HOSTNAME, subject: BOB, createdAt: 'c' }),
  put(2, BOB, 'sh.tangled.repo', 'r', { name: 'app', knot: 'knot1.example', spindle: HOSTNAME }),
  put(3, CAROL, 'sh.tangled.repo', '__proto__', { name: 'lib\u001b[2J', knot: 'knot2.example', spindle: HOSTNAME }),
  put(4, BOB, 'sh.tangled.repo', 'gone', null),
  put(5, CAROL, 'sh.tangled.repo.collaborator', 'k', { subject: BOB, repo: 'at://x' }),
  frame(6, { did: CAROL, kind: 'account', account: { active: false, status: 'deactivated' } }),
  put(7, BOB, 'sh.tangled.repo', 'bad', { name: 7 }),
  put(8, BOB, 'sh.tangled.repo', 'odd', { name: 'odd', knot: '127.0.0.1', spindle: HOSTNAME })
]
const state: State = run(initial(config), events)[0]

/** A minute after everything. */
const NOW_MS = BEGIN / 1000 + 60_000

describe('tack inspect', () => {
  test('shows every row as JSON, and what each counts for', () => {
    const all = inspection(state)
    expect(all).toMatchObject({ hostname: HOSTNAME, owner: OWNER, admission: 'open', cursor: BEGIN + 8, stream: 'Open', frames: 8, members: [BOB] })
    expect(all.subscriptions).toEqual([{ knot: 'knot1.example', phase: 'Connecting', cursor: null, holders: [`${BOB}/r`] }])
    expect(all.accounts.map(({ active, did }) => [did, active])).toEqual([
      [OWNER, true],
      [BOB, true],
      [CAROL, false]
    ])
    expect(all.rows.map(({ active, collection, did, record, rkey }) => [collection, did, rkey, active, record === null])).toEqual([
      ['sh.tangled.spindle.member', OWNER, 'm', true, false],
      ['sh.tangled.repo', BOB, 'gone', true, true],
      ['sh.tangled.repo', BOB, 'odd', true, false],
      ['sh.tangled.repo', BOB, 'r', true, false],
      ['sh.tangled.repo', CAROL, '__proto__', false, false],
      ['sh.tangled.repo.collaborator', CAROL, 'k', false, false]
    ])
    expect(all.rows[3]).toMatchObject({ rev: null, timeUs: BEGIN + 2, record: { name: 'app', knot: 'knot1.example' } })
    expect(all.reports).toEqual({ 'FrameRejected/record': 1, KnotRefused: 1 })
    expect(all.recent.map(({ _tag }) => _tag)).toEqual(['FrameRejected', 'KnotRefused'])
    expect(all.statuses).toEqual({ floorUs: null, kept: 0, lastUs: null })
  })

  test('shows a stopped stream as stopped', () =>
    expect(inspection(run(state, [{ _tag: 'StopRequested', at: BEGIN }])[0]).stream).toBe('stopped'))

  test('shows that older events are being read again, and how far that has come', () => {
    expect(inspectionText('/s', state, NOW_MS)).not.toContain('reading again')
    const [again] = run(state, [{ _tag: 'Started', at: BEGIN, config, resumeFrom: (BEGIN - 60_000_000) as TimeUs }])
    expect(inspection(again).rereading).toBe(BEGIN - 60_000_000)
    expect(inspectionText('/s', again, NOW_MS)).toContain(`reading again 2025-12-31T23:59:00.000Z (${String(BEGIN - 60_000_000)})\n`)
  })

  test('shows knots, holders, members, rows and reports as text, and nothing that moves the cursor', () => {
    const page = inspectionText('/some/store', state, NOW_MS)
    for (const text of [
      '/some/store',
      `spindle       ${HOSTNAME}   owner ${OWNER}   admission open`,
      `cursor        2026-01-01T00:00:00.000Z (${String(BEGIN + 8)})   frames 8`,
      `knot1.example  Connecting  -       ${BOB}/r`,
      'set aside  knot=knot2.example name=lib\\u001b[2J',
      'gone       -          deleted',
      'FrameRejected/record  1',
      `did=${BOB} operation=create reason=record rkey=bad`
    ])
      expect(page).toContain(text)
    expect(page).not.toContain('\u001b')
  })

  test('says how much there is of what is too long to show', () => {
    const many = Array.from({ length: 45 }, (_, n) => put(10 + n, BOB, 'sh.tangled.repo', `x${String(n)}`, { name: 'x', knot: 'knot1.example', spindle: HOSTNAME }))
    const page = inspectionText('/s', run(state, many)[0], NOW_MS)
    expect(page).toContain('… and 11 more; --json shows all')
    expect(page).toContain('+43')
  })

  test('shows the last ten reports', () => {
    const many = Array.from({ length: 12 }, (_, n) => put(10 + n, BOB, 'sh.tangled.repo', `bad-${String(n)}`, { name: 7 }))
    const [, said = ''] = inspectionText('/s', run(state, many)[0], NOW_MS).split('Last reports')
    expect(said.match(/bad-[0-9]+/g)).toEqual(Array.from({ length: 10 }, (_, n) => `bad-${String(n + 2)}`))
  })

  test('reads a store, and says in one line where there is none', () =>
    inFolder(async (folder) => {
      const opened = await openStore({ folder, initial: () => initial(config) })()
      if (E.isLeft(opened)) throw new Error(opened.left.message)
      await opened.right.append(events)()
      const printed: Array<string> = []
      const complaints: Array<string> = []
      expect(await inspect(folder, true, (text) => printed.push(text), (text) => complaints.push(text))).toBe(0)
      expect(printed).toEqual([JSON.stringify({ ...inspection(state), hung: null }, null, 2)])
      await opened.right.append([put(9, BOB, 'sh.tangled.repo', 'odd', { knot: 'knot.example', name: 'x\u009b2J', spindle: HOSTNAME })])()
      expect(await inspect(folder, true, (text) => printed.push(text), (text) => complaints.push(text))).toBe(0)
      expect(printed[1]).toContain('"x\\u009b2J"')
      expect(printed[1]).not.toContain('\u009b')
      await opened.right.close()()
      expect(await inspect(join(folder, 'none'), true, (text) => printed.push(text), (text) => complaints.push(text))).toBe(1)
      expect(complaints).toHaveLength(1)
      expect(complaints[0]).toContain(join(folder, 'none'))
    }))
})

describe('tack inspect, of builds', () => {
  const world = createWorld({ clock: { ...systemClock(), now: () => BEGIN }, keepStatuses: 3 })
  world.openStream()
  world.publishRepo()
  world.openKnot()
  const [first, second] = world.push({ workflows: ['ci.yml', 'lint.yml'] })
  if (first === undefined || second === undefined) throw new Error('a push with two workflows has two builds')
  world.accept(first, 'external-1')
  world.report(second, 'external-2', 'failed', { error: 'make\u001b[2J Error 2', exitCode: 2 })
  world.report(first, 'external-1', 'running')
  const unread = world.pushUnread()

  test('shows as JSON builds by their last change, runs being read, what is kept for readers, accounts being read; no plans', () => {
    const all = inspection(world.state())
    expect(all.builds).toMatchObject([
      { attempt: 0, external: 'external-1', knot: KNOT, phase: 'Following', provider: PROVIDER, repository: `${WORLD_OWNER}/app`, rkey: first.rkey, status: 'running', workflow: 'ci.yml' },
      { error: 'make\u001b[2J Error 2', exitCode: 2, external: 'external-2', status: 'failed', workflow: 'lint.yml' }
    ])
    expect(all.reading).toEqual([{ attempt: 0, isPausing: false, knot: KNOT, phase: 'Reading', repository: `${WORLD_OWNER}/app`, retryOf: null, rkey: unread.rkey }])
    expect(all.statuses).toEqual({ kept: 3, floorUs: world.published()[0]?.createdUs, lastUs: world.published()[3]?.createdUs })
    expect(all.backfill).toMatchObject([{ did: WORLD_OWNER, pages: 0, phase: 'Asked' }])
    expect(JSON.stringify(all)).not.toContain('never-to-be-shown')
  })

  test('shows as text running builds, ended builds, and nothing that moves the cursor', () => {
    const page = inspectionText('/s', world.state(), NOW_MS)
    for (const line of [
      `running  59 s  ${KNOT}  ${first.rkey}  ci.yml    ${PROVIDER}      ${WORLD_OWNER}/app  Following`,
      `failed  59 s  ${KNOT}  ${first.rkey}  lint.yml  ${PROVIDER}      ${WORLD_OWNER}/app  make\\u001b[2J Error 2`,
      `${KNOT}  ${unread.rkey}  ${WORLD_OWNER}/app  Reading  0`,
      'statuses      3 kept, the last 2026-'
    ])
      expect(page).toContain(line)
    expect(page).toMatch(/\), none up to 2026-/)
    expect(page).not.toContain('\u001b')
  })

  test('shows the latest change first, even of builds that ended by themselves', () => {
    const changed = createWorld()
    changed.openStream()
    changed.publishRepo()
    changed.openKnot()
    const [a, b, c] = changed.push({ workflows: ['a.yml', 'b.yml', 'c.yml'] })
    if (a === undefined || b === undefined || c === undefined) throw new Error('a push has builds')
    changed.report(a, 'external-a', 'running')
    changed.report(c, 'external-c', 'running')
    changed.refuse(b, 'no')
    expect(inspection(changed.state()).builds.map(({ workflow }) => workflow)).toEqual(['b.yml', 'c.yml', 'a.yml'])
    const [goesOn = '', hasEnded = ''] = inspectionText('/s', changed.state(), NOW_MS).split('Running builds')[1]?.split('Ended builds') ?? []
    expect([goesOn, hasEnded].map((part) => part.match(/[abc]\.yml/g))).toEqual([['c.yml', 'a.yml'], ['b.yml']])
  })

  test.each([
    [15, false],
    [16, true]
  ])('cuts a list of %i ended builds short: %s', (count, isCut) => {
    const many = createWorld()
    many.openStream()
    many.publishRepo()
    many.openKnot()
    for (const build of many.push({ workflows: Array.from({ length: count }, (_, n) => `${String(n)}.yml`) })) many.refuse(build, 'no')
    expect(inspectionText('/s', many.state(), NOW_MS).includes('… and 1 more; "tack builds" lists them')).toBe(isCut)
    expect(inspectionText('/s', many.state(), NOW_MS)).not.toContain('… and 0 more')
  })

  test('cuts a long list of ended builds short', () => {
    const many = createWorld()
    many.openStream()
    many.publishRepo()
    many.openKnot()
    for (const build of many.push({ workflows: Array.from({ length: 20 }, (_, n) => `${String(n)}.yml`) })) many.refuse(build, 'no')
    expect(inspectionText('/s', many.state(), NOW_MS)).toContain('… and 5 more; "tack builds" lists them')
  })
})

describe('tack replay', () => {
  const [first] = events
  if (first?._tag !== 'Started') throw new Error('a life begins with Started')
  const header = { about: 'a life', name: 'life', rules: ['S5'] }
  const lines = (happened: ReadonlyArray<Event>): ReadonlyArray<string> => [...traceLines(header, { config: first.config }, happened)]

  /** Replays a file of these lines: the exit code, what was printed, what was complained of (but for the path). */
  const replayed = (written: ReadonlyArray<string>, format: Format = 'text') =>
    inFolder(async (folder) => {
      const path = join(folder, 'trace.jsonl')
      await writeFile(path, written.map((line) => `${line}\n`).join(''))
      const printed: Array<string> = []
      const complaints: Array<string> = []
      const code = await replay(path, { format }, (text) => printed.push(text), (text) => complaints.push(text.replace(`${path}: `, '')))
      return { code, complaints, printed }
    })

  test('prints events with what they cause, foreign text made visible', async () => {
    const odd = put(9, BOB, 'sh.tangled.repo', 'odd', { knot: 'x\u001b[2J', spindle: HOSTNAME })
    const { code, complaints, printed } = await replayed(lines([...events.slice(0, 5), odd]))
    expect([code, complaints]).toEqual([0, []])
    expect(printed[0]).toBe('life: a life')
    expect(printed[2]).toBe(`     2  JetstreamOpened  at=${String(BEGIN)} connection=1`)
    expect(printed[4]).toContain(`→ SubscribeKnot  connection=1 host=${'knot1.example' as HostName}`)
    expect(printed[6]).toContain('→ Report')
    expect(printed.join('')).not.toContain('\u001b')
    const json = await replayed(lines([...events.slice(0, 5), put(9, BOB, 'sh.tangled.repo', 'odd', { knot: 'x\u009b2J', spindle: HOSTNAME })]), 'json')
    expect(json.printed.join('')).toContain('x\\u009b2J')
    expect(json.printed.join('')).not.toContain('\u009b')
  })

  test('prints canonical steps as JSON: effects, then the event', async () => {
    const { printed } = await replayed(lines(events.slice(0, 1)), 'json')
    expect(printed).toEqual([`{"effects":[{"_tag":"OpenJetstream","connection":1,"cursor":null,"ordinal":null}],"event":${canonical(first as Json)}}`])
  })

  test('turns a trace into the same trace, and several in one file as well', async () => {
    const written = [...lines(events), ...lines(events.slice(0, 2))]
    expect(await replayed(written, 'trace')).toEqual({ code: 0, complaints: [], printed: written })
  })

  test('makes a trace of one that goes on from a state', async () => {
    const written = [...traceLines(header, { state: run(initial(first.config), events)[0] }, events)]
    expect(await replayed(written, 'trace')).toEqual({ code: 0, complaints: [], printed: written })
  })

  test('shows at its step what a trace expects and does not come', async () => {
    const written = lines(events.slice(0, 2))
    const withoutEffects = written.map((line) => line.replace(/"effects":\[[^\]]+\]/, '"effects":[]'))
    const effects = await replayed(withoutEffects)
    expect([effects.code, effects.printed[1]?.split('\n')[2]]).toEqual([1, '        ✗ the trace has the effects []'])
    const otherHash = written.map((line, i) => (i === 3 ? line.replace(/"hash":"[0-9a-f]+"/, '"hash":"0123456789abcdef"') : line))
    const hash = await replayed(otherHash)
    expect([hash.code, hash.printed[2]?.split('\n')[1]]).toEqual([
      1,
      expect.stringMatching(/^ {8}✗ the trace has another state after this: its hash is 0123456789abcdef, not [0-9a-f]{16}$/)
    ])
    const otherEnd = written.map((line) => (line.startsWith('{"_tag":"end"') ? '{"_tag":"end","state":null}' : line))
    const end = await replayed(otherEnd)
    expect([end.code, end.printed.at(-1)]).toEqual([1, '        ✗ the trace ends in another state'])
  })

  test('shows each of several traces; one that passes does not make up for another', async () => {
    const good = lines(events.slice(0, 2))
    const other = good.map((line) => (line.startsWith('{"_tag":"end"') ? '{"_tag":"end","state":null}' : line))
    for (const both of [[...other, ...good], [...good, ...other]]) {
      const { code, printed } = await replayed(both)
      const count = (text: string): number => printed.filter((line) => line.includes(text)).length
      expect([code, count('life: a life'), count('JetstreamOpened'), count('✗')]).toEqual([1, 2, 2, 1])
    }
  })

  const bad: ReadonlyArray<readonly [what: string, lines: (good: ReadonlyArray<string>) => ReadonlyArray<string>, said: string]> = [
    ['an empty file', () => [''], 'line 1: it is not JSON'],
    ['a file that is no trace', () => ['{"_tag":"Started"}'], 'line 1: at _tag: expected "trace", found "Started"'],
    [
      'another version',
      ([head = '', ...rest]) => [head.replace('"version":3', '"version":1'), ...rest],
      'line 1: it is a trace of version 1, but this tack reads version 3'
    ],
    ['a trace without a beginning', ([head = '', , ...rest]) => [head, ...rest], 'line 2: '],
    ['an event that is none', (good) => good.map((line) => line.replace('"_tag":"Started"', '"_tag":"Begun"')), 'line 3: '],
    ['a trace without an end', (good) => good.slice(0, -1), 'the last trace is incomplete']
  ]
  for (const [what, spoil, said] of bad)
    test(`refuses ${what}, with its line`, async () => {
      const { code, complaints } = await replayed(spoil(lines(events.slice(0, 1))))
      expect(code).toBe(1)
      expect(complaints).toEqual([expect.stringContaining(said)])
    })

  test('refuses a journal that does not begin with Started', async () => {
    const batch = lineOf(FORMAT.version, { events: events.slice(1), seq: 1 }).toString().trimEnd()
    const { code, complaints } = await replayed([batch])
    expect([code, complaints]).toEqual([1, [expect.stringContaining('it does not begin with Started, and there is no snapshot beside it that it goes on from')]])
  })
})
