/** Cases of triggers: every shape that knots send, and what cannot be understood. What is said of that is prose. */
import type { Json } from '../../../core/index.js'
import { type Case, of } from './cases.js'

type Fields = { readonly [key: string]: Json }

const NEW = 'b'.repeat(40)
const OLD = 'a'.repeat(40)
const ALICE = 'did:plc:alice'
const APP = 'did:plc:app'
const UPDATE = 'sh.tangled.git.refUpdate'
const PIPELINE = 'sh.tangled.pipeline'

const faulty = (nsid: string, cases: { readonly [name: string]: readonly [event: Json, detail: string] }): ReadonlyArray<Case> =>
  Object.entries(cases).map(([name, [event, detail]]) => of('T1')(name, { event, nsid }, { _tag: 'Unreadable', detail }))

const understood = (nsid: string, cases: { readonly [name: string]: readonly [event: Json, trigger: Json] }): ReadonlyArray<Case> =>
  Object.entries(cases).map(([name, [event, trigger]]) => of('T1')(name, { event, nsid }, { _tag: 'Trigger', trigger }))

// ---------------------------------------------------------------------------------------- ref updates

const BARE: Fields = { committerDid: 'did:plc:bob', newSha: NEW, oldSha: OLD, ref: 'refs/heads/main' }
const CURRENT: Fields = { ...BARE, ownerDid: ALICE, repo: APP }
const updates = (changes: Fields): Json => ({ ...CURRENT, ...changes })

const PUSH: Fields = { _tag: 'Push', changedFiles: null, newSha: NEW, oldSha: OLD, ref: 'refs/heads/main', skipsCi: false }
const UPDATED: Fields = {
  actor: 'did:plc:bob',
  cause: PUSH,
  defaultBranch: null,
  kind: 'refUpdate',
  repo: { did: APP, knot: null, name: null, owner: ALICE },
  shape: 'named',
  unkept: [],
  workflows: null
}
const pushed = (changes: Fields): Json => ({ ...UPDATED, cause: { ...PUSH, ...changes } })
const DETAILED: Fields = { ...UPDATED, shape: 'detailed' }
const detailed = (changes: Fields): Json => ({ ...DETAILED, cause: { ...PUSH, ...changes } })
const claimed = (changes: Fields): Fields => ({ ...UPDATED, repo: { did: null, knot: null, name: null, owner: null, ...changes }, shape: 'bare' })

const LONGEST = `refs/heads/${'x'.repeat(1_013)}`
const FILES = Array.from({ length: 200 }, (_, i) => `f${String(i)}`)

const REF_UPDATES: ReadonlyArray<Case> = [
  ...understood(UPDATE, {
    'a ref update of today': [CURRENT, UPDATED],
    'the repository without an owner': [{ ...BARE, repo: APP }, { ...claimed({ did: APP }), shape: 'named' }],
    'all there ever was: repo counts': [{ ...BARE, repo: APP, repoDid: 'did:plc:x', repoName: 'app' }, { ...claimed({ did: APP, name: 'app' }), shape: 'named' }],
    'ownerDid and repoDid: the repository': [{ ...BARE, ownerDid: ALICE, repoDid: APP }, claimed({ did: APP, owner: ALICE })],
    'ownerDid, repoDid and repoName': [{ ...BARE, ownerDid: ALICE, repoDid: APP, repoName: 'app' }, claimed({ did: APP, name: 'app', owner: ALICE })],
    'repoDid alone: the repository': [{ ...BARE, repoDid: APP }, claimed({ did: APP })],
    'repoDid and an empty repoName: the repository': [{ ...BARE, repoDid: APP, repoName: '' }, claimed({ did: APP })],
    'ownerDid and repoName': [{ ...BARE, ownerDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    'repoDid and repoName: the owner': [{ ...BARE, repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    'the same, the rest null': [{ ...BARE, ownerDid: null, repo: null, repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    'the same, the rest empty': [{ ...BARE, ownerDid: '', repo: '', repoDid: ALICE, repoName: 'app' }, claimed({ name: 'app', owner: ALICE })],
    'a tag': [updates({ ref: 'refs/tags/v1' }), pushed({ ref: 'refs/tags/v1' })],
    'any ref': [updates({ ref: 'x' }), pushed({ ref: 'x' })],
    'a ref of 1 024 code units': [updates({ ref: LONGEST }), pushed({ ref: LONGEST })],
    'a ref of letters at the edge': [updates({ ref: '!~\u0080' }), pushed({ ref: '!~\u0080' })],
    'a ref that a shell would like': [updates({ ref: 'refs/heads/$(x)' }), pushed({ ref: 'refs/heads/$(x)' })],
    'objects of SHA-256': [updates({ newSha: 'c'.repeat(64), oldSha: 'd'.repeat(64) }), pushed({ newSha: 'c'.repeat(64), oldSha: 'd'.repeat(64) })],
    'a deleted branch': [updates({ newSha: '0'.repeat(40) }), pushed({ newSha: '0'.repeat(40) })],
    'nobody, null': [updates({ committerDid: null }), { ...UPDATED, actor: null }],
    'nobody, empty': [updates({ committerDid: '' }), { ...UPDATED, actor: null }],
    files: [updates({ changedFiles: ['a', 'b/c'] }), detailed({ changedFiles: ['a', 'b/c'] })],
    'many files': [updates({ changedFiles: FILES }), detailed({ changedFiles: FILES })],
    'no file was changed': [updates({ changedFiles: [] }), detailed({ changedFiles: [] })],
    'files null': [updates({ changedFiles: null }), UPDATED],
    'files that are text': [updates({ changedFiles: 'a' }), DETAILED],
    'files of which one is not text': [updates({ changedFiles: ['a', 7] }), DETAILED],
    'skip-ci': [updates({ pushOptions: ['skip-ci'] }), detailed({ skipsCi: true })],
    'ci-skip, among others': [updates({ pushOptions: [7, 'x', 'ci-skip'] }), detailed({ skipsCi: true })],
    'other options': [updates({ pushOptions: ['Skip-CI', 'skip-ci=1', ' skip-ci'] }), DETAILED],
    'options that are text': [updates({ pushOptions: 'skip-ci' }), DETAILED],
    'files, without repo': [updates({ changedFiles: ['a'], repo: '', repoDid: APP }), { ...DETAILED, cause: { ...PUSH, changedFiles: ['a'] }, shape: 'bare' }],
    'more than we ask': [updates({ $type: 7, meta: { deep: [[[]]] } }), UPDATED]
  }),
  ...faulty(UPDATE, {
    'no repository': [BARE, 'no repository is named'],
    'an owner alone': [{ ...BARE, ownerDid: ALICE }, 'no repository is named'],
    'a name alone': [{ ...BARE, repoName: 'app' }, 'repoDid is not a DID'],
    'a repository that is no DID': [{ ...BARE, repo: 'app' }, 'repo is not a DID'],
    'a repository that is a number': [{ ...BARE, repo: 7 }, 'repo is not a DID'],
    'a repoDid that is none': [{ ...BARE, repoDid: 'x' }, 'repoDid is not a DID'],
    'an owner that is no DID': [updates({ ownerDid: 'alice.example' }), 'ownerDid is not a DID'],
    'a name with a blank': [updates({ repoName: 'a b' }), 'repoName is not a name'],
    'a name that is a number': [updates({ repoName: 7 }), 'repoName is not text'],
    'a ref of 1 025 code units': [updates({ ref: `${LONGEST}x` }), 'ref is not a name'],
    'an empty ref': [updates({ ref: '' }), 'ref is not a name'],
    'a ref with a blank': [updates({ ref: 'a b' }), 'ref is not a name'],
    'a ref with a null character': [updates({ ref: 'a\u0000' }), 'ref is not a name'],
    'a ref with a control character': [updates({ ref: 'a\u001f' }), 'ref is not a name'],
    'a ref with DEL': [updates({ ref: 'a\u007f' }), 'ref is not a name'],
    'a ref that is a number': [updates({ ref: 7 }), 'ref is not text'],
    'a ref null': [updates({ ref: null }), 'ref is not text'],
    'an option for an object': [updates({ newSha: '--upload-pack=x' }), 'newSha is not the name of an object'],
    'a short object': [updates({ newSha: 'b'.repeat(39) }), 'newSha is not the name of an object'],
    'an object in capital letters': [updates({ oldSha: 'A'.repeat(40) }), 'oldSha is not the name of an object'],
    'an old object null': [updates({ oldSha: null }), 'oldSha is not the name of an object'],
    'somebody without a DID': [updates({ committerDid: 'bob' }), 'committerDid is not a DID'],
    'null': [null, 'event is not an object'],
    'a list': [[], 'event is not an object'],
    'text': ['x', 'event is not an object'],
    'the actor comes before the ref': [updates({ committerDid: 7, ref: 7, repo: 7 }), 'committerDid is not a DID'],
    'the ref comes before the repository': [updates({ ref: 7, repo: 7 }), 'ref is not text']
  })
]

// ---------------------------------------------------------------------------------------- pipelines

const REPO: Fields = { defaultBranch: 'main', did: ALICE, knot: 'knot.example', repo: 'app', repoDid: APP }
const PUSHED: Fields = { newSha: NEW, oldSha: OLD, ref: 'refs/heads/main' }
const event = (changes: Fields = {}, workflows: Json = []): Json => ({
  triggerMetadata: { kind: 'push', push: PUSHED, repo: REPO, ...changes },
  workflows
})
const repo = (changes: Fields): Json => event({ repo: { ...REPO, ...changes } })

const made = (cause: Json, changes: Fields = {}): Json => ({
  actor: null,
  cause,
  defaultBranch: 'main',
  kind: 'pipeline',
  repo: { did: APP, knot: 'knot.example', name: 'app', owner: ALICE },
  shape: null,
  unkept: [],
  workflows: [],
  ...changes
})
const ofRepo = (changes: Fields): Json => made(PUSH, { repo: { did: APP, knot: 'knot.example', name: 'app', owner: ALICE, ...changes } })

const PULLED: Fields = { action: 'opened', sourceBranch: 'feature', sourceSha: NEW, targetBranch: 'main' }
const PULL: Fields = { _tag: 'PullRequest', action: 'opened', sourceBranch: 'feature', sourceSha: NEW, targetBranch: 'main' }
const pull = (changes: Fields, more: Fields = {}): Json => event({ kind: 'pull_request', pullRequest: { ...PULLED, ...changes }, ...more })

/** With a key of one byte, as much as inputs may have. */
const LONG = 'x'.repeat(65_535)
const MANUAL: Fields = { _tag: 'Manual', inputs: [], ref: null, sha: null }
const byHand = (manual: Json): Json => event({ kind: 'manual', manual })

const inputs = (count: number): ReadonlyArray<Json> => Array.from({ length: count }, () => ({ key: 'k', value: 'v' }))
const workflows = (count: number): ReadonlyArray<Json> => Array.from({ length: count }, () => ({ name: 'ci.yml', raw: 'x' }))
const carried = (...those: ReadonlyArray<Json>): Json => made(PUSH, { workflows: those })

const PIPELINES: ReadonlyArray<Case> = [
  ...understood(PIPELINE, {
    'a pipeline of a push': [event(), made(PUSH)],
    'a name of a workflow that cannot be kept, and a good one': [
      event({}, [{ name: '../ci.yml' }, { name: 'x'.repeat(101), raw: 7 }, { name: 'ci.yml', raw: 'x' }]),
      made(PUSH, { unkept: ['../ci.yml', 'x'.repeat(101)], workflows: [{ name: 'ci.yml', text: 'x' }] })
    ],
    'names that are too long, and none': [event({}, [{ name: 'x'.repeat(121) }, { name: 7 }, {}]), made(PUSH, { unkept: [`${'x'.repeat(120)}…`, '', ''] })],
    'a repository without a DID': [repo({ repoDid: '' }), ofRepo({ did: null })],
    'a repository with a DID and no name': [repo({ repo: null }), ofRepo({ name: null })],
    'a repository with a DID and no owner': [repo({ did: null }), ofRepo({ owner: null })],
    'no default branch': [repo({ defaultBranch: '' }), made(PUSH, { defaultBranch: null })],
    'another knot, which is not judged here': [repo({ knot: 'Other' }), ofRepo({ knot: 'Other' })],
    'a push of a tag': [event({ push: { ...PUSHED, ref: 'refs/tags/v1' } }), made({ ...PUSH, ref: 'refs/tags/v1' })],
    'a push with files, and without CI': [
      event({ push: { ...PUSHED, changedFiles: ['a'], pushOptions: ['skip-ci'] } }),
      made({ ...PUSH, changedFiles: ['a'], skipsCi: true })
    ],
    'a pull request': [pull({}), made(PULL)],
    'a pull request of which the first generation says "create"': [pull({ action: 'create' }), made(PULL)],
    'a pull request without an action': [pull({ action: null }), made({ ...PULL, action: null })],
    'a pull request of the repository itself': [pull({ sourceRepo: APP }), made(PULL)],
    'a pull request of no other repository': [pull({ sourceRepo: '' }), made(PULL)],
    'by hand, null': [byHand(null), made(MANUAL)],
    'by hand, of nothing': [byHand({ inputs: null, ref: '', sha: null }), made(MANUAL)],
    'by hand, with inputs': [
      byHand({ inputs: [{ key: 'b', value: '1' }, { key: 'a', value: '' }, { key: 'c' }, { key: 'd', value: null }] }),
      made({ ...MANUAL, inputs: [['b', '1'], ['a', ''], ['c', ''], ['d', '']] })
    ],
    'by hand, with an input of as many bytes as may be': [byHand({ inputs: [{ key: 'k', value: LONG }] }), made({ ...MANUAL, inputs: [['k', LONG]] })],
    'by hand, with a hundred inputs': [byHand({ inputs: inputs(100) }), made({ ...MANUAL, inputs: inputs(100).map(() => ['k', 'v']) })],
    'by hand, of a commit': [byHand({ ref: 'refs/heads/x', sha: NEW }), made({ ...MANUAL, ref: 'refs/heads/x', sha: NEW })],
    'workflows, in their order': [
      event({}, [{ clone: {}, engine: 'tack', name: 'ci.yml', raw: 'when: []\n' }, { name: 'a.yml', raw: '' }]),
      carried({ name: 'ci.yml', text: 'when: []\n' }, { name: 'a.yml', text: '' })
    ],
    'workflows null': [event({}, null), carried()],
    'fifty workflows': [event({}, workflows(50)), carried(...workflows(50).map(() => ({ name: 'ci.yml', text: 'x' })))]
  }),
  ...faulty(PIPELINE, {
    'an owner without a name': [repo({ repo: '', repoDid: null }), 'no repository is named'],
    'a name without an owner': [repo({ did: '', repoDid: null }), 'no repository is named'],
    'a default branch with a blank': [repo({ defaultBranch: 'a b' }), 'repo.defaultBranch is not a name'],
    'no knot': [repo({ knot: null }), 'repo.knot is not text'],
    'an empty knot': [repo({ knot: '' }), 'repo.knot is not a name'],
    'an owner that is no DID, in a pipeline': [repo({ did: 'alice' }), 'repo.did is not a DID'],
    'a repository whose DID is a number': [repo({ repoDid: 7 }), 'repo.repoDid is not a DID'],
    'a name with a line feed': [repo({ repo: 'a\nb' }), 'repo.repo is not a name'],
    'no repo': [event({ repo: null }), 'repo is not an object'],
    'no metadata': [{ workflows: [] }, 'triggerMetadata is not an object'],
    'null, for a pipeline': [null, 'event is not an object'],
    'a push without a push': [event({ push: null }), 'push is not an object'],
    'a push without a ref': [event({ push: { newSha: NEW, oldSha: OLD } }), 'push.ref is not text'],
    'a push without an object': [event({ push: { ...PUSHED, newSha: '' } }), 'push.newSha is not the name of an object'],
    'a pull request from a fork': [pull({ sourceRepo: 'did:plc:fork' }), 'pull requests from forks are not built'],
    'a pull request from a fork that is said oddly': [pull({ sourceRepo: { did: APP } }), 'pull requests from forks are not built'],
    'a pull request from what cannot be compared': [pull({ sourceRepo: APP }, { repo: { ...REPO, repoDid: null } }), 'pull requests from forks are not built'],
    'a pull request without a source': [pull({ sourceBranch: '' }), 'pullRequest.sourceBranch is not a name'],
    'a pull request without a target': [pull({ targetBranch: null }), 'pullRequest.targetBranch is not text'],
    'a pull request without an object': [pull({ sourceSha: 'x' }), 'pullRequest.sourceSha is not the name of an object'],
    'a pull request that is not there': [event({ kind: 'pull_request' }), 'pullRequest is not an object'],
    'by hand, in text': [byHand('x'), 'manual is not an object'],
    'inputs that are no list': [byHand({ inputs: {} }), 'manual.inputs is not a list'],
    'an input that is text': [byHand({ inputs: ['a=b'] }), 'manual.inputs[0] is not an object'],
    'an input without a key': [byHand({ inputs: [{ value: 'x' }] }), 'manual.inputs[0].key is not text'],
    'an input whose value is a number': [byHand({ inputs: [{ key: 'a', value: 7 }] }), 'manual.inputs[0].value is not text'],
    'an input of one byte more': [byHand({ inputs: [{ key: 'k', value: `${LONG}x` }] }), 'manual.inputs has more than 65536 bytes'],
    'two inputs that have so many together': [byHand({ inputs: [{ key: 'k', value: LONG }, { key: 'l' }] }), 'manual.inputs has more than 65536 bytes'],
    'a key counts in bytes': [byHand({ inputs: [{ key: '\u00e4', value: LONG }] }), 'manual.inputs has more than 65536 bytes'],
    'an input that is faulty, and too long a one': [byHand({ inputs: [{ key: 'k', value: `${LONG}x` }, { key: 'l', value: 7 }] }), 'manual.inputs[1].value is not text'],
    'a hundred and one inputs': [byHand({ inputs: inputs(101) }), 'manual.inputs has more than 100 items'],
    'by hand, of a bad commit': [byHand({ sha: 'HEAD' }), 'manual.sha is not the name of an object'],
    'a kind that is not known': [event({ kind: 'schedule' }), 'kind is schedule'],
    'no kind': [event({ kind: null }), 'kind is not text'],
    'workflows that are no list': [event({}, {}), 'workflows is not a list'],
    'a workflow that is text': [event({}, ['ci.yml']), 'workflows[0] is not an object'],
    'a workflow without text': [event({}, [{ name: 'ci.yml' }]), 'workflows[0].raw is not text'],
    'fifty-one workflows': [event({}, workflows(51)), 'workflows has more than 50 items'],
    'the repository comes before the cause': [event({ kind: 7, repo: { ...REPO, knot: 7 } }, 7), 'repo.knot is not text'],
    'the cause comes before the default branch': [event({ kind: 7, repo: { ...REPO, defaultBranch: 7 } }, 7), 'kind is not text'],
    'the default branch comes before the workflows': [event({ repo: { ...REPO, defaultBranch: 7 } }, 7), 'repo.defaultBranch is not text'],
    'the fork comes before its branches': [event({ kind: 'pull_request', pullRequest: { sourceRepo: 'x' } }), 'pull requests from forks are not built']
  })
]

// ---------------------------------------------------------------------------------------- everything else

const OTHERS: ReadonlyArray<Case> = ['sh.tangled.knot.memberUpdate', 'sh.tangled.pipeline.status', 'sh.tangled.git.refupdate', 'SH.tangled.pipeline', '', '__proto__'].map(
  (nsid) => of('T1')(`an event of another kind: ${nsid}`, { event: CURRENT, nsid }, { _tag: 'Other' })
)

export const TRIGGERS: ReadonlyArray<Case> = [...REF_UPDATES, ...PIPELINES, ...OTHERS]
