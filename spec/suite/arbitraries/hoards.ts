/** Triggers by hand that bring as much as they may, with workflow files that ask for as much as files may. */
import fc from 'fast-check'
import {
  Builds,
  canonical,
  decodeWorkflow,
  type Did,
  type Effect,
  type Event,
  type HostName,
  initial,
  type Json,
  type Natural,
  type Nsid,
  OrderedMap as M,
  type Rkey,
  type Status,
  step,
  type TimeUs,
  type Workflow,
  type WorkflowName,
  type WorkflowSource,
  type Yaml
} from '../../../core/index.js'
import type { Hoard } from '../laws/builds.js'
import { beginningWith, knotConnection, policy } from './builds.js'
import { EPOCH_US, OWNER, SECOND_US, weighted } from './data.js'

const KNOT = 'knot1.example' as HostName
const RKEY = 'a' as Rkey

/** A character, and how many bytes it is in UTF-8: written down, some are more. */
const FILLS = [['x', 1], ['\u0001', 1], ['"', 1], ['é', 2], ['🧵', 4]] as const

interface Draw {
  readonly commands: ReadonlyArray<number>
  readonly fill: number
  readonly source: number
}

const lengths = weighted<number>([4, 10], [2, 5_000], [5, 60_000], [2, 65_536])

const draws: fc.Arbitrary<Draw> = fc.record(
  { commands: fc.array(lengths, { maxLength: 4 }), fill: fc.nat(FILLS.length - 1), source: lengths },
  { noNullPrototype: true }
)

const filled = (fill: number, bytes: number): string => {
  const [character, size] = FILLS[fill] ?? FILLS[0]
  return character.repeat(Math.floor(bytes / size))
}

const map = (entries: { readonly [key: string]: Yaml }): Yaml => ({ map: Object.entries(entries) })

const nameOf = (i: number): WorkflowName => `w${String(i).padStart(2, '0')}.yml` as WorkflowName

/** A workflow file that asks for that: one that is too long asks for nothing, and fails. */
const workflowOf = ({ commands, fill }: Draw, i: number): Workflow =>
  decodeWorkflow(
    nameOf(i),
    '',
    map({
      engine: 'tack',
      steps: commands.map((bytes) => map({ command: filled(fill, bytes), name: 'a step' })),
      tack: map({ ci: map({ pipeline: 'app' }) })
    })
  )

const sourceOf = ({ fill, source }: Draw, i: number): WorkflowSource => ({ name: nameOf(i), text: filled(fill, source) })

const written = (state: ReturnType<typeof initial>): ReadonlyArray<string> =>
  M.toEntries(state.builds.runs).map((entry) => canonical(Builds.RunEntry.encode([...entry]) as Json))

const hoardOf = (input: string, files: ReadonlyArray<Draw>, message: string): Hoard => {
  const effects: Array<Effect> = []
  let state = initial(policy())
  let seconds = 0
  const happens = (event: Event): void => {
    const [after, caused] = step(state, event)
    state = after
    effects.push(...caused)
  }
  const now = (): TimeUs => (EPOCH_US + SECOND_US * seconds++) as TimeUs
  for (const event of beginningWith(policy())) happens({ ...event, at: now() })
  const connection = knotConnection(state, KNOT) as Natural
  happens({ _tag: 'KnotOpened', at: now(), connection, host: KNOT })
  happens({
    _tag: 'KnotReceived',
    at: now(),
    connection,
    created: null,
    host: KNOT,
    nsid: 'sh.tangled.pipeline' as Nsid,
    rkey: RKEY,
    payload: {
      _tag: 'Trigger',
      trigger: {
        actor: null,
        cause: { _tag: 'Manual', inputs: [['k', input]], ref: null, sha: null },
        defaultBranch: null,
        kind: 'pipeline',
        repo: { did: 'did:plc:owners-repo' as Did, knot: KNOT, name: 'app', owner: OWNER },
        shape: null,
        unkept: [],
        workflows: []
      }
    }
  })
  const workflows = files.map(workflowOf)
  const [asked] = effects.filter((effect) => effect._tag === 'ReadWorkflows')
  const number = asked?.number ?? (0 as Natural)
  happens({ _tag: 'WorkflowsRead', at: now(), defaultBranch: null, knot: KNOT, number, rkey: RKEY, sources: files.map(sourceOf), unkept: [], workflows })
  const rows: Array<string> = [...written(state)]
  const started = effects.filter((effect) => effect._tag === 'StartBuild')
  for (const { build, number: request } of started) {
    happens({ _tag: 'BuildAccepted', at: now(), build, external: 'x'.repeat(100), number: request })
    happens({ _tag: 'BuildReported', at: now(), build, error: message, exitCode: null, external: 'x'.repeat(100), provider: 'ci', status: 'failed' as Status })
  }
  rows.push(...written(state))
  happens({ _tag: 'RetryRequested', at: now(), knot: KNOT, rkey: RKEY, workflow: null })
  rows.push(...written(state))
  return { effects, input, rows, workflows }
}

export const hoards: fc.Arbitrary<Hoard> = fc
  .record(
    {
      bytes: fc.constantFrom(0, 100, 65_000),
      fill: fc.nat(FILLS.length - 1),
      files: fc.array(draws, { maxLength: 16, minLength: 1, size: 'max' }),
      message: fc.nat(FILLS.length - 1)
    },
    { noNullPrototype: true }
  )
  .map(({ bytes, fill, files, message }) => hoardOf(`input ${filled(fill, bytes)}`, files, filled(message, 1_000)))
