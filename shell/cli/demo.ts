/**
 * `tack demo`: shows the bridge on the embedded network to somebody who sees it for the first time.
 *
 * The bridge is a process of its own, `tack run` as an operator runs it, and it is killed for real. The demo shows what is in its log and in its
 * files. First somebody pushes, and gets a successful build. Then a script plays the world of records around the bridge. The other builds come last.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Did } from '../../core/index.js'
import { type EmbeddedNetwork, startNetwork, startPds, startWebApp, type World, world } from '../demo-network/index.js'
import { systemClock } from '../lib/clock.js'
import { end, freePort, type Life, type LogLine, startLife } from './demo-bridge.js'
import { buildActs, newcomer, repositoryOf } from './demo-builds.js'
import { type Check, wordsFor, playRecords } from './demo-records.js'

export interface DemoOptions {
  /** Runs without pauses, and ends by itself. */
  readonly once: boolean
  readonly seed: number
}

const HOSTNAME = 'ci.example.com'
const OWNER = 'did:plc:ownerownerownerownerowne' as Did
const STEP_MS = 700
/** A busy machine takes a minute for what takes a second here. */
const PATIENCE_MS = 120_000

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

const hasGit = (): Promise<boolean> => new Promise((resolve) => execFile('git', ['--version'], (error) => resolve(error === null)))

const unplayable = (): never => {
  throw new RangeError('the network has no knot')
}

/** Replaces DIDs and knots by the names in the captions. */
const namer = (names: World['names'], knots: EmbeddedNetwork['knots']): ((text: string) => string) => {
  const words = [...names, ...knots.map(({ host }, i): readonly [string, string] => [host, `knot ${String(i + 1)}`])]
  return (text) => words.reduce((said, [id, name]) => said.replaceAll(id, name), text)
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Prints the result of each check. Returns whether all hold. */
const judged = (outcome: ReadonlyArray<Check>, print: (text: string) => void): boolean => {
  print('')
  for (const { holds, what } of outcome) print(`  ${holds ? 'ok ' : 'NOT'}  ${what}`)
  const isRight = outcome.every(({ holds }) => holds)
  print(isRight ? '\n  Nothing was lost, and nothing was done twice.' : '\n  This is not what the script calls for.')
  return isRight
}

/** Runs the demo. Returns the exit code: 0 if everything came out as the script says. */
export const demo = async ({ once: isOnce, seed }: DemoOptions, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const startedMs = performance.now()
  const root = await mkdtemp(resolve(tmpdir(), 'tack-demo-'))
  const pds = await startPds()
  const started = await startNetwork({ clock: systemClock(), generation: 'v2', keepLists: true, knots: 4, olderKnots: 1, seed })
  // The first knot has the repository that is built. The others belong to the script, in the order in which the bridge names them.
  const [builder = unplayable(), ...ofScript] = started.knots
  const older = ofScript.at(-1) ?? unplayable()
  const network = { ...started, knots: [...ofScript].sort((a, b) => (a.host < b.host ? -1 : 1)) }
  const place = {
    configuration: join(root, 'tack.yaml'),
    hostname: HOSTNAME,
    jetstreamUrl: network.jetstreamUrl,
    listen: `127.0.0.1:${String(await freePort())}`,
    owner: OWNER,
    plc: pds.url,
    store: join(root, 'store')
  }
  const url = `http://${place.listen}`
  await writeFile(place.configuration, CONFIGURATION)
  const story = world(seed, { hostname: HOSTNAME, knots: network.knots.map(({ host }) => host), older: [older.host], owner: OWNER })
  const frank = newcomer(seed)
  const name = namer([...story.names, [frank, 'frank']], [...network.knots, builder])
  for (const [did, called] of story.names) pds.putAccount(did, undefined, `${called.replace('the ', '')}.localhost`)
  pds.putRepository(repositoryOf(seed), `http://${builder.host}`)
  const app = await startWebApp({
    accounts: [{ did: frank, name: 'frank' }, ...story.names.map(([did, name]) => ({ did, name }))],
    pds,
    repositories: [{ did: repositoryOf(seed), name: 'forge' }],
    spindle: { hostname: HOSTNAME, url }
  })
  const say = (text: string): void => print(name(text))
  const known = new Set<string>()
  let isQuiet = true
  const onLine = (line: LogLine): void => {
    const frame = JSON.stringify([line.event, line['knot'], line['did'], line['collection'], line['rkey'], line['rev'] ?? line['timeUs']])
    const words = wordsFor(line, known.has(frame))
    known.add(frame)
    if (words !== null && !isQuiet) say(`        · ${words}`)
  }
  const lives: Array<Life> = []
  const start = (): Life => {
    const life = startLife(place, onLine)
    lives.push(life)
    return life
  }
  const kill = async (): Promise<void> => {
    await Promise.all(lives.map((life) => end(life, 'SIGKILL')))
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

  /** Polls until `isDone`. Gives up after a while, so that a bridge that hangs is noticed. */
  const until = async (isDone: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + PATIENCE_MS
    while (!isInterrupted() && !(await isDone()) && Date.now() < deadline) await sleep(50)
  }
  const rest = (ms: number) => (): Promise<void> => sleep(isOnce ? 5 : ms)

  const show = async (): Promise<number> => {
    print(`  The page of the spindle:   ${url}/`)
    print(`  As Tangled's pages do it:  ${app.url}/`)
    print(`  What it knows:             npx tack inspect --store ${place.store}\n`)
    print(`  The spindle is ${HOSTNAME}, a process of its own. Around it: a stream, an account server, and four knots, ${older.host} of the older generation.\n`)
    const first = start()
    await until(() => Promise.resolve(first.said.some((line) => line.event === 'JetstreamOpened')))
    const canBuild = await hasGit()
    if (!canBuild) print('  git is not installed: the demo skips the builds.')
    let isOpening = true
    const builds = buildActs({
      app,
      folder: root,
      hostname: HOSTNAME,
      isInterrupted,
      killAndStart: async () => {
        await kill()
        start()
      },
      knot: builder,
      network,
      older,
      owner: OWNER,
      pds,
      print: say,
      rest: () => (isOpening ? Promise.resolve() : rest(2 * STEP_MS)()),
      seed,
      startsOf: (rkey, workflow) =>
        lives.flatMap(({ said }) => said).filter((line) => line.event === 'StartBuild' && line['rkey'] === rkey && line['workflow'] === workflow).length,
      until,
      url
    })
    try {
      if (canBuild) {
        await builds.first()
        print(`\n  Time to the first build: ${((performance.now() - startedMs) / 1_000).toFixed(1)} s.`)
      }
      isOpening = false
      isQuiet = false
      const ofRecords = isInterrupted()
        ? []
        : await playRecords({
            isInterrupted,
            kill,
            life: () => lives.at(-1) ?? first,
            pds,
            print: say,
            rest: rest(STEP_MS),
            setting: { expected: story.expected, network, others: { account: frank, knot: builder.host }, owner: OWNER },
            start,
            store: place.store,
            story,
            until
          })
      const ofBuilds = canBuild && !isInterrupted() ? await builds.others() : []
      const isRight = isInterrupted() || judged([...ofRecords, ...ofBuilds], print)
      if (!isOnce && !isInterrupted()) {
        print(`\n  The bridge and the network go on: ${url}/\n  Ctrl-C ends both.`)
        await interrupted
      }
      const code = await end(lives.at(-1) ?? first, 'SIGTERM')
      // Who interrupts while the script has the bridge killed, or starts it again, finds none that could end by itself.
      const isGood = code === 0 || (code === null && isInterrupted())
      if (!isGood) complain(`the bridge ended with exit code ${String(code)}`)
      return isRight && isGood ? 0 : 1
    } finally {
      builds.close()
    }
  }

  try {
    return await show()
  } finally {
    await kill()
    await Promise.all([network.stop(), pds.stop(), app.stop()])
    await rm(root, { recursive: true, force: true })
  }
}
