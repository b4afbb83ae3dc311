/** Cases of configurations and of states: one that is right, and what is wrong with it in one thing each (D11). */
import { initial, type Json } from '../../../core/index.js'
import { writtenState } from '../../../shell/lib/trace.js'
import { type Case, no, yes } from './cases.js'
import { MINIMAL, minimal, OWNER, US } from './presets.js'

type Fields = { readonly [key: string]: Json }

const without = (fields: Fields, ...names: ReadonlyArray<string>): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

const LAST = Number.MAX_SAFE_INTEGER

/** What is no natural number. Fractions and what is beyond 2⁵³−1 are none either, but are no canonical JSON, and no input. */
const NO_NATURALS: Fields = { text: '1', negative: -1, null: null, true: true, 'a list': [1] }

/** Each of them in the place that `put` knows. */
const noNaturals = (place: string, put: (value: Json) => Json): Fields =>
  Object.fromEntries(Object.entries(NO_NATURALS).map(([name, value]) => [`${place}: ${name}`, put(value)]))

// ---------------------------------------------------------------------------------------- configurations

const config = (changes: Fields = {}): Fields => ({ ...MINIMAL, ...changes })
const hosts = (changes: Fields): Fields => config({ hosts: { ...MINIMAL.hosts, ...changes } })
const builds = (changes: Fields): Fields => config({ builds: { ...MINIMAL.builds, ...changes } })
const backoff = (name: 'jetstreamBackoff' | 'knotBackoff', changes: Fields): Fields =>
  config({ [name]: { ...MINIMAL[name], ...changes } })

export const CONFIGS: ReadonlyArray<Case> = [
  ...yes('', {
    'the minimal one': config(),
    'open admission': config({ admission: 'open' }),
    'a key that we do not know': config({ colour: 'green' }),
    'a hostname that is any text': config({ hostname: ' CI.example:443/ 本' }),
    'an owner of any method': config({ owner: 'did:x:1' }),
    'all durations 0': config({
      jetstreamBackoff: { baseMs: 0, capMs: 0, healthyAfterMs: 0 },
      knotBackoff: { baseMs: 0, capMs: 0, healthyAfterMs: 0 },
      rewindUs: 0,
      toleranceUs: 0
    }),
    'durations of 2⁵³−1': config({ rewindUs: LAST, toleranceUs: LAST }),
    'a cap below the base': backoff('knotBackoff', { baseMs: 4, capMs: 1 }),
    'the least port': hosts({ defaultPort: 1 }),
    'the greatest port': hosts({ defaultPort: 65_535 }),
    'loopback and ports': hosts({ loopback: true, ports: true }),
    'a key that we do not know, further in': hosts({ colour: 'green' }),
    'a backfill': config({ backfill: true }),
    'nothing of builds': builds({ allow: [], keepStatuses: 0, keepUnits: 0, owedUnits: 0, pendingMs: 0, providers: [], runningMs: 0 }),
    'a list of what is allowed': builds({ allow: [{ pipelines: '*', provider: 'p', repos: 'did:plc:alice/{a,b}' }, { pipelines: '', provider: '', repos: '[' }] }),
    'providers of any name, one of them twice': builds({ providers: ['', 'p', 'p', '本'] })
  }),
  ...no('', {
    'null': null,
    'a text': 'config',
    'a list': [],
    'an empty object': {},
    ...Object.fromEntries(Object.keys(MINIMAL).map((name) => [`no ${name}`, without(config(), name)])),
    ...Object.fromEntries(Object.keys(MINIMAL).map((name) => [`${name} null`, config({ [name]: null })])),
    'an unknown admission': config({ admission: 'closed' }),
    'admission in upper case': config({ admission: 'Open' }),
    'an empty hostname': config({ hostname: '' }),
    'a hostname that is a number': config({ hostname: 1 }),
    'an owner that is no DID': config({ owner: 'owner' }),
    'an empty owner': config({ owner: '' }),
    'no default port': config({ hosts: without(MINIMAL.hosts, 'defaultPort') }),
    'default port 0': hosts({ defaultPort: 0 }),
    'a default port too great by one': hosts({ defaultPort: 65_536 }),
    'a default port that is text': hosts({ defaultPort: '443' }),
    'no loopback': config({ hosts: without(MINIMAL.hosts, 'loopback') }),
    'loopback as text': hosts({ loopback: 'true' }),
    'no ports': config({ hosts: without(MINIMAL.hosts, 'ports') }),
    'ports as a number': hosts({ ports: 1 }),
    'hosts as a list': config({ hosts: [] }),
    ...noNaturals('rewindUs', (rewindUs) => config({ rewindUs })),
    ...noNaturals('toleranceUs', (toleranceUs) => config({ toleranceUs })),
    ...noNaturals('baseMs of the stream', (baseMs) => backoff('jetstreamBackoff', { baseMs })),
    'no baseMs of the stream': config({ jetstreamBackoff: without(MINIMAL.jetstreamBackoff, 'baseMs') }),
    'no capMs of the stream': config({ jetstreamBackoff: without(MINIMAL.jetstreamBackoff, 'capMs') }),
    'no healthyAfterMs of the stream': config({ jetstreamBackoff: without(MINIMAL.jetstreamBackoff, 'healthyAfterMs') }),
    'backfill as text': config({ backfill: 'true' }),
    'builds as a list': config({ builds: [] }),
    ...Object.fromEntries(Object.keys(MINIMAL.builds).map((name) => [`no ${name} of builds`, config({ builds: without(MINIMAL.builds, name) })])),
    ...noNaturals('keepStatuses', (keepStatuses) => builds({ keepStatuses })),
    ...noNaturals('keepUnits', (keepUnits) => builds({ keepUnits })),
    ...noNaturals('owedUnits', (owedUnits) => builds({ owedUnits })),
    ...noNaturals('pendingMs', (pendingMs) => builds({ pendingMs })),
    ...noNaturals('runningMs', (runningMs) => builds({ runningMs })),
    'baseMs of builds negative': builds({ backoff: { ...MINIMAL.builds.backoff, baseMs: -1 } }),
    'providers as text': builds({ providers: 'p' }),
    'a provider that is a number': builds({ providers: [1] }),
    'allow as an object': builds({ allow: {} }),
    'a line of the list without repos': builds({ allow: [{ pipelines: '*', provider: 'p' }] }),
    'a line of the list without pipelines': builds({ allow: [{ provider: 'p', repos: '**' }] }),
    'a line of the list without a provider': builds({ allow: [{ pipelines: '*', repos: '**' }] }),
    'capMs of knots negative': backoff('knotBackoff', { capMs: -1 }),
    'healthyAfterMs of knots as text': backoff('knotBackoff', { healthyAfterMs: '1' })
  })
]

// ---------------------------------------------------------------------------------------- building states

const EMPTY = writtenState(initial(minimal())) as {
  readonly accounts: Json
  readonly head: { readonly [part in 'backfill' | 'builds' | 'config' | 'counters' | 'cursor' | 'knots']: Fields } & { readonly isStopped: boolean }
}
const { backfill: BACKFILL, builds: BUILDS, config: CONFIG, counters: COUNTERS, cursor: CURSOR, knots: KNOTS } = EMPTY.head

interface Parts {
  readonly accounts?: Json
  readonly backfill?: Json
  readonly builds?: Json
  readonly config?: Json
  readonly counters?: Json
  readonly cursor?: Json
  readonly isStopped?: Json
  readonly knots?: Json
  readonly runs?: Json
  readonly statuses?: Json
}

const state = ({ accounts = [], runs = [], statuses = [], ...head }: Parts = {}): Fields => ({
  accounts,
  head: { ...EMPTY.head, ...head },
  runs,
  statuses
})
const counters = (changes: Fields): Fields => state({ counters: { ...COUNTERS, ...changes } })
const cursor = (changes: Fields): Fields => state({ cursor: { ...CURSOR, ...changes } })
const connection = (changes: Fields): Fields => cursor({ connection: { attempt: 0, number: 0, phase: { _tag: 'Idle' }, ...changes } })
const knots = (changes: Fields): Fields => state({ knots: { ...KNOTS, ...changes } })
const configured = (changes: Fields): Fields => state({ config: { ...CONFIG, ...changes } })

const REV = '2222222222222'
const slot = (record: Json, changes: Fields = {}): Fields => ({ record, rev: null, timeUs: 0, ...changes })
const REPO: Fields = { createdAt: '', knot: null, name: '', repoDid: '', spindle: '' }
const HOLDING: Fields = { ...REPO, knot: 'knot.example', spindle: US }
const MEMBER: Fields = { createdAt: '', instance: US, subject: 'did:plc:alice' }
const COLLABORATOR: Fields = { createdAt: '', repo: '', repoDid: '', subject: '' }

const NOTHING: Fields = { active: true, asOfUs: 0, collaborators: [], floor: null, horizonUs: null, members: [], repos: [], setAside: null }
const FLOOR: Fields = { rev: null, timeUs: 0 }

/** A state with one account, of the owner unless said otherwise. */
const account = (changes: Fields, did = OWNER): Fields => state({ accounts: [[did, { ...NOTHING, ...changes }]] })

/** A row of the owner, in any state that has the subscription. */
const row = (record: Fields, changes: Fields = {}) => [[OWNER, { ...NOTHING, repos: [['self', slot(record)]], ...changes }]]

const SUBSCRIPTION: Fields = { connection: { attempt: 0, number: 1, phase: { _tag: 'Connecting' } }, cursor: null, since: '0' }

/** A state in which the owner's record holds a knot, and this is subscribed. */
const subscribed = (subscription: Fields, next = 2): Fields =>
  state({ accounts: row(HOLDING), knots: { ...KNOTS, next, subscriptions: [['knot.example', subscription]] } })

const SHA = 'a'.repeat(40)
const PUSH: Fields = { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: SHA, ref: 'refs/heads/main', skipsCi: false }
const REPOSITORY: Fields = { did: '', name: 'app', owner: OWNER, rkey: 'self' }
const RECIPE: Fields = {
  clone: { depth: 1, skip: false, submodules: false },
  environment: [['A', '1']],
  pipeline: 'x',
  provider: 'p',
  settings: [['key', 'value']],
  steps: [{ command: 'make', environment: [], name: 'make' }]
}
const ASKED: Fields = { attempt: 0, number: 2, phase: 'Asked' }
const PAUSING: Fields = { attempt: 1, number: 2, phase: 'Pausing' }
const BUILD: Fields = {
  deadline: 1,
  doubtUs: null,
  error: null,
  exitCode: null,
  phase: { _tag: 'Starting', request: ASKED },
  recipe: RECIPE,
  startedUs: null,
  status: 'pending',
  statusUs: 5
}
const RUN: Fields = {
  actor: null,
  announced: null,
  builds: [['ci.yml', BUILD]],
  cause: PUSH,
  defaultBranch: null,
  kind: 'pipeline',
  met: null,
  phase: { _tag: 'Read' },
  repository: REPOSITORY,
  only: null,
  retryOf: null
}
const SHOWN: Fields = { clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name: 'ci.yml', text: 'engine: tack' }
const announced = (createdUs: number, shown: Fields = {}): Fields => ({ announced: { createdUs, workflows: [{ ...SHOWN, ...shown }] } })
const SOURCE: Fields = { details: true, forgotten: '3mbd3542k2222', leaving: null, pipelines: true, spent: [] }
const TOLD: Fields = { actor: null, kind: 'refUpdate', newSha: SHA, oldSha: SHA, outcome: 'left', owner: OWNER, record: 'app', ref: 'refs/heads/main' }
const NAME: Fields = { knot: 'knot.example', rkey: 't', workflow: 'ci.yml' }
const ENTRY: Fields = { build: NAME, createdUs: 5, error: null, exitCode: null, status: 'pending' }

/** A state with one run, and with the numbers and stamps that its build carries. */
const building = (changes: Fields = {}, head: Fields = {}): Fields =>
  state({ builds: { ...BUILDS, lastUs: 5, next: 3, ...head }, runs: [['knot.example/t', { ...RUN, ...changes }]], statuses: [ENTRY] })
/** The same, with a run that waits for its files. */
const waiting = (phase: Fields): Fields => building({ builds: [], phase }, { sources: [['knot.example', { ...SOURCE, forgotten: null }]] })
const built = (changes: Fields, head: Fields = {}): Fields => building({ builds: [['ci.yml', { ...BUILD, ...changes }]] }, head)
const planned = (changes: Fields): Fields => built({ recipe: { ...RECIPE, ...changes } })
const told = (...statuses: ReadonlyArray<Json>): Fields => state({ builds: { ...BUILDS, lastUs: 9 }, statuses })

const sourced = (changes: Fields): Fields => state({ builds: { ...BUILDS, sources: [['knot.example', { ...SOURCE, ...changes }]] } })

const READING: Fields = { collection: 'sh.tangled.repo', cursor: null, pages: 0, request: { attempt: 0, number: 1, phase: 'Asked' } }
const backfill = (changes: Fields): Fields => state({ backfill: { ...BACKFILL, ...changes } })
const reading = (changes: Fields): Fields => backfill({ accounts: [['did:plc:alice', { ...READING, ...changes }]], next: 2 })

const MARK: Fields = { ordinal: 7, url: 'wss://stream.example/subscribe' }
const GAP: Fields = { _tag: 'Gap', askedUs: 1, at: 2, gotUs: 3 }

// ---------------------------------------------------------------------------------------- states

const RIGHT = yes('D11', {
  'an empty one': state(),
  'a key that we do not know': { ...state(), colour: 'green' },
  'a key that we do not know in the head': state({ ...({ colour: 'green' } as Parts) }),
  'a key that we do not know in a part': cursor({ colour: 'green' }),
  'a key that we do not know in a slot': account({ repos: [['self', slot(REPO, { colour: 'green' })]] }),
  'a tombstone': account({ repos: [['self', slot(null)]] }),
  'a floor and no rows': account({ floor: FLOOR }),
  'a floor with a rev': account({ floor: { rev: REV, timeUs: 0 } }),
  'a member': account({ members: [['self', slot(MEMBER)]] }),
  'a collaborator': account({ collaborators: [['self', slot(COLLABORATOR)]] }),
  'a subject that is no DID': account({ members: [['self', slot({ ...MEMBER, subject: 'anybody' })]] }),
  'a rev at a key': account({ repos: [['self', slot(REPO, { rev: REV })]] }),
  'hostile rkeys, in order': account({ repos: ['__proto__', 'constructor', 'toString'].map((rkey) => [rkey, slot(REPO)]) }),
  'a stamp of 2⁵³−1': cursor({ cursor: LAST }),
  'a mark': cursor({ cursor: 2, mark: MARK }),
  'what is read again, before the cursor': cursor({ cursor: 2, rereadUs: 1 }),
  'where the last step over a frame ended, beyond the cursor': cursor({ cursor: 2, passedUs: 3 }),
  '21 in recent': counters({ recent: Array.from({ length: 21 }, () => GAP) }),
  'an entry of three': account({ repos: [['self', slot(REPO), 'more']] }),
  'two knots with one number': state({
    accounts: [[OWNER, { ...NOTHING, repos: [['a', slot(HOLDING)], ['b', slot({ ...HOLDING, knot: 'knot2.example' })]] }]],
    knots: { ...KNOTS, next: 2, subscriptions: [['knot.example', SUBSCRIPTION], ['knot2.example', SUBSCRIPTION]] }
  }),
  'a subscription': subscribed(SUBSCRIPTION),
  'a subscription with a cursor': subscribed({ ...SUBSCRIPTION, cursor: '9223372036854775807' }),
  'an inactive account holds nothing': state({ accounts: row(HOLDING, { active: false }) }),
  'who is not admitted holds nothing': account({ repos: [['self', slot(HOLDING)]] }, 'did:plc:alice'),
  'a record that names another spindle holds nothing': account({ repos: [['self', slot({ ...HOLDING, spindle: 'CI.example' })]] }),
  'a connection that waits': connection({ attempt: 3, number: 7, phase: { _tag: 'Waiting' } }),
  'a connection that is open': connection({ number: 7, phase: { _tag: 'Open', openedAt: 5 } }),
  'reports': counters({ frames: 3, recent: [GAP], reports: [['FrameRejected/rkey', 1], ['Gap', 1]] }),
  'a kind of report that is unknown': counters({ reports: [['Else', 1]] }),
  'a run': building(),
  'a run whose files are read': waiting({ _tag: 'Reading', request: ASKED, workflows: null }),
  'a run whose files are given': waiting({ _tag: 'Reading', request: PAUSING, workflows: [{ name: 'ci.yml', text: '' }] }),
  'a run without builds, which no machine leaves': building({ builds: [] }),
  'runs in the order of their texts': state({
    builds: { ...BUILDS, next: 3 },
    runs: ['a.example/z', 'a.example:80/a', 'b.example/A', 'b.example/a'].map((key) => [key, RUN])
  }),
  'a pull request': building({ cause: { _tag: 'PullRequest', action: null, sourceBranch: 's', sourceSha: SHA, targetBranch: 't' } }),
  'a cause by hand': building({ cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: null, sha: null } }),
  'a run that repeats another': building({ retryOf: 'self' }),
  ...Object.fromEntries(
    [
      { _tag: 'Starting', request: ASKED },
      { _tag: 'Finding', request: ASKED },
      { _tag: 'Finding', request: PAUSING },
      { _tag: 'Following', external: '' },
      { _tag: 'Cancelling', external: '7', request: ASKED },
      { _tag: 'Cancelling', external: '7', request: PAUSING },
      { _tag: 'Settled', external: null },
      { _tag: 'Settled', external: '7' }
    ].map((phase) => [`a build: ${phase._tag} ${'external' in phase ? String(phase.external) : ''}${phase.request === PAUSING ? ', pausing' : ''}`, built({ phase })])
  ),
  'a build without a recipe': built({ recipe: null }),
  'an object of SHA-256': building({ cause: { ...PUSH, newSha: 'b'.repeat(64) } }),
  'a status below zero': told({ ...ENTRY, exitCode: -9 }),
  'a status of no run': told(ENTRY),
  'the last status is the last there ever was': told(ENTRY, { ...ENTRY, createdUs: 9 }),
  'a source': sourced({}),
  'a state that is stopped': state({ isStopped: true }),
  'a run that waits at a knot that is no source': building({ builds: [], phase: { _tag: 'Reading', request: ASKED, workflows: null } }),
  'a source with keys that are spent': sourced({ spent: [['3mbd3542k2222', null], ['self', TOLD], ['x', { ...TOLD, actor: OWNER, kind: 'pipeline', outcome: 'over' }]] }),
  'a source that is being left': sourced({ leaving: { number: 0, untilUs: 9 } }),
  'a run that has met another trigger': building({ met: 'u' }),
  'a run that waits for its pipeline': waiting({ _tag: 'Waiting', number: 1 }),
  'a run that somebody caused': building({ actor: OWNER }),
  'a run that was announced': building(announced(4)),
  'one that was announced with nothing': building({ announced: { createdUs: 4, workflows: [] } }),
  'a floor of statuses': state({ builds: { ...BUILDS, floorUs: 7 } }),
  'an account that is read': reading({}),
  'an account that is read further on': reading({ cursor: 'x', pages: 99, request: { attempt: 3, number: 1, phase: 'Pausing' } }),
  'a number of a reading that was never issued, which is not looked at': reading({ request: { attempt: 0, number: 9, phase: 'Waiting' } }),
  'an owner that is read': backfill({ isOpen: true, owner: OWNER }),
  'a row whose knot the configuration does not allow': state({
    accounts: row({ ...HOLDING, knot: 'localhost:80' }),
    knots: { ...KNOTS, next: 2, subscriptions: [['localhost:80', SUBSCRIPTION]] }
  })
})

const WRONG = no('D11', {
  'null': null,
  'a number': 0,
  'a text': 'state',
  'an empty text': '',
  'a list': [],
  'an empty object': {},
  'no head': without(state(), 'head'),
  'no accounts': without(state(), 'accounts'),
  'an empty head': { ...state(), head: {} },
  'no runs': without(state(), 'runs'),
  'no statuses': without(state(), 'statuses'),
  ...Object.fromEntries(Object.keys(EMPTY.head).map((part) => [`no ${part}`, { ...state(), head: without(EMPTY.head, part) }])),
  'accounts as an object': state({ accounts: { [OWNER]: { ...NOTHING, floor: FLOOR } } }),

  // What cannot belong together.
  'an account with neither slots nor floor': account({}),
  'an account with neither, among others': state({ accounts: [['did:plc:alice', NOTHING], [OWNER, { ...NOTHING, floor: FLOOR }]] }),
  'a held knot without a subscription': state({ accounts: row(HOLDING) }),
  'a subscription that nobody holds': knots({ next: 2, subscriptions: [['knot.example', SUBSCRIPTION]] }),
  'the subscription of an account that is inactive': state({
    accounts: row(HOLDING, { active: false }),
    knots: { ...KNOTS, next: 2, subscriptions: [['knot.example', SUBSCRIPTION]] }
  }),
  'the subscription of who is not admitted': state({
    accounts: [['did:plc:alice', { ...NOTHING, repos: [['self', slot(HOLDING)]] }]],
    knots: { ...KNOTS, next: 2, subscriptions: [['knot.example', SUBSCRIPTION]] }
  }),
  'a subscription to another knot than the one that is held': state({
    accounts: row(HOLDING),
    knots: { ...KNOTS, next: 2, subscriptions: [['knot2.example', SUBSCRIPTION]] }
  }),
  'a number not yet given out': subscribed(SUBSCRIPTION, 1),
  'a number far from being given out': subscribed({ ...SUBSCRIPTION, connection: { attempt: 0, number: 9, phase: { _tag: 'Idle' } } }),

  'a mark without a cursor': cursor({ mark: MARK }),
  'a mark while something is read again': cursor({ cursor: 2, mark: MARK, rereadUs: 1 }),
  'a mark of no number': cursor({ cursor: 2, mark: { ...MARK, ordinal: null } }),
  'a mark of nobody': cursor({ cursor: 2, mark: { ordinal: 7 } }),
  'no mark': state({ cursor: without(CURSOR, 'mark') }),
  'no replayUs': state({ cursor: without(CURSOR, 'replayUs') }),
  'a configuration without a server': state({ config: without(CONFIG, 'jetstream') }),
  'what is read again, at the cursor': cursor({ cursor: 2, rereadUs: 2 }),
  'what is read again, beyond the cursor': cursor({ cursor: 2, rereadUs: 3 }),
  'what is read again, without a cursor': cursor({ rereadUs: 0 }),

  'a build with a number not yet given out': building({}, { next: 2 }),
  'a deadline not yet given out': built({ deadline: 3 }),
  'files that are read under a number not yet given out': waiting({ _tag: 'Reading', request: { ...ASKED, number: 3 }, workflows: null }),
  'a run that is announced with the stamp of a status': building(announced(5)),
  'a run that is announced later than the last status': building(announced(6)),
  'two runs that are announced with one stamp': state({
    builds: { ...BUILDS, lastUs: 5, next: 3 },
    runs: ['a', 'b'].map((key) => [`knot.example/${key}`, { ...RUN, ...announced(3) }])
  }),
  'an announcement without a stamp': building({ announced: { workflows: [] } }),
  'an announced workflow without its file': building(announced(4, { text: null })),
  'an announced workflow of no name': building(announced(4, { name: '' })),
  'a status later than the last': told({ ...ENTRY, createdUs: 10 }),

  // Maps out of order.
  'keys of runs that fall': state({ builds: { ...BUILDS, next: 3 }, runs: [['b.example/a', RUN], ['a.example/a', RUN]] }),
  'a run twice': state({ builds: { ...BUILDS, next: 3 }, runs: [['a.example/a', RUN], ['a.example/a', RUN]] }),
  'workflows that fall': building({ builds: [['b', BUILD], ['a', BUILD]] }),
  'statuses that fall': told({ ...ENTRY, createdUs: 6 }, ENTRY),
  'a stamp of a status twice': told(ENTRY, ENTRY),
  'sources that fall': state({ builds: { ...BUILDS, sources: ['b.example', 'a.example'].map((knot) => [knot, SOURCE]) } }),
  'readings that fall': backfill({ accounts: [[OWNER, READING], ['did:plc:alice', READING]] }),
  'DIDs that fall': state({ accounts: [[OWNER, { ...NOTHING, floor: FLOOR }], ['did:plc:alice', { ...NOTHING, floor: FLOOR }]] }),
  'a DID twice': state({ accounts: [[OWNER, { ...NOTHING, floor: FLOOR }], [OWNER, { ...NOTHING, floor: FLOOR }]] }),
  'rkeys that fall': account({ repos: [['self', slot(REPO)], ['app', slot(REPO)]] }),
  'rkeys of which upper case does not come first': account({ repos: [['a', slot(REPO)], ['B', slot(REPO)]] }),
  'an rkey twice': account({ repos: [['self', slot(REPO)], ['self', slot(REPO)]] }),
  'rkeys of members that fall': account({ members: [['self', slot(MEMBER)], ['app', slot(MEMBER)]] }),
  'rkeys of collaborators that fall': account({ collaborators: [['self', slot(COLLABORATOR)], ['app', slot(COLLABORATOR)]] }),
  'kinds of reports that fall': counters({ reports: [['Gap', 1], ['FrameRejected/rkey', 1]] }),
  'subscriptions that fall': state({
    accounts: [[OWNER, { ...NOTHING, repos: [['a', slot(HOLDING)], ['b', slot({ ...HOLDING, knot: 'knot2.example' })]] }]],
    knots: { ...KNOTS, next: 3, subscriptions: [['knot2.example', { ...SUBSCRIPTION, connection: { attempt: 0, number: 2, phase: { _tag: 'Idle' } } }], ['knot.example', SUBSCRIPTION]] }
  }),
  'an entry of one': account({ repos: [['self']] }),
  'a map as an object': account({ repos: { self: slot(REPO) } }),

  // One value wrong.
  'a key that is no DID': account({ floor: FLOOR }, 'alice'),
  'a key that is no rkey': account({ repos: [['a/b', slot(REPO)]] }),
  'an account without active': state({ accounts: [[OWNER, without({ ...NOTHING, floor: FLOOR }, 'active')]] }),
  'an account without a floor key': state({ accounts: [[OWNER, without({ ...NOTHING, repos: [['self', slot(REPO)]] }, 'floor')]] }),
  'active as text': account({ active: 'true', floor: FLOOR }),
  'a floor without a rev key': account({ floor: { timeUs: 0 } }),
  'a floor with a rev that is no TID': account({ floor: { rev: 'new', timeUs: 0 } }),
  'a slot without a record key': account({ repos: [['self', without(slot(REPO), 'record')]] }),
  'a slot without a rev key': account({ repos: [['self', without(slot(REPO), 'rev')]] }),
  'a slot with a rev that is no TID': account({ repos: [['self', slot(REPO, { rev: 'k222222222222' })]] }),
  'a slot without a stamp': account({ repos: [['self', without(slot(REPO), 'timeUs')]] }),
  'a row without a knot key': account({ repos: [['self', slot(without(REPO, 'knot'))]] }),
  'a row with a knot that is empty': account({ repos: [['self', slot({ ...REPO, knot: '' })]] }),
  'a row with a knot in upper case': account({ repos: [['self', slot({ ...REPO, knot: 'KNOT.example' })]] }),
  'a row with an address for a knot': account({ repos: [['self', slot({ ...REPO, knot: '127.0.0.1' })]] }),
  'a row without a name': account({ repos: [['self', slot(without(REPO, 'name'))]] }),
  'a row with a name that is null': account({ repos: [['self', slot({ ...REPO, name: null })]] }),
  'a member in a place for repos': account({ repos: [['self', slot(MEMBER)]] }),
  'a member without a subject': account({ members: [['self', slot(without(MEMBER, 'subject'))]] }),
  'a collaborator without a subject': account({ collaborators: [['self', slot(without(COLLABORATOR, 'subject'))]] }),
  ...noNaturals('asOfUs', (asOfUs) => account({ asOfUs, floor: FLOOR })),
  'no horizonUs': state({ accounts: [[OWNER, without({ ...NOTHING, floor: FLOOR }, 'horizonUs')]] }),
  'a horizon where strangers are known': account({ floor: FLOOR, horizonUs: 1 }),
  ...noNaturals('changedUs', (changedUs) => account({ floor: FLOOR, setAside: { changedUs, isOver: false, seq: 0 } })),
  ...noNaturals('seq', (seq) => account({ floor: FLOOR, setAside: { changedUs: 0, isOver: false, seq } })),
  'no setAside': state({ accounts: [[OWNER, without({ ...NOTHING, floor: FLOOR }, 'setAside')]] }),
  'a setAside that does not say whether it is over': account({ floor: FLOOR, setAside: { changedUs: 0, seq: 0 } }),
  ...without(noNaturals('cursor', (value) => cursor({ cursor: value })), 'cursor: null'),
  ...without(noNaturals('askedUs', (askedUs) => cursor({ askedUs })), 'askedUs: null'),
  ...noNaturals('passedUs', (passedUs) => cursor({ passedUs })),
  ...noNaturals('poisonings', (poisonings) => cursor({ poisonings })),
  ...noNaturals('number', (number) => connection({ number })),
  'no rereadUs': state({ cursor: without(CURSOR, 'rereadUs') }),
  'no askedUs': state({ cursor: without(CURSOR, 'askedUs') }),
  'isStopped as text': state({ isStopped: 'false' }),
  'an unknown phase': connection({ phase: { _tag: 'Closing' } }),
  'a phase that is text': connection({ phase: 'Idle' }),
  'open, and not since when': connection({ phase: { _tag: 'Open' } }),
  'no attempt': state({ cursor: { ...CURSOR, connection: { number: 0, phase: { _tag: 'Idle' } } } }),
  'a configuration without a tolerance': state({ config: without(CONFIG, 'toleranceUs') }),
  'no next': state({ knots: without(KNOTS, 'next') }),
  'next −1': knots({ next: -1 }),
  'a subscription to what is no host name': state({
    accounts: row(HOLDING),
    knots: { ...KNOTS, next: 2, subscriptions: [['KNOT.example', SUBSCRIPTION]] }
  }),
  'a cursor of a knot that is a number': subscribed({ ...SUBSCRIPTION, cursor: 1 }),
  'a cursor of a knot with a leading zero': subscribed({ ...SUBSCRIPTION, cursor: '01' }),
  'a cursor of a knot of 2⁶³': subscribed({ ...SUBSCRIPTION, cursor: '9223372036854775808' }),
  'a subscription without a cursor key': subscribed(without(SUBSCRIPTION, 'cursor')),
  'frames −1': counters({ frames: -1 }),
  'no recent': state({ counters: without(COUNTERS, 'recent') }),
  'a report of an unknown kind': counters({ recent: [{ ...GAP, _tag: 'Else' }] }),
  'a report without a time': counters({ recent: [without(GAP, 'at')] }),
  'a rejection for an unknown reason': counters({ recent: [{ _tag: 'KnotFrameRejected', at: 0, detail: '', host: 'knot.example', reason: 'mood' }] }),
  'a count that is text': counters({ reports: [['Gap', '1']] }),
  ...Object.fromEntries(Object.keys(BUILDS).map((part) => [`builds without ${part}`, state({ builds: without(BUILDS, part) })])),
  ...Object.fromEntries(Object.keys(BACKFILL).map((part) => [`backfill without ${part}`, state({ backfill: without(BACKFILL, part) })])),
  ...Object.fromEntries(Object.keys(RUN).map((part) => [`a run without ${part}`, state({ builds: { ...BUILDS, next: 3 }, runs: [['knot.example/t', without(RUN, part)]] })])),
  ...Object.fromEntries(Object.keys(BUILD).map((part) => [`a build without ${part}`, building({ builds: [['ci.yml', without(BUILD, part)]] })])),
  ...Object.fromEntries(Object.keys(RECIPE).map((part) => [`a recipe without ${part}`, built({ recipe: without(RECIPE, part) })])),
  ...Object.fromEntries(Object.keys(ENTRY).map((part) => [`a status without ${part}`, told(without(ENTRY, part))])),
  ...Object.fromEntries(Object.keys(READING).map((part) => [`a reading without ${part}`, backfill({ accounts: [['did:plc:alice', without(READING, part)]] })])),
  'a key of a run without a slash': state({ runs: [['knot.example', RUN]] }),
  'a key of a run with two slashes': state({ runs: [['knot.example/a/b', RUN]] }),
  'a workflow with a slash': building({ builds: [['a/b', BUILD]] }),
  'a workflow without a name': building({ builds: [['', BUILD]] }),
  'a workflow of 101 characters': building({ builds: [['w'.repeat(101), BUILD]] }),
  'a phase of a run that there is not': building({ phase: { _tag: 'Written' } }),
  'a phase of a build that there is not': built({ phase: { _tag: 'Open' } }),
  'a phase of a build without its request': built({ phase: { _tag: 'Starting' } }),
  ...Object.fromEntries(Object.keys(ASKED).map((part) => [`a request without ${part}`, built({ phase: { _tag: 'Starting', request: without(ASKED, part) } })])),
  'a phase of a request that there is not': built({ phase: { _tag: 'Starting', request: { ...ASKED, phase: 'Open' } } }),
  'a status that there is not': built({ status: 'skipped' }),
  'an object that is a short one': building({ cause: { ...PUSH, newSha: 'abc' } }),
  'settings as an object': planned({ settings: { key: 'value' } }),
  'a pair of one': planned({ settings: [['key']] }),
  'a source that does not know of pipelines': state({ builds: { ...BUILDS, sources: [['knot.example', { details: true, forgotten: null, leaving: null, spent: [] }]] } }),
  'a source that has forgotten a number': sourced({ forgotten: 7 }),
  'spent keys that fall': sourced({ spent: [['self', null], ['3mbd3542k2222', null]] }),
  'a spent key that is none': sourced({ spent: [['..', null]] }),
  'a key that is spent for nothing': sourced({ spent: [['self', false]] }),
  'a push that was told of in no known way': sourced({ spent: [['self', { ...TOLD, outcome: 'gone' }]] }),
  'a push that was told of without a repository': sourced({ spent: [['self', { ...TOLD, record: null }]] }),
  'a timer of a knot that was never issued': sourced({ leaving: { number: 3, untilUs: 9 } }),
  'a run that waits for its pipeline, under no number': waiting({ _tag: 'Waiting' }),
  'a run that nobody with a DID caused': building({ actor: 'nobody' }),
  'a kind of trigger that there is not': building({ kind: 'push' }),
  'an unknown collection': reading({ collection: 'app.bsky.feed.post' }),
  'a phase of a reading that there is not': reading({ request: { attempt: 0, number: 1, phase: 'Open' } }),
  'a subscription without a since key': subscribed(without(SUBSCRIPTION, 'since')),
  'an owner that is no DID': configured({ owner: 'owner' }),
  'an unknown admission': configured({ admission: 'closed' }),
  'a default port of 0': configured({ hosts: { ...MINIMAL.hosts, defaultPort: 0 } })
})

export const STATES: ReadonlyArray<Case> = [...RIGHT, ...WRONG]
