/**
 * `tack check`: whether `tack run`, with the same options, would find everything that it needs, and whether Tangled would find us. One line for
 * each check, and what to do where something is wrong.
 *
 * Checks use the code of `run`, and so the same guard and limits. If no tack is running, the server is started for as long as the check lasts, with
 * nothing in it: so the way from outside, through name, certificate and reverse proxy, can be tested before the first start. Nothing is left
 * behind, and no secret is printed.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, mkdtemp, open, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Config, type Did, type Event, excerpt, initial, MEMBER, type Natural, OrderedMap } from '../../core/index.js'
import { type Server, startServer } from '../inbound/server.js'
import { systemClock } from '../lib/clock.js'
import { silentLog, visible } from '../lib/log.js'
import { kindOf, type Policy } from '../outbound/guard.js'
import { httpClient } from '../outbound/http-client.js'
import { jetstreamClient } from '../outbound/jetstream.js'
import { platformResolve } from '../outbound/resolver.js'
import { openSocket, withDefaults } from '../outbound/websocket.js'
import type { Clock, Link, Log } from '../ports.js'
import type { Provider } from '../providers/provider.js'
import { systemDisk } from '../store/disk.js'
import { readStore } from '../store/index.js'
import { decodeText } from '../store/json.js'
import { systemProcesses } from '../store/processes.js'
import { adviceOn, hungEvent, lastHung } from '../store/steps.js'
import { assemble, type Parts, policyOf, trustedPolicyOf } from './assemble.js'
import type { Configuration } from './configuration.js'
import { urlOf } from './control.js'
import { configOf, type RunOptions } from './options.js'
import { unknownVariables } from './variables.js'

// ---------------------------------------------------------------------------------------- model

/** The result of one check. */
export interface Finding {
  readonly isFine: boolean
  readonly sentence: string
  readonly what: string
}

const fine = (what: string, sentence: string): Finding => ({ isFine: true, sentence, what })
const wrong = (what: string, sentence: string): Finding => ({ isFine: false, sentence, what })

const wordsOf = (error: unknown): string => excerpt(error instanceof Error ? error.message : String(error))

const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null)

/** As the end of a sentence, with exactly one full stop. */
const ended = (text: string): string => `${text.replace(/[.!]+$/, '')}.`

const ANSWER_BYTES = 65_536
const ANSWER_MS = 15_000

// ---------------------------------------------------------------------------------------- the allow-list

/** The DIDs in use; others are well-formed, and belong to nobody. */
const PERSON = /^did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.:%-]+)$/

/** The literal beginning of a pattern. */
const LITERAL = /^[^*?[{\\/]*/

/** Why no repository can ever match; `null` when one can. Repositories are named `<DID of the owner>/<name>`. This finds the usual mistakes, not all. */
export const neverMatches = (pattern: string): string | null => {
  const [literal = ''] = LITERAL.exec(pattern) ?? []
  const rest = pattern.slice(literal.length)
  if (!'did:'.startsWith(literal) && !literal.startsWith('did:')) return 'repositories are named by their owner’s DID, not by a handle or a host'
  if (rest.startsWith('/') && !PERSON.test(literal)) return `${literal === '' ? 'nothing' : literal} is not a DID in use`
  if (!pattern.includes('/') && !pattern.includes('{') && pattern !== '**') return 'it has no slash, and * does not match a slash'
  return null
}

const checkAllowed = ({ allow }: Configuration, providers: ReadonlyArray<string>): ReadonlyArray<Finding> => {
  const faults = allow.flatMap(({ provider, repos }, i) => {
    const what = `allow[${String(i)}]`
    const never = neverMatches(repos)
    return [
      ...(providers.includes(provider) ? [] : [wrong(what, `Unknown provider "${excerpt(provider)}". Configured: ${providers.join(', ') || 'none'}.`)]),
      ...(never === null ? [] : [wrong(what, `"${excerpt(repos)}" never matches: ${never}. Write did:plc:…/name, or did:plc:…/*.`)])
    ]
  })
  if (faults.length > 0) return faults
  return [
    fine(
      'allow-list',
      allow.length === 0
        ? 'Empty: only repositories of the owner are built.'
        : `Besides the owner’s repositories, those that match its lines are built (${String(allow.length)}).`
    )
  ]
}

// ---------------------------------------------------------------------------------------- this machine

const Holder = t.type({ hostname: t.string, pid: t.Int, startedAt: t.union([t.string, t.null]) }, 'Lock')

/** Who has the folder, in words; `null` when nobody has. */
const holderOf = async (folder: string): Promise<{ readonly isRunning: boolean; readonly words: string } | null> => {
  const text = await readFile(join(folder, 'lock'), 'utf8').catch(() => null)
  if (text === null) return null
  const holder = decodeText(Holder, text)
  if (E.isLeft(holder)) return { isRunning: false, words: 'it contains a file "lock" that tack did not write: remove it before tack can start' }
  const { hostname, pid } = holder.right
  const self = await systemProcesses.self()
  const who = `process ${String(pid)} on host ${excerpt(hostname)}`
  if (hostname !== self.hostname)
    return { isRunning: false, words: `it is locked by ${who}: if that is certainly gone, delete its file "lock" so that tack can start` }
  return (await systemProcesses.isGone({ hostname, pid, startedAt: holder.right.startedAt })) ? null : { isRunning: true, words: `A running tack uses it (${who})` }
}

const LEAST_FREE_BYTES = 67_108_864

/** Why no file can be created in the folder; `null` when one can. Creating one says more than permissions. */
const probe = async (folder: string): Promise<string | null> => {
  const path = join(folder, `check-${randomUUID()}`)
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
    await rm(path)
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize < LEAST_FREE_BYTES ? `only ${String(Math.floor((bavail * bsize) / 1_048_576))} MiB are free` : null
  } catch (error) {
    return wordsOf(error)
  }
}

const existingAbove = (folder: string): string => (existsSync(folder) || folder === dirname(folder) ? folder : existingAbove(dirname(folder)))

const VERSION = /^\{"format":"tack-state","version":([0-9]{1,9}),/

const versionOf = async (folder: string): Promise<string> => {
  const file = await open(join(folder, 'state.json'))
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0)
    return VERSION.exec(buffer.toString('latin1', 0, bytesRead))?.[1] ?? '?'
  } finally {
    await file.close()
  }
}

const checkStore = async (options: RunOptions): Promise<Finding> => {
  const what = 'store'
  const folder = options.store
  if (!existsSync(folder)) {
    const above = existingAbove(folder)
    const isWritable = await access(above, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false
    )
    return isWritable
      ? fine(what, `${folder} does not exist yet: the first start creates it.`)
      : wrong(what, `${folder} does not exist, and cannot be created in ${above}: create it, and make it writable for the user that runs tack.`)
  }
  const fault = await probe(folder)
  if (fault !== null) return wrong(what, `${folder} is not writable: ${ended(fault)} Make it writable for the user that runs tack, with free space.`)
  const holder = await holderOf(folder)
  if (holder?.isRunning === false) return wrong(what, `${folder}: ${ended(holder.words)}`)
  const held = holder === null ? '' : ` ${ended(holder.words)}`
  const names = await readdir(folder)
  if (!names.some((name) => name === 'state.json' || name.startsWith('journal-'))) return fine(what, `${folder} is empty: the first start begins from nothing.${held}`)
  const hung = await lastHung(systemDisk, folder).then(E.right, (error: unknown) => E.left(wordsOf(error)))
  const stuck =
    E.isRight(hung) && hung.right !== null
      ? wrong(what, `${folder}: tack is processing ${hungEvent(hung.right)}, or ended while it did; ${adviceOn(hung.right)}.${held}`)
      : null
  // Reading a journal with a step that hangs would hang as well.
  if (stuck !== null && E.isRight(hung) && hung.right?.journal != null && !hung.right.isPassedOver) return stuck
  const read = await readStore(folder)()
  if (E.isLeft(read)) {
    // A refusal includes its own advice.
    const advice = read.left._tag === 'Refused' ? '' : ' Nothing has been overwritten; restore a backup.'
    return wrong(what, `${read.left.path}: ${ended(read.left.message)}${advice}`)
  }
  if (E.isLeft(hung)) return wrong(what, ended(hung.left))
  if (stuck !== null) return stuck
  const { builds, commits, config } = read.right.state
  const version = await versionOf(folder).catch(() => '?')
  const other =
    config.hostname === options.hostname && config.owner === options.owner
      ? ''
      : ` Until now it belonged to ${config.hostname}, owner ${config.owner}; from the next start on it belongs to this one.`
  return fine(
    what,
    `${folder} is in order (version ${version}): ${String(OrderedMap.size(commits.accounts))} accounts, ${String(OrderedMap.size(builds.runs))} runs.${other}${held}`
  )
}

/** The first version with everything that is used (`fetch --no-write-fetch-head`). */
const LEAST_GIT = [2, 29] as const

const run = promisify(execFile)

/** Whether git is there, and new enough. */
export const checkGit = async (git = 'git'): Promise<Finding> => {
  const what = 'git'
  try {
    const said = (await run(git, ['--version'], { timeout: ANSWER_MS })).stdout.trim()
    const [, major, minor] = /^git version ([0-9]+)\.([0-9]+)/.exec(said) ?? []
    const isOld = Number(major) < LEAST_GIT[0] || (Number(major) === LEAST_GIT[0] && Number(minor) < LEAST_GIT[1])
    if (major === undefined || isOld) return wrong(what, `${excerpt(said) || 'It'} is too old: ${LEAST_GIT.join('.')} or later is needed to read workflow files.`)
    const helpers = (await run(git, ['--exec-path'], { timeout: ANSWER_MS })).stdout.trim()
    return existsSync(join(helpers, 'git-remote-https'))
      ? fine(what, `${excerpt(said)} is installed.`)
      : wrong(what, `${excerpt(said)} has no HTTPS support: git-remote-https is missing; install it.`)
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT'
    return wrong(what, isMissing ? 'git is missing: install it, workflow files are read with it.' : `git cannot be run: ${ended(wordsOf(error))}`)
  }
}

// ---------------------------------------------------------------------------------------- others

/** The owner's first page of member records, read as `run` does. */
const checkOwner = ({ owner, plc }: RunOptions, { records }: Parts, clock: Clock): Promise<Finding> =>
  new Promise((resolve) => {
    const done = (finding: Finding): void => {
      disarm()
      resolve(finding)
    }
    const disarm = clock.after(4 * ANSWER_MS, () => done(wrong('owner', `${owner}: no answer within ${String((4 * ANSWER_MS) / 1000)} s.`)))
    const answer = (event: Event): void => {
      if (event._tag === 'RecordsRead') done(fine('owner', `${owner} was found, and its server answers.`))
      else if (event._tag === 'RequestFailed')
        done(
          wrong(
            'owner',
            `${owner}: ${ended(event.error)} Check the DID, and that this machine can reach ${owner.startsWith('did:plc:') ? plc.host : 'its host'} and the account’s server.`
          )
        )
    }
    records.read({ _tag: 'ReadRecords', collection: MEMBER, cursor: null, did: owner as Did, number: 1 as Natural }, answer)
  })

/** A log that keeps the last reason. */
const reasons = (): Log & { readonly last: () => string } => {
  let last = 'it was closed'
  const hear: Log['warn'] = (_, { code, error, reason } = {}) => {
    const words = [error, reason].find((one) => typeof one === 'string' && one !== '')
    last = typeof words === 'string' ? words : `closed with code ${String(code)}`
  }
  return { ...silentLog, debug: hear, last: () => last, warn: hear }
}

const checkStream = (options: RunOptions, clock: Clock): Promise<Finding> =>
  new Promise((done) => {
    const { host } = options.jetstream
    const log = reasons()
    let link: Link | null = null
    let finding: Finding | null = null
    const opened = jetstreamClient({ clock, handshakeTimeoutMs: ANSWER_MS, log, policy: trustedPolicyOf(options), url: options.jetstream })(0 as Natural, null, (event) => {
      if (event._tag === 'JetstreamOpened') {
        finding = fine('stream', `${host} is reachable.`)
        void link?.close()
      } else if (event._tag === 'JetstreamClosed')
        done(finding ?? wrong('stream', `${host} is not reachable: ${ended(log.last())} Check --jetstream, and that this machine can reach it.`))
    })
    link = opened
  })

const PROVIDER_MS = 60_000

const checkProvider = (provider: Provider, clock: Clock): Promise<Finding> => {
  const what = `provider ${provider.name}`
  return new Promise((done) => {
    const disarm = clock.after(PROVIDER_MS, () => done(wrong(what, `No answer within ${String(PROVIDER_MS / 1000)} s.`)))
    provider
      .check()
      .then(
        ({ isFine, sentence }) => done({ isFine, sentence, what }),
        (error: unknown) => done(wrong(what, `The check failed: ${ended(wordsOf(error))}`))
      )
      .finally(disarm)
  })
}

// ---------------------------------------------------------------------------------------- where we are found

type Ask = (url: string, isTrusted?: boolean) => Promise<E.Either<string, { readonly status: number; readonly text: string }>>

const OwnerAnswer = t.type({ owner: t.string }, 'answer')
const HealthAnswer = t.type({ reasons: t.array(t.string) }, 'answer')

/** Whether a spindle of that owner answers at `url`; `Left` with why not. */
const askOwner = async (ask: Ask, url: string, owner: string, isTrusted = false): Promise<E.Either<string, true>> => {
  const answer = await ask(`${url}/xrpc/sh.tangled.owner`, isTrusted)
  if (E.isLeft(answer)) return answer
  const { status, text } = answer.right
  if (status !== 200) return E.left(`it answered ${String(status)}`)
  const said = decodeText(OwnerAnswer, text)
  if (E.isLeft(said)) return E.left('its answer is not a spindle’s')
  return said.right.owner === owner ? E.right(true) : E.left(`it says that its owner is ${excerpt(said.right.owner)}`)
}

interface Listening {
  readonly finding: Finding
  /** The server started for the check. */
  readonly server: Server | null
}

/** Listens where `run` would. */
const listen = async (options: RunOptions, config: Config | null, ask: Ask, clock: Clock): Promise<Listening> => {
  const what = 'address'
  const { host, port } = options.listen
  const shown = `${host === undefined ? '' : host.includes(':') ? `[${host}]` : host}:${String(port)}`
  if (config === null) return { finding: wrong(what, `${shown} was not checked: fix the configuration first.`), server: null }
  const state = initial(config)
  try {
    const server = await startServer(
      {
        admin: () => Promise.resolve('unsafe'),
        backlog: () => 0,
        clock,
        durable: () => state,
        isSaving: () => true,
        log: silentLog,
        providers: [],
        submit: () => Promise.resolve(false)
      },
      { listen: options.listen, owner: options.owner as Did }
    )
    return { finding: fine(what, `${shown} is free.`), server }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE') {
      const there = await askOwner(ask, urlOf(options.listen), options.owner, true)
      return {
        finding: E.isRight(there)
          ? fine(what, `${shown} is in use by a running tack of yours.`)
          : wrong(what, `${shown} is in use by another program (${there.left}): stop it, or choose another address with --listen.`),
        server: null
      }
    }
    const why = code === 'EACCES' ? 'ports below 1024 need privileges; choose another one, and put a reverse proxy on 443' : wordsOf(error)
    return { finding: wrong(what, `cannot listen on ${shown}: ${ended(why)}`), server: null }
  }
}

/** Where the name resolves to. */
const checkName = async ({ hostname }: RunOptions, policy: Policy): Promise<Finding> => {
  const what = 'name'
  const name = hostname.replace(/:[0-9]+$/, '')
  try {
    const addresses = [...new Set((await platformResolve(name, {})).map(({ address }) => address))]
    const secluded = addresses.filter((address) => kindOf(address) !== 'public' && !(policy.allowLoopback && kindOf(address) === 'loopback'))
    return secluded.length === 0
      ? fine(what, `${name} resolves to ${addresses.join(', ')}.`)
      : wrong(what, `${name} resolves here to ${secluded.join(', ')}, which is not reachable from outside: Tangled must find it in the public DNS.`)
  } catch (error) {
    return wrong(what, `${name} cannot be resolved (${codeOf(error) ?? wordsOf(error)}): create an A or AAAA record for it that points to your reverse proxy.`)
  }
}

const checkHealth = async (ask: Ask, base: string): Promise<Finding> => {
  const what = 'health'
  const answer = await ask(`${base}/healthz`)
  if (E.isLeft(answer)) return wrong(what, `${base}/healthz is not reachable: ${ended(answer.left)}`)
  const { status, text } = answer.right
  if (status === 200) return fine(what, `${base}/healthz is healthy.`)
  const said = decodeText(HealthAnswer, text)
  return wrong(what, `${base}/healthz answered ${String(status)}${E.isRight(said) && said.right.reasons.length > 0 ? `: ${excerpt(said.right.reasons.join('; '))}` : ''}.`)
}

/** An HTTP server answered, without an upgrade. */
const ANSWERED = /Unexpected server response/

const checkUpgrade = (base: string, policy: Policy, clock: Clock): Promise<Finding> =>
  new Promise((done) => {
    const what = 'websocket'
    const url = new URL(`${base.replace(/^http/, 'ws')}/events`)
    const log = reasons()
    let link: Link | null = null
    let finding: Finding | null = null
    link = openSocket(withDefaults({ clock, handshakeTimeoutMs: ANSWER_MS, log, policy }), url.href, {
      closed: () =>
        done(
          finding ??
            wrong(
              what,
              `${url.href} does not accept websockets: ${ended(log.last())}${
                ANSWERED.test(log.last()) ? ' The reverse proxy must pass on the headers Upgrade and Connection (shell/deploy/README.md).' : ''
              }`
            )
        ),
      host: url.host,
      opened: () => {
        finding = fine(what, `${url.href} accepts websockets.`)
        void link?.close()
      },
      rejected: () => undefined,
      text: () => undefined
    })
  })

const checkRegistration = async (options: RunOptions, ask: Ask, base: string): Promise<Finding> => {
  const what = 'registration'
  const there = await askOwner(ask, base, options.owner)
  return E.isRight(there)
    ? fine(what, `${base} names ${options.owner} as its owner, as Tangled expects.`)
    : wrong(what, `${base}/xrpc/sh.tangled.owner: ${ended(there.left)} Tangled calls this when you register; make the reverse proxy forward it to where tack listens.`)
}

/** Everything about our public name. If it does not resolve, the rest is skipped. */
const checkOutside = async (options: RunOptions, policy: Policy, ask: Ask, clock: Clock): Promise<ReadonlyArray<Finding>> => {
  const name = await checkName(options, policy)
  if (!name.isFine) return [name]
  const base = `${options.dev === true ? 'http' : 'https'}://${options.hostname}`
  return [name, ...(await Promise.all([checkRegistration(options, ask, base), checkHealth(ask, base), checkUpgrade(base, policy, clock)]))]
}

// ---------------------------------------------------------------------------------------- all of it

const checkConfiguration = (options: RunOptions, parts: E.Either<string, Parts>, config: E.Either<string, Config> | null): Finding => {
  const what = 'configuration'
  if (E.isLeft(parts)) return wrong(what, ended(parts.left))
  if (config !== null && E.isLeft(config)) return wrong(what, ended(config.left))
  const { providers } = parts.right
  if (providers.length === 0)
    return wrong(what, 'No provider is configured, so nothing can be built: add one under "providers" in the configuration file (shell/deploy/README.md).')
  const remarks = [
    ...(options.adminToken === undefined ? ['Without an admin token nobody can cancel or retry builds.'] : []),
    ...(options.dev === true ? ['--dev is on; do not use it on the real network.'] : [])
  ]
  return fine(what, [`Valid; providers: ${providers.map(({ name }) => name).join(', ')}.`, ...remarks].join(' '))
}

/** Runs all checks, and reports results in the order in which problems are best fixed. */
export const findings = async (
  options: RunOptions,
  configuration: Configuration,
  environment: NodeJS.ProcessEnv,
  tell: (finding: Finding) => void
): Promise<ReadonlyArray<Finding>> => {
  const clock = systemClock()
  const policy = policyOf(options)
  // Providers manage their folders from the beginning: what is in the store is the running tack's.
  const made = await mkdtemp(resolve(tmpdir(), 'tack-check-')).then(E.right, (error: unknown) => E.left(wordsOf(error)))
  if (E.isLeft(made)) {
    const finding = wrong('temporary files', `None can be created in ${tmpdir()}: ${ended(made.left)} Set TMPDIR to a writable folder.`)
    tell(finding)
    return [finding]
  }
  const scratch = made.right
  const settings = { clock, maxBodyBytes: ANSWER_BYTES, policy, timeoutMs: ANSWER_MS }
  const [outside, trusted] = [httpClient(settings), httpClient({ ...settings, policy: trustedPolicyOf(options) })]
  const ask: Ask = async (url, isTrusted = false) => {
    try {
      const response = await (isTrusted ? trusted : outside).fetch(url)
      return E.right({ status: response.status, text: await response.text() })
    } catch (error) {
      return E.left(wordsOf(error))
    }
  }
  const parts = await assemble({ ...options, store: scratch }, configuration, { clock, environment, log: silentLog })
  const providers = E.isRight(parts) ? parts.right.providers : []
  const names = providers.map(({ name }) => name)
  const config = E.isRight(parts) ? configOf(options, configuration, names) : null
  let server: Server | null = null
  const all: Array<Finding> = []
  const found = (...some: ReadonlyArray<Finding>): void => {
    for (const finding of some) {
      const safe = { ...finding, sentence: visible(finding.sentence) }
      all.push(safe)
      tell(safe)
    }
  }
  try {
    found(checkConfiguration(options, parts, config))
    if (E.isRight(parts)) found(...checkAllowed(configuration, names))
    found(...unknownVariables(environment).map((sentence) => wrong('environment', sentence)))
    found(await checkStore(options))
    found(await checkGit())
    const listening = await listen(options, config !== null && E.isRight(config) ? config.right : null, ask, clock)
    server = listening.server
    // These wait for other servers.
    const waiting: ReadonlyArray<Promise<ReadonlyArray<Finding>>> = [
      ...(E.isRight(parts) ? [checkOwner(options, parts.right, clock).then((one) => [one])] : []),
      checkStream(options, clock).then((one) => [one]),
      ...providers.map((provider) => checkProvider(provider, clock).then((one) => [one])),
      Promise.resolve([listening.finding]),
      checkOutside(options, policy, ask, clock)
    ]
    for (const some of waiting) found(...(await some))
    return all
  } finally {
    await Promise.all([server?.close(), ...providers.map((provider) => provider.close()), outside.close(), trusted.close()])
    if (E.isRight(parts)) await Promise.all([parts.right.records.close(), parts.right.workflows.close(), parts.right.close()])
    await rm(scratch, { force: true, recursive: true })
  }
}

const WIDTH = 22

/** Runs the checks and prints them. Returns the exit code: 0 when nothing is wrong, else 1. */
export const check = async (
  options: RunOptions,
  configuration: Configuration,
  asJson: boolean,
  environment: NodeJS.ProcessEnv,
  print: (text: string) => void
): Promise<number> => {
  const all = await findings(options, configuration, environment, ({ isFine, sentence, what }) => {
    if (!asJson) print(`${isFine ? 'ok   ' : 'NOT  '}${what.padEnd(WIDTH)} ${sentence}`)
  })
  const faults = all.filter(({ isFine }) => !isFine).length
  if (asJson) print(JSON.stringify(all, null, 2))
  else print(faults === 0 ? '\nEverything is fine.' : `\n${faults === 1 ? 'One thing is' : `${String(faults)} things are`} wrong.`)
  return faults === 0 ? 0 : 1
}
