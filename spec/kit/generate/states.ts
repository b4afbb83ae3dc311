/** Cases of configurations and of states: one that is right, and what is wrong with it in one thing each (D11). */
import { initial, type Json } from '../../../core/index.js'
import { writtenState } from '../../../shell/trace.js'
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
    'a key that we do not know, further in': hosts({ colour: 'green' })
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
    'capMs of knots negative': backoff('knotBackoff', { capMs: -1 }),
    'healthyAfterMs of knots as text': backoff('knotBackoff', { healthyAfterMs: '1' })
  })
]

// ---------------------------------------------------------------------------------------- building states

const EMPTY = writtenState(initial(minimal())) as {
  readonly accounts: Json
  readonly head: { readonly counters: Fields; readonly cursor: Fields; readonly knots: Fields; readonly policy: Fields }
}
const { counters: COUNTERS, cursor: CURSOR, knots: KNOTS, policy: POLICY } = EMPTY.head

interface Parts {
  readonly accounts?: Json
  readonly counters?: Json
  readonly cursor?: Json
  readonly knots?: Json
  readonly policy?: Json
}

const state = ({ accounts = [], ...head }: Parts = {}): Fields => ({ accounts, head: { ...EMPTY.head, ...head } })
const counters = (changes: Fields): Fields => state({ counters: { ...COUNTERS, ...changes } })
const cursor = (changes: Fields): Fields => state({ cursor: { ...CURSOR, ...changes } })
const connection = (changes: Fields): Fields => cursor({ connection: { attempt: 0, number: 0, phase: { _tag: 'Idle' }, ...changes } })
const knots = (changes: Fields): Fields => state({ knots: { ...KNOTS, ...changes } })
const policy = (changes: Fields): Fields => state({ policy: { ...POLICY, ...changes } })

const REV = '2222222222222'
const slot = (record: Json, changes: Fields = {}): Fields => ({ record, rev: null, timeUs: 0, ...changes })
const REPO: Fields = { createdAt: '', knot: null, name: '', repoDid: '', spindle: '' }
const HOLDING: Fields = { ...REPO, knot: 'knot.example', spindle: US }
const MEMBER: Fields = { createdAt: '', instance: US, subject: 'did:plc:alice' }
const COLLABORATOR: Fields = { createdAt: '', repo: '', repoDid: '', subject: '' }

const NOTHING: Fields = { active: true, asOfUs: 0, collaborators: [], floor: null, members: [], repos: [] }
const FLOOR: Fields = { rev: null, timeUs: 0 }

/** A state with one account, of the owner unless said otherwise. */
const account = (changes: Fields, did = OWNER): Fields => state({ accounts: [[did, { ...NOTHING, ...changes }]] })

/** A row of the owner, in any state that has the subscription. */
const row = (record: Fields, changes: Fields = {}) => [[OWNER, { ...NOTHING, repos: [['self', slot(record)]], ...changes }]]

const SUBSCRIPTION: Fields = { connection: { attempt: 0, number: 1, phase: { _tag: 'Connecting' } }, cursor: null }

/** A state in which the owner's record holds a knot, and this is subscribed. */
const subscribed = (subscription: Fields, next = 2): Fields =>
  state({ accounts: row(HOLDING), knots: { ...KNOTS, next, subscriptions: [['knot.example', subscription]] } })

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
  'a row whose knot the policy does not allow': state({
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
  'an empty head': { accounts: [], head: {} },
  ...Object.fromEntries(
    Object.keys(EMPTY.head).map((part) => [`no ${part}`, { accounts: [], head: without(EMPTY.head, part) }])
  ),
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

  'what is read again, at the cursor': cursor({ cursor: 2, rereadUs: 2 }),
  'what is read again, beyond the cursor': cursor({ cursor: 2, rereadUs: 3 }),
  'what is read again, without a cursor': cursor({ rereadUs: 0 }),

  // Maps out of order.
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
  ...without(noNaturals('cursor', (value) => cursor({ cursor: value })), 'cursor: null'),
  ...without(noNaturals('askedUs', (askedUs) => cursor({ askedUs })), 'askedUs: null'),
  ...noNaturals('passedUs', (passedUs) => cursor({ passedUs })),
  ...noNaturals('poisonings', (poisonings) => cursor({ poisonings })),
  ...noNaturals('number', (number) => connection({ number })),
  'no rereadUs': state({ cursor: without(CURSOR, 'rereadUs') }),
  'no askedUs': state({ cursor: without(CURSOR, 'askedUs') }),
  'no stopped of the stream': state({ cursor: without(CURSOR, 'stopped') }),
  'an unknown phase': connection({ phase: { _tag: 'Closing' } }),
  'a phase that is text': connection({ phase: 'Idle' }),
  'open, and not since when': connection({ phase: { _tag: 'Open' } }),
  'no attempt': state({ cursor: { ...CURSOR, connection: { number: 0, phase: { _tag: 'Idle' } } } }),
  'settings without a tolerance': cursor({ settings: without(CURSOR['settings'] as Fields, 'toleranceUs') }),
  'no next': state({ knots: without(KNOTS, 'next') }),
  'next −1': knots({ next: -1 }),
  'no stopped of the knots': state({ knots: without(KNOTS, 'stopped') }),
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
  'an owner that is no DID': policy({ owner: 'owner' }),
  'an unknown admission': policy({ admission: 'closed' }),
  'a default port of 0': policy({ hosts: { ...MINIMAL.hosts, defaultPort: 0 } })
})

export const STATES: ReadonlyArray<Case> = [...RIGHT, ...WRONG]
