/**
 * The records act of the demo: a script plays the world around the bridge, which is killed in the middle. The script contains the expected final
 * state; it is compared with the files, and with the number of sockets that the knots count.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Did } from '../../core/index.js'
import { type EmbeddedNetwork, type Expected, type PdsServer, play, type Step, type World } from '../demo-network/index.js'
import { readStore } from '../store/index.js'
import type { Life, LogLine } from './demo-bridge.js'
import { inspection } from './inspect.js'
import { table, when } from './text.js'

export interface Check {
  readonly holds: boolean
  readonly what: string
}

/** The changes of subscriptions that the script causes, written down by hand: in the first life of the bridge, and in the second. */
const FIRST_LIFE = ['+1', '+2', '+3', '-2', '+2']
const SECOND_LIFE = ['+1', '+2', '+3', '-2', '+2']

// ---------------------------------------------------------------------------------------- words

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(textOf).join(', ') : JSON.stringify(value)

/** What the bridge logged, in a few words; `null` for lines that do not matter here. */
export const wordsFor = (line: LogLine, isRepeat: boolean): string | null => {
  const again = isRepeat ? 'comes again, and changes nothing: ' : ''
  switch (line.event) {
    case 'CommitReceived':
      return `${again}${textOf(line['msg'])}: ${textOf(line['collection'])} of ${textOf(line['did'])}`
    case 'AccountReceived':
      return `${again}${textOf(line['msg'])}: ${textOf(line['did'])}`
    case 'KnotReceived':
      return `${again}${textOf(line['knot'])} reports ${textOf(line['nsid'])}`
    case 'SubscribeKnot':
      return `listens to ${textOf(line['knot'])}, because of ${textOf(line['heldBy'])}`
    case 'UnsubscribeKnot':
      return `stops listening to ${textOf(line['knot'])}`
    case 'ReadRecords':
      return `reads ${textOf(line['collection'])} of ${textOf(line['did'])} from their own server`
    case 'ReadWorkflows':
      return `reads the workflows of ${textOf(line['repo'])} with git`
    case 'StartBuild':
      return `starts ${textOf(line['workflow'])} at ${textOf(line['provider'])}`
    case 'FindBuild':
      return `looks whether ${textOf(line['workflow'])} was started`
    case 'OpenJetstream':
      return `connects to the stream, from ${line['cursor'] === null ? 'now on' : when(Number(line['cursor']))}`
    default:
      return line['level'] === 'warn' && '_tag' in line ? `reports: ${textOf(line['msg'])}` : null
  }
}

// ---------------------------------------------------------------------------------------- checking

/** The changes of subscriptions in a life, like `+1` and `-2`. */
const changes = (knots: EmbeddedNetwork['knots'], life: Life): ReadonlyArray<string> =>
  life.said.flatMap((line) => {
    const sign = line.event === 'SubscribeKnot' ? '+' : line.event === 'UnsubscribeKnot' ? '-' : null
    const knot = knots.findIndex(({ host }) => host === line['knot'])
    return sign === null || knot === -1 ? [] : [`${sign}${String(knot + 1)}`]
  })

/** The account and the knot of the other acts, which are left out here. */
interface Others {
  readonly account: string
  readonly knot: string
}

/** The setting of the act. */
export interface Setting {
  readonly expected: Expected
  /** Its knots are those of the script, in the order in which the script numbers them. */
  readonly network: EmbeddedNetwork
  readonly others: Others
  readonly owner: string
}

type Inspection = ReturnType<typeof inspection>

/** What the files contain, in the form in which the script states what it expects. */
const found = ({ cursor, members: all, rows: allRows, subscriptions }: Inspection, others: Others, owner: string): Expected => {
  const members = all.filter((did): did is Did => did !== others.account)
  const rows = allRows.filter(({ did, record }) => did !== others.account && record?.['subject'] !== others.account)
  const isKnown = (did: string): boolean => did === owner || members.some((member) => member === did)
  const live = (collection: string) =>
    rows
      .filter((row) => row.collection === collection && row.active && row.record !== null)
      .map(({ did, rkey }) => ({ did: did as Did, rkey }))
  const repos = (active: boolean) =>
    rows
      .filter((row) => row.collection === 'sh.tangled.repo' && row.active === active && row.record !== null)
      .map(({ did, rkey, record }) => ({
        did: did as Did,
        rkey,
        name: record?.['name'] ?? '',
        knot: record?.['knot'] ?? null,
        spindle: record?.['spindle'] ?? ''
      }))
  return {
    collaborators: live('sh.tangled.repo.collaborator'),
    cursor: (cursor ?? 0) as Expected['cursor'],
    memberRecords: live('sh.tangled.spindle.member'),
    members,
    repos: repos(true).filter(({ did }) => isKnown(did)),
    setAside: repos(false),
    strangers: repos(true).filter(({ did }) => !isKnown(did)),
    subscriptions: subscriptions.filter(({ knot }) => knot !== others.knot).map(({ cursor: reached, holders, knot }) => ({ cursor: reached ?? '', holders, host: knot }))
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

const checks = ({ expected, network, others, owner }: Setting, inspected: Inspection | null, first: Life, second: Life): ReadonlyArray<Check> => {
  const actual = inspected === null ? null : found(inspected, others, owner)
  const part = (name: keyof Expected, what: string): Check => ({ what, holds: actual !== null && same(actual[name], expected[name]) })
  const wanted = new Set(expected.subscriptions.map(({ host }) => host))
  return [
    { what: 'nothing is kept of strangers', holds: actual?.strangers.length === 0 },
    part('repos', `the repositories are the ${String(expected.repos.length)} that the script calls for`),
    part('setAside', 'those of accounts that are set aside are kept, and do not count'),
    part('memberRecords', 'the member records are those that the script calls for'),
    part('members', 'the members are those that the script calls for'),
    part('collaborators', 'the collaborators are those that the script calls for'),
    part('subscriptions', 'every knot is held by exactly the records that the script calls for'),
    part('cursor', 'the cursor stands at the last frame'),
    {
      what: 'every knot that is wanted counts one connection, every other none',
      holds: network.knots.every((knot) => openAt(knot) === (wanted.has(knot.host) ? 1 : 0))
    },
    { what: `first life: the knots came and went as the script says (${FIRST_LIFE.join(' ')})`, holds: same(changes(network.knots, first), FIRST_LIFE) },
    {
      what: `second life: what came again changed nothing (${SECOND_LIFE.join(' ')})`,
      holds: same(changes(network.knots, second), SECOND_LIFE)
    }
  ]
}


// ---------------------------------------------------------------------------------------- the act

/** How many connections the knot has now. */
const openAt = (knot: EmbeddedNetwork['knots'][number] | undefined): number =>
  knot?.connections().filter(({ isOpen }) => isOpen).length ?? 0

/** Whether the bridge listens to the knot of this step: the script assumes that it hears the event. */
const canHappen = ({ knots }: EmbeddedNetwork, { action }: Step): boolean =>
  (action._tag !== 'Push' && action._tag !== 'Flap') || openAt(knots[action.knot]) > 0

/** Whether the step deactivates an account. The script assumes that the bridge knows all that came before. */
const isEnd = ({ action }: Step): boolean => action._tag === 'Account' && !action.news.active

const inspected = async (folder: string): Promise<Inspection | null> => {
  const read = await readStore(folder)()
  return E.isRight(read) ? inspection(read.right.state) : null
}

/** What the act needs. */
export interface RecordsStage {
  readonly isInterrupted: () => boolean
  /** Kills the bridge (SIGKILL). */
  readonly kill: () => Promise<void>
  /** The current life of the bridge. */
  readonly life: () => Life
  readonly pds: PdsServer
  readonly print: (text: string) => void
  /** Pauses, so that a viewer can follow. */
  readonly rest: () => Promise<void>
  readonly setting: Setting
  readonly start: () => Life
  readonly store: string
  readonly story: World
  readonly until: (isDone: () => Promise<boolean>) => Promise<void>
}

/** Plays the act. The bridge runs at its beginning and at its end. */
export const playRecords = async (stage: RecordsStage): Promise<ReadonlyArray<Check>> => {
  const { isInterrupted, pds, print, rest, setting, store, story, until } = stage
  const { network } = setting
  const { from, to } = story.away

  /** Whether the bridge has reached the end of the stream, and has no accounts left to read. */
  const isCaughtUp = async (): Promise<boolean> => {
    const now = await inspected(store)
    return now?.cursor === network.jetstream.lastUs() && now.backfill.length === 0
  }
  const tell = async (steps: ReadonlyArray<Step>, first: number, isAway = false): Promise<void> => {
    for (const [i, step] of steps.entries()) {
      if (isInterrupted()) return
      await until(async () => isAway || (canHappen(network, step) && (!isEnd(step) || (await isCaughtUp()))))
      print(`  ${String(first + i + 1).padStart(3)}  ${step.caption}`)
      play(network, step, pds)
      await rest()
    }
  }
  const standing = async (): Promise<void> => {
    const now = await inspected(store)
    const rows = now?.subscriptions.map(({ holders, knot, phase }) => [knot, phase, holders.join('  ')]) ?? []
    print(`\n  Knots we listen to, and why\n${table([['knot', 'connection', 'held by'], ...rows])}`)
  }

  print('\n  Records. Members come and go, repositories move; the bridge listens to the knots that they call for.\n')
  const first = stage.life()
  await tell(story.steps.slice(0, from), 0)
  await until(isCaughtUp)
  if (isInterrupted()) return []
  await standing()

  print('  The bridge is killed (SIGKILL). The world goes on without it.\n')
  await stage.kill()
  await tell(story.steps.slice(from, to), from, true)
  if (isInterrupted()) return []

  print('\n  The bridge is started again. It resumes from what it had made safe.\n')
  const second = stage.start()
  await until(() => Promise.resolve(second.said.some((line) => line.event === 'JetstreamOpened')))
  await tell(story.steps.slice(to), to)
  const results = async () => checks(setting, await inspected(store), first, second)
  await until(async () => (await results()).every(({ holds }) => holds))
  if (isInterrupted()) return []
  await standing()
  return results()
}
