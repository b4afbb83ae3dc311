/**
 * Migrates runs of version 4 and earlier. Their builds did not record when they began to run, and runs that are older than announcements have none.
 * Both are reconstructed from the log of statuses, as far as it reaches.
 */

type Fields = { readonly [field: string]: unknown }

const fieldsOf = (u: unknown): Fields => (typeof u === 'object' && u !== null ? { ...u } : {})

const listOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

const stampIn = (u: unknown): number => (typeof u === 'number' ? u : 0)

/** What the log of statuses knows of a build. */
interface Known {
  firstUs: number
  startedUs: number | null
}

const keyOf = (run: unknown, workflow: unknown): string => JSON.stringify([run, workflow])

const knownIn = (statuses: ReadonlyArray<unknown>): ReadonlyMap<string, Known> => {
  const known = new Map<string, Known>()
  for (const status of statuses) {
    const { build, createdUs, status: kind } = fieldsOf(status)
    const { knot, rkey, workflow } = fieldsOf(build)
    const key = keyOf(`${String(knot)}/${String(rkey)}`, workflow)
    const entryOfBuild = known.get(key) ?? { firstUs: stampIn(createdUs), startedUs: null }
    if (kind === 'running') entryOfBuild.startedUs = stampIn(createdUs)
    known.set(key, entryOfBuild)
  }
  return known
}

/** All timestamps in use. */
const stampsIn = (runs: ReadonlyArray<unknown>, statuses: ReadonlyArray<unknown>): Set<number> =>
  new Set([
    ...statuses.map((status) => stampIn(fieldsOf(status)['createdUs'])),
    ...runs.map((entry) => stampIn(fieldsOf(fieldsOf(listOf(entry)[1])['announced'])['createdUs']))
  ])

/** The last microsecond before `us` that is not in use. */
const freeBefore = (taken: ReadonlySet<number>, us: number): number => (taken.has(us - 1) ? freeBefore(taken, us - 1) : Math.max(us - 1, 0))

/** The announcement of a build whose file is unknown. */
const announcedOf = (workflow: unknown, build: Fields): Fields => {
  const { recipe } = build
  const clone = recipe === null ? { depth: 0, skip: false, submodules: false } : fieldsOf(recipe)['clone']
  return { clone, engine: recipe === null ? '' : 'tack', name: workflow, text: '' }
}

/** Adds to each run what the log knows. Readers get nothing anew: an announcement is dated before the first status that is kept. */
export const asPipelines = (runs: ReadonlyArray<unknown>, statuses: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const known = knownIn(statuses)
  const taken = stampsIn(runs, statuses)
  return runs.map((entry) => {
    const [key, written] = listOf(entry)
    const run = fieldsOf(written)
    const builds = listOf(run['builds']).map((build): readonly [unknown, Fields] => [listOf(build)[0], fieldsOf(listOf(build)[1])])
    const begun = builds.map(([workflow, build]) => [workflow, { ...build, startedUs: known.get(keyOf(key, workflow))?.startedUs ?? null }])
    if (run['announced'] !== null || builds.length === 0) return [key, { ...run, builds: begun }]
    const firstUs = Math.min(...builds.map(([workflow, { statusUs }]) => Math.min(known.get(keyOf(key, workflow))?.firstUs ?? Infinity, stampIn(statusUs))))
    const createdUs = freeBefore(taken, firstUs)
    taken.add(createdUs)
    return [key, { ...run, announced: { createdUs, workflows: builds.map(([workflow, build]) => announcedOf(workflow, build)) }, builds: begun }]
  })
}
