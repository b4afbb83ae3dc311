/**
 * What is measured with: a made-up network of any size, and the frames that come from it.
 *
 * The frames have the shapes and about the size of real ones, most of which nobody here reads: what `JSON.parse` must wade
 * through is part of the measure. Every change is news at its key, because a replay is cheaper than what is new. The same numbers
 * give the same frames in every process, so that one can fill a store and another send what comes next.
 */
import * as E from 'fp-ts/lib/Either.js'
import { COLLABORATOR, Config, defaults, explain, MEMBER, REPO, type TimeUs } from '../../core/index.js'
import { commitBody, frameText, type Operation, plc, rfc3339, seeded, tid } from '../../shell/demo-network/frames.js'

// ---------------------------------------------------------------------------------------- configuration

const HOSTNAME = 'ci.example.com'
const OWNER = 'did:plc:ownerownerownerownerowne'
const seeds = { changes: 2, names: 1 }

const configOf = (settings: object): Config => {
  const result = Config.decode(settings)
  if (E.isLeft(result)) throw new Error(explain(result.left))
  return result.right
}

/** More than any bench has: a key that is refused for want of room costs next to nothing. */
const ROOM = 10_000_000

/** A bridge that anybody may make listen to a knot on this machine: every record is looked at as closely as it can be, and kept. */
export const config = configOf({
  ...defaults({ hostname: HOSTNAME, owner: OWNER }),
  admission: 'open',
  caps: { admitted: ROOM, stranger: ROOM, strangers: ROOM },
  hosts: { defaultPort: 80, loopback: true, ports: true }
})

/** The same, but everybody in the stream is a stranger: nothing of it is kept. */
export const selective = configOf({ ...config, admission: 'members' })

/** The same as `config`, but no build is forgotten, and nobody's records are read. */
export const roomy = configOf({ ...config, backfill: false, builds: { ...config.builds, keepStatuses: ROOM } })

/** A bridge as it comes: who is not admitted leaves no trace. */
export const guarded = configOf({ ...config, admission: 'members' })

// ---------------------------------------------------------------------------------------- frames

/** Nobody is there: a bridge tries them now and then, and that is all. */
const KNOTS = ['localhost:1', 'localhost:2', 'localhost:3', 'localhost:4']

/** Two repos, a collaborator and a member: how many rows an account has. */
const ROWS_PER_ACCOUNT = 4
/** Which repos name us: one in ten. */
const OURS = 10
/** Which changes are deletes: one in ten. */
const DELETES = 10

/** A moment in the past: no frame is from the future. */
const START_US = 1_750_000_000_000_000
const PERIOD_US = 1_000

/** When all of them are received. */
export const RECEIVED_US = (START_US + 86_400_000_000) as TimeUs

/** The stamp of the n-th frame, counted from 0 over creations and changes. */
export const stampOf = (n: number): TimeUs => (START_US + n * PERIOD_US) as TimeUs

/** The labels that a repo has when nobody has chosen others. */
const LABELS = ['wontfix', 'good-first-issue', 'documentation'].map(
  (name) => `at://did:plc:wshs7t2adsemcrrd4snkeqli/sh.tangled.label.definition/${name}`
)

export interface World {
  /** The frames that create the rows, one each. */
  readonly creations: () => Generator<string, void, undefined>
  /** `count` frames that come after these, each of which changes a row. */
  readonly changes: (count: number) => Generator<string, void, undefined>
}

/**
 * The n-th frame, as the last one of a stream: a record of the owner, which every bridge keeps, and writes at once. A mere move of the cursor may wait
 * a second, which says nothing of how fast frames are taken.
 */
export const lastFrame = (n: number): string => {
  const timeUs = stampOf(n)
  const record = { $type: REPO, createdAt: rfc3339(timeUs), knot: KNOTS[0], name: 'last' }
  return frameText(commitBody(OWNER, tid(timeUs), { collection: REPO, operation: 'create', record, rkey: tid(timeUs) }), timeUs)
}

/** A network with that many rows. */
export const world = (rows: number): World => {
  const names = seeded(seeds.names)
  const accounts = Math.ceil(rows / ROWS_PER_ACCOUNT)
  const dids = Array.from({ length: accounts }, () => plc(names))
  const didOf = (row: number): string => dids[row % accounts] ?? ''

  const recordOf = (row: number, createdAt: string) => {
    switch (Math.floor(row / accounts)) {
      case 0:
      case 1:
        return {
          $type: REPO,
          name: `project-${String(row)}`,
          knot: KNOTS[row % KNOTS.length],
          ...(row % OURS === 0 ? { spindle: HOSTNAME } : {}),
          repoDid: didOf(row + 1),
          description: 'A library for reading and writing things, with no dependencies to speak of.',
          website: `https://project-${String(row)}.example.com`,
          topics: ['library', 'reading', 'writing'],
          labels: LABELS,
          createdAt
        }
      case 2:
        return { $type: COLLABORATOR, repo: didOf(row + 2), subject: didOf(row + 1), createdAt }
      default:
        return { $type: MEMBER, instance: row % OURS === 0 ? HOSTNAME : 'spindle.example.org', subject: didOf(row + 1), createdAt }
    }
  }

  const collectionOf = (row: number): string => [REPO, REPO, COLLABORATOR][Math.floor(row / accounts)] ?? MEMBER

  const frame = (n: number, row: number, operation: Operation['operation']): string => {
    const timeUs = stampOf(n)
    const key = { collection: collectionOf(row), rkey: tid(stampOf(row)) }
    const change = operation === 'delete' ? { operation, ...key } : { operation, ...key, record: recordOf(row, rfc3339(timeUs)) }
    return frameText(commitBody(didOf(row), tid(timeUs), change), timeUs)
  }

  return {
    *creations() {
      for (let row = 0; row < rows; row++) yield frame(row, row, 'create')
    },
    *changes(count) {
      const random = seeded(seeds.changes)
      for (let n = rows; n < rows + count; n++)
        yield frame(n, random.between(0, rows - 1), random.between(1, DELETES) === 1 ? 'delete' : 'update')
    }
  }
}
