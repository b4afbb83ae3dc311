/** Cases of frames of the stream: each reason to reject one, the order of the checks, and what is taken as it is. */
import { COLLABORATOR, type Json, LIMITS, MEMBER, REPO } from '../../../core/index.js'
import { tidAt } from '../../suite/laws/events.js'
import { all, type Case } from './cases.js'

const AT = 1_767_225_601_000_000
const TIME = 1_767_225_600_000_000
const DID = 'did:plc:alice'
const REV = tidAt(TIME)

// ---------------------------------------------------------------------------------------- building frames

/** JSON text as it is to stand in the frame. */
type Source = string
type Fields = { readonly [key: string]: Source | undefined }

const source = (value: Json): Source => JSON.stringify(value)

/** The text of an object; `undefined` leaves a key out. */
const object = (fields: Fields): Source =>
  `{${Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${source(key)}:${value}`]))
    .join(',')}}`

const frame = (changes: Fields = {}): Source => object({ did: source(DID), time_us: String(TIME), kind: source('identity'), ...changes })

const RECORDS = {
  [REPO]: { createdAt: 'now', knot: 'knot.example', name: 'app', repoDid: 'did:plc:app', spindle: 'ci.example' },
  [MEMBER]: { createdAt: 'now', instance: 'ci.example', subject: 'did:plc:bob' },
  [COLLABORATOR]: { createdAt: 'now', repo: 'at://x', repoDid: 'did:plc:app', subject: 'did:plc:bob' }
} as const

const commit = (changes: Fields = {}, around: Fields = {}): Source =>
  frame({
    kind: source('commit'),
    commit: object({
      rev: source(REV),
      operation: source('create'),
      collection: source(REPO),
      rkey: source('self'),
      record: source(RECORDS[REPO]),
      ...changes
    }),
    ...around
  })

const record = (changes: Fields, collection: keyof typeof RECORDS = REPO): Source =>
  commit({
    collection: source(collection),
    record: object({ ...Object.fromEntries(Object.entries(RECORDS[collection]).map(([key, value]) => [key, source(value)])), ...changes })
  })

const account = (fields: Fields | Source | undefined, around: Fields = {}): Source =>
  frame({ kind: source('account'), account: typeof fields === 'object' ? object(fields) : fields, ...around })

/** Frames of which each comes to an event of this kind. */
const frames = (kind: string, rules: string, texts: { readonly [name: string]: Source }): ReadonlyArray<Case> =>
  all(rules, kind)(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { at: AT, connection: 1, text }])))

// ---------------------------------------------------------------------------------------- text and stamp

const NO_FRAMES = [
  ...frames('FrameRejected/json', 'D12', {
    'the empty text': '',
    'blanks': ' \n',
    'no JSON': 'hello',
    'half a frame': frame().slice(0, -1),
    'two frames': `${frame()}${frame()}`,
    'something after the frame': `${frame()}x`,
    'a comma too many': `{"did":"did:plc:alice","time_us":1,}`,
    'single quotes': `{'time_us':1}`,
    'a comment': `{"time_us":1/* now */}`,
    'a number with a leading zero': frame({ time_us: '01' }),
    'a number with a plus': frame({ time_us: '+1' }),
    'a number that begins with a dot': frame({ time_us: '.5' }),
    'NaN': frame({ time_us: 'NaN' }),
    'Infinity': frame({ time_us: 'Infinity' }),
    'a line feed in a text': '{"did":"a\nb"}',
    'an escape that is none': '{"did":"\\x41"}',
    'half an escape': '{"did":"\\u00"}',
    'a byte order mark first': `\ufeff${frame()}`,
    'a blank of another kind': `\u00a0${frame()}`,
    'more than a report repeats': 'x'.repeat(200)
  }),
  ...frames('FrameRejected/frame', 'D12', {
    'null': 'null',
    'true': 'true',
    'a number': '1767225600000000',
    'a text': '"frame"',
    'an array': '[]',
    'an array of a frame': `[${frame()}]`
  }),
  ...frames('FrameRejected/time', 'F1 D12', {
    'no time_us': frame({ time_us: undefined }),
    'an empty object': '{}',
    'time_us null': frame({ time_us: 'null' }),
    'time_us as text': frame({ time_us: '"1767225600000000"' }),
    'time_us true': frame({ time_us: 'true' }),
    'time_us an array': frame({ time_us: '[1767225600000000]' }),
    'time_us an object': frame({ time_us: '{}' }),
    'time_us −1': frame({ time_us: '-1' }),
    'a fraction': frame({ time_us: '0.5' }),
    'a fraction that a double keeps': frame({ time_us: '1767225600000000.2' }),
    'another one': frame({ time_us: '1767225600000000.5' }),
    'a negative exponent that leaves a fraction': frame({ time_us: '15e-1' }),
    '2⁵³': frame({ time_us: '9007199254740992' }),
    '2⁵³ + 1': frame({ time_us: '9007199254740993' }),
    '2⁵³−0.4, of which the nearest double is 2⁵³': frame({ time_us: '9007199254740991.6' }),
    'nanoseconds': frame({ time_us: '1767225600000000000' }),
    '1e400': frame({ time_us: '1e400' }),
    '−1e400': frame({ time_us: '-1e400' }),
    'TIME_US': frame({ time_us: undefined, TIME_US: '1' }),
    'time_us further in only': frame({ time_us: undefined, commit: '{"time_us":1}' }),
    'time_us twice, the last no stamp': `{"did":"did:plc:alice","time_us":1,"time_us":"1"}`
  })
]

const STAMPS = frames('StreamAdvanced', 'F1 S6', {
  '0': frame({ time_us: '0' }),
  '1': frame({ time_us: '1' }),
  '−0 is 0': frame({ time_us: '-0' }),
  '−0.0 is 0': frame({ time_us: '-0.0' }),
  '−0e5 is 0': frame({ time_us: '-0e5' }),
  'a number so small that the nearest double is 0': frame({ time_us: '1e-400' }),
  '2⁵³−1': frame({ time_us: '9007199254740991' }),
  '2⁵³−1 and a little': frame({ time_us: '9007199254740991.4' }),
  '1e15': frame({ time_us: '1e15' }),
  '1E15': frame({ time_us: '1E15' }),
  '1e+15': frame({ time_us: '1e+15' }),
  '1.7672256e15': frame({ time_us: '1.7672256e15' }),
  'zeros after the point': frame({ time_us: '1767225600000000.0' }),
  'a fraction that no double keeps': frame({ time_us: '1767225600000000.1' }),
  'one that is rounded up': frame({ time_us: '1767225600000000.9' }),
  'a negative exponent that leaves no fraction': frame({ time_us: '17672256000000000e-1' }),
  'very many digits': frame({ time_us: `1767225600000000.${'0'.repeat(60)}1` }),
  'of time_us twice the last counts': `{"did":"did:plc:alice","time_us":"1","time_us":2}`,
  'an escaped key': `{"did":"did:plc:alice","t\\u0069me_us":3}`
})

// ---------------------------------------------------------------------------------------- numbers

const NUMBERS = [
  ...frames('StreamAdvanced', 'D10', {
    'a number': frame({ cursor: '7' }),
    'number 0': frame({ cursor: '0' }),
    'number −0 is 0': frame({ cursor: '-0' }),
    'number 7.0': frame({ cursor: '7.0' }),
    'number 1e3': frame({ cursor: '1e3' }),
    'the greatest number': frame({ cursor: '999999999999999' }),
    '10¹⁵ would be read as a time': frame({ cursor: '1000000000000000' }),
    'number −1': frame({ cursor: '-1' }),
    'a number with a fraction': frame({ cursor: '7.5' }),
    'a number as text': frame({ cursor: '"7"' }),
    'number null': frame({ cursor: 'null' }),
    'number true': frame({ cursor: 'true' }),
    'of two numbers the last counts': `{"did":"did:plc:alice","time_us":1,"cursor":"x","cursor":7}`
  }),
  ...frames('CommitReceived', 'D10', { 'the number of a commit': commit({}, { cursor: '7' }) }),
  ...frames('AccountReceived', 'D10', { 'the number of an account event': account({ active: 'true' }, { cursor: '7' }) }),
  ...frames('FrameRejected/did', 'D10', { 'the number of a rejected frame': frame({ cursor: '7', did: '1' }) }),
  ...frames('FrameRejected/time', 'D10', { 'no number without a stamp': frame({ cursor: '7', time_us: undefined }) })
]

// ---------------------------------------------------------------------------------------- DID and kind

const DIDS = [
  ...frames('FrameRejected/did', 'D13 F2 F3', {
    'no DID': frame({ did: undefined }),
    'DID null': frame({ did: 'null' }),
    'a DID that is a number': frame({ did: '1' }),
    'a DID that is an object': frame({ did: '{"did":"did:plc:alice"}' }),
    'the empty DID': frame({ did: '""' }),
    'no DID in it': frame({ did: '"alice"' }),
    'a handle': frame({ did: '"alice.example"' }),
    'a DID that ends in a colon': frame({ did: '"did:plc:alice:"' }),
    'a blank after it': frame({ did: '"did:plc:alice "' }),
    'the wrong DID of a frame of unknown kind': frame({ did: '"alice"', kind: '"sync"' }),
    'the wrong DID of a frame without a kind': frame({ did: '"alice"', kind: undefined }),
    'the wrong DID of an account event': account({ active: 'true' }, { did: '"alice"' }),
    'the wrong DID of a commit': commit({}, { did: '"alice"' }),
    'DID': frame({ did: undefined, DID: source(DID) }),
    'a lone surrogate in a DID': frame({ did: '"did:plc:\\ud800"' }),
    'a DID longer than a report repeats': frame({ did: source(`did:plc:${'a'.repeat(110)} ${'b'.repeat(20)}`) }),
    'a pair at the cut of a report': frame({ did: source(`${'x'.repeat(119)}🧵`) }),
    'a DID of 2049 characters': frame({ did: source(`did:a:${'b'.repeat(2_043)}`) })
  }),
  ...frames('StreamAdvanced', 'S6', {
    'an identity event': frame({ identity: '{"did":"did:plc:alice","handle":"alice.example"}' }),
    'an unknown kind': frame({ kind: '"sync"' }),
    'no kind': frame({ kind: undefined }),
    'kind null': frame({ kind: 'null' }),
    'a kind that is a number': frame({ kind: '1' }),
    'the empty kind': frame({ kind: '""' }),
    'Commit': commit({}, { kind: '"Commit"' }),
    'com, as in older frames': commit({}, { kind: '"com"' }),
    'a commit and a kind that says otherwise': commit({}, { kind: '"identity"' }),
    'a kind that is a list': commit({}, { kind: '["commit"]' }),
    'no commit': frame({ kind: '"commit"' }),
    'commit null': frame({ kind: '"commit"', commit: 'null' }),
    'an account in a commit': frame({ kind: '"commit"', account: '{"active":false}' })
  })
]

// ---------------------------------------------------------------------------------------- accounts

const ACCOUNTS = [
  ...frames('FrameRejected/account', 'F4 D12', {
    'no account': account(undefined),
    'account null': account('null'),
    'an account that is text': account('"deleted"'),
    'an account that is an array': account('[true]'),
    'no active': account({ status: '"deleted"' }),
    'active null': account({ active: 'null' }),
    'active as text': account({ active: '"false"' }),
    'active 0': account({ active: '0' }),
    'active at the top only': account({}, { active: 'false' })
  }),
  ...frames('AccountReceived', 'F4 D5', {
    'active': account({ active: 'true', did: source(DID), seq: '1', time: '"2026-01-01T00:00:00.000Z"' }),
    'no time to speak of': account({ active: 'true', seq: '0', time: '"now"' }),
    'the time as a number': account({ active: 'true', time: '1767225600000000' }),
    'a time before 1970': account({ active: 'false', status: '"deleted"', time: '"0001-01-01T00:00:00Z"' }),
    'a number that is none': account({ active: 'true', seq: '"1"', time: 'null' }),
    'a number below 0': account({ active: 'true', seq: '-1' }),
    'a minus zero as the number': account({ active: 'true', seq: '-0' }),
    'a number with an exponent': account({ active: 'true', seq: '1e3' }),
    'a number beyond the last': account({ active: 'true', seq: '9007199254740992' }),
    'deactivated': account({ active: 'false', status: '"deactivated"' }),
    'deleted': account({ active: 'false', status: '"deleted"' }),
    'no status': account({ active: 'false' }),
    'status null': account({ active: 'false', status: 'null' }),
    'a status that is a number': account({ active: 'false', status: '1' }),
    'a status that is an object': account({ active: 'false', status: '{"deleted":true}' }),
    'the empty status': account({ active: 'false', status: '""' }),
    'an unknown status': account({ active: 'false', status: '"takendown"' }),
    'Deleted': account({ active: 'false', status: '"Deleted"' }),
    'active and deleted': account({ active: 'true', status: '"deleted"' }),
    'a status of 121 characters': account({ active: 'false', status: source('s'.repeat(121)) }),
    'a lone surrogate in the status': account({ active: 'false', status: '"\\udc00"' }),
    'the DID at the top counts': account({ active: 'true', did: '"did:plc:bob"' }),
    'another DID inside that is none': account({ active: 'true', did: '1' }),
    'of active twice the last counts': account('{"active":1,"active":false}')
  })
]

// ---------------------------------------------------------------------------------------- commits

const COMMITS = [
  ...frames('FrameRejected/commit', 'F2 D12', {
    'a commit that is text': frame({ kind: '"commit"', commit: '"create"' }),
    'a commit that is a number': frame({ kind: '"commit"', commit: '0' }),
    'a commit that is false': frame({ kind: '"commit"', commit: 'false' }),
    'a commit that is an array': frame({ kind: '"commit"', commit: '[]' })
  }),
  ...frames('FrameRejected/collection', 'F2 S7', {
    'a collection that is a number': commit({ collection: '1' }),
    'a collection that is false': commit({ collection: 'false' }),
    'a collection that is an array': commit({ collection: source([REPO]) }),
    'a collection that is an object': commit({ collection: '{}' })
  }),
  ...frames('StreamAdvanced', 'S7', {
    'no collection': commit({ collection: undefined }),
    'collection null': commit({ collection: 'null' }),
    'the empty collection': commit({ collection: '""' }),
    'a collection of others': commit({ collection: '"app.bsky.feed.post"' }),
    'the beginning of ours': commit({ collection: '"sh.tangled"' }),
    'ours and more': commit({ collection: '"sh.tangled.repo.issue"' }),
    'ours in upper case': commit({ collection: '"SH.tangled.repo"' }),
    'ours and a blank': commit({ collection: '"sh.tangled.repo "' }),
    'an empty commit': commit({ collection: undefined, operation: undefined, record: undefined, rev: undefined, rkey: undefined }),
    'of others, nothing further is looked at': commit({ collection: '"app.bsky.feed.post"', operation: '1', record: '1', rkey: '1' }),
    'a hostile collection': commit({ collection: '"__proto__"' })
  }),
  ...frames('FrameRejected/rkey', 'D13 F3 F2', {
    'no rkey': commit({ rkey: undefined }),
    'rkey null': commit({ rkey: 'null' }),
    'an rkey that is a number': commit({ rkey: '1' }),
    'the empty rkey': commit({ rkey: '""' }),
    'the rkey .': commit({ rkey: '"."' }),
    'the rkey ..': commit({ rkey: '".."' }),
    'an rkey with a slash': commit({ rkey: '"a/b"' }),
    'an rkey of 513 characters': commit({ rkey: source('k'.repeat(513)) }),
    'an rkey with a lone surrogate': commit({ rkey: '"\\ud83e"' })
  }),
  ...frames('FrameRejected/operation', 'F2 S8', {
    'an operation that is a number': commit({ operation: '1' }),
    'an operation that is true': commit({ operation: 'true' }),
    'an operation that is an array': commit({ operation: '["create"]' })
  }),
  ...frames('StreamAdvanced', 'S8', {
    'no operation': commit({ operation: undefined }),
    'operation null': commit({ operation: 'null' }),
    'the empty operation': commit({ operation: '""' }),
    'an unknown operation': commit({ operation: '"resync"' }),
    'Create': commit({ operation: '"Create"' }),
    'with an unknown operation the record is not looked at': commit({ operation: '"resync"', record: '1' })
  }),
  ...frames('CommitReceived', 'S8 S9', {
    'a create': commit(),
    'an update': commit({ operation: '"update"' }),
    'a delete': commit({ operation: '"delete"', record: undefined }),
    'a delete with a record': commit({ operation: '"delete"' }),
    'a delete with a record that is bad': commit({ operation: '"delete"', record: '1' }),
    'a member': record({}, MEMBER),
    'a collaborator': record({}, COLLABORATOR),
    'a delete of a member': commit({ collection: source(MEMBER), operation: '"delete"' }),
    'a delete of a collaborator': commit({ collection: source(COLLABORATOR), operation: '"delete"' }),
    'the rkey __proto__': commit({ rkey: '"__proto__"' }),
    'the rkey constructor': commit({ rkey: '"constructor"' }),
    'the rkey toString': commit({ rkey: '"toString"' }),
    'an rkey of 512 characters': commit({ rkey: source('k'.repeat(512)) }),
    'an escaped rkey': commit({ rkey: '"s\\u0065lf"' }),
    'keys that say nothing to us': commit({ cid: '"bafy"', seq: '1', commit: '{}' }, { cursor: '1', seq: '{"time_us":1}' }),
    'blanks everywhere': ` ${JSON.stringify(JSON.parse(commit()), null, '\t').replaceAll('\n', ' \r\n')} `
  }),
  ...frames('CommitReceived', 'D3 F3', {
    'no rev': commit({ rev: undefined }),
    'rev null': commit({ rev: 'null' }),
    'a rev that is a number': commit({ rev: '1' }),
    'a rev that is an object': commit({ rev: '{}' }),
    'the empty rev': commit({ rev: '""' }),
    'a rev that is no TID': commit({ rev: '"zzzzzzzzzzzzz"' }),
    'a rev in upper case': commit({ rev: source(REV.toUpperCase()) }),
    'a rev of 12 characters': commit({ rev: source(REV.slice(1)) }),
    'a rev from the future is for the gate': commit({ rev: '"jzzzzzzzzzzzz"' })
  })
]

// ---------------------------------------------------------------------------------------- records

const TEXTS: { readonly [collection in keyof typeof RECORDS]: ReadonlyArray<string> } = {
  [REPO]: ['createdAt', 'knot', 'name', 'repoDid', 'spindle'],
  [MEMBER]: ['createdAt', 'instance', 'subject'],
  [COLLABORATOR]: ['createdAt', 'repo', 'repoDid', 'subject']
}

/** One frame for each field of each collection, with `value` in it. */
const eachField = (what: string, value: Source | undefined): { readonly [name: string]: Source } =>
  Object.fromEntries(
    ([REPO, MEMBER, COLLABORATOR] as const).flatMap((collection) =>
      TEXTS[collection].map((field) => [`${collection}: ${field} ${what}`, record({ [field]: value }, collection)] as const)
    )
  )

/** For each field of each collection, a text that is as long as may be, and one that is longer. */
const tooLong = (): { readonly [name: string]: Source } =>
  Object.fromEntries(
    ([REPO, MEMBER, COLLABORATOR] as const).flatMap((collection) =>
      Object.entries(LIMITS[collection]).flatMap(([field, limit]) =>
        [limit, limit + 2].map((n) => [`${collection}: ${field} of ${String(n)}`, record({ [field]: source('x'.repeat(n)) }, collection)] as const)
      )
    )
  )

const RECORD_CASES = [
  ...frames('FrameRejected/record', 'S9 S10', {
    'no record': commit({ record: undefined }),
    'record null': commit({ record: 'null' }),
    'a record that is text': commit({ record: '"app"' }),
    'a record that is a number': commit({ record: '0' }),
    'a record that is an array': commit({ record: '[]' }),
    'no record in an update': commit({ operation: '"update"', record: undefined }),
    'no record of a member': commit({ collection: source(MEMBER), record: undefined }),
    'no record of a collaborator': commit({ collection: source(COLLABORATOR), record: 'null' }),
    'a name that is false': record({ name: 'false' }),
    'a name that is an array': record({ name: '["app"]' }),
    'a name that is an object': record({ name: '{}' }),
    'a name twice, the last no text': record({ name: '"app","name":0' }),
    ...eachField('is a number', '1')
  }),
  ...frames('CommitReceived', 'S9', {
    'an empty record': commit({ record: '{}' }),
    'a name twice, the last counts': record({ name: '0,"name":"app"' }),
    'Name is not name': record({ Name: '"other"', name: undefined }),
    'NAME is not name, whatever it holds': record({ NAME: '1' }),
    'an escaped key': record({ name: undefined }).replace('"knot"', '"n\\u0061me":"app","knot"'),
    '$type is not looked at': record({ $type: '"sh.tangled.spindle.member"' }),
    '$type of another kind': record({ $type: '1' }),
    'keys that we do not know': record({ description: '1', labels: '[]', source: 'null' }),
    'a hostile key': record({}).replace('{"createdAt"', '{"__proto__":{"name":"evil"},"constructor":1,"createdAt"'),
    'a name only in __proto__': record({ name: undefined }).replace('{"createdAt"', '{"__proto__":{"name":"evil"},"createdAt"'),
    'a name of 512 code units': record({ name: source('n'.repeat(512)) }),
    'of a longer one, 513': record({ name: source('n'.repeat(600)) }),
    'a name in which the 513th is half of a pair': record({ name: source(`${'n'.repeat(512)}\u{1f9f5}`) }),
    'a name of 256 pairs': record({ name: source('\u{1f9f5}'.repeat(256)) }),
    ...tooLong(),
    'a lone surrogate': record({ name: '"a\\ud800b"' }),
    'the second half of a pair alone': record({ name: '"\\udc00"' }),
    'the halves of a pair, the wrong way round': record({ name: '"\\udc00\\ud800"' }),
    'a pair in escapes': record({ name: '"\\ud83e\\uddf5"' }),
    'a pair, and half a pair': record({ name: '"\\ud83e\\uddf5\\ud83e"' }),
    'control characters': record({ name: '"\\u0000\\n\\u001f\\u007f"' }),
    'text beyond ASCII': record({ name: '"bücher 本 🧵"' }),
    'blanks are text': record({ name: '" "' }),
    'long text is kept': record({ name: source('n'.repeat(200)) }),
    'a knot is kept as it is written': record({ knot: '"KNOT.example.:443/path"' }),
    'a subject that is no DID': record({ subject: '"alice"' }, MEMBER),
    ...eachField('is absent', undefined),
    ...eachField('is null', 'null'),
    ...eachField('is empty', '""')
  })
]

// ---------------------------------------------------------------------------------------- the order of the checks

const WRONG = { collection: '1', operation: '1', record: '1', rkey: '1' }

const ORDER = [
  ...frames('FrameRejected/time', 'F2', { 'all is wrong: the stamp': commit(WRONG, { did: '1', time_us: '"1"' }) }),
  ...frames('FrameRejected/did', 'F2', { 'all but the stamp: the DID': commit(WRONG, { did: '1' }) }),
  ...frames('FrameRejected/collection', 'F2', { 'then the collection': commit(WRONG) }),
  ...frames('FrameRejected/rkey', 'F2', { 'then the rkey': commit({ ...WRONG, collection: source(REPO) }) }),
  ...frames('FrameRejected/operation', 'F2', { 'then the operation': commit({ ...WRONG, collection: source(REPO), rkey: '"self"' }) }),
  ...frames('FrameRejected/record', 'F2', {
    'then the record': commit({ record: '1', rev: '1' })
  })
]

export const JETSTREAM: ReadonlyArray<Case> = [
  ...NO_FRAMES,
  ...STAMPS,
  ...NUMBERS,
  ...DIDS,
  ...ACCOUNTS,
  ...COMMITS,
  ...RECORD_CASES,
  ...ORDER
]
