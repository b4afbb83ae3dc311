/**
 * `tack demo`: the bridge against the embedded network, for somebody who sees it for the first time.
 *
 * The bridge is a process of its own, `tack run` as an operator runs it, and it is killed for real: what is shown comes from its log
 * and from its files. A script plays the world around it; what must have come of everything in the end stands in the script, and
 * is compared with the files and with the sockets that the knots count.
 */
import * as E from 'fp-ts/lib/Either.js'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Did } from '../../core/index.js'
import { type EmbeddedNetwork, type Expected, play, startNetwork, startPds, startWebApp, type Step, type World, world } from '../demo-network/index.js'
import { systemClock } from '../lib/clock.js'
import { readStore } from '../store/index.js'
import { type Check, newcomer, playBuilds, repositoryOf, type Stage } from './demo-builds.js'
import { inspection } from './inspect.js'
import { table, when } from './text.js'

export interface DemoOptions {
  /** Without pauses, and with an end. */
  readonly once: boolean
  readonly seed: number
}

const HOSTNAME = 'ci.example.com'
const OWNER = 'did:plc:ownerownerownerownerowne' as Did
const STEP_MS = 700
/** A machine that has much else to do takes a minute for what takes a second here. */
const PATIENCE_MS = 120_000

/** The changes of subscriptions that the script causes, by hand: in the first life of the bridge, and in the second. */
const FIRST_LIFE = ['+1', '+2', '+3', '-2', '+2']
const SECOND_LIFE = ['+1', '+2', '+3', '-2', '+2']

/** Members may have anything built on this machine. */
const CONFIGURATION = `providers:
  local: {}
allow:
  - repos: "**"
    provider: local
builds:
  pendingMinutes: 10
  runningMinutes: 10
`

/** A port that is free now, so that both lives of the bridge can be found in one place. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const hasGit = (): Promise<boolean> => new Promise((resolve) => execFile('git', ['--version'], (error) => resolve(error === null)))

const unplayable = (): never => {
  throw new RangeError('the network has no knot')
}

// ---------------------------------------------------------------------------------------- the bridge as a process

interface LogLine {
  readonly event?: string
  readonly [field: string]: unknown
}

interface Life {
  readonly child: ChildProcess
  /** What it said, in order. */
  readonly said: ReadonlyArray<LogLine>
}

const parseLine = (line: string): LogLine => {
  const parsed: unknown = JSON.parse(line)
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
}

/** Where a bridge keeps its things, serves, and looks up accounts. */
interface Place {
  readonly configuration: string
  readonly listen: string
  readonly plc: string
  readonly store: string
}

const startLife = ({ configuration, listen, plc, store }: Place, network: EmbeddedNetwork, hear: (line: LogLine) => void): Life => {
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  const flags = ['--dev', '--hostname', HOSTNAME, '--owner', OWNER, '--jetstream', network.jetstreamUrl, '--store', store]
  const others = ['--config', configuration, '--listen', listen, '--plc', plc, '--log', 'json', '--log-level', 'debug', '--max-backoff', '0.2']
  const child = spawn(process.execPath, [main, 'run', ...flags, ...others], {
    // Settings of whoever runs the demo are for another bridge.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TACK_'))),
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const said: Array<LogLine> = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const heard = parseLine(line)
    said.push(heard)
    hear(heard)
  })
  return { child, said }
}

/** Ends the process, and waits until it is gone. */
const end = async ({ child }: Life, signal: NodeJS.Signals): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

// ---------------------------------------------------------------------------------------- words

/** Says DIDs and knots as the captions do. */
const namer = (names: World['names'], network: EmbeddedNetwork): ((text: string) => string) => {
  const words = [...names, ...network.knots.map(({ host }, i): readonly [string, string] => [host, `knot ${String(i + 1)}`])]
  return (text) => words.reduce((said, [id, name]) => said.replaceAll(id, name), text)
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(textOf).join(', ') : JSON.stringify(value)

/** What the bridge said, in a few words; `null` for what is of no interest here. */
const heard = (line: LogLine, isRepeat: boolean): string | null => {
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

/** The changes of subscriptions that a life made, like `+1` and `-2`. */
const changes = (network: EmbeddedNetwork, life: Life): ReadonlyArray<string> =>
  life.said.flatMap((line) => {
    const sign = line.event === 'SubscribeKnot' ? '+' : line.event === 'UnsubscribeKnot' ? '-' : null
    const knot = network.knots.findIndex(({ host }) => host === line['knot'])
    return sign === null ? [] : [`${sign}${String(knot + 1)}`]
  })

// ---------------------------------------------------------------------------------------- checking

type Inspection = ReturnType<typeof inspection>

/** What the files say, in the shape of what the script expects. */
const found = ({ cursor, members, rows, subscriptions }: Inspection): Expected => {
  const isKnown = (did: string): boolean => did === OWNER || members.includes(did)
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
    members: members as ReadonlyArray<Did>,
    repos: repos(true).filter(({ did }) => isKnown(did)),
    setAside: repos(false),
    strangers: repos(true).filter(({ did }) => !isKnown(did)),
    subscriptions: subscriptions.map(({ cursor: reached, holders, knot }) => ({ cursor: reached ?? '', holders, host: knot }))
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

const checks = (expected: Expected, inspected: Inspection | null, network: EmbeddedNetwork, first: Life, second: Life): ReadonlyArray<Check> => {
  const actual = inspected === null ? null : found(inspected)
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
    { what: `first life: the knots came and went as the script says (${FIRST_LIFE.join(' ')})`, holds: same(changes(network, first), FIRST_LIFE) },
    {
      what: `second life: what came again changed nothing (${SECOND_LIFE.join(' ')})`,
      holds: same(changes(network, second), SECOND_LIFE)
    }
  ]
}

// ---------------------------------------------------------------------------------------- the show

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const inspected = async (folder: string): Promise<Inspection | null> => {
  const read = await readStore(folder)()
  return E.isRight(read) ? inspection(read.right.state) : null
}

/** How many connections the knot has now. */
const openAt = (knot: EmbeddedNetwork['knots'][number] | undefined): number =>
  knot?.connections().filter(({ isOpen }) => isOpen).length ?? 0

/** Whether somebody listens to the knot that the step is about: the script tells of what a listening bridge hears. */
const canHappen = ({ knots }: EmbeddedNetwork, { action }: Step): boolean =>
  (action._tag !== 'Push' && action._tag !== 'Flap') || openAt(knots[action.knot]) > 0

/** Whether an account goes. The script tells of what was known of it by then. */
const isEnd = ({ action }: Step): boolean => action._tag === 'Account' && !action.news.active

/** Runs the demo. Returns the exit code: 0 when everything came out as the script says. */
export const demo = async ({ once: isOnce, seed }: DemoOptions, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const root = await mkdtemp(resolve(tmpdir(), 'tack-demo-'))
  const folder = join(root, 'store')
  const pds = await startPds()
  const place = { configuration: join(root, 'tack.yaml'), listen: `127.0.0.1:${String(await freePort())}`, plc: pds.url, store: folder }
  const url = `http://${place.listen}`
  await writeFile(place.configuration, CONFIGURATION)
  const started = await startNetwork({ clock: systemClock(), generation: 'v2', keepLists: true, knots: 3, olderKnots: 1, seed })
  const older = started.knots.at(-1) ?? unplayable()
  // In the order in which the bridge names them.
  const network = { ...started, knots: [...started.knots].sort((a, b) => (a.host < b.host ? -1 : 1)) }
  const story = world(seed, { hostname: HOSTNAME, knots: network.knots.map(({ host }) => host), older: [older.host], owner: OWNER })
  const name = namer([...story.names, [newcomer(seed), 'frank']], network)
  for (const [did, called] of story.names) pds.putAccount(did, undefined, `${called.replace('the ', '')}.localhost`)
  const builder = network.knots.find((knot) => knot !== older) ?? unplayable()
  pds.putRepository(repositoryOf(seed), `http://${builder.host}`)
  const app = await startWebApp({
    accounts: [{ did: newcomer(seed), name: 'frank' }, ...story.names.map(([did, name]) => ({ did, name }))],
    pds,
    repositories: [{ did: repositoryOf(seed), name: 'forge' }],
    spindle: { hostname: HOSTNAME, url }
  })
  const known = new Set<string>()
  const hear = (line: LogLine): void => {
    const frame = JSON.stringify([line.event, line['knot'], line['did'], line['collection'], line['rkey'], line['rev'] ?? line['timeUs']])
    const words = heard(line, known.has(frame))
    known.add(frame)
    if (words !== null) print(`        · ${name(words)}`)
  }
  const lives: Array<Life> = []
  const start = (): Life => {
    const life = startLife(place, network, hear)
    lives.push(life)
    return life
  }
  let interruptions = 0
  const isInterrupted = (): boolean => interruptions > 0
  const interrupted = new Promise<void>((resolve) => {
    const interrupt = (): void => {
      interruptions++
      resolve()
    }
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
  })

  /** Looks again and again until `isDone`; gives up after a while, so that a bridge that hangs is seen to hang. */
  const until = async (isDone: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + PATIENCE_MS
    while (!isInterrupted() && !(await isDone()) && Date.now() < deadline) await sleep(50)
  }

  /** Whether the bridge has come to the end of the stream, and has read whom it is to read. */
  const isCaughtUp = async (): Promise<boolean> => {
    const now = await inspected(folder)
    return now?.cursor === network.jetstream.lastUs() && now.backfill.length === 0
  }

  const tell = async (steps: ReadonlyArray<Step>, from: number, isAway = false): Promise<void> => {
    for (const [i, step] of steps.entries()) {
      if (isInterrupted()) return
      await until(async () => isAway || (canHappen(network, step) && (!isEnd(step) || (await isCaughtUp()))))
      print(`  ${String(from + i + 1).padStart(3)}  ${step.caption}`)
      play(network, step, pds)
      await sleep(isOnce ? 5 : STEP_MS)
    }
  }
  const isOpen = (current: Life): boolean => current.said.some((line) => line.event === 'JetstreamOpened')
  const standing = async (): Promise<void> => {
    const now = await inspected(folder)
    const rows = now?.subscriptions.map(({ holders, knot, phase }) => [name(knot), phase, name(holders.join('  '))]) ?? []
    print(`\n  Knots we listen to, and why\n${table([['knot', 'connection', 'held by'], ...rows])}`)
  }
  const show = async (): Promise<number | null> => {
    const { from, to } = story.away
    const knots = network.knots.map(({ host }) => `${host}${host === older.host ? ' (of the older generation)' : ''}`)
    print(`An embedded network: Jetstream at ${network.jetstreamUrl}, knots ${knots.join(', ')}`)
    print(`The bridge is the spindle ${HOSTNAME}; it keeps its state in ${folder}\n`)

    const first = start()
    await until(() => Promise.resolve(isOpen(first)))
    await tell(story.steps.slice(0, from), 0)
    await until(isCaughtUp)
    if (isInterrupted()) return end(first, 'SIGTERM')
    await standing()

    print('  The bridge is killed (SIGKILL). The world goes on without it.\n')
    await end(first, 'SIGKILL')
    await tell(story.steps.slice(from, to), from, true)

    if (isInterrupted()) return 0
    print('\n  The bridge is started again. It resumes from what it had made safe.\n')
    const second = start()
    await until(() => Promise.resolve(isOpen(second)))
    await tell(story.steps.slice(to), to)
    const results = async () => checks(story.expected, await inspected(folder), network, first, second)
    await until(async () => (await results()).every(({ holds }) => holds))
    if (isInterrupted()) return end(second, 'SIGTERM')
    await standing()

    const firstAct = await results()
    let last = second
    const canBuild = await hasGit()
    if (!canBuild) print('\n  There is no git on this machine: the second act, from a push to a build, is left out.')
    const stage: Stage = {
      app,
      folder: root,
      hostname: HOSTNAME,
      isInterrupted,
      killAndStart: async () => {
        await end(last, 'SIGKILL')
        last = start()
      },
      knot: builder,
      network,
      older,
      owner: OWNER,
      pds,
      print: (text) => print(name(text)),
      rest: () => sleep(isOnce ? 5 : 2 * STEP_MS),
      seed,
      startsOf: (rkey, workflow) =>
        lives
          .flatMap(({ said }) => said)
          .filter((line) => line.event === 'StartBuild' && line['rkey'] === rkey && line['workflow'] === workflow).length,
      until,
      url
    }
    const secondAct = canBuild ? await playBuilds(stage) : []
    if (isInterrupted()) return end(last, 'SIGTERM')
    print('')
    const outcome = [...firstAct, ...secondAct]
    for (const { holds, what } of outcome) print(`  ${holds ? 'ok ' : 'NOT'}  ${what}`)
    const isRight = outcome.every(({ holds }) => holds)
    print(isRight ? '\n  Nothing was lost, and nothing was done twice.' : '\n  This is not what the script calls for.')
    if (!isOnce) {
      print(`\n  The bridge and the network go on. Look at them:  ${url}/  or  npx tack inspect --store ${folder}\n  As Tangled shows them:  ${app.url}/\n  Ctrl-C ends both.`)
      await interrupted
    }
    const code = await end(last, 'SIGTERM')
    if (code !== 0) complain(`the bridge ended with exit code ${String(code)}`)
    return isRight && code === 0 ? 0 : 1
  }

  try {
    return (await show()) ?? 1
  } finally {
    await Promise.all(lives.map((life) => end(life, 'SIGKILL')))
    await Promise.all([network.stop(), pds.stop(), app.stop()])
    await rm(root, { recursive: true, force: true })
  }
}
