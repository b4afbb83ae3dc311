/** Builds: what of them the examples do not show, because it is not seen in effects. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { BuildName, buildKey, Builds, Event, fromParts, headOf, type HostName, isFinal, OrderedMap as M, orderRefusal, pipelineUri, type Rkey, State, StatusEntry, step, type TimeUs, WorkflowName } from '../../core/index.js'
import {
  building,
  cancel,
  comes,
  DONE,
  FOLLOWING,
  filesRead,
  KEY,
  name,
  OTHER,
  push,
  refuses,
  reports,
  retry,
  running,
  RUNNING,
  STARTING,
  trigger,
  wavers,
  workflow,
  workflowsTimer
} from '../suite/examples/build-world.js'
import { at, CONFIG, foldOf, type Happening, initialOf, K1, must, OWNER, rev, started, stop } from '../suite/examples/support.js'
import { unitsOfRun } from '../suite/laws/units.js'

const after = (happenings: ReadonlyArray<Happening>): State => foldOf(initialOf(CONFIG), happenings)[0]

const partsOf = (state: State) => ({
  accounts: [...M.toEntries(state.commits.accounts)].map(([did, account]): [typeof did, typeof account] => [did, account]),
  head: headOf(state),
  runs: [...M.toEntries(state.builds.runs)].map(([key, run]): [typeof key, typeof run] => [key, run]),
  statuses: [...M.toEntries(state.builds.log)].map(([, entry]) => entry)
})

const there = <A>(found: A | undefined): A => {
  if (found === undefined) throw new Error('it is not there')
  return found
}

const runOf = (state: State, rkey = KEY): Builds.Run => there(M.toEntries(state.builds.runs).find(([key]) => key === `${K1}/${rkey}`))[1]

const buildIn = (state: State, rkey = KEY): Builds.Build => there(M.toEntries(runOf(state, rkey).builds)[0])[1]

// ---------------------------------------------------------------------------------------- the written form

/** A state of each kind that runs and builds can be in. */
const STATES: ReadonlyArray<readonly [string, ReadonlyArray<Happening>]> = [
  ['Reading', [...running(), comes(trigger({ defaultBranch: 'main', workflows: [{ name: 'a', text: 'b' }] }), at(20))]],
  [
    'Reading, pausing',
    [
      ...running(),
      comes(trigger(), at(20)),
      { _tag: 'RequestFailed', at: at(21), error: 'x', isFinal: false, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 }
    ]
  ],
  ['Starting', STARTING],
  ['Finding', [...STARTING, started(at(30), building())]],
  ['Finding, pausing', [...STARTING, wavers(3, at(22))]],
  ['Following', FOLLOWING],
  ['Cancelling', [...RUNNING, cancel(at(24))]],
  ['Cancelling, pausing', [...RUNNING, cancel(at(24)), wavers(5, at(25))]],
  ['Settled', [...DONE, stop(at(25))]],
  ['Settled, without a plan', [...running(), comes(trigger(), at(20)), filesRead([{ _tag: 'Faulty', content: '', error: 'x', name: 'a', when: null }], at(21))]],
  ['with an exit code', [...RUNNING, reports('failed', at(24), { error: 'x', exitCode: 2 })]],
  ['forgotten', [...DONE, started(at(26), building({ keepStatuses: 0 }))]]
]

/** A request that was asked, as it is written. */
const ASKED = { attempt: 0, number: 1, phase: 'Asked' }

describe('written parts of a state', () => {
  test.each(STATES)('%s is read back as it was written', (_, happenings) => {
    const state = after(happenings)
    const written: unknown = JSON.parse(JSON.stringify(State.encode(state)))
    const again = must(State.decode(written))
    expect(State.encode(again)).toEqual(State.encode(state))
    expect(M.toEntries(again.builds.log)).toEqual(M.toEntries(state.builds.log))
  })

  test('the phases are those that the states are named after', () => {
    const phases = STATES.slice(0, 9).map(([, happenings]) => {
      const state = after(happenings)
      const run = runOf(state)
      const phase = run.phase._tag === 'Read' ? buildIn(state).phase : run.phase
      return `${phase._tag}${'request' in phase && phase.request.phase === 'Pausing' ? ', pausing' : ''}`
    })
    expect(phases).toEqual(STATES.slice(0, 9).map(([phase]) => phase))
  })

  test.each([
    ['_tag', { _tag: 'Else', request: ASKED }],
    ['Starting', { _tag: 'Starting', request: { ...ASKED, number: -1 } }],
    ['Starting without a request', { _tag: 'Starting' }],
    ['Finding', { _tag: 'Finding', request: { ...ASKED, phase: 'Open' } }],
    ['Finding without a request', { _tag: 'Finding' }],
    ['Following', { _tag: 'Following', external: null }],
    ['Cancelling', { _tag: 'Cancelling', external: '7' }],
    ['Cancelling without a name', { _tag: 'Cancelling', request: ASKED }],
    ['Settled', { _tag: 'Settled' }],
    ['Settled with a number', { _tag: 'Settled', external: 7 }]
  ])('an invalid phase of a build: %s', (_, phase) => {
    expect(Builds.BuildPhase.decode(phase)._tag).toBe('Left')
  })

  test.each([
    ['Reading', { _tag: 'Reading', request: ASKED }],
    ['Reading with bad files', { _tag: 'Reading', request: ASKED, workflows: [1] }],
    ['Reading without a request', { _tag: 'Reading', workflows: null }],
    ['Waiting without a number', { _tag: 'Waiting' }],
    ['else', { _tag: 'Else' }],
    ['nothing', {}]
  ])('an invalid phase of a run: %s', (_, phase) => {
    expect(Builds.RunPhase.decode(phase)._tag).toBe('Left')
  })

  test('a run that lacks a field is refused', () => {
    const written = Builds.Run.encode(runOf(after(STARTING))) as object
    expect(Builds.Run.decode(written)._tag).toBe('Right')
    for (const field of Object.keys(written)) expect([field, Builds.Run.decode({ ...written, [field]: {} })._tag]).toEqual([field, 'Left'])
  })

  test('a build that lacks a field is refused', () => {
    const written = Builds.Build.encode(buildIn(after(STARTING))) as object
    expect(Builds.Build.decode(written)._tag).toBe('Right')
    for (const field of Object.keys(written)) expect([field, Builds.Build.decode({ ...written, [field]: {} })._tag]).toEqual([field, 'Left'])
  })

  test('a slice that lacks a field is refused', () => {
    const written = Builds.WrittenBuilds.encode(headOf(after(DONE)).builds) as object
    expect(Builds.WrittenBuilds.decode(written)._tag).toBe('Right')
    for (const field of Object.keys(written))
      expect([field, Builds.WrittenBuilds.decode({ ...written, [field]: {} })._tag]).toEqual([field, 'Left'])
    expect(Builds.WrittenBuilds.decode({ ...written, floorUs: 5 })._tag).toBe('Right')
    const told = { actor: null, kind: 'refUpdate', newSha: '1'.repeat(40), oldSha: '2'.repeat(40), outcome: 'left', owner: 'did:plc:o', record: 'app', ref: 'r' }
    const source: object = { details: false, forgotten: null, leaving: null, pipelines: true, spent: [] }
    const full = { ...source, forgotten: 'a', leaving: { number: 1, untilUs: 2 }, spent: [['b', null], ['c', told], ['d', { ...told, actor: 'did:plc:a' }]] }
    expect(Builds.Source.decode(full)._tag).toBe('Right')
    for (const field of Object.keys(told)) expect([field, Builds.Source.decode({ ...source, spent: [['c', { ...told, [field]: {} }]] })._tag]).toEqual([field, 'Left'])
    expect(Builds.Source.decode(source)._tag).toBe('Right')
    for (const field of Object.keys(source)) expect([field, Builds.Source.decode({ ...source, [field]: {} })._tag]).toEqual([field, 'Left'])
    expect(Builds.Source.decode({ ...source, leaving: { number: 1 } })._tag).toBe('Left')
    expect(Builds.Source.decode({ ...source, spent: [['b', false]] })._tag).toBe('Left')
  })

  test.each(['knot.example/a', 'localhost:3000/3mbd354mf2222'])('%s is the key of a run', (key) => {
    expect(Builds.RunKey.is(key)).toBe(true)
    expect(Builds.RunEntry.decode([key, Builds.Run.encode(runOf(after(STARTING)))])._tag).toBe('Right')
  })

  test.each(['', '/', 'a', 'a/', '/a', 'a/b/c', 'a//b', 'a/b/', '/a/b'])('%j is not the key of a run', (key) => {
    expect(Builds.RunKey.is(key)).toBe(false)
  })
})


describe('parts that cannot come from one state', () => {
  type Parts = ReturnType<typeof partsOf>
  const whole: ReadonlyArray<Happening> = [...DONE, comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(25), { rkey: OTHER })]
  const withBuilds = ({ head }: Parts, changes: Partial<Parts['head']['builds']>): Partial<Parts> => ({ head: { ...head, builds: { ...head.builds, ...changes } } })
  /** As if no number from `next` on had been given out. */
  const numbered = (parts: Parts, next: number): Partial<Parts> => withBuilds(parts, { next: next as Parts['head']['builds']['next'] })

  /** As if the first run had been announced at that moment. */
  const told = (runs: Parts['runs'], createdUs: number): Parts['runs'] =>
    runs.map(([key, run], i) => [key, i === 0 ? { ...run, announced: { createdUs: createdUs as TimeUs, workflows: [] } } : run])

  test('unchanged, they are one state', () => {
    const read = fromParts(partsOf(after(whole)))
    expect(E.isRight(read) && State.encode(read.right)).toEqual(State.encode(after(whole)))
  })

  test.each<readonly [string, (parts: Parts) => Partial<Parts>, string]>([
    ['runs that do not rise', ({ runs }) => ({ runs: [...runs].reverse() }), 'the runs are not in ascending order of their keys'],
    ['statuses that do not rise', ({ statuses }) => ({ statuses: [...statuses].reverse() }), 'the statuses are not in the order of their stamps'],
    ['a status later than the last', (parts) => withBuilds(parts, { lastUs: (parts.head.builds.lastUs - 1) as TimeUs }), 'a status is later than the last'],
    ['a run that is announced with the stamp of a status', ({ runs }) => ({ runs: told(runs, at(21)) }), 'a run is announced with the stamp of a status'],
    ['a run that is announced later than the last status', ({ runs }) => ({ runs: told(runs, at(24) + 1) }), 'a run is announced later than the last status'],
    ['two runs that are announced with one stamp', ({ runs }) => ({ runs: [...told(runs, at(22)), ...told(runs.slice(1), at(22))].filter((_, i) => i !== 1) }), 'two runs are announced with one stamp'],
    ['a request of a run that was never made', (parts) => numbered(parts, 5), 'a request has a number that was never issued']
  ])('%s', (_, changes, why) => {
    const parts = partsOf(after(whole))
    expect(fromParts({ ...parts, ...changes(parts) })).toEqual(E.left(why))
  })

  test.each([
    ['a request of a run', [...running(), comes(trigger(), at(20))], 1],
    ['a request about a build', STARTING, 3],
    ['a limit of a build', FOLLOWING, 2]
  ])('%s has the number below the next, and no greater one', (_, happenings, number) => {
    const parts = partsOf(after(happenings))
    const withNext = (next: number) => fromParts({ ...parts, ...numbered(parts, next) })
    expect(withNext(number + 1)._tag).toBe('Right')
    expect(withNext(number)).toEqual(E.left('a request has a number that was never issued'))
  })
})

// ---------------------------------------------------------------------------------------- reading along

describe('a page of statuses', () => {
  const page = (cursor: number, limit: number, of = after(DONE)) => {
    const { entries, isBelowFloor } = Builds.pageAfter(of.builds, cursor as TimeUs, limit)
    return [entries.map(({ createdUs }) => createdUs), isBelowFloor]
  }

  test('holds what comes after the cursor, oldest first, and no more than asked for', () => {
    const stamps = [at(21) - 1, at(21), at(23), at(24)]
    expect(M.toEntries(after(DONE).builds.announcements).map(([, { createdUs }]) => createdUs)).toEqual(stamps.slice(0, 1))
    expect(M.toEntries(after(DONE).builds.log).map(([, { createdUs }]) => createdUs)).toEqual(stamps.slice(1))
    expect(page(0, 9)).toEqual([stamps, false])
    expect(page(0, 2)).toEqual([[at(21) - 1, at(21)], false])
    expect(page(0, 1)).toEqual([[at(21) - 1], false])
    expect(page(at(21) - 2, 9)).toEqual([stamps, false])
    expect(page(at(21) - 1, 9)).toEqual([stamps.slice(1), false])
    expect(page(at(21), 9)).toEqual([[at(23), at(24)], false])
    expect(page(at(24), 9)).toEqual([[], false])
  })

  test('says when something between the cursor and its start is no longer kept', () => {
    const trimmed = after([...DONE, stop(at(25)), started(at(26), building({ keepStatuses: 1 }))])
    expect(trimmed.builds.floorUs).toBe(at(23))
    expect(page(0, 9, trimmed)).toEqual([[at(21) - 1, at(24)], true])
    expect(page(at(22), 9, trimmed)).toEqual([[at(24)], true])
    expect(page(at(23), 9, trimmed)).toEqual([[at(24)], false])
  })

  test('finds its place by stamps with fewer digits than today’s', () => {
    const early = after([...running(), { ...comes(trigger(), at(20)), at: at(20) }, filesRead([{ _tag: 'Faulty', content: '', error: 'x', name: 'a', when: null }], 999), filesRead([], 7)])
    expect(page(0, 9, early)).toEqual([[998, 999], false])
  })

  test('sorts the keys of entries as their stamps', () => {
    const early = after([
      ...running(),
      comes(trigger(), at(20)),
      filesRead([{ _tag: 'Faulty', content: '', error: 'x', name: 'a', when: null }, { _tag: 'Faulty', content: '', error: 'x', name: 'b', when: null }], 9),
      comes(trigger(), at(22), { rkey: OTHER }),
      filesRead([{ _tag: 'Faulty', content: '', error: 'x', name: 'a', when: null }], 1_000, { number: 2, rkey: OTHER })
    ])
    expect(page(0, 9, early)).toEqual([[8, 9, 10, 999, 1_000], false])
  })
})

// ---------------------------------------------------------------------------------------- what is remembered

describe('a run’s memory', () => {
  test('does not hold what was needed to choose workflows', () => {
    const before = after([...running(), comes(trigger({ cause: push({ changedFiles: ['a'] }) }), at(20))])
    const then = after([...running(), comes(trigger({ cause: push({ changedFiles: ['a'] }) }), at(20)), filesRead([workflow()], at(21))])
    expect([runOf(before).cause, runOf(then).cause]).toEqual([push({ changedFiles: ['a'] }), push()])
    const wish = { _tag: 'Manual' as const, inputs: [], ref: null, sha: null }
    const wished = after([...running(), comes(trigger({ cause: wish, kind: 'pipeline' }), at(20)), filesRead([workflow()], at(21))])
    expect(runOf(wished).cause).toEqual(wish)
  })

  test('holds that its files are being read, and under which number', () => {
    expect(runOf(after([...running(), comes(trigger(), at(20))])).phase).toEqual({ _tag: 'Reading', request: ASKED, workflows: null })
  })

  test('holds the branch that HEAD names, once that is known', () => {
    const known = (trigger_: string | null, read: string | null): string | null =>
      runOf(after([...running(), comes(trigger({ defaultBranch: trigger_ }), at(20)), filesRead([workflow()], at(21), { defaultBranch: read })])).defaultBranch
    expect([known(null, null), known('a', null), known(null, 'b'), known('a', 'b')]).toEqual([null, 'a', 'b', 'b'])
  })

  test('holds how often something was tried, until it succeeds or the bridge restarts', () => {
    const pausing = [...STARTING, wavers(3, at(22))]
    const attemptIn = ({ phase }: Pick<Builds.Build | Builds.Run, 'phase'>): number | null => ('request' in phase ? phase.request.attempt : null)
    expect(attemptIn(buildIn(after(pausing)))).toBe(1)
    expect(attemptIn(buildIn(after([...pausing, started(at(30), building())])))).toBe(0)
    expect(attemptIn(buildIn(after([...RUNNING, cancel(at(24)), wavers(5, at(25)), started(at(30), building())])))).toBe(0)
    expect(attemptIn(buildIn(after(FOLLOWING)))).toBeNull()
    const unread: ReadonlyArray<Happening> = [
      ...running(),
      comes(trigger(), at(20)),
      { _tag: 'RequestFailed', at: at(21), error: 'x', isFinal: false, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 }
    ]
    expect(attemptIn(runOf(after(unread)))).toBe(1)
    expect(attemptIn(runOf(after([...unread, workflowsTimer(2, at(22))])))).toBe(1)
    expect(attemptIn(runOf(after([...unread, started(at(30), building())])))).toBe(0)
  })

  test('holds the name that its provider gave it, even after its end', () => {
    expect(buildIn(after(DONE)).phase).toEqual({ _tag: 'Settled', external: '7' })
    expect(buildIn(after([...STARTING, refuses(3, at(22))])).phase).toEqual({ _tag: 'Settled', external: null })
    const orphan = after([...RUNNING, started(at(30), building({ providers: ['local'] }))])
    expect(buildIn(orphan).phase).toEqual({ _tag: 'Settled', external: '7' })
    const early = after([...STARTING, started(at(30), building({ providers: ['local'] }))])
    expect(buildIn(early).phase).toEqual({ _tag: 'Settled', external: null })
  })

  test('holds which trigger a retry was first', () => {
    const once = after([...DONE, retry(at(30))])
    const [key] = M.keys(once.builds.runs).filter((of) => of !== `${K1}/${KEY}`)
    const again = there(key).slice(K1.length + 1)
    expect([runOf(once).retryOf, runOf(once, again).retryOf]).toEqual([null, KEY])
    const twice = after([...DONE, retry(at(30)), refuses(6, at(31), name('ci.yml', again)), retry(at(32), null, again)])
    expect(M.toEntries(twice.builds.runs).map(([, run]) => run.retryOf)).toEqual([null, KEY, KEY])
  })

  test('holds what a knot has sent that tells its generation', () => {
    const sourcesOf = (state: State) => M.toEntries(state.builds.sources).map(([knot, source]) => [knot, Builds.Source.encode(source)])
    const sources = (changes: object) => sourcesOf(after([...running(), comes(trigger({ workflows: [], ...changes }), at(20))]))
    const empty = { details: false, forgotten: null, leaving: null, pipelines: false, spent: [] }
    expect(sources({ kind: 'pipeline', shape: null })).toEqual([[K1, { ...empty, pipelines: true }]])
    expect(sources({})).toEqual([[K1, { ...empty, details: true }]])
    expect(sources({ shape: 'named' })).toEqual([[K1, empty]])
    const elsewhere = { repo: { did: 'did:plc:else', knot: null, name: null, owner: null } }
    expect(sources({ ...elsewhere, kind: 'pipeline', shape: null })).toEqual([[K1, { ...empty, pipelines: true }]])
    expect(sources(elsewhere)).toEqual([[K1, { ...empty, details: true }]])
    expect(sources({ ...elsewhere, shape: 'named' })).toEqual([])
    const wish = { _tag: 'Manual' as const, inputs: [], ref: null, sha: null }
    expect(sourcesOf(after([...running(), comes(trigger({ cause: wish, kind: 'pipeline' }), at(20))]))).toEqual([
      [K1, empty]
    ])
  })
})

describe('the cost of a flood of triggers', () => {
  const flood = (count: number): ReadonlyArray<Happening> => [
    ...running(),
    ...Array.from({ length: count }, (_, i) => comes(trigger(), at(20), { rkey: `k${String(1_000 + i)}` }))
  ]
  const waitingIn = (state: State): number => M.toEntries(state.builds.waiting).reduce((n, [, { keys }]) => n + M.size(keys), 0)
  const waiting = (happenings: ReadonlyArray<Happening>): number => waitingIn(after(happenings))

  test('frees room with each run that comes to something, or to nothing', () => {
    const unread = (i: number, isFinal: boolean): Happening => ({ _tag: 'RequestFailed', at: at(30), error: 'x', isFinal, number: 1 + i, requested: { _tag: 'Workflows', knot: K1, rkey: `k${String(1_000 + i)}` }, waitMs: 0 })
    expect(waiting([...flood(3), filesRead([workflow()], at(30), { rkey: 'k1000' })])).toBe(2)
    expect(waiting([...flood(3), filesRead([], at(30), { rkey: 'k1000' })])).toBe(2)
    expect(waiting([...flood(3), unread(0, true), unread(1, false)])).toBe(3)
    expect(waiting([...flood(3), cancel(at(30), null, 'k1001')])).toBe(2)
    expect(waiting([...flood(3), started(at(30), building())])).toBe(3)
  })

  // The branch and the patterns cost 124, a name six for each of its points and eight to try: a million for a workflow.
  test.each([
    [2_751, ['c']],
    [2_752, ['b', 'c']]
  ])('has one limit for matching all workflows of a run, with a last name of %i characters', (length, dropped) => {
    const changedFiles = [...Array.from({ length: 40 }, () => 'x'.repeat(4_096)), 'x'.repeat(length)]
    const condition = { branch: ['main'], event: ['push'], paths: ['y'], tag: [], types: null, unknown: null }
    const files = ['a', 'b', 'c'].map((of) => workflow({ name: of, when: [condition] }))
    const state = after([...running(), comes(trigger({ cause: push({ changedFiles }) }), at(20)), filesRead([...files, workflow({ name: 'd' })], at(21))])
    // Those within it do not apply. The others are given up, and one that costs nothing is not.
    expect(state.counters.recent.map((report) => ('build' in report ? [report._tag, report.build.workflow] : []))).toEqual(dropped.map((of) => ['WorkflowDropped', of]))
    expect(M.keys(runOf(state).builds)).toEqual(['d'])
  })
})

describe('reports say what was wrong', () => {
  const details = (happenings: ReadonlyArray<Happening>) =>
    after(happenings).counters.recent.flatMap((report) => ('detail' in report ? [report.detail] : []))

  test.each<readonly [string, ReadonlyArray<Happening>, string]>([
    ['a key that is too long', [comes(trigger(), at(20), { rkey: 'k'.repeat(81) })], 'a key of 81 characters'],
    ['another knot', [comes(trigger({ repo: { did: null, knot: 'x.example', name: null, owner: null } }), at(20))], 'x.example'],
    ['somebody without a say', [comes(trigger({ actor: 'did:plc:stranger' }), at(20))], 'did:plc:stranger'],
    ['no engine', [comes(trigger(), at(20)), filesRead([workflow({ engine: null })], at(21))], 'the workflow names no engine'],
    [
      'more workflows than are taken',
      [comes(trigger(), at(20)), filesRead(Array.from({ length: 51 }, (_, i) => ({ _tag: 'Faulty' as const, content: '', error: 'x', name: `w${String(100 + i)}`, when: null })), at(21))],
      'more than 50'
    ]
  ])('%s', (_, happenings, detail) => {
    expect(details([...running(), ...happenings])).toEqual([detail])
  })
})

test('some phases are final', () => {
  expect((['pending', 'running', 'success', 'failed', 'timeout', 'cancelled'] as const).map(isFinal)).toEqual([false, false, true, true, true, true])
})

// ---------------------------------------------------------------------------------------- names

describe('the key of a build', () => {
  const keyOf = (knot: string, rkey: string, of: string): string => buildKey(must(BuildName.decode({ knot, rkey, workflow: of })))

  test.each([
    ['k.example', 'a', 'ci.yml', 'k.example/a/ci.yml'],
    ['localhost:80', 'A.b', '.ci', 'localhost=3a80/=41.b/=2eci'],
    ['k.example', '.a', '..x', 'k.example/=2ea/=2e.x'],
    ['k.example', '~', 'a b', 'k.example/=7e/a=20b'],
    ['k.example', '_-0', 'ü', 'k.example/_-0/=c3=bc'],
    ['k.example', 'z9', '€', 'k.example/z9/=e2=82=ac'],
    ['k.example', 'a', '=2e', 'k.example/a/=3d2e'],
    ['k.example', 'a', '\u007e\u0080', 'k.example/a/=7e=c2=80'],
    ['k.example', 'a', '\u07ff\u0800\ud7ff', 'k.example/a/=df=bf=e0=a0=80=ed=9f=bf']
  ])('%s %s %s', (knot, rkey, of, key) => {
    expect(keyOf(knot, rkey, of)).toBe(key)
  })

  test('can hold names that no workflow has here', () => {
    expect(buildKey({ ...must(BuildName.decode(name())), workflow: '😀\u{10ffff}\uffff' as WorkflowName })).toBe(
      'knot1.example/3mbd354mf2222/=f0=9f=98=80=f4=8f=bf=bf=ef=bf=bf'
    )
  })

  test.each(['a', 'x'.repeat(100), 'ü €', '...', '\ud7ff'])('%j is the name of a workflow', (of) => {
    expect(WorkflowName.is(of)).toBe(true)
  })

  test.each(['', '.', '..', 'x'.repeat(101), 'a/b', 'a\\b', 'a\nb', '\u0000', '\u001f', '\u007f', '\ud800', '😀', '\ue000', '\uffff', 7])('%j is none', (of) => {
    expect(WorkflowName.is(of)).toBe(false)
  })

  test('names a pipeline after its knot, with the port as a DID has it', () => {
    const { knot, rkey } = must(BuildName.decode({ knot: 'localhost:3000', rkey: 'a', workflow: 'b' }))
    expect(pipelineUri(knot, rkey)).toBe('at://did:web:localhost:3000/sh.tangled.pipeline/a')
  })

  test('a status that lacks a field is refused', () => {
    const written: object = { build: name(), createdUs: 1, error: null, exitCode: null, status: 'failed' }
    expect(StatusEntry.decode(written)._tag).toBe('Right')
    expect(StatusEntry.decode({ ...written, error: 'x', exitCode: -1 })._tag).toBe('Right')
    for (const field of Object.keys(written)) expect([field, StatusEntry.decode({ ...written, [field]: {} })._tag]).toEqual([field, 'Left'])
    expect(StatusEntry.decode({ ...written, exitCode: 1.5 })._tag).toBe('Left')
  })
})

describe('a knot with many runs', () => {
  /** The parts of a state in which one knot has `n` runs, and how often one of these was looked at. */
  const withRuns = (n: number) => {
    const parts = partsOf(after(FOLLOWING))
    const [, run] = there(parts.runs[0])
    let looks = 0
    const runs = Array.from({ length: n }, (_, i): Builds.RunEntry => {
      const [key] = must(Builds.RunEntry.decode([`${K1}/${rev(at(100 + i))}`, Builds.Run.encode(run)]))
      const watched: Builds.Run = {
        ...run,
        announced: null,
        get phase() {
          looks += 1
          return run.phase
        },
        get repository() {
          looks += 1
          return run.repository
        }
      }
      return [key, watched]
    })
    return { looks: () => looks, parts: { ...parts, runs, statuses: [] } }
  }

  /** How often the runs are looked at while a state of `n` of them is read back, and then starts under another hostname. */
  const looksAt = (n: number): readonly [reading: number, releasing: number] => {
    const { looks, parts } = withRuns(n)
    const read = fromParts(parts)
    if (E.isLeft(read)) throw new Error(read.left)
    const reading = looks()
    step(read.right, must(Event.decode(started(at(1_000_000), { ...building(), hostname: 'other.example' }))))
    return [reading, looks() - reading]
  }

  test('is read back, and released, in time proportional to them: each is looked at a few times', () => {
    const [few, many] = [looksAt(20), looksAt(80)]
    expect(few[0]).toBeGreaterThan(19)
    expect(few[1]).toBeGreaterThan(19)
    expect(many).toEqual([4 * few[0], 4 * few[1]])
  })
})

describe('an order for which there is no room', () => {
  const PUSHED = [...running({ owedUnits: 2 * 4_096 }), comes(trigger(), at(20)), filesRead([workflow()], at(21)), refuses(3, at(22))]
  const order = { _tag: 'RetryRequested', at: at(30) as TimeUs, knot: K1 as HostName, rkey: KEY as Rkey, workflow: null } as const
  const others = (count: number): ReadonlyArray<Happening> =>
    Array.from({ length: count }, (_, i) => comes(trigger({ cause: push({ newSha: String(i + 1).repeat(40) }) }), at(23), { rkey: `k${String(i)}` }))

  test.each([
    ['of a build that is started again', PUSHED],
    ['of a workflow that is judged anew', [...running({ owedUnits: 2 * 4_096 }), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x' })], at(21))]]
  ])('%s is refused', (_, happenings) => {
    const refusals = [0, 2].map((count) => orderRefusal(order)(after([...happenings, ...others(count)])))
    expect(refusals).toEqual([null, 'limit'])
  })
})

describe('what runs keep together', () => {
  test('is counted again when a state is read', () => {
    const state = after([...STARTING, comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(22), { rkey: OTHER }), refuses(3, at(23))])
    const { kept } = state.builds
    expect([kept.owed, M.toEntries(kept.ofKnots), M.toEntries(kept.ofOwners)]).toEqual([unitsOfRun(runOf(state, OTHER)), [[K1, kept.owed]], [[OWNER, kept.owed]]])
    expect(kept.over).toBe(unitsOfRun(runOf(state)))
    expect(E.map(({ builds }: State) => builds.kept)(fromParts(partsOf(state)))).toEqual(E.right(kept))
    const ended = after([...STARTING, refuses(3, at(22))])
    expect([ended.builds.kept.owed, M.size(ended.builds.kept.ofKnots), M.size(ended.builds.kept.ofOwners)]).toEqual([0, 0, 0])
  })
})
