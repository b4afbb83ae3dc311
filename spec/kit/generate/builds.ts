/** Cases of what jobs are told, of statuses as readers get them and where they go on, and of the keys of builds. */
import type { Json } from '../../../core/index.js'
import { type Case, of } from './cases.js'

type Fields = { readonly [key: string]: Json }

const SHA = 'a'.repeat(40)

// ---------------------------------------------------------------------------------------- variables

const push = (ref: string): Json => ({ _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: 'b'.repeat(40), ref, skipsCi: false })
const pull = (action: string | null): Json => ({ _tag: 'PullRequest', action, sourceBranch: 'f/x', sourceSha: SHA, targetBranch: 'main' })
const manual = (inputs: Json, ref: string | null = null, sha: string | null = null): Json => ({ _tag: 'Manual', inputs, ref, sha })

const ALWAYS: ReadonlyArray<readonly [string, string]> = [
  ['CI', 'true'],
  ['TANGLED_PIPELINE_ID', 'at://did:web:knot.example/sh.tangled.pipeline/3mbd3542k2222'],
  ['TANGLED_REPO_DID', 'did:plc:alice'],
  ['TANGLED_REPO_KNOT', 'knot.example'],
  ['TANGLED_REPO_NAME', 'app'],
  ['TANGLED_REPO_URL', 'https://knot.example/did:plc:alice/app']
]

/** Of these facts, all that is there beside what always is; a name that is there already counts anew. */
const told = (name: string, cause: Json, more: { readonly [name: string]: string }, changes: Fields = {}): Case => {
  const repository = { did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' }
  const input = { cause, defaultBranch: null, environment: [], knot: 'knot.example', repository, rkey: '3mbd3542k2222', ...changes }
  const all = new Map([...ALWAYS, ...Object.entries(more)])
  return of('T3')(name, input, [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, value]))
}

const OF_SHA = { TANGLED_COMMIT_SHA: SHA, TANGLED_SHA: SHA }
const OF_BRANCH = { TANGLED_REF: 'refs/heads/f/x', TANGLED_REF_NAME: 'f/x', TANGLED_REF_TYPE: 'branch' }
const OF_TAG = { TANGLED_REF: 'refs/tags/v1', TANGLED_REF_NAME: 'v1', TANGLED_REF_TYPE: 'tag' }
const OF_PULL = { TANGLED_PIPELINE_KIND: 'pull_request', TANGLED_PR_SOURCE_BRANCH: 'f/x', TANGLED_PR_SOURCE_SHA: SHA, TANGLED_PR_TARGET_BRANCH: 'main' }
const BY_HAND = { TANGLED_PIPELINE_KIND: 'manual' }

const own = (name: string, environment: Json, more: { readonly [name: string]: string }): Case =>
  told(name, manual([]), { ...BY_HAND, ...more }, { environment })

export const VARIABLES: ReadonlyArray<Case> = [
  told('a push of a branch', push('refs/heads/f/x'), { ...OF_SHA, ...OF_BRANCH, TANGLED_PIPELINE_KIND: 'push' }),
  told('a push of a tag', push('refs/tags/v1'), { ...OF_SHA, ...OF_TAG, TANGLED_PIPELINE_KIND: 'push' }),
  told('a push of neither', push('refs/pull/1'), { ...OF_SHA, TANGLED_PIPELINE_KIND: 'push', TANGLED_REF: 'refs/pull/1' }),
  told('a pull request', pull('opened'), { ...OF_SHA, ...OF_BRANCH, ...OF_PULL, TANGLED_PR_ACTION: 'opened' }),
  told('a pull request of which no action is known', pull(null), { ...OF_SHA, ...OF_BRANCH, ...OF_PULL }),
  told('a pull request of an empty action', pull(''), { ...OF_SHA, ...OF_BRANCH, ...OF_PULL }),
  told('somebody who says nothing', manual([]), BY_HAND),
  told('somebody who says which commit', manual([], 'refs/tags/v1', SHA), { ...OF_SHA, ...OF_TAG, ...BY_HAND }),
  told('inputs', manual([['z', ''], ['azAZ09_', '1'], ['log-level', '2'], ['LOG_LEVEL', '3']]), {
    ...BY_HAND,
    TANGLED_INPUT_AZAZ09_: '1',
    TANGLED_INPUT_LOG_LEVEL: '2',
    TANGLED_INPUT_Z: ''
  }),
  told('inputs beyond ASCII: one underscore for each code point, and no letter is raised', manual([['ünïx 😀', '4'], ['ß', '5'], ['', '6']]), {
    ...BY_HAND,
    TANGLED_INPUT_: '6',
    TANGLED_INPUT__: '5',
    TANGLED_INPUT__N_X__: '4'
  }),
  told('the DID of the repository, and its default branch', manual([]), {
    ...BY_HAND,
    TANGLED_REPO_DEFAULT_BRANCH: 'trunk',
    TANGLED_REPO_REPO_DID: 'did:plc:app'
  }, { defaultBranch: 'trunk', repository: { did: 'did:plc:app', name: 'app', owner: 'did:plc:alice', rkey: 'self' } }),
  told('a default branch without a name', manual([]), BY_HAND, { defaultBranch: '' }),
  told('a port is escaped nowhere', manual([]), {
    ...BY_HAND,
    TANGLED_PIPELINE_ID: 'at://did:web:localhost:5555/sh.tangled.pipeline/3mbd3542k2222',
    TANGLED_REPO_KNOT: 'localhost:5555',
    TANGLED_REPO_URL: 'https://localhost:5555/did:plc:alice/app'
  }, { knot: 'localhost:5555' }),
  own('variables of its own, names rising', [['b', '1'], ['B', '2'], ['_9', '3'], ['aZ_09', '4']], { B: '2', _9: '3', aZ_09: '4', b: '1' }),
  own('of one name, the first counts', [['B', '1'], ['A', '2'], ['B', '3']], { A: '2', B: '1' }),
  own('reserved names are dropped', [['CI', 'x'], ['TANGLED_', 'x'], ['TANGLED_SHA', 'x'], ['TANGLED_NEW', 'x'], ['TACK_', 'x'], ['TACK_OWNER_DID', 'x']], {}),
  own('names that are nearly reserved are not', [['CIX', '1'], ['XCI', '2'], ['ci', '3'], ['TANGLED', '4'], ['tangled_x', '5'], ['XTACK_', '6'], ['TACK', '7']], {
    CIX: '1',
    TACK: '7',
    TANGLED: '4',
    XCI: '2',
    XTACK_: '6',
    ci: '3',
    tangled_x: '5'
  }),
  own('what is no name is dropped', [['', 'x'], ['9', 'x'], ['9A', 'x'], ['A-B', 'x'], ['A B', 'x'], ['A=B', 'x'], ['A\n', 'x'], ['\nA', 'x'], ['É', 'x'], ['A.B', 'x']], {})
]

// ---------------------------------------------------------------------------------------- statuses

const LAST = Number.MAX_SAFE_INTEGER
const KNOT = { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' }

const entry = (changes: Fields): Json => ({ build: KNOT, createdUs: 1_767_225_600_000_001, error: null, exitCode: null, status: 'pending', ...changes })

const text = (rkey: string, event: string, created: string): string => `{"rkey":"${rkey}","nsid":"sh.tangled.pipeline.status","event":{${event}},"created":${created}}`

interface Said {
  readonly createdAt?: string
  readonly more?: string
  readonly pipeline?: string
  readonly workflow?: string
}

/** What is written of the moment 2026-01-01T00:00:00.000001Z: of `pending` two seconds before, of `running` one. */
const WRITTEN: { readonly [status: string]: string } = {
  pending: '2025-12-31T23:59:58.000001Z',
  running: '2025-12-31T23:59:59.000001Z'
}

const said = (status: string, { createdAt, more, pipeline, workflow }: Said = {}): string =>
  `"$type":"sh.tangled.pipeline.status","pipeline":"at://did:web:${pipeline ?? 'knot.example/sh.tangled.pipeline/3mbd3542k2222'}",` +
  `"workflow":"${workflow ?? 'ci.yml'}","status":"${status}","createdAt":"${createdAt ?? WRITTEN[status] ?? '2026-01-01T00:00:00.000001Z'}"${more ?? ''}`

const frame = (name: string, changes: Fields, expected: string): Case => of('T4')(name, entry(changes), expected)
const NOW = '1767225600000001000'
const KEY = '3mbd3542k2322'

/** Of a time: the TID, and how it is written. */
const stamped = (createdUs: number, rkey: string, createdAt: string): Case =>
  frame(`of ${String(createdUs)}`, { createdUs, status: 'success' }, text(rkey, said('success', { createdAt }), createdUs === 0 ? '0' : `${String(createdUs)}000`))

/** The same of a status that is written as earlier than it is. */
const earlier = (status: 'pending' | 'running', createdUs: number, rkey: string, createdAt: string): Case =>
  frame(`${status}, of ${String(createdUs)}`, { createdUs, status }, text(rkey, said(status, { createdAt }), createdUs === 0 ? '0' : `${String(createdUs)}000`))

export const STATUS_FRAMES: ReadonlyArray<Case> = [
  ...(['pending', 'running', 'success', 'failed', 'timeout', 'cancelled'] as const).map((status) =>
    frame(status, { status }, text(KEY, said(status), NOW))
  ),
  frame('what went wrong', { error: 'a "sentence"\n', status: 'failed' }, text(KEY, said('failed', { more: ',"error":"a \\"sentence\\"\\n"' }), NOW)),
  frame('an empty sentence', { error: '', status: 'failed' }, text(KEY, said('failed', { more: ',"error":""' }), NOW)),
  frame('how a job ended', { exitCode: 0, status: 'success' }, text(KEY, said('success', { more: ',"exitCode":0' }), NOW)),
  frame('below zero', { exitCode: -1, status: 'failed' }, text(KEY, said('failed', { more: ',"exitCode":-1' }), NOW)),
  frame('both', { error: 'x', exitCode: 7, status: 'failed' }, text(KEY, said('failed', { more: ',"error":"x","exitCode":7' }), NOW)),
  frame('a knot with a port', { build: { ...KNOT, knot: 'localhost:5555' } }, text(KEY, said('pending', { pipeline: 'localhost:5555/sh.tangled.pipeline/3mbd3542k2222' }), NOW)),
  frame('a workflow of any letters', { build: { ...KNOT, workflow: 'ü "x".yml' } }, text(KEY, said('pending', { workflow: 'ü \\"x\\".yml' }), NOW)),
  earlier('pending', 0, '2222222222222', '1970-01-01T00:00:00.000000Z'),
  earlier('pending', 2_000_001, '2222223x36322', '1970-01-01T00:00:00.000001Z'),
  earlier('running', 999_999, '2222222yklz22', '1970-01-01T00:00:00.000000Z'),
  earlier('running', 1_000_001, '2222222ykm322', '1970-01-01T00:00:00.000001Z'),
  stamped(0, '2222222222222', '1970-01-01T00:00:00.000000Z'),
  stamped(1, '2222222222322', '1970-01-01T00:00:00.000001Z'),
  stamped(951_782_400_000_000, '2v3okhxq22222', '2000-02-29T00:00:00.000000Z'),
  stamped(951_868_800_000_000, '2v3r2wv6s2222', '2000-03-01T00:00:00.000000Z'),
  stamped(4_107_542_399_999_999, '5ortayuhrzz22', '2100-02-28T23:59:59.999999Z'),
  stamped(4_107_542_400_000_000, '5ortayuhs2222', '2100-03-01T00:00:00.000000Z'),
  stamped(LAST, 'bzzzzzzzzzz22', '2255-06-05T23:47:34.740991Z')
]

// ---------------------------------------------------------------------------------------- announcements

const ZERO = '0'.repeat(40)
const PLAIN: Json = { depth: 1, skip: false, submodules: false }
const ANNOUNCED = {
  cause: { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: ZERO, ref: 'refs/heads/main', skipsCi: false },
  createdUs: 1_767_225_600_000_001,
  defaultBranch: 'main',
  knot: 'knot.example',
  repository: { did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' },
  rkey: '3mbd3542k2222',
  workflows: [{ clone: PLAIN, engine: 'tack', name: 'ci.yml', text: 'engine: tack\n' }]
} satisfies Fields

const OF_PUSH = `"kind":"push","repo":{"knot":"knot.example","did":"did:plc:alice","repo":"app","defaultBranch":"main"},"push":{"ref":"refs/heads/main","oldSha":"${ZERO}","newSha":"${SHA}"}`
const OF_FILE = '{"name":"ci.yml","engine":"tack","raw":"engine: tack\\n","clone":{"skip":false,"depth":1,"submodules":false}}'

interface Announced {
  readonly created?: string
  readonly metadata?: string
  readonly rkey?: string
  readonly workflows?: string
}

const announced = (name: string, changes: Fields, { created, metadata, rkey, workflows }: Announced): Case =>
  of('T4')(
    name,
    { ...ANNOUNCED, ...changes },
    `{"rkey":"${rkey ?? '3mbd3542k2222'}","nsid":"sh.tangled.pipeline","event":{"$type":"sh.tangled.pipeline",` +
      `"triggerMetadata":{${metadata ?? OF_PUSH}},"workflows":[${workflows ?? OF_FILE}]},"created":${created ?? NOW}}`
  )

const ofPull = (action: string | null): Json => ({ _tag: 'PullRequest', action, sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' })
const OF_REPO = '"repo":{"knot":"knot.example","did":"did:plc:alice","repo":"app","defaultBranch":"main"}'
const PULLED = `"kind":"pull_request",${OF_REPO},"pullRequest":{"sourceBranch":"x","targetBranch":"main","sourceSha":"${SHA}"`

export const PIPELINE_FRAMES: ReadonlyArray<Case> = [
  announced('of a push', {}, {}),
  announced('of a pull request', { cause: ofPull('opened') }, { metadata: `${PULLED},"action":"opened"}` }),
  announced('of a pull request whose action is not known', { cause: ofPull(null) }, { metadata: `${PULLED}}` }),
  announced('by hand', { cause: { _tag: 'Manual', inputs: [['k', 'v'], ['k', '']], ref: 'refs/heads/x', sha: SHA } }, {
    metadata: `"kind":"manual",${OF_REPO},"manual":{"inputs":[{"key":"k","value":"v"},{"key":"k","value":""}]}`
  }),
  announced('by hand, without inputs', { cause: { _tag: 'Manual', inputs: [], ref: null, sha: null } }, { metadata: `"kind":"manual",${OF_REPO},"manual":{"inputs":[]}` }),
  announced('the DID of the repository, a knot with a port, and no known branch', {
    defaultBranch: null,
    knot: 'localhost:5555',
    repository: { did: 'did:plc:app', name: 'app', owner: 'did:web:localhost%3A7000', rkey: 'self' }
  }, {
    metadata: OF_PUSH.replace('knot.example', 'localhost:5555').replace('did:plc:alice', 'did:web:localhost%3A7000').replace('"defaultBranch":"main"', '"repoDid":"did:plc:app","defaultBranch":""')
  }),
  announced('under any key, at any moment', { createdUs: 0, rkey: 'self' }, { created: '0', rkey: 'self' }),
  announced('several workflows, of any letters', {
    workflows: [
      { clone: { depth: 0, skip: true, submodules: true }, engine: '', name: 'ü "x".yml', text: '' },
      { clone: PLAIN, engine: 'nixery', name: 'b', text: '\u2028"\\' }
    ]
  }, {
    workflows:
      '{"name":"ü \\"x\\".yml","engine":"","raw":"","clone":{"skip":true,"depth":0,"submodules":true}},' +
      '{"name":"b","engine":"nixery","raw":"\u2028\\"\\\\","clone":{"skip":false,"depth":1,"submodules":false}}'
  })
]

// ---------------------------------------------------------------------------------------- cursors

const at = (source: string, timeUs: number | null, isWhole = false): Case =>
  of('T4')(timeUs === null ? `none: ${JSON.stringify(source)}` : source, source, timeUs === null ? null : { isWhole, timeUs })

export const CURSORS: ReadonlyArray<Case> = [
  at('0', 0, true),
  at('1', 0),
  at('999', 0),
  at('1000', 1, true),
  at('1001', 1),
  at('1999', 1),
  at('2000', 2, true),
  at('1767225600000000000', 1_767_225_600_000_000, true),
  at('1767225600000000001', 1_767_225_600_000_000),
  at('1767225600000000999', 1_767_225_600_000_000),
  at('1767225600000001000', 1_767_225_600_000_001, true),
  at('9007199254740990999', LAST - 1),
  at('9007199254740991000', LAST, true),
  at('9007199254740991001', LAST),
  at('9007199254740992000', LAST),
  at('9223372036854775807', LAST),
  ...['', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '1\n', '0x1', 'x', '01', '٣', '9223372036854775808', '10000000000000000000'].map((source) => at(source, null))
]

// ---------------------------------------------------------------------------------------- keys

const key = (name: string, changes: Fields, expected: string): Case => of('T5')(name, { ...KNOT, ...changes }, expected)

export const BUILD_KEYS: ReadonlyArray<Case> = [
  key('small letters, digits and dots', {}, 'knot.example/3mbd3542k2222/ci.yml'),
  key('a port', { knot: 'localhost:5555' }, 'localhost=3a5555/3mbd3542k2222/ci.yml'),
  key('capital letters', { rkey: 'Aa', workflow: 'CI.yml' }, 'knot.example/=41a/=43=49.yml'),
  key('what an rkey may hold', { rkey: '_~.:-' }, 'knot.example/_=7e.=3a-/ci.yml'),
  key('a dot first', { rkey: '.a', workflow: '..ci' }, 'knot.example/=2ea/=2e.ci'),
  key('what looks escaped', { workflow: '=2e %2e' }, 'knot.example/3mbd3542k2222/=3d2e=20=252e'),
  key('two bytes', { workflow: 'ü\u0080\u07ff' }, 'knot.example/3mbd3542k2222/=c3=bc=c2=80=df=bf'),
  key('three bytes', { workflow: '本\u0800\ud7ff' }, 'knot.example/3mbd3542k2222/=e6=9c=ac=e0=a0=80=ed=9f=bf'),
  key('letters that only look the same', { workflow: 'u\u0308' }, 'knot.example/3mbd3542k2222/u=cc=88'),
  key('names of devices and of prototypes', { rkey: '__proto__', workflow: 'con' }, 'knot.example/__proto__/con')
]
