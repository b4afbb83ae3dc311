/** The written state: what is read back, and what is refused because it cannot have been written by us (D11). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  AccountEntry,
  Builds,
  canonical,
  explain,
  fromParts,
  Head,
  headOf,
  type Json,
  OrderedMap as M,
  REPO,
  State,
  step
} from '../../core/index.js'
import { piped, push } from '../suite/examples/build-world.js'
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  CONFIG,
  del,
  foldOf,
  initialOf,
  K1,
  K2,
  knotFrame,
  knotOpened,
  member,
  must,
  opened,
  OWNER,
  put,
  repo,
  rev,
  started,
  stop,
  type WrittenEvent
} from '../suite/examples/support.js'

/** A state with something of everything in it. */
const full = (): State =>
  foldOf(initialOf({ ...CONFIG, admission: 'members' }), [
    started(at(0), { admission: 'members' }),
    opened(1, at(1)),
    put(OWNER, 'm', member({ subject: ALICE }), at(2), { connection: 1 }),
    put(OWNER, 'n', member({ subject: ALICE }), at(2), { connection: 1 }),
    put(ALICE, '__proto__', repo({ knot: K1 }), at(3), { connection: 1 }),
    put(ALICE, 'b', repo({ knot: K2 }), at(4), { connection: 1 }),
    put(ALICE, 'c', collaborator(), at(5), { connection: 1, rev: null }),
    del(ALICE, REPO, 'd', at(6), { connection: 1 }),
    put(BOB, 'a', repo({ knot: '127.1' }), at(7), { connection: 1 }),
    account(BOB, 'deleted', at(8), { connection: 1 }),
    knotOpened(K1, 1, at(9)),
    knotFrame(K1, '{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","created":1767225609000000001}', at(10), 1)
  ])[0]

const SHA = '2'.repeat(40)
const BUILDS = { ...CONFIG.builds, keepStatuses: 2, providers: ['p'] }
const CLONE = { depth: 1, skip: false, submodules: false }

/** A push to the owner's repository, by a frame that brings its workflow files along. */
const pushed = (rkey: string, when: number): WrittenEvent =>
  piped(rkey, when, {
    cause: push({ changedFiles: ['f'], newSha: SHA, oldSha: '1'.repeat(40) }),
    repo: { did: null, knot: null, name: 'app', owner: OWNER },
    workflows: [{ name: 'w', text: 't' }]
  })

/** A state in which a build is being started, another has failed, the files of another push are read, and so are the owner's records. */
const building = (): State =>
  foldOf(initialOf({ ...CONFIG, backfill: true, builds: BUILDS }), [
    started(at(0), { backfill: true, builds: BUILDS }),
    opened(1, at(1)),
    put(OWNER, 'app', repo(), at(2), { connection: 1 }),
    pushed('a', at(10)),
    {
      _tag: 'WorkflowsRead',
      at: at(11),
      defaultBranch: null,
      knot: K1,
      number: 1,
      rkey: 'a',
      sources: null,
      unkept: [],
      workflows: [
        { _tag: 'Faulty', content: '', error: 'e', name: 'bad', when: null },
        {
          _tag: 'Defined',
          clone: CLONE,
          content: '',
          engine: 'tack',
          environment: [],
          name: 'w',
          steps: [],
          targets: [{ pipeline: 'x', provider: 'p', settings: [] }],
          units: 200,
          when: []
        }
      ]
    },
    pushed('b', at(12))
  ])[0]

/** Its written form, as it is read. */
const written = (): unknown => JSON.parse(textOf(full()))
const writtenBuilding = (): unknown => JSON.parse(textOf(building()))

type Path = ReadonlyArray<string | number>

/** `value` with what stands at `path` replaced. Every step of the path must be there. */
const replaced = (value: unknown, [step, ...rest]: Path, to: (old: unknown) => unknown): unknown => {
  if (step === undefined) return to(value)
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === step ? replaced(item, rest, to) : item))
  if (typeof value !== 'object' || value === null || !(step in value)) throw new Error(`there is no ${String(step)}`)
  const entries: ReadonlyArray<readonly [string, unknown]> = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, key === step ? replaced(item, rest, to) : item]))
}

const textOf = (state: State): string => canonical(State.encode(state) as Json)

const saidOf = (u: unknown): string => {
  const decoded = State.decode(u)
  return E.isLeft(decoded) ? explain(decoded.left) : ''
}

describe('a written state', () => {
  test('is read back as the same state: all that was written, and all that follows from it', () => {
    const read = must(State.decode(written()))
    expect(textOf(read)).toBe(textOf(full()))
    expect(M.toEntries(read.commits.members)).toEqual([[ALICE, 2]])
    expect(M.toEntries(read.knots.holders).map(([host, those]) => [host, M.keys(those)])).toEqual([
      [K1, [`${ALICE}/__proto__`]],
      [K2, [`${ALICE}/b`]]
    ])
  })

  test('goes on as the original would have', () => {
    const read = must(State.decode(written()))
    const events = [started(at(60), { admission: 'open' }), stop(at(61))]
    const [here, hereEffects] = foldOf(full(), events)
    const [there, thereEffects] = foldOf(read, events)
    expect([textOf(there), thereEffects]).toEqual([textOf(here), hereEffects])
  })

  test('is read back from parts, as a large state is written', () => {
    const head = must(Head.decode(Head.encode(headOf(full()))))
    const entries = [...M.entriesFrom(full().commits.accounts, '')].map(([did, one]) =>
      must(AccountEntry.decode(AccountEntry.encode([did, one])))
    )
    const read = fromParts({ accounts: entries, head, runs: [], statuses: [] })
    expect(E.isRight(read) && textOf(read.right)).toBe(textOf(full()))
  })

  test('includes builds, their log, and readings', () => {
    const read = must(State.decode(writtenBuilding()))
    expect(textOf(read)).toBe(textOf(building()))
    expect(M.toEntries(read.builds.log).map(([key, { createdUs, status }]) => [key, createdUs, status])).toEqual([
      [String(at(11)), at(11), 'failed'],
      [String(at(11) + 1), at(11) + 1, 'pending']
    ])
    expect(M.keys(read.builds.runs)).toEqual([`${K1}/a`, `${K1}/b`])
  })

  test('goes on with builds and readings as the original would have', () => {
    const build = { knot: K1, rkey: 'a', workflow: 'w' }
    const events: ReadonlyArray<WrittenEvent> = [
      { _tag: 'BuildAccepted', at: at(20), build, external: '7', number: 3 },
      { _tag: 'BuildReported', at: at(21), build, error: null, exitCode: 0, external: '7', provider: 'p', status: 'success' },
      { _tag: 'RecordsRead', at: at(22), collection: 'sh.tangled.spindle.member', did: OWNER, next: null, number: 2, records: [] },
      started(at(60), { backfill: true, builds: BUILDS })
    ]
    const [here, hereEffects] = foldOf(building(), events)
    const [there, thereEffects] = foldOf(must(State.decode(writtenBuilding())), events)
    expect([textOf(there), thereEffects]).toEqual([textOf(here), hereEffects])
    expect(hereEffects.map(({ _tag }) => _tag)).toEqual(
      expect.arrayContaining(['FollowBuild', 'PublishStatus', 'ReadRecords', 'ReadWorkflows'])
    )
  })

  test('is read back with builds and readings from parts', () => {
    const { builds, commits } = building()
    const parts = {
      accounts: M.toEntries(commits.accounts).map(([did, one]) => must(AccountEntry.decode(AccountEntry.encode([did, one])))),
      head: must(Head.decode(Head.encode(headOf(building())))),
      runs: M.toEntries(builds.runs).map(([key, run]) => must(Builds.RunEntry.decode(Builds.RunEntry.encode([key, run])))),
      statuses: M.toEntries(builds.log).map(([, entry]) => entry)
    }
    const read = fromParts(parts)
    expect(E.isRight(read) && textOf(read.right)).toBe(textOf(building()))
  })

  test('includes builds and readings in full', () => {
    const name = (workflow: string) => ({ knot: K1, rkey: 'a', workflow })
    const repository = { did: '', name: 'app', owner: OWNER, rkey: 'app' }
    const cause = { _tag: 'Push', newSha: SHA, oldSha: '1'.repeat(40), ref: 'refs/heads/main', skipsCi: false }
    const clone = { depth: 1, skip: false, submodules: false }
    const announced = {
      createdUs: at(11) - 1,
      workflows: [
        { clone: { ...clone, depth: 0 }, engine: '', name: 'bad', text: '' },
        { clone, engine: 'tack', name: 'w', text: 't' }
      ]
    }
    const run = { defaultBranch: null, kind: 'pipeline', met: null, repository, only: null, retryOf: null }
    const build = { exitCode: null }
    expect(writtenBuilding()).toMatchObject({
      head: {
        backfill: {
          accounts: [[OWNER, { collection: 'sh.tangled.spindle.member', cursor: null, pages: 0, request: { attempt: 0, number: 2, phase: 'Asked' } }]],
          isOpen: true,
          next: 3,
          owner: OWNER
        },
        builds: {
          floorUs: null,
          lastUs: at(11) + 1,
          mistaken: [],
          next: 5,
          sources: [[K1, { details: false, forgotten: null, leaving: null, pipelines: true }]],
          tokens: [],
          tokensUs: 0
        },
        config: { ...CONFIG, backfill: true, builds: BUILDS },
        isStopped: false
      },
      runs: [
        [
          `${K1}/a`,
          {
            ...run,
            announced,
            builds: [
              ['bad', { ...build, deadline: 0, error: 'e', phase: { _tag: 'Settled', external: null }, recipe: null, status: 'failed', statusUs: at(11) }],
              ['w', { ...build, deadline: 2, error: null, phase: { _tag: 'Starting', request: { attempt: 0, number: 3, phase: 'Asked' } }, status: 'pending', statusUs: at(11) + 1 }]
            ],
            cause: { ...cause, changedFiles: null },
            phase: { _tag: 'Read' }
          }
        ],
        [
          `${K1}/b`,
          { ...run, announced: null, builds: [], cause: { ...cause, changedFiles: null }, phase: { _tag: 'Reading', request: { attempt: 0, number: 4, phase: 'Asked' }, workflows: [{ name: 'w', text: 't' }] } }
        ]
      ],
      statuses: [
        { build: name('bad'), createdUs: at(11), error: 'e', exitCode: null, status: 'failed' },
        { build: name('w'), createdUs: at(11) + 1, error: null, exitCode: null, status: 'pending' }
      ]
    })
  })

  test('may be the first state', () => {
    expect(textOf(must(State.decode(JSON.parse(textOf(initialOf(CONFIG))))))).toBe(textOf(initialOf(CONFIG)))
  })

  test('remembers a stop, and the numbers that it gave out', () => {
    const [stopped] = foldOf(full(), [stop(at(60))])
    expect(textOf(must(State.decode(JSON.parse(textOf(stopped)))))).toBe(textOf(stopped))
  })

  test('is distinguished from anything else', () => {
    expect([
      State.is(full()),
      State.is({}),
      State.is(null),
      State.is('x'),
      State.is({ commits: 1, counters: 1, cursor: 1 })
    ]).toEqual([true, false, false, false, false])
  })

  test('includes the floor of a deleted account', () => {
    const [deleted] = foldOf(initialOf(CONFIG), [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(2))])
    expect(State.encode(deleted)).toMatchObject({
      accounts: [
        [
          ALICE,
          { active: false, asOfUs: at(2), collaborators: [], floor: { rev: rev(at(1)), timeUs: at(2) }, horizonUs: null, members: [], repos: [], setAside: null }
        ]
      ]
    })
  })

  test('has this full form', () => {
    const [small] = foldOf(initialOf(CONFIG), [
      put(ALICE, 'a', repo(), at(1)),
      put(ALICE, 'b', repo({ knot: '0' }), at(2), { rev: null })
    ])
    expect(State.encode(small)).toEqual({
      accounts: [
        [
          ALICE,
          {
            active: true,
            asOfUs: at(1),
            collaborators: [],
            floor: null,
            horizonUs: null,
            members: [],
            repos: [
              [
                'a',
                {
                  record: { createdAt: '2026-01-01T00:00:00Z', knot: K1, name: 'app', repoDid: '', spindle: 'ci.example' },
                  rev: rev(at(1)),
                  timeUs: at(1)
                }
              ],
              [
                'b',
                {
                  record: { createdAt: '2026-01-01T00:00:00Z', knot: null, name: 'app', repoDid: '', spindle: 'ci.example' },
                  rev: null,
                  timeUs: at(2)
                }
              ]
            ],
            setAside: null
          }
        ]
      ],
      head: {
        access: { entries: [], next: 1 },
        backfill: {
          accounts: [],
          isOpen: false,
          next: 1,
          owner: null
        },
        builds: {
          floorUs: null,
          lastUs: 0,
          mistaken: [],
          next: 1,
          sources: [],
          tokens: [],
          tokensUs: 0
        },
        config: CONFIG,
        counters: {
          frames: 2,
          recent: [{ _tag: 'KnotRefused', at: at(3), did: ALICE, knot: '0', rkey: 'b' }],
          reports: [['KnotRefused', 1]]
        },
        cursor: {
          askedUs: null,
          connection: { attempt: 0, number: 0, phase: { _tag: 'Idle' } },
          cursor: at(2),
          mark: null,
          passedUs: 0,
          poisonings: 0,
          replayUs: null,
          rereadUs: null
        },
        isStopped: false,
        knots: {
          next: 2,
          subscriptions: [
            [K1, { connection: { attempt: 0, number: 1, phase: { _tag: 'Connecting' } }, cursor: null, since: `${String(at(2 - 300))}000` }]
          ]
        }
      },
      runs: [],
      statuses: []
    })
  })
})

describe('a damaged state is refused', () => {
  const to = (value: unknown) => () => value
  const list = (change: (items: ReadonlyArray<unknown>) => unknown) => (old: unknown) => (Array.isArray(old) ? change(old) : old)
  const reversed = list((items) => [...items].reverse())

  const FORGETTABLE = { active: true, asOfUs: 1, collaborators: [], floor: null, horizonUs: null, members: [], repos: [], setAside: null }
  const ELSEWHERE = ['knot9.example', { connection: { attempt: 0, number: 2, phase: { _tag: 'Idle' } }, cursor: null, since: '0' }]

  // The accounts come in the order of their DIDs: Alice, Bob, the owner. The knots are K1 and K2.
  const cases: ReadonlyArray<readonly [name: string, path: Path, change: (old: unknown) => unknown, said: RegExp]> = [
    ['accounts out of order', ['accounts'], reversed, /^the accounts are not in ascending order of their DIDs$/],
    [
      'an account twice',
      ['accounts'],
      list(([a, ...rest]) => [a, a, ...rest]),
      /^the accounts are not in ascending order of their DIDs$/
    ],
    [
      'an account of which nothing is remembered',
      ['accounts'],
      list((all) => [...all, ['did:plc:zzz', FORGETTABLE]]),
      /^an account has no rows, no tombstones and no floor$/
    ],
    [
      'the same before others that are in order',
      ['accounts'],
      list((all) => [['did:plc:a', FORGETTABLE], ...all]),
      /^an account has no rows, no tombstones and no floor$/
    ],
    ['an account without its floor, where that was all', ['accounts', 1, 1, 'floor'], to(null), /^an account has no rows/],
    ['rows out of order', ['accounts', 0, 1, 'repos'], reversed, /repos: the keys are not ascending$/],
    [
      'a subscription that no row calls for',
      ['accounts', 0, 1, 'repos'],
      to([]),
      /^the subscriptions are not those that the rows call for$/
    ],
    [
      'a subscription that is missing',
      ['head', 'knots', 'subscriptions'],
      list((all) => all.slice(0, -1)),
      /^the subscriptions are not those that the rows call for$/
    ],
    [
      'a subscription to another knot than the one that is called for',
      ['head', 'knots', 'subscriptions', 1],
      to(ELSEWHERE),
      /^the subscriptions are not those that the rows call for$/
    ],
    ['subscriptions out of order', ['head', 'knots', 'subscriptions'], reversed, /subscriptions: the keys are not ascending$/],
    ['knots of an account that is set aside', ['accounts', 0, 1, 'active'], to(false), /^the subscriptions are not those/],
    ['knots of a member of somebody else', ['head', 'config', 'owner'], to(BOB), /^the subscriptions are not those/],
    [
      'a connection whose number was never issued',
      ['head', 'knots', 'next'],
      to(2),
      /^a connection has a number that was never issued$/
    ],
    [
      'a re-reading that has reached the cursor',
      ['head', 'cursor'],
      (head) => ({ ...(head as { readonly cursor: number }), rereadUs: (head as { readonly cursor: number }).cursor }),
      /^what is read again does not lie before the cursor$/
    ],
    [
      'a re-reading without a cursor',
      ['head', 'cursor'],
      (head) => ({ ...(head as object), cursor: null, rereadUs: 0 }),
      /^what is read again does not lie before the cursor$/
    ],
    ['a configuration without a hostname', ['head', 'config', 'hostname'], to(''), /expected NonEmpty, found ""$/],
    ['a cursor below zero', ['head', 'cursor', 'cursor'], to(-1), /cursor\.cursor.*expected TimeUs, found -1$/],
    [
      'a phase that there is not',
      ['head', 'cursor', 'connection', 'phase'],
      to({ _tag: 'Lost' }),
      /phase: expected Phase, found an object$/
    ],
    ['a count below zero', ['head', 'counters', 'frames'], to(-1), /frames: expected Natural, found -1$/],
    [
      'a report that there is not',
      ['head', 'counters', 'recent', 0],
      to({ _tag: 'X' }),
      /recent\.0: expected Report, found an object$/
    ],
    [
      'a cursor of a knot that is a number',
      ['head', 'knots', 'subscriptions', 0, 1, 'cursor'],
      to(1_767_225_609_000_000),
      /expected Nanos, found 1767225609000000$/
    ],
    [
      'a knot that is not in canonical form',
      ['accounts', 0, 1, 'repos', 1, 1, 'record', 'knot'],
      to('KNOT2.example'),
      /expected HostName, found "KNOT2\.example"$/
    ],
    ['an admission that there is not', ['head', 'config', 'admission'], to('everybody'), /found "everybody"$/],
    ['no accounts', ['accounts'], to(undefined), /^at accounts: expected .*, found undefined$/],
    ['no head', ['head'], to(undefined), /^at head: expected .*, found undefined$/],
    ['no counters', ['head', 'counters'], to(undefined), /^at head\.counters: expected .*, found undefined$/],
    ['no cursor', ['head', 'cursor'], to(undefined), /^at head\.cursor: expected .*, found undefined$/],
    ['no knots', ['head', 'knots'], to(undefined), /^at head\.knots: expected .*, found undefined$/],
    ['no configuration', ['head', 'config'], to(undefined), /^at head\.config: expected .*, found undefined$/]
  ]

  test('a re-reading right before the cursor is accepted', () => {
    const state = written()
    const near = replaced(state, ['head', 'cursor'], (head) => ({
      ...(head as object),
      rereadUs: (head as { readonly cursor: number }).cursor - 1
    }))
    expect(saidOf(near)).toBe('')
  })

  test('the unchanged state is accepted', () => expect(saidOf(written())).toBe(''))

  for (const [name, path, change, said] of cases)
    test(name, () => expect(saidOf(replaced(written(), path, change))).toMatch(said))

  const NUMBER = /^a request has a number that was never issued$/
  const ofBuilds: ReadonlyArray<readonly [name: string, changes: ReadonlyArray<readonly [path: Path, change: (old: unknown) => unknown]>, said: RegExp]> = [
    ['runs out of order', [[['runs'], reversed]], /^the runs are not in ascending order of their keys$/],
    ['a run twice', [[['runs'], list(([a, ...rest]) => [a, a, ...rest])]], /^the runs are not in ascending order of their keys$/],
    ['statuses out of order', [[['statuses'], reversed]], /^the statuses are not in the order of their stamps$/],
    ['a status twice', [[['statuses'], list(([a, b]) => [a, b, b])]], /^the statuses are not in the order of their stamps$/],
    ['a status later than the last', [[['head', 'builds', 'lastUs'], to(at(11))]], /^a status is later than the last$/],
    ['a number of files that was never issued', [[['head', 'builds', 'next'], to(4)]], NUMBER],
    ['a number of a build that was never issued', [[['runs'], list((all) => all.slice(0, 1))], [['head', 'builds', 'next'], to(3)]], NUMBER],
    [
      'a limit to the time of a build that was never issued',
      [[['runs', 0, 1, 'builds', 1, 1, 'phase'], to({ _tag: 'Following', external: '7' })], [['runs'], list((all) => all.slice(0, 1))], [['head', 'builds', 'next'], to(2)]],
      NUMBER
    ],
    ['workflows out of order', [[['runs', 0, 1, 'builds'], reversed]], /builds: the keys are not ascending$/],
    ['a key of a run without a host', [[['runs', 0, 0], to('/a')]], /expected RunKey, found "\/a"$/],
    ['a key of a run without a record key', [[['runs', 0, 0], to(`${K1}/`)]], /expected RunKey, found "knot1\.example\/"$/],
    ['a key of a run with another slash', [[['runs', 0, 0], to(`${K1}/a/b`)]], /expected RunKey, found "knot1\.example\/a\/b"$/],
    ['no runs', [[['runs'], to(undefined)]], /^at runs: expected .*, found undefined$/],
    ['no statuses', [[['statuses'], to(undefined)]], /^at statuses: expected .*, found undefined$/],
    ['no backfill', [[['head', 'backfill'], to(undefined)]], /^at head\.backfill: expected .*, found undefined$/],
    ['no builds', [[['head', 'builds'], to(undefined)]], /^at head\.builds: expected .*, found undefined$/]
  ]
  const changed = (changes: ReadonlyArray<readonly [path: Path, change: (old: unknown) => unknown]>): unknown =>
    changes.reduce((value, [path, change]) => replaced(value, path, change), writtenBuilding())

  for (const [name, changes, said] of ofBuilds) test(name, () => expect(saidOf(changed(changes))).toMatch(said))

  test('a next number that is just the next is accepted', () => {
    const one = [['runs'], list((all) => all.slice(0, 1))] as const
    expect(saidOf(changed([]))).toBe('')
    expect(saidOf(changed([one, [['head', 'builds', 'next'], to(4)]]))).toBe('')
    expect(
      saidOf(changed([[['runs', 0, 1, 'builds', 1, 1, 'phase'], to({ _tag: 'Following', external: '7' })], one, [['head', 'builds', 'next'], to(3)]]))
    ).toBe('')
    expect(saidOf(changed([[['head', 'builds', 'lastUs'], to(at(11) + 1)]]))).toBe('')
    expect(saidOf(changed([[['statuses'], to([])], [['runs'], to([])]]))).toBe('')
  })

  /** The value with each field of each object in it gone, one at a time, but for what is no part of a state. */
  const maimed = (value: unknown): ReadonlyArray<unknown> => {
    if (Array.isArray(value)) return value.flatMap((item, i) => maimed(item).map((other) => value.map((one: unknown, j) => (i === j ? other : one))))
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, inner]) => [
      Object.fromEntries(Object.entries(value).filter(([other]) => other !== key)),
      ...maimed(inner).map((other) => ({ ...value, [key]: other }))
    ])
  }

  test('any missing field, at any depth', () => {
    const all = maimed(writtenBuilding())
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter((other) => saidOf(other) === '')).toEqual([])
  })
})

test('a step leaves the old state unchanged', () => {
  const state = full()
  const before = textOf(state)
  step(state, { _tag: 'StopRequested', at: state.cursor.passedUs })
  expect(textOf(state)).toBe(before)
})
