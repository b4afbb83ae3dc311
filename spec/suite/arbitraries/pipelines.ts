/** Busy repositories: trigger upon trigger, each of which becomes a pipeline that has failed before it began, and is forgotten after a while. */
import fc from 'fast-check'
import type { Did, Event, HostName, Nanos, Natural, Nsid, Rkey, Sha, State, TimeUs, Trigger, Workflow, WorkflowName } from '../../../core/index.js'
import { OrderedMap as M } from '../../../core/index.js'
import { type Run, unfold } from '../laws/run.js'
import { beginningWith, knotConnection, policy } from './builds.js'
import { EPOCH_US, pick, SECOND_US } from './data.js'

const K1 = 'knot1.example' as HostName
const K2 = 'knot2.example' as HostName
const SHAS = ['1', '2', '3'].map((digit) => digit.repeat(40) as Sha)
const ZERO = '0'.repeat(40) as Sha

/** The repositories that have a DID, the one of most triggers first. */
export const REPOS = ['did:plc:owners-repo', 'did:plc:else'].map((did) => did as Did)

interface Draw {
  readonly commit: number
  readonly kind: number
  readonly repo: number
}

const causeOf = ({ commit, kind }: Draw, i: number): Trigger['cause'] => {
  const sha = pick(SHAS, commit)
  switch (kind) {
    case 0:
      return { _tag: 'Manual', inputs: [], ref: null, sha: commit === 0 ? null : sha }
    case 1:
      return { _tag: 'PullRequest', action: null, sourceBranch: 'x', sourceSha: sha, targetBranch: 'main' }
    default:
      return { _tag: 'Push', changedFiles: null, newSha: sha, oldSha: ZERO, ref: `refs/heads/b${String(i)}`, skipsCi: false }
  }
}

const told = (state: State, draw: Draw, i: number, at: TimeUs): Event => {
  const host = draw.repo === 0 ? K1 : K2
  return {
    _tag: 'KnotReceived',
    at,
    connection: knotConnection(state, host) as Natural,
    created: `${String(at)}000` as Nanos,
    host,
    nsid: 'sh.tangled.git.refUpdate' as Nsid,
    rkey: `key${String(i)}` as Rkey,
    payload: {
      _tag: 'Trigger',
      trigger: {
        actor: null,
        cause: causeOf(draw, i),
        defaultBranch: null,
        kind: 'refUpdate',
        repo: { did: pick(REPOS, draw.repo), knot: null, name: null, owner: null },
        shape: 'detailed',
        unkept: [],
        workflows: null
      }
    }
  }
}

const FAULTY: Workflow = { _tag: 'Faulty', content: '', error: 'not YAML', name: 'ci.yml' as WorkflowName, when: null }

/** The files of what waits for them; time, where nothing does. */
const read = (state: State, at: TimeUs): Event => {
  const [waiting] = M.toEntries(state.builds.runs).flatMap(([key, { phase }]) => (phase._tag === 'Reading' ? [{ key, number: phase.request.number }] : []))
  const [knot = K1, rkey = ''] = (waiting?.key ?? '').split('/')
  return {
    _tag: 'WorkflowsRead',
    at,
    defaultBranch: null,
    knot: knot as HostName,
    number: waiting?.number ?? (0 as Natural),
    rkey: rkey as Rkey,
    sources: null,
    unkept: [],
    workflows: [FAULTY]
  }
}

const draws: fc.Arbitrary<ReadonlyArray<Draw>> = fc.array(
  fc.record({ commit: fc.nat(2), kind: fc.nat(3), repo: fc.constantFrom(0, 0, 0, 1) }, { noNullPrototype: true }),
  { maxLength: 30, minLength: 6 }
)

export const busyRuns: fc.Arbitrary<Run> = fc
  .tuple(draws, fc.constantFrom(5, 12, 40))
  .map(([drawn, keepStatuses]) => {
    const config = policy({ keepStatuses: keepStatuses as Natural })
    const beginning = beginningWith(config)
    return unfold(config, beginning.length + 2 * drawn.length, (state, i) => {
      const first = beginning[i]
      if (first !== undefined) return first
      const at = (EPOCH_US + SECOND_US * i) as TimeUs
      const n = i - beginning.length
      const draw = drawn[Math.floor(n / 2)]
      return n % 2 === 0 && draw !== undefined ? told(state, draw, n, at) : read(state, at)
    })
  })
