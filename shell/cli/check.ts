/**
 * `tack check`: whether `tack run`, with the same options, would find everything that it needs, and whether Tangled could reach it. Prints one line
 * for each check, and what to do about each problem.
 *
 * Checks use the code of `run`, and so the same guard and limits. If no tack is running, the check starts the server, with an empty state, for as
 * long as it lasts. So the way in, through name, certificate and reverse proxy, can be tested before the first start. The check leaves nothing
 * behind, and prints no secret.
 */
import * as E from 'fp-ts/lib/Either.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { Config } from '../../core/index.js'
import type { Server } from '../inbound/server.js'
import { systemClock } from '../lib/clock.js'
import { silentLog, escapeInvisible } from '../lib/log.js'
import { httpClient } from '../outbound/http-client.js'
import { assemble, type Assembly, policyOf, trustedPolicyOf } from './assemble.js'
import { checkAllowed } from './check-allowed.js'
import { checkGit, checkStore } from './check-machine.js'
import { checkClock, checkOwner, checkProvider, checkStream } from './check-others.js'
import { checkOutside, listen } from './check-outside.js'
import { type ReadConfiguration } from './configuration.js'
import { lineOf } from './faults.js'
import { ANSWER_MS, fullStop, type Finding, fine, wordsOf, wrong } from './finding.js'
import { configOf, type RunOptions } from './options.js'
import { checkSurroundings, checkUser, NO_PROVIDER } from './preflight.js'
import type { Ask } from './probe.js'
import { entryFaults } from './provider-faults.js'

const ANSWER_BYTES = 65_536

const checkConfiguration = (options: RunOptions, parts: E.Either<string, Assembly>, config: E.Either<string, Config> | null): Finding => {
  const what = 'configuration'
  if (E.isLeft(parts)) return wrong(what, fullStop(parts.left))
  if (config !== null && E.isLeft(config)) return wrong(what, fullStop(config.left))
  const { providers } = parts.right
  if (providers.length === 0)
    return wrong(what, NO_PROVIDER)
  const remarks = [
    ...(options.adminToken === undefined ? ['Without an admin token nobody can cancel or retry builds.'] : []),
    ...(options.dev === true ? ['--dev is on; do not use it on the real network.'] : [])
  ]
  return fine(what, [`Valid; providers: ${providers.map(({ name }) => name).join(', ')}.`, ...remarks].join(' '))
}

/** Runs all checks. Returns the findings in the order in which problems are best fixed. */
export const findings = async (
  options: RunOptions,
  read: ReadConfiguration,
  remarks: ReadonlyArray<string>,
  environment: NodeJS.ProcessEnv,
  tell: (finding: Finding) => void
): Promise<ReadonlyArray<Finding>> => {
  const { configuration } = read
  const clock = systemClock()
  const policy = policyOf(options)
  // Providers start to manage their folders at once, and those in the store belong to the running tack. So the check uses a folder of its own.
  const made = await mkdtemp(resolve(tmpdir(), 'tack-check-')).then(E.right, (error: unknown) => E.left(wordsOf(error)))
  if (E.isLeft(made)) {
    const finding = wrong('temporary files', `None can be created in ${tmpdir()}: ${fullStop(made.left)} Set TMPDIR to a writable folder.`)
    tell(finding)
    return [finding]
  }
  const scratch = made.right
  const settings = { clock, maxBodyBytes: ANSWER_BYTES, policy, timeoutMs: ANSWER_MS }
  const [outside, trusted] = [httpClient(settings), httpClient({ ...settings, policy: trustedPolicyOf(options) })]
  const ask: Ask = async (url, isTrusted = false) => {
    try {
      const response = await (isTrusted ? trusted : outside).fetch(url)
      const dateMs = Date.parse(response.headers.get('date') ?? '')
      return E.right({ dateMs: Number.isNaN(dateMs) ? null : dateMs, status: response.status, text: await response.text() })
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
      const safe = { ...finding, sentence: escapeInvisible(finding.sentence) }
      all.push(safe)
      tell(safe)
    }
  }
  try {
    const faults = entryFaults(read, environment)
    if (faults.length > 0) found(...faults.map((fault) => wrong('configuration', read.path === '' ? fault.sentence : lineOf(fault))))
    else found(checkConfiguration(options, parts, config))
    if (E.isRight(parts)) found(...checkAllowed(read, names))
    found(...checkUser(read), ...checkSurroundings(read, remarks, environment))
    found(await checkStore(options))
    found(await checkGit())
    const listening = await listen(options, config !== null && E.isRight(config) ? config.right : null, ask, clock)
    server = listening.server
    // These wait for other servers.
    const waiting: ReadonlyArray<Promise<ReadonlyArray<Finding>>> = [
      ...(E.isRight(parts) ? [checkOwner(options, parts.right, clock).then((one) => [one])] : []),
      checkStream(options, clock).then((one) => [one]),
      checkClock(options, ask, clock),
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

/** Runs the checks and prints the findings. Returns the exit code: 0 if nothing is wrong, otherwise 1. */
export const check = async (
  options: RunOptions,
  read: ReadConfiguration,
  asJson: boolean,
  environment: NodeJS.ProcessEnv,
  print: (text: string) => void,
  remarks: ReadonlyArray<string>
): Promise<number> => {
  const tell = ({ isFine, isRemark, sentence, what }: Finding): void => {
    if (!asJson) print(`${isRemark === true ? 'WARN ' : isFine ? 'ok   ' : 'NOT  '}${what.padEnd(WIDTH)} ${sentence}`)
  }
  const all = await findings(options, read, remarks, environment, tell)
  const faults = all.filter(({ isFine }) => !isFine).length
  if (asJson) print(JSON.stringify(all, null, 2))
  else print(faults === 0 ? '\nEverything is fine.' : `\n${faults === 1 ? 'One thing is' : `${String(faults)} things are`} wrong.`)
  return faults === 0 ? 0 : 1
}
