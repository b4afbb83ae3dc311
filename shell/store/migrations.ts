/**
 * Upgrades snapshots of earlier numbers (snapshot.ts), one number at a time. Nothing here depends on today's types: the result is decoded like any
 * other snapshot.
 */
import { COLLABORATOR, type Collection, defaults, MEMBER, overlong, REPO, withinLimits } from '../../core/index.js'
import { withoutFormerKnots } from './former-knots.js'
import { asPipelines } from './former-pipelines.js'

/** A document as it was read, not yet decoded. */
export interface Document {
  readonly accounts: ReadonlyArray<unknown>
  /** The growing parts of the head (growing.ts); empty up to version 3. */
  readonly growing: ReadonlyArray<unknown>
  readonly head: unknown
  readonly runs: ReadonlyArray<unknown>
  readonly statuses: ReadonlyArray<unknown>
}

/**
 * Turns a document of each version into one of the next. The frame around the lines is the same in every version; migrations change which lists there
 * are, and what is in them.
 */
export interface Migrations {
  readonly [version: number]: (document: Document) => Document
}

type Fields = { readonly [field: string]: unknown }

const fieldsOf = (u: unknown): Fields => (typeof u === 'object' && u !== null ? { ...u } : {})

const listOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

/**
 * Version 1 had neither builds nor backfill, and did not record since when a knot had been listened to. Nothing had been built, so there is nothing
 * to recognise; triggers from before the first start with this version belong to nobody.
 */
const toVersion2 = (document: Document): Document => {
  const head = fieldsOf(document.head)
  const policy = fieldsOf(head['policy'])
  const knots = fieldsOf(head['knots'])
  const { cursor } = fieldsOf(head['cursor'])
  const { builds } = defaults({ hostname: '', owner: '' })
  const subscriptions = listOf(knots['subscriptions'])
  return {
    ...document,
    head: {
      ...head,
      backfill: { accounts: [], backoff: builds.backoff, isOpen: false, isWanted: true, next: 1, owner: null, stopped: true },
      builds: {
        floorUs: null,
        lastUs: 0,
        next: 1,
        settings: { hosts: policy['hosts'], owner: policy['owner'], policy: builds },
        sources: [],
        stopped: true
      },
      knots: {
        ...knots,
        subscriptions: subscriptions.map((entry: unknown) => {
          const [host, subscription] = listOf(entry)
          return [host, { ...fieldsOf(subscription), since: typeof cursor === 'number' && cursor > 0 ? `${String(cursor)}000` : '0' }]
        })
      }
    }
  }
}

/** Changes the values of a map that is written as entries `[key, value]`. */
const entries =
  (change: (value: Fields) => Fields) =>
  (list: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
    list.map((entry) => {
      const [key, value] = listOf(entry)
      return [key, change(fieldsOf(value))]
    })

/** Version 2 was the last before the first release. Each part of the head, and each entry of the lists, is converted on its own. */
const toVersion3 = ({ accounts, growing, head: written, runs, statuses }: Document): Document => {
  const head = fieldsOf(written)
  return {
    accounts: accounts.flatMap(account3),
    growing,
    head: {
      ...head,
      backfill: backfill3(fieldsOf(head['backfill'])),
      builds: builds3(fieldsOf(head['builds']), listOf(fieldsOf(head['knots'])['subscriptions'])),
      counters: counters3(fieldsOf(head['counters']), overlongIn(accounts)),
      cursor: cursor3(fieldsOf(head['cursor'])),
      knots: knots3(fieldsOf(head['knots'])),
      policy: policy3(fieldsOf(head['policy']))
    },
    runs: entries(run3)(runs),
    statuses: statuses.map((status) => status3(fieldsOf(status)))
  }
}

/** The collection of each list of an account's rows. */
const ROWS = { collaborators: COLLABORATOR, members: MEMBER, repos: REPO } as const

/** In version 2, a field of a record could have any length. */
const row3 =
  (collection: Collection) =>
  (slot: Fields): Fields =>
    slot['record'] === null ? slot : { ...slot, record: withinLimits(collection, fieldsOf(slot['record'])) }

/** The event that set an account aside was not recorded, and accounts had no horizon. Rows now have lines of their own (accounts.ts). */
const account3 = (entry: unknown): ReadonlyArray<unknown> => {
  const [did, account] = listOf(entry)
  const { collaborators, members, repos, ...fields } = fieldsOf(account)
  const rows = { collaborators, members, repos }
  const lines = Object.entries(ROWS).flatMap(([list, collection]) =>
    entries(row3(collection))(listOf(rows[list as keyof typeof ROWS])).map((row) => [list, ...listOf(row)])
  )
  return [[did, { ...fields, horizonUs: null, setAside: null }], ...lines]
}

/** How many fields in the rows of these accounts are too long. */
const overlongIn = (accounts: ReadonlyArray<unknown>): number =>
  accounts
    .flatMap((entry) => Object.entries(ROWS).flatMap(([rows, collection]) => listOf(fieldsOf(listOf(entry)[1])[rows]).map((row) => [collection, row] as const)))
    .reduce((n, [collection, row]) => n + overlong(collection, fieldsOf(fieldsOf(listOf(row)[1])['record'])).length, 0)

/** Counts the fields that were dropped. */
const counters3 = (counters: Fields, dropped: number): Fields =>
  dropped === 0
    ? counters
    : { ...counters, reports: [...listOf(counters['reports']), ['FieldTooLong', dropped]].sort((a, b) => (String(listOf(a)[0]) < String(listOf(b)[0]) ? -1 : 1)) }

/** The rows of all accounts were kept, whatever the configuration; the next start decides which of them go. */
const policy3 = (policy: Fields): Fields => ({ ...policy, backfill: false, caps: defaults({ hostname: '', owner: '' }).caps })
const backfill3 = (backfill: Fields): Fields => backfill

/**
 * A run may start from the next push, in whichever way that is announced. If pipelines and refUpdates both counted, it is found out again whether
 * pipelines come. The next start forgets a knot that nobody uses. No mistake had been reported.
 */
const builds3 = (builds: Fields, subscriptions: ReadonlyArray<unknown>): Fields => {
  const held = new Set(subscriptions.map((entry) => listOf(entry)[0]))
  const sources = listOf(builds['sources']).map((entry) => {
    const [knot, source] = listOf(entry)
    const { refUpdates, spent, ...rest } = fieldsOf(source)
    const keys = listOf(spent).map((key) => [listOf(key)[0], null])
    const leaving = held.has(knot) ? null : { number: 0, untilUs: 0 }
    return [knot, { ...rest, details: false, leaving, pipelines: rest['pipelines'] === true && refUpdates !== true, spent: keys }]
  })
  return { ...builds, mistaken: [], sources }
}

/** Frames had no numbers, and nothing defined a replay: the first connection sets both. */
const cursor3 = (cursor: Fields): Fields => ({ ...cursor, mark: null, replayUs: null, settings: { ...fieldsOf(cursor['settings']), url: '' } })
const knots3 = (knots: Fields): Fields => knots
/**
 * Runs that had begun were not announced, and will not be. None repeated a selection of its workflows from their files. Which triggers of the other
 * kind had come is unknown: one that still comes is not a push of its own.
 */
const run3 = (run: Fields): Fields => ({ ...run, announced: null, met: null, only: null })
const status3 = (status: Fields): Fields => status

/** The growing parts of the head get lines of their own, and a run stores once what its builds share. */
const toVersion4 = ({ accounts, head: written, runs, statuses }: Document): Document => {
  const head = fieldsOf(written)
  const backfill = fieldsOf(head['backfill'])
  const builds = fieldsOf(head['builds'])
  const knots = fieldsOf(head['knots'])
  return {
    accounts,
    growing: [
      ...listOf(builds['mistaken']).map((key) => ['mistaken', key]),
      ...listOf(backfill['accounts']).map((entry) => ['readings', ...listOf(entry)]),
      ...listOf(builds['sources']).flatMap(source4),
      ...listOf(knots['subscriptions']).map((entry) => ['subscriptions', ...listOf(entry)])
    ],
    head: {
      ...head,
      backfill: { ...backfill, accounts: [] },
      builds: { ...builds, mistaken: [], sources: [] },
      knots: { ...knots, subscriptions: [] }
    },
    runs: entries(run4)(runs),
    statuses
  }
}

const source4 = (entry: unknown): ReadonlyArray<unknown> => {
  const [knot, source] = listOf(entry)
  const { spent, ...fields } = fieldsOf(source)
  return [['sources', knot, fields], ...listOf(spent).map((key) => ['spent', ...listOf(key)])]
}

const run4 = (run: Fields): Fields => ({ ...run, builds: entries(build4)(listOf(run['builds'])) })

/** The plan of each build contained variables that a workflow cannot set. They are now added when the plan is needed (plan.ts). */
const build4 = ({ plan, ...build }: Fields): Fields => {
  if (typeof plan !== 'object' || plan === null) return { ...build, recipe: null }
  const { clone, pipeline, provider, settings, steps, variables } = fieldsOf(plan)
  const environment = listOf(variables).filter((pair) => !IS_RESERVED.test(String(listOf(pair)[0])))
  return { ...build, recipe: { clone, environment, pipeline, provider, settings, steps } }
}

const IS_RESERVED = /^(?:CI$|TANGLED_|TACK_)/

/**
 * The configuration, of which each part kept its own piece, is now in one place, and so is whether the bridge is stopped. The number of waiting runs
 * is counted instead of stored. Only the adapters knew since when a lost start could no longer come to light; the next start sets this for the builds
 * that it looks for. No token had been used, and no knot had been asked about access. A build now records when it began to run, and each run that has
 * builds is announced, which gives its pipeline a name (former-pipelines.ts).
 */
const toVersion5 = ({ growing, head: written, runs: former, ...document }: Document): Document => {
  const { backfill, builds, counters, cursor, knots, policy } = fieldsOf(written)
  const { settings: stream, stopped: isStopped, ...place } = fieldsOf(cursor)
  const { settings: ofKnots, ...connections } = fieldsOf(knots)
  const { settings: ofBuilds, ...runs } = fieldsOf(builds)
  const { backoff: jetstreamBackoff, rewindUs, toleranceUs, url: jetstream } = fieldsOf(stream)
  const { backoff: knotBackoff } = fieldsOf(ofKnots)
  const { isOpen, next, owner } = fieldsOf(backfill)
  return {
    ...document,
    runs: asPipelines(entries(run5)(former), document.statuses),
    growing: growing.map(growing5),
    head: {
      access: { entries: [], next: 1 },
      backfill: { accounts: [], isOpen, next, owner },
      builds: { ...without('stopped', runs), tokens: [], tokensUs: 0 },
      config: {
        ...fieldsOf(policy),
        builds: policy5(fieldsOf(fieldsOf(ofBuilds)['policy'])),
        collaborators: 'records',
        jetstream,
        jetstreamBackoff,
        knotBackoff,
        rewindUs,
        toleranceUs
      },
      counters: counters5(fieldsOf(counters)),
      cursor: place,
      isStopped,
      knots: without('stopped', connections)
    }
  }
}

/** Reports that were renamed. Their order stays the same. */
const RENAMED: { readonly [kind: string]: string } = { RecordsUnread: 'RecordsReadFailed', WorkflowsUnread: 'WorkflowsReadFailed' }

const renamed = (kind: unknown): unknown => (typeof kind === 'string' ? (RENAMED[kind] ?? kind) : kind)

const counters5 = (counters: Fields): Fields => ({
  ...counters,
  recent: listOf(counters['recent']).map((report) => ({ ...fieldsOf(report), _tag: renamed(fieldsOf(report)['_tag']) })),
  reports: listOf(counters['reports']).map((entry) => [renamed(listOf(entry)[0]), listOf(entry)[1]])
})

const without = (name: string, fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name))

/** The operator could not limit what the runs keep in all. */
const policy5 = (policy: Fields): Fields => {
  const { keepUnits, owedUnits } = defaults({ hostname: '', owner: '' }).builds
  return { ...policy, keepUnits, owedUnits }
}

const growing5 = (line: unknown): unknown => {
  const [list, key, value] = listOf(line)
  if (list === 'sources') return [list, key, without('reading', fieldsOf(value))]
  return list === 'readings' ? [list, key, reading5(fieldsOf(value))] : line
}

/** Requests, and pauses before retries, had a different phase in each part of the state, next to a number and a count of attempts. */
const request5 = (attempt: unknown, number: unknown, phase: 'Waiting' | 'Asked' | 'Pausing'): Fields => ({ attempt, number, phase })

const reading5 = ({ attempt, collection, cursor, number, pages, phase }: Fields): Fields => ({
  collection,
  cursor,
  pages,
  request: request5(attempt, number, phase === 'Reading' ? 'Asked' : phase === 'Pausing' ? 'Pausing' : 'Waiting')
})

const run5 = ({ attempt, builds, phase, ...run }: Fields): Fields => {
  const { _tag, number, ...fields } = fieldsOf(phase)
  return {
    ...run,
    builds: entries(build5)(listOf(builds)),
    phase:
      _tag === 'Reading' || _tag === 'ReadPausing'
        ? { ...fields, _tag: 'Reading', request: request5(attempt, number, _tag === 'Reading' ? 'Asked' : 'Pausing') }
        : phase
  }
}

const build5 = ({ attempt, phase, ...build }: Fields): Fields => ({ ...build, doubtUs: null, phase: phase5(attempt, fieldsOf(phase)) })

const phase5 = (attempt: unknown, { _tag, number, ...fields }: Fields): Fields => {
  if (number === undefined) return { ...fields, _tag }
  const request = request5(attempt, number, _tag === 'Pausing' || _tag === 'CancelPausing' ? 'Pausing' : 'Asked')
  return { ...fields, _tag: _tag === 'Pausing' ? 'Finding' : _tag === 'CancelPausing' ? 'Cancelling' : _tag, request }
}

/**
 * An account that was denied access to a repository was not told whether its knot keeps lists. It counts as if the knot kept none, until it is asked
 * again, within hours. Version 6 also changed what the journal does, but nothing else of the stored shape.
 */
const toVersion6 = (document: Document): Document => ({ ...document, growing: document.growing.map(growing6) })

const growing6 = (line: unknown): unknown => {
  const [list, key, value] = listOf(line)
  const entry = fieldsOf(value)
  const access = fieldsOf(entry['access'])
  return list === 'access' && access['_tag'] === 'Denied' ? [list, key, { ...entry, access: { ...access, keepsLists: false } }] : line
}

/**
 * Version 7 changed what the journal does, but nothing of the stored shape. An account with more entries than there is room for now keeps them. A
 * list that belongs to nobody takes no room, and goes with the next answer, within hours.
 */
const toVersion7 = (document: Document): Document => document

/**
 * Version 8 changed what the journal does, but nothing of the stored shape. What an activation without a time superseded until then stays superseded.
 */
const toVersion8 = (document: Document): Document => document

export const MIGRATIONS: Migrations = {
  1: toVersion2,
  2: (document) => toVersion3({ ...document, ...withoutFormerKnots(document) }),
  3: toVersion4,
  4: toVersion5,
  5: toVersion6,
  6: toVersion7,
  7: toVersion8
}
