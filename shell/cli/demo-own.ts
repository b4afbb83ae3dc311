/**
 * `tack demo --config mine.yaml --repo PATH`: tries the operator's own configuration and workflows on the embedded network. The HEAD of the
 * repository is pushed to a knot on this machine, and a bridge with that configuration builds what applies. The demo says what cannot be tried here,
 * and what helps.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { Did, MEMBER, REPO } from '../../core/index.js'
import { type EmbeddedNetwork, type KnotServer, type PdsServer, plc, rfc3339, seeded, startNetwork, startPds, tid } from '../demo-network/index.js'
import { systemClock } from '../lib/clock.js'
import { escapeInvisible } from '../lib/log.js'
import { type Configuration, readConfiguration } from './configuration.js'
import { end, freePort, startLife } from './demo-bridge.js'
import { follow, logOf, type Status } from './demo-tangled.js'
import { lineOf } from './faults.js'
import { runOptions } from './options.js'
import { isOver } from './text.js'
import { reasonsOf, trialOf, type Tried } from './try.js'

export interface OwnOptions {
  /** The repository's name, `did/name`; by default one of the owner, who may use every provider. */
  readonly as?: string
  /** A configuration file. */
  readonly config: string
  /** Whether to end when the builds have ended. */
  readonly once: boolean
  /** A folder in a git repository. */
  readonly repo: string
}

const HOSTNAME = 'ci.example.com'
const OWNER = 'did:plc:ownerownerownerownerowne'
const FOLDER = '.tangled/workflows/'
const LINES = 20

type Said = { readonly text: string } | { readonly error: string }

/** Runs git with the settings of the user. */
const git = (folder: string, ...args: ReadonlyArray<string>): Promise<Said> =>
  new Promise((resolve) =>
    execFile('git', ['-C', folder, ...args], { maxBuffer: 16_777_216 }, (error, stdout, stderr) =>
      resolve(error === null ? { text: stdout.trimEnd() } : { error: stderr.trim() === '' ? error.message : stderr.trim() })
    )
  )

/** The commit to push. */
interface Head {
  readonly branch: string
  readonly changed: number
  readonly files: ReadonlyArray<{ readonly content: string; readonly name: string }>
  readonly format: 'sha1' | 'sha256'
  readonly sha: string
  readonly top: string
}

/** The HEAD of the repository at `path`; or a sentence that says why there is none, and what helps. */
const headOf = async (path: string): Promise<Head | string> => {
  const top = await git(path, 'rev-parse', '--show-toplevel')
  if ('error' in top) return `${path} is not a git repository (${top.error}): name one with --repo.`
  const sha = await git(top.text, 'rev-parse', '--verify', '--quiet', 'HEAD')
  if ('error' in sha) return `${top.text} has no commit yet: commit your workflow, and try again.`
  const branch = await git(top.text, 'symbolic-ref', '--quiet', '--short', 'HEAD')
  const listed = await git(top.text, 'ls-tree', '--name-only', 'HEAD', FOLDER)
  const names = ('text' in listed ? listed.text.split('\n') : []).filter((name) => /\.ya?ml$/.test(name))
  if (names.length === 0) return `HEAD of ${top.text} has no workflow: commit one in ${FOLDER}, like ${FOLDER}ci.yml, and try again.`
  const files = await Promise.all(names.map(async (name) => ({ content: await git(top.text, 'show', `HEAD:${name}`), name: basename(name) })))
  const status = await git(top.text, 'status', '--porcelain')
  return {
    branch: 'text' in branch ? branch.text : 'main',
    changed: 'text' in status ? status.text.split('\n').filter((line) => line !== '').length : 0,
    files: files.map(({ content, name }) => ({ content: 'text' in content ? `${content.text}\n` : '', name })),
    format: sha.text.length === 64 ? 'sha256' : 'sha1',
    sha: sha.text,
    top: top.text
  }
}

/** Prints what would become of each workflow. Returns the names of those that would be built. */
const expected = (head: Head, repo: string | null, configuration: Configuration, print: (text: string) => void): ReadonlyArray<string> => {
  const files = head.files.map(({ content, name }) => ({ bytes: Buffer.from(content), name, path: name }))
  const circumstances = { action: 'opened', defaultBranch: head.branch, event: 'push' as const, ref: head.branch, sha: head.sha, ...(repo === null ? {} : { repo }) }
  const trial = trialOf(files, circumstances, configuration)
  if (E.isLeft(trial)) print(escapeInvisible(`  ${trial.left}`))
  else if (E.isLeft(trial.right)) print(escapeInvisible(`  Nothing would be built: ${trial.right.left}.`))
  const all = E.isRight(trial) && E.isRight(trial.right) ? trial.right.right : []
  for (const tried of all) print(escapeInvisible(`  ${tried.file} ${sentenceOf(tried)}`))
  return all.flatMap(({ file, outcome }) => (outcome._tag === 'Nothing' ? [] : [file]))
}

const sentenceOf = (tried: Tried): string => {
  const { outcome } = tried
  switch (outcome._tag) {
    case 'Built':
      return `is built by ${outcome.plan.provider}`
    case 'Failed':
      return `fails: ${outcome.error}`
    case 'Nothing':
      return `is not built: ${outcome.reason ?? reasonsOf(tried).join('; ')}`
  }
}

/** What the demo is going to try. */
interface Plan {
  readonly account: Did
  readonly configuration: Configuration
  readonly head: Head
  readonly name: string
  readonly owner: Did
}

/** Decides what to try; `Left` with sentences that say why nothing can be. */
const planOf = async ({ as, config: path, repo }: OwnOptions): Promise<E.Either<ReadonlyArray<string>, Plan>> => {
  const { configuration, faults } = readConfiguration(path, runOptions().map((option) => option.attributeName()).filter((name) => name !== 'config' && name !== 'cursor'))
  if (faults.length > 0) return E.left(faults.map(lineOf))
  const head = await headOf(repo)
  if (typeof head === 'string') return E.left([escapeInvisible(head)])
  const named = configuration.options.get('owner')
  const owner = Did.is(named) ? named : OWNER
  const [account = '', name = '', ...more] = (as ?? `${owner}/${basename(head.top).replace(/[^A-Za-z0-9._-]/g, '-')}`).split('/')
  return Did.is(account) && Did.is(owner) && name !== '' && more.length === 0
    ? E.right({ account, configuration, head, name, owner })
    : E.left([escapeInvisible(`"${String(as)}" is not a repository: write did:plc:ewvi7nxzyoun6zhxrhs64oiz/name after --as.`)])
}

/** Prints what will be tried, and what cannot be. */
const introduce = ({ account, configuration, head, name, owner }: Plan, url: string, print: (text: string) => void): void => {
  print(`  The page of the spindle:  ${url}/`)
  print(escapeInvisible(`  HEAD of ${head.top} (${head.sha.slice(0, 8)}, branch ${head.branch}) is pushed as ${account}/${name} to a knot on this machine.`))
  if (head.changed > 0) print('  Uncommitted changes are not pushed: commit them, and try again.')
  if (account === owner) print('  The owner may use every provider: "allow" is not tried. Use --as DID/NAME to push as somebody else.')
  for (const [provider, { kind }] of configuration.providers)
    if (kind !== 'local')
      print(
        `  "${provider}" (${kind}) is asked for real builds, and its machines cannot fetch from a knot on this one: they fail at the checkout. "tack check" tries the CI itself.`
      )
}

interface Tangled {
  readonly knot: KnotServer
  readonly network: EmbeddedNetwork
  readonly pds: PdsServer
}

/** Creates the repository at the knot and pushes HEAD to it. Returns its DID, or why it cannot be pushed. */
const pushHead = async ({ account, head, name }: Plan, { knot, pds }: Tangled): Promise<E.Either<string, Did>> => {
  const did = plc(seeded(2_000_001))
  const there = await knot.git.createRepository({ defaultBranch: head.branch, did, format: head.format, name, owner: account })
  const pushed = await git(head.top, 'push', '--quiet', '--no-verify', there.folder, `HEAD:refs/heads/${head.branch}`)
  if ('error' in pushed) return E.left(`HEAD cannot be pushed (${pushed.error}). A shallow clone cannot be: fetch the rest with git fetch --unshallow.`)
  pds.putRepository(did, `http://${knot.host}`)
  return E.right(did)
}

/**
 * Publishes the records that make the bridge serve the repository: that of a member, if the repository is not the owner's, and that of the
 * repository.
 */
const publishRecords = ({ account, name, owner }: Plan, repoDid: Did, { knot, network, pds }: Tangled): void => {
  const nowUs = Date.now() * 1_000
  const rkey = tid(nowUs, 5)
  const publish = (did: Did, collection: string, fields: { readonly [field: string]: string }): void => {
    const record = { $type: collection, createdAt: rfc3339(nowUs), ...fields }
    pds.putRecord(did, collection, rkey, record)
    network.jetstream.publishCommit({ did, operations: [{ collection, operation: 'create', record, rkey }], timeUs: nowUs })
  }
  for (const did of new Set([owner, account])) pds.putAccount(did)
  if (account !== owner) publish(owner, MEMBER, { instance: HOSTNAME, subject: account })
  publish(account, REPO, { knot: knot.host, name, repoDid, spindle: HOSTNAME })
}

/** Runs it. Returns the exit code: 0 if every build succeeded, 1 if one did not or there was none, 2 if nothing can be tried. */
export const demoOwn = async (options: OwnOptions, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const refuse = (sentences: ReadonlyArray<string>): number => {
    for (const sentence of sentences) complain(`error: ${sentence}`)
    return 2
  }
  const planned = await planOf(options)
  if (E.isLeft(planned)) return refuse(planned.left)
  const plan = planned.right
  const { account, configuration, head, name, owner } = plan

  const root = await mkdtemp(resolve(tmpdir(), 'tack-demo-'))
  const [pds, network] = [await startPds(), await startNetwork({ clock: systemClock(), generation: 'v2', knots: 1, seed: 1 })]
  const [knot] = network.knots
  if (knot === undefined) throw new RangeError('the network has no knot')
  const tangled = { knot, network, pds }
  const listen = `127.0.0.1:${String(await freePort())}`
  const url = `http://${listen}`
  const heard = new Map<string, Status>()
  const stop = { isAsked: false }
  const interrupted = new Promise<void>((resolve) => {
    const interrupt = (): void => {
      stop.isAsked = true
      resolve()
    }
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
  })
  const path = resolve(options.config)
  const life = startLife(
    { configuration: path, hostname: HOSTNAME, jetstreamUrl: network.jetstreamUrl, keepsVariables: true, listen, owner, plc: pds.url, store: join(root, 'store') },
    () => undefined
  )
  const hasEnded = (): boolean => stop.isAsked || life.child.exitCode !== null || life.child.signalCode !== null
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!hasEnded() && !isDone()) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  let reader: ReturnType<typeof follow> | null = null
  try {
    introduce(plan, url, print)
    const names = expected(head, account === owner ? null : `${account}/${name}`, configuration, print)
    if (names.length === 0) return 1
    await until(() => life.said.some((line) => line.event === 'JetstreamOpened'))
    const pushed = await pushHead(plan, tangled)
    if (E.isLeft(pushed)) return refuse([escapeInvisible(pushed.left)])
    publishRecords(plan, pushed.right, tangled)
    await until(() => knot.connections().some(({ isOpen }) => isOpen))
    reader = follow(
      url,
      (status) => {
        heard.set(status.workflow, status)
        print(escapeInvisible(`        · ${status.workflow} is ${status.status}${status.error === null ? '' : `: ${status.error}`}`))
      },
      () => undefined
    )
    const keys = knot.publishPush(
      { committerDid: account, newSha: head.sha, oldSha: '0'.repeat(head.sha.length), ownerDid: account, pushOptions: [], ref: `refs/heads/${head.branch}`, repo: pushed.right },
      { name, workflows: [] }
    )
    await until(() => names.every((one) => isOver(heard.get(one)?.status ?? 'pending')))
    if (stop.isAsked) return 1
    if (hasEnded()) return refuse(['the bridge has ended: its output above says why.'])
    const failed = names.filter((one) => heard.get(one)?.status !== 'success')
    for (const one of failed) {
      const lines = (await logOf(url, knot.host, keys.at(-1) ?? '', one)).trimEnd().split('\n').filter((line) => line !== '')
      if (lines.length > 0) print(escapeInvisible(`  The end of the log of ${one}:`))
      for (const line of lines.slice(-LINES)) print(escapeInvisible(`        │ ${line}`))
    }
    print(failed.length === 0 ? '\n  All builds succeeded.' : '\n  Not all builds succeeded.')
    if (!options.once) {
      print(`\n  The bridge goes on: ${url}/\n  Ctrl-C ends it.`)
      await interrupted
    }
    return failed.length === 0 ? 0 : 1
  } finally {
    reader?.close()
    await end(life, 'SIGTERM')
    await Promise.all([network.stop(), pds.stop()])
    await rm(root, { force: true, recursive: true })
  }
}
