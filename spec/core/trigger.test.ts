/** Triggers: every shape that knots send, and what is said of one that cannot be understood. */
import { describe, expect, test } from 'vitest'
import { decodeTrigger, Trigger } from '../../core/index.js'

const NEW = 'b'.repeat(40)
const OLD = 'a'.repeat(40)
const ALICE = 'did:plc:alice'
const APP = 'did:plc:app'
const UPDATE = 'sh.tangled.git.refUpdate'
const PIPELINE = 'sh.tangled.pipeline'

const CURRENT = { ref: 'refs/heads/main', oldSha: OLD, newSha: NEW, committerDid: 'did:plc:bob', ownerDid: ALICE, repo: APP }

type Row = readonly [what: string, event: unknown, answer: unknown]

const OTHER = { _tag: 'Other' }

/** A trigger, or why it cannot be read. */
const payload = (answer: unknown): object =>
  typeof answer === 'string' ? { _tag: 'Unreadable', detail: answer } : { _tag: 'Trigger', trigger: answer }

const update = (rows: ReadonlyArray<Row>): void => {
  for (const [what, event, answer] of rows) test(what, () => expect(decodeTrigger(UPDATE, event)).toEqual(payload(answer)))
}
const updates = (event: object): object => ({ ...CURRENT, ...event })

const PUSH = { _tag: 'Push', changedFiles: null, newSha: NEW, oldSha: OLD, ref: 'refs/heads/main', skipsCi: false }
const UPDATED = {
  actor: 'did:plc:bob',
  cause: PUSH,
  defaultBranch: null,
  kind: 'refUpdate',
  repo: { did: APP, knot: null, name: null, owner: ALICE },
  shape: 'named',
  unkept: [],
  workflows: null
}
const pushed = (fields: object) => ({ ...UPDATED, cause: { ...PUSH, ...fields } })
const DETAILED = { ...UPDATED, shape: 'detailed' }
const detailed = (fields: object) => ({ ...DETAILED, cause: { ...PUSH, ...fields } })
const claimed = (fields: object) => ({ ...UPDATED, repo: { did: null, knot: null, name: null, owner: null, ...fields }, shape: 'bare' })

describe('a ref update names the repository', () => {
  const bare = { ref: 'refs/heads/main', oldSha: OLD, newSha: NEW, committerDid: 'did:plc:bob' }
  update([
    ['today', CURRENT, UPDATED],
    ['today, without an owner', { ...bare, repo: APP }, { ...claimed({ did: APP }), shape: 'named' }],
    ['today, with all there ever was', { ...bare, repo: APP, repoDid: 'did:plc:x', repoName: 'app' }, { ...claimed({ did: APP, name: 'app' }), shape: 'named' }],
    ['in between: owner and repository', { ...bare, ownerDid: ALICE, repoDid: APP }, claimed({ did: APP, owner: ALICE })],
    ['in between, with a name', { ...bare, ownerDid: ALICE, repoDid: APP, repoName: 'app' }, claimed({ did: APP, name: 'app', owner: ALICE })],
    ['in between: the repository alone', { ...bare, repoDid: APP }, claimed({ did: APP })],
    ['in between: the repository, its name empty', { ...bare, repoDid: APP, repoName: '' }, claimed({ did: APP })],
    ['in between, the owner without the repository', { ...bare, ownerDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    ['first: the owner and a name', { ...bare, repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    ['first, the rest null', { ...bare, repo: null, ownerDid: null, repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    ['first, the rest empty', { ...bare, repo: '', ownerDid: '', repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    ['not at all', bare, 'no repository is named'],
    ['by an owner alone', { ...bare, ownerDid: ALICE }, 'no repository is named'],
    ['by a name alone', { ...bare, repoName: 'app' }, 'repoDid is not a DID'],
    ['by a bad DID', { ...bare, repo: 'app' }, 'repo is not a DID'],
    ['by a number', { ...bare, repo: 7 }, 'repo is not a DID'],
    ['by another bad DID', { ...bare, repoDid: 'x' }, 'repoDid is not a DID'],
    ['by a bad owner', updates({ ownerDid: 'alice.example' }), 'ownerDid is not a DID'],
    ['by a bad first owner', { ...bare, repoDid: 'x', repoName: 'app' }, 'repoDid is not a DID'],
    ['by a bad name', updates({ repoName: 'a b' }), 'repoName is not a name'],
    ['by a name that is not text', updates({ repoName: 7 }), 'repoName is not text']
  ])
})

describe('a ref update says', () => {
  const long = `refs/heads/${'x'.repeat(1_013)}`
  update([
    ['a branch', updates({ ref: 'refs/heads/a/b' }), pushed({ ref: 'refs/heads/a/b' })],
    ['a tag', updates({ ref: 'refs/tags/v1' }), pushed({ ref: 'refs/tags/v1' })],
    ['any ref', updates({ ref: 'x' }), pushed({ ref: 'x' })],
    ['a ref of 1 024 characters', updates({ ref: long }), pushed({ ref: long })],
    ['a longer one', updates({ ref: `${long}x` }), 'ref is not a name'],
    ['an empty one', updates({ ref: '' }), 'ref is not a name'],
    ['one with a space', updates({ ref: 'a b' }), 'ref is not a name'],
    ['one with a tab', updates({ ref: 'a\tb' }), 'ref is not a name'],
    ['one with a NUL', updates({ ref: '\u0000' }), 'ref is not a name'],
    ['one with the last of the control characters', updates({ ref: 'a\u001f' }), 'ref is not a name'],
    ['one with DEL', updates({ ref: 'a\u007f' }), 'ref is not a name'],
    ['one with the first that is none', updates({ ref: '!~\u0080' }), pushed({ ref: '!~\u0080' })],
    ['one with half a character', updates({ ref: 'refs/heads/\ud800' }), pushed({ ref: 'refs/heads/\ufffd' })],
    ['one that a shell would like', updates({ ref: 'refs/heads/$(x)' }), pushed({ ref: 'refs/heads/$(x)' })],
    ['no ref', updates({ ref: undefined }), 'ref is not text'],
    ['a number for a ref', updates({ ref: 7 }), 'ref is not text'],
    ['a list for a ref', updates({ ref: ['x'] }), 'ref is not text'],
    ['objects of SHA-256', updates({ newSha: 'c'.repeat(64), oldSha: 'd'.repeat(64) }), pushed({ newSha: 'c'.repeat(64), oldSha: 'd'.repeat(64) })],
    ['a deleted branch', updates({ newSha: '0'.repeat(40) }), pushed({ newSha: '0'.repeat(40) })],
    ['an option for an object', updates({ newSha: '--upload-pack=x' }), 'newSha is not the name of an object'],
    ['a short object', updates({ newSha: 'b'.repeat(39) }), 'newSha is not the name of an object'],
    ['no object', updates({ newSha: null }), 'newSha is not the name of an object'],
    ['no old object', updates({ oldSha: undefined }), 'oldSha is not the name of an object'],
    ['a bad old object', updates({ oldSha: 'A'.repeat(40) }), 'oldSha is not the name of an object'],
    ['nobody', updates({ committerDid: null }), { ...UPDATED, actor: null }],
    ['nobody, by an empty text', updates({ committerDid: '' }), { ...UPDATED, actor: null }],
    ['nobody at all', { ref: 'refs/heads/main', oldSha: OLD, newSha: NEW, ownerDid: ALICE, repo: APP }, { ...UPDATED, actor: null }],
    ['somebody without a DID', updates({ committerDid: 'bob' }), 'committerDid is not a DID'],
    ['somebody who is a number', updates({ committerDid: 7 }), 'committerDid is not a DID'],
    ['files', updates({ changedFiles: ['a', 'b/c', '\ud800'] }), detailed({ changedFiles: ['a', 'b/c', '\ufffd'] })],
    ['that no file was changed', updates({ changedFiles: [] }), detailed({ changedFiles: [] })],
    ['no files', updates({ changedFiles: null }), UPDATED],
    ['text for files', updates({ changedFiles: 'a' }), DETAILED],
    ['files that are not text', updates({ changedFiles: ['a', 7] }), DETAILED],
    ['skip-ci', updates({ pushOptions: ['skip-ci'] }), detailed({ skipsCi: true })],
    ['ci-skip, among others', updates({ pushOptions: [7, 'x', 'ci-skip'] }), detailed({ skipsCi: true })],
    ['other options', updates({ pushOptions: ['Skip-CI', 'skip-ci=1', ' skip-ci'] }), DETAILED],
    ['no options', updates({ pushOptions: null }), UPDATED],
    ['text for options', updates({ pushOptions: 'skip-ci' }), DETAILED],
    ['both empty', updates({ changedFiles: '', pushOptions: '' }), UPDATED],
    ['files, without repo', { ...updates({ changedFiles: ['a'] }), repo: '', repoDid: APP }, { ...detailed({ changedFiles: ['a'] }), shape: 'bare' }],
    ['more than we ask', updates({ meta: { deep: [[[]]] }, $type: 7 }), UPDATED],
    ['nothing', undefined, 'event is not an object'],
    ['null', null, 'event is not an object'],
    ['a list', [], 'event is not an object'],
    ['text', 'x', 'event is not an object']
  ])

  test('up to ten thousand files', () => {
    const files = Array.from({ length: 10_000 }, () => 'x')
    expect(decodeTrigger(UPDATE, updates({ changedFiles: files }))).toEqual(payload(detailed({ changedFiles: files })))
    expect(decodeTrigger(UPDATE, updates({ changedFiles: [...files, 'x'] }))).toEqual(payload(DETAILED))
  })
})

const REPO = { knot: 'knot.example', did: ALICE, repo: 'app', repoDid: APP, defaultBranch: 'main' }
const metadata = (fields: object) => ({ kind: 'push', repo: REPO, push: { ref: 'refs/heads/main', oldSha: OLD, newSha: NEW }, ...fields })
const event = (fields: object = {}, workflows: unknown = []) => ({ triggerMetadata: metadata(fields), workflows })
const made = (cause: object, fields: object = {}) => ({
  actor: null,
  cause,
  defaultBranch: 'main',
  kind: 'pipeline',
  repo: { did: APP, knot: 'knot.example', name: 'app', owner: ALICE },
  shape: null,
  unkept: [],
  workflows: [],
  ...fields
})

const pipelines = (rows: ReadonlyArray<Row>): void => {
  for (const [what, data, answer] of rows) test(what, () => expect(decodeTrigger(PIPELINE, data)).toEqual(payload(answer)))
}

describe('a pipeline belongs to a repository', () => {
  const repo = (fields: object) => event({ repo: { ...REPO, ...fields } })
  const of = (fields: object) => made(PUSH, { repo: { did: APP, knot: 'knot.example', name: 'app', owner: ALICE, ...fields } })
  pipelines([
    ['with all that there is to say', event(), made(PUSH)],
    ['without a DID', repo({ repoDid: undefined }), of({ did: null })],
    ['with an empty DID', repo({ repoDid: '' }), of({ did: null })],
    ['with a DID and no name', repo({ repo: null }), of({ name: null })],
    ['with a DID and no owner', repo({ did: null }), of({ owner: null })],
    ['with an owner and no name', repo({ repo: '', repoDid: null }), 'no repository is named'],
    ['with a name and no owner', repo({ did: '', repoDid: null }), 'no repository is named'],
    ['without a default branch', repo({ defaultBranch: '' }), made(PUSH, { defaultBranch: null })],
    ['with a default branch that is none', repo({ defaultBranch: 'a b' }), 'repo.defaultBranch is not a name'],
    ['with a default branch that is a number', repo({ defaultBranch: 7 }), 'repo.defaultBranch is not text'],
    ['on another knot, which is not for us to judge', repo({ knot: 'Other' }), of({ knot: 'Other' })],
    ['on no knot', repo({ knot: undefined }), 'repo.knot is not text'],
    ['on an empty knot', repo({ knot: '' }), 'repo.knot is not a name'],
    ['of an owner without a DID', repo({ did: 'alice' }), 'repo.did is not a DID'],
    ['with a bad DID', repo({ repoDid: 7 }), 'repo.repoDid is not a DID'],
    ['with a bad name', repo({ repo: 'a\nb' }), 'repo.repo is not a name'],
    ['that is not said', event({ repo: undefined }), 'repo is not an object'],
    ['of which nothing is said', { workflows: [] }, 'triggerMetadata is not an object'],
    ['in nothing', null, 'event is not an object']
  ])
})

describe('a pipeline of a push', () => {
  const of = (push: unknown) => event({ push })
  const PUSHED = { ref: 'refs/heads/main', oldSha: OLD, newSha: NEW }
  pipelines([
    ['of a tag', of({ ...PUSHED, ref: 'refs/tags/v1' }), made({ ...PUSH, ref: 'refs/tags/v1' })],
    ['with files', of({ ...PUSHED, changedFiles: ['a'] }), made({ ...PUSH, changedFiles: ['a'] })],
    ['without CI', of({ ...PUSHED, pushOptions: ['skip-ci'] }), made({ ...PUSH, skipsCi: true })],
    ['that is not there', of(undefined), 'push is not an object'],
    ['without a ref', of({ oldSha: OLD, newSha: NEW }), 'push.ref is not text'],
    ['without an object', of({ ...PUSHED, newSha: '' }), 'push.newSha is not the name of an object'],
    ['without an old object', of({ ...PUSHED, oldSha: '' }), 'push.oldSha is not the name of an object']
  ])
})

describe('a pipeline of a pull request', () => {
  const PULLED = { sourceBranch: 'feature', targetBranch: 'main', sourceSha: NEW, action: 'opened' }
  const PULL = { _tag: 'PullRequest', action: 'opened', sourceBranch: 'feature', sourceSha: NEW, targetBranch: 'main' }
  const of = (pullRequest: unknown, fields: object = {}) => event({ kind: 'pull_request', pullRequest, ...fields })
  const FORK = 'pull requests from forks are not built'
  pipelines([
    ['with an action', of(PULLED), made(PULL)],
    ['of which the first generation says "create"', of({ ...PULLED, action: 'create' }), made(PULL)],
    ['with an action of another letter case', of({ ...PULLED, action: 'Create' }), made({ ...PULL, action: 'Create' })],
    ['without an action', of({ ...PULLED, action: null }), made({ ...PULL, action: null })],
    ['with an empty action', of({ ...PULLED, action: '' }), made({ ...PULL, action: null })],
    ['of the repository itself', of({ ...PULLED, sourceRepo: APP }), made(PULL)],
    ['of no other repository', of({ ...PULLED, sourceRepo: '' }), made(PULL)],
    ['of a fork', of({ ...PULLED, sourceRepo: 'did:plc:fork' }), FORK],
    ['of a fork that is said oddly', of({ ...PULLED, sourceRepo: { did: APP } }), FORK],
    ['of a repository that has no DID to compare', of({ ...PULLED, sourceRepo: APP }, { repo: { ...REPO, repoDid: null } }), FORK],
    ['that is not there', of(undefined), 'pullRequest is not an object'],
    ['with an action that is none', of({ ...PULLED, action: 7 }), 'pullRequest.action is not text'],
    ['without a source', of({ ...PULLED, sourceBranch: '' }), 'pullRequest.sourceBranch is not a name'],
    ['without a target', of({ ...PULLED, targetBranch: null }), 'pullRequest.targetBranch is not text'],
    ['without an object', of({ ...PULLED, sourceSha: 'x' }), 'pullRequest.sourceSha is not the name of an object']
  ])
})

describe('a pipeline that was started by hand', () => {
  const of = (manual: unknown) => event({ kind: 'manual', manual })
  const manual = (fields: object = {}) => made({ _tag: 'Manual', inputs: [], ref: null, sha: null, ...fields })
  const inputs = (count: number) => Array.from({ length: count }, () => ({ key: 'k', value: 'v' }))
  const long = 'x'.repeat(65_535)
  pipelines([
    ['without a word', of(undefined), manual()],
    ['with null', of(null), manual()],
    ['with nothing', of({ inputs: null, ref: '', sha: null }), manual()],
    ['with inputs', of({ inputs: [{ key: 'b', value: '1' }, { key: 'a', value: '' }] }), manual({ inputs: [['b', '1'], ['a', '']] })],
    ['with an input without a value', of({ inputs: [{ key: 'a' }, { key: 'b', value: null }] }), manual({ inputs: [['a', ''], ['b', '']] })],
    ['with half a character', of({ inputs: [{ key: 'a\ud800', value: '\ud800' }] }), manual({ inputs: [['a\ufffd', '\ufffd']] })],
    ['with a long value', of({ inputs: [{ key: 'a', value: long }] }), manual({ inputs: [['a', long]] })],
    ['with two values of as many bytes as may be', of({ inputs: [{ key: 'a', value: 'ü'.repeat(32_000) }, { key: 'b', value: 'x'.repeat(1_534) }] }), manual({ inputs: [['a', 'ü'.repeat(32_000)], ['b', 'x'.repeat(1_534)]] })],
    ['with a hundred inputs', of({ inputs: inputs(100) }), manual({ inputs: inputs(100).map(({ key, value }) => [key, value]) })],
    ['of a commit', of({ ref: 'refs/heads/x', sha: NEW }), manual({ ref: 'refs/heads/x', sha: NEW })],
    ['in text', of('x'), 'manual is not an object'],
    ['with inputs that are no list', of({ inputs: {} }), 'manual.inputs is not a list'],
    ['with an input that is text', of({ inputs: ['a=b'] }), 'manual.inputs[0] is not an object'],
    ['with an input without a key', of({ inputs: [{ key: 'a', value: '' }, { value: 'x' }] }), 'manual.inputs[1].key is not text'],
    ['with an empty key', of({ inputs: [{ key: '', value: 'x' }] }), 'manual.inputs[0].key is not a name'],
    ['with a value that is a number', of({ inputs: [{ key: 'a', value: 7 }] }), 'manual.inputs[0].value is not text'],
    ['with too long a value', of({ inputs: [{ key: 'a', value: `${long}x` }] }), 'manual.inputs has more than 65536 bytes'],
    ['with two values that are too long together', of({ inputs: [{ key: 'a', value: long }, { key: 'b', value: '' }] }), 'manual.inputs has more than 65536 bytes'],
    ['with a key of more bytes than characters', of({ inputs: [{ key: 'ä', value: long }] }), 'manual.inputs has more than 65536 bytes'],
    ['with too many inputs', of({ inputs: inputs(101) }), 'manual.inputs has more than 100 items'],
    ['of a bad commit', of({ sha: 'HEAD' }), 'manual.sha is not the name of an object'],
    ['of a bad ref', of({ ref: 'a b' }), 'manual.ref is not a name'],
    ['of a kind that is not known', event({ kind: 'schedule' }), 'kind is schedule'],
    ['of a kind that is long', event({ kind: 'x'.repeat(200) }), `kind is ${'x'.repeat(112)}…`],
    ['of no kind', event({ kind: undefined }), 'kind is not text']
  ])
})

describe('the workflows of a pipeline', () => {
  const CI = { name: 'ci.yml', engine: 'tack', raw: 'when: []\n', clone: { skip: false, depth: 1, submodules: false } }
  const of = (workflows: unknown) => event({}, workflows)
  const carried = (...workflows: ReadonlyArray<object>) => made(PUSH, { workflows })
  const most = 'é'.repeat(131_072)
  pipelines([
    ['in their order', of([CI, { ...CI, name: 'a.yml' }]), carried({ name: 'ci.yml', text: 'when: []\n' }, { name: 'a.yml', text: 'when: []\n' })],
    ['empty', of([{ name: 'ci.yml', raw: '' }]), carried({ name: 'ci.yml', text: '' })],
    ['none', of(null), carried()],
    ['not said', { triggerMetadata: metadata({}) }, carried()],
    ['with half a character', of([{ name: 'ci.yml', raw: '\ud800' }]), carried({ name: 'ci.yml', text: '\ufffd' })],
    ['of 256 KiB', of([{ name: 'ci.yml', raw: most }]), carried({ name: 'ci.yml', text: most })],
    ['of more', of([CI, { name: 'ci.yml', raw: `${most}x` }]), 'workflows[1].raw has more than 262144 bytes'],
    ['that are no list', of({}), 'workflows is not a list'],
    ['that are text', of(['ci.yml']), 'workflows[0] is not an object'],
    ['without a name, which are left out', of([CI, { raw: '' }]), { ...carried({ name: 'ci.yml', text: 'when: []\n' }), unkept: [''] }],
    ['with a path for a name, which are left out', of([{ name: '../ci.yml', raw: '' }, CI]), { ...carried({ name: 'ci.yml', text: 'when: []\n' }), unkept: ['../ci.yml'] }],
    ['of a name that is too long, of which no more is looked at', of([{ name: 'x'.repeat(101) }]), { ...carried(), unkept: ['x'.repeat(101)] }],
    ['of a name of which an excerpt is enough', of([{ name: 'x'.repeat(121) }]), { ...carried(), unkept: [`${'x'.repeat(120)}…`] }],
    ['without text', of([{ name: 'ci.yml' }]), 'workflows[0].raw is not text'],
    ['fifty', of(Array.from({ length: 50 }, () => CI)), carried(...Array.from({ length: 50 }, () => ({ name: 'ci.yml', text: 'when: []\n' })))],
    ['fifty-one', of(Array.from({ length: 51 }, () => CI)), 'workflows has more than 50 items']
  ])
})

describe('the first of several faults is reported', () => {
  pipelines([
    ['the repository before the cause', event({ repo: { ...REPO, knot: 7 }, kind: 7 }, 7), 'repo.knot is not text'],
    ['the cause before the default branch', event({ repo: { ...REPO, defaultBranch: 7 }, kind: 7 }, 7), 'kind is not text'],
    ['the default branch before the workflows', event({ repo: { ...REPO, defaultBranch: 7 } }, 7), 'repo.defaultBranch is not text'],
    ['the fork before its branches', event({ kind: 'pull_request', pullRequest: { sourceRepo: 'x' } }), 'pull requests from forks are not built']
  ])
  update([['the actor before the ref', updates({ committerDid: 7, ref: 7, repo: 7 }), 'committerDid is not a DID'],
    ['the ref before the repository', updates({ ref: 7, repo: 7 }), 'ref is not text']])
})

test('every other kind of event calls for nothing', () => {
  for (const nsid of ['sh.tangled.knot.memberUpdate', 'sh.tangled.pipeline.status', 'sh.tangled.git.refupdate', 'SH.tangled.pipeline', '', '__proto__'])
    expect([decodeTrigger(nsid, CURRENT), decodeTrigger(nsid, event()), decodeTrigger(nsid, null)]).toEqual([OTHER, OTHER, OTHER])
})

test('anything that is understood is a trigger', () => {
  for (const told of [decodeTrigger(UPDATE, CURRENT), decodeTrigger(PIPELINE, event())])
    expect(told._tag === 'Trigger' && Trigger.is(told.trigger)).toBe(true)
})
