/**
 * The builds of the demo, from a push through a build back to a status. An embedded knot serves a real repository over HTTP, somebody pushes, git
 * reads the workflow, its steps run on this machine, and the demo reads the results where Tangled reads them.
 *
 * There are two acts: the first successful build comes before anything else, the others after the records.
 */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Did, MEMBER, REPO } from '../../core/index.js'
import type { Called, EmbeddedNetwork, KnotServer, PdsServer, Repo, WebApp } from '../demo-network/index.js'
import { BEGIN_US, pipelineWorkflow, plc, rfc3339, seeded, tid } from '../demo-network/index.js'
import type { Check } from './demo-records.js'
import { fieldsOf, follow, logOf, pipelinesOf, type Status, statusIn, textOf } from './demo-tangled.js'

/** What the acts need. */
export interface Stage {
  /** Where frank cancels and retries, as in Tangled's web application. */
  readonly app: WebApp
  /** A folder for the files of the acts. */
  readonly folder: string
  readonly hostname: string
  readonly isInterrupted: () => boolean
  /** Kills the bridge, and starts it again. */
  readonly killAndStart: () => Promise<void>
  readonly knot: KnotServer
  readonly network: EmbeddedNetwork
  /** Another knot, of the older generation, which reports each push twice. */
  readonly older: KnotServer
  readonly owner: Did
  readonly pds: PdsServer
  readonly print: (text: string) => void
  /** Pauses, so that a viewer can follow. */
  readonly rest: () => Promise<void>
  readonly seed: number
  /** How often the bridge has logged that it starts that build, in all of its lives. */
  readonly startsOf: (rkey: string, workflow: string) => number
  readonly until: (isDone: () => Promise<boolean>) => Promise<void>
  /** The address of the bridge, `http://127.0.0.1:…`. */
  readonly url: string
}

// ---------------------------------------------------------------------------------------- what is pushed

const workflow = (steps: string, block = 'local: {}'): string => `when:
  - event: push
    branch: main

engine: tack
tack:
  ${block}

steps:
${steps}`

const GREETS = workflow(`  - name: greet
    command: |
      echo "hello from $TANGLED_REPO_NAME at $TANGLED_REF_NAME"
      cat README.md
  - name: test
    command: test -f README.md
`)

const FAILS = workflow(`  - name: test
    command: |
      echo "two and two are five?" >&2
      exit 3
`)

const waits = (marker: string): string =>
  workflow(`  - name: wait
    command: |
      until [ -e "${marker}" ] || [ ! -d "${dirname(marker)}" ]; do sleep 0.1; done
      echo "waited to the end"
`)

const ELSEWHERE = workflow('', 'jenkins: {}')

// ---------------------------------------------------------------------------------------- the acts

/** A moment before the script of the records begins: the stream does not go back in time. */
const BEFORE_US = BEGIN_US - 1_000_000

const nowUs = (): number => Date.now() * 1_000

/** The account that is new in this act, in the world of that seed. */
export const newcomer = (seed: number): Did => plc(seeded(seed + 1_000_000))

/** The repository to which it pushes. */
export const repositoryOf = (seed: number): Did => plc(seeded(seed + 2_000_000))

/** The acts, and their results. */
export interface BuildActs {
  readonly close: () => void
  /** From an empty network to the first successful build. */
  readonly first: () => Promise<void>
  /** All other builds. Compares what was read with what is expected here. */
  readonly others: () => Promise<ReadonlyArray<Check>>
}

/** Starts to read as Tangled does, and plays each act when its method is called. */
export const buildActs = (stage: Stage): BuildActs => {
  const { app, folder, hostname, isInterrupted, knot, network, older, owner, pds, print, rest, until, url } = stage
  const frank = newcomer(stage.seed)
  const repoDid = repositoryOf(stage.seed)
  const heard: Array<Status> = []
  const missed: Array<Status> = []
  const onStatus = (status: Status): void => {
    heard.push(status)
    const end = status.error === null ? '' : `: ${status.error}`
    print(`        · ${status.workflow} is ${status.status}${status.exitCode === null ? '' : ` (exit code ${String(status.exitCode)})`}${end}`)
  }
  const reader = follow(url, onStatus, (status) => missed.push(status))
  const statusesOf = (rkey: string, name: string): ReadonlyArray<string> =>
    heard.filter((status) => status.rkey === rkey && status.workflow === name).map(({ status }) => status)
  const isOver = (rkey: string, ...names: ReadonlyArray<string>) => (): Promise<boolean> =>
    Promise.resolve(names.every((name) => ['success', 'failed', 'timeout', 'cancelled'].includes(statusesOf(rkey, name).at(-1) ?? '')))
  let step = 0
  const say = (caption: string): void => print(`  ${String(++step).padStart(3)}  ${caption}`)

  /** Pushes these workflows, and lets the knot report it. Returns the keys of the reports; the build belongs to the last one. */
  const pushTo = async (
    at: KnotServer,
    { name, repo }: { readonly name: string; readonly repo: Repo },
    caption: string,
    files: { readonly [name: string]: string },
    pushOptions: ReadonlyArray<string> = []
  ): Promise<ReadonlyArray<string>> => {
    await rest()
    say(caption)
    const moved = await repo.commitAndPush([
      { content: 'A forge.\n', path: 'README.md' },
      ...Object.entries(files).map(([file, content]) => ({ content, path: `.tangled/workflows/${file}` }))
    ])
    const workflows = Object.entries(files).map(([file, content]) => pipelineWorkflow(file, content))
    return at.publishPush({ committerDid: frank, ownerDid: frank, pushOptions, repo: repoDid, ...moved }, { name, workflows })
  }
  const push = async (repo: Repo, caption: string, files: { readonly [name: string]: string }): Promise<string> =>
    (await pushTo(knot, { name: 'forge', repo }, caption, files)).at(-1) ?? ''

  let forge: Repo | null = null
  let [greeted, log, wasRead] = ['', '', false]

  const overviewHas = async (name: string): Promise<boolean> => (await (await fetch(`${url}/api/overview.json`)).text()).includes(`"${name}"`)

  const playFirst = async (): Promise<void> => {
    forge = await knot.git.createRepository({ did: repoDid, name: 'forge', owner: frank })
    pds.putRecord(frank, REPO, 'forge', { $type: REPO, createdAt: rfc3339(BEFORE_US), knot: knot.host, name: 'forge', repoDid, spindle: hostname })
    say('the owner makes frank a member; his "forge" was there before the stream began, and is read from his own server')
    const record = { $type: MEMBER, createdAt: rfc3339(BEFORE_US), instance: hostname, subject: frank }
    const rkey = tid(BEFORE_US, 5)
    pds.putRecord(owner, MEMBER, rkey, record)
    network.jetstream.publishCommit({ did: owner, operations: [{ collection: MEMBER, operation: 'create', record, rkey }], timeUs: BEFORE_US })
    await until(() => overviewHas('forge'))
    wasRead = await overviewHas('forge')
    greeted = await push(forge, 'frank pushes; the workflow is read with git, and run', { 'ci.yml': GREETS })
    await until(isOver(greeted, 'ci.yml'))
    log = await logOf(url, knot.host, greeted, 'ci.yml')
    for (const line of log.trimEnd().split('\n')) print(`        │ ${line}`)
  }

  const playOthers = async (repo: Repo): Promise<ReadonlyArray<Check>> => {
    print('\n  More builds: what fails, what is told twice, what outlives the bridge.\n')
    const attic = { name: 'attic', repo: await older.git.createRepository({ name: 'attic', owner: frank }) }
    const record = { $type: REPO, createdAt: rfc3339(nowUs()), knot: older.host, name: 'attic', spindle: hostname }
    pds.putRecord(frank, REPO, 'attic', record)
    network.jetstream.publishCommit({ did: frank, operations: [{ collection: REPO, operation: 'create', record, rkey: 'attic' }], timeUs: nowUs() })
    await until(() => overviewHas('attic'))

    const second = await push(repo, 'frank breaks the test, and has another workflow name a CI that nobody here has', {
      'ci.yml': FAILS,
      'deploy.yml': ELSEWHERE
    })
    await until(isOver(second, 'ci.yml', 'deploy.yml'))
  
    const left = await pushTo(
      older,
      attic,
      `frank pushes to "attic" on ${older.host}, which is older, and asks for no CI: such a knot says so by leaving out what calls for builds`,
      { 'ci.yml': GREETS },
      ['skip-ci']
    )
    const twice = await pushTo(
      older,
      attic,
      `frank pushes to "attic" again: ${older.host} tells of it twice, under two keys, and Tangled knows the second`,
      { 'ci.yml': GREETS }
    )
    const [told = '', known = ''] = twice
    await until(isOver(known, 'ci.yml'))
  
    const marker = join(folder, 'go-on')
    const third = await push(repo, 'frank pushes a workflow that takes its time', { 'ci.yml': waits(marker), 'deploy.yml': GREETS })
    await until(() => Promise.resolve(statusesOf(third, 'ci.yml').includes('running')))
    if (isInterrupted()) return []
    await rest()
    say('the bridge is killed (SIGKILL) while it runs, and started again: the build goes on, and is not begun twice')
    await stage.killAndStart()
    await writeFile(marker, '')
    await until(isOver(third, 'ci.yml', 'deploy.yml'))
  
    const marked = join(folder, 'go-on-again')
    const fourth = await push(repo, 'frank pushes once more', { 'ci.yml': waits(marked) })
    await until(() => Promise.resolve(statusesOf(fourth, 'ci.yml').includes('running')))
    if (isInterrupted()) return []
    const [newest] = await pipelinesOf(url, repoDid)
    const call = async (caption: string, method: Parameters<WebApp['call']>[1], body: object): Promise<Called> => {
      await rest()
      say(caption)
      const called = await app.call(frank, method, { repo: repoDid, ...body })
      if (called.status !== 200) print(`        · refused: ${textOf(called.body['message'])}`)
      return called
    }
    const cancelled = await call('frank cancels it from the web application: his account signs a token for that call', 'sh.tangled.ci.cancelPipeline', {
      pipeline: textOf(newest?.['id'])
    })
    await until(isOver(fourth, 'ci.yml'))
    const trigger = { $type: 'sh.tangled.ci.trigger#manual', sha: textOf(newest?.['commit']) }
    const retried = await call('frank retries it from there: it is judged anew, at the same commit', 'sh.tangled.ci.triggerPipeline', { trigger, workflows: ['ci.yml'] })
    await writeFile(marked, '')
    const again = textOf(retried.body['pipeline']).split('/').at(-1) ?? ''
    await until(async () => statusIn(await pipelinesOf(url, repoDid), again, 'ci.yml') === 'success')
    const listed = await pipelinesOf(url, repoDid)
  
    const owns = fieldsOf(await (await fetch(`${url}/xrpc/sh.tangled.owner`)).json())
    const once = (rkey: string, ...names: ReadonlyArray<string>): boolean => names.every((name) => stage.startsOf(rkey, name) === 1)
    const is = (rkey: string, name: string, ...statuses: ReadonlyArray<string>): boolean => statusesOf(rkey, name).join(' ') === statuses.join(' ')
    return [
      { what: 'what was there before the stream began was read from its owner’s server', holds: wasRead },
      { what: 'the first push: pending, running, success, each told once', holds: is(greeted, 'ci.yml', 'pending', 'running', 'success') },
      { what: 'its log says what the workflow said', holds: log.includes('hello from forge at main') && log.includes('A forge.') },
      {
        what: 'the second push: failed, with the exit code',
        holds: is(second, 'ci.yml', 'pending', 'running', 'failed') && heard.some(({ exitCode, rkey }) => rkey === second && exitCode === 3)
      },
      {
        what: 'a workflow that names what is not there has failed, and says why',
        holds:
          is(second, 'deploy.yml', 'failed') &&
          heard.some(({ error, workflow: name }) => name === 'deploy.yml' && error?.includes('jenkins') === true)
      },
      {
        what: 'an older knot told of a push twice: built once, under the key that Tangled knows',
        holds:
          twice.length === 2 && once(known, 'ci.yml') && stage.startsOf(told, 'ci.yml') === 0 &&
          is(known, 'ci.yml', 'pending', 'running', 'success')
      },
      { what: 'what asked it for no CI was not built', holds: left.length === 1 && heard.every(({ rkey }) => !left.includes(rkey) && rkey !== told) },
      {
        what: 'the third push outlived the bridge: pending, running, success, each told once',
        holds: is(third, 'ci.yml', 'pending', 'running', 'success') && is(third, 'deploy.yml', 'pending', 'running', 'success')
      },
      {
        what: 'by tokens that his account signed, frank cancelled a build and had it again, and both are listed',
        holds:
          cancelled.status === 200 && retried.status === 200 && listed[0]?.['id'] === again && statusIn(listed, again, 'ci.yml') === 'success' &&
          statusIn(listed, textOf(newest?.['id']), 'ci.yml') === 'cancelled'
      },
      { what: 'every run was announced before its first status', holds: missed.length === 0 },
      { what: 'no build was started twice', holds: once(greeted, 'ci.yml') && once(second, 'ci.yml') && once(third, 'ci.yml', 'deploy.yml') },
      { what: 'asked as Tangled asks, the bridge names its owner', holds: owns['owner'] === owner }
    ]
  }

  return {
    close: reader.close,
    first: playFirst,
    others: () => (forge === null ? Promise.resolve([]) : playOthers(forge))
  }
}
