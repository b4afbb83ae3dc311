/** Checks the way in: the address on which tack listens, and whether its name leads there, as Tangled will call it. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type Config, type Did, excerpt, initial } from '../../core/index.js'
import { type Server, startServer } from '../inbound/server.js'
import { silentLog } from '../lib/log.js'
import { kindOf, type Policy } from '../outbound/guard.js'
import { platformResolve } from '../outbound/resolver.js'
import { openSocket, withDefaults } from '../outbound/websocket.js'
import type { Clock, Link } from '../ports.js'
import { codeOf } from '../store/disk.js'
import { decodeText } from '../store/json.js'
import { ANSWER_MS, fullStop, type Finding, fine, listenTrouble, wordsOf, wrong } from './finding.js'
import type { RunOptions } from './options.js'
import { type Ask, reasons } from './probe.js'
import { urlOf } from './reach.js'
import { adviceOnUpgrade, adviceOnWayIn } from './way-in.js'

const OwnerAnswer = t.type({ owner: t.string }, 'answer')
const HealthAnswer = t.type({ reasons: t.array(t.string) }, 'answer')

/** Whether a spindle of that owner answers at `url`; `Left` says why not. */
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
  /** The server that was started for the check. */
  readonly server: Server | null
}

/** Listens where `run` would. */
export const listen = async (options: RunOptions, config: Config | null, ask: Ask, clock: Clock): Promise<Listening> => {
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
    return { finding: wrong(what, `cannot listen on ${shown}: ${fullStop(listenTrouble(error))}`), server: null }
  }
}

/** Resolves the public name. */
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
  if (E.isLeft(answer)) return wrong(what, `${base}/healthz is not reachable: ${fullStop(answer.left)}`)
  const { status, text } = answer.right
  const said = decodeText(HealthAnswer, text)
  if (status === 200)
    return E.isRight(said)
      ? fine(what, `${base}/healthz is healthy.`)
      : wrong(what, `${base}/healthz answered 200, but not as tack does: something else is served under this name.`)
  return wrong(what, `${base}/healthz answered ${String(status)}${E.isRight(said) && said.right.reasons.length > 0 ? `: ${excerpt(said.right.reasons.join('; '))}` : ''}.`)
}

const checkUpgrade = (options: RunOptions, base: string, policy: Policy, clock: Clock): Promise<Finding> =>
  new Promise((done) => {
    const what = 'websocket'
    const url = new URL(`${base.replace(/^http/, 'ws')}/events`)
    const log = reasons()
    let link: Link | null = null
    let finding: Finding | null = null
    link = openSocket(withDefaults({ clock, handshakeTimeoutMs: ANSWER_MS, log, policy }), url.href, {
      closed: () => done(finding ?? wrong(what, `${url.href} does not accept websockets: ${fullStop(log.last())} ${adviceOnUpgrade(log.last(), options)}`)),
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
    : wrong(what, `${base}/xrpc/sh.tangled.owner: ${fullStop(there.left)} Tangled calls this when you register. ${adviceOnWayIn(there.left, options)}`)
}

/** All checks of the public name. If it does not resolve, the rest is skipped. */
export const checkOutside = async (options: RunOptions, policy: Policy, ask: Ask, clock: Clock): Promise<ReadonlyArray<Finding>> => {
  const name = await checkName(options, policy)
  if (!name.isFine) return [name]
  const base = `${options.dev === true ? 'http' : 'https'}://${options.hostname}`
  return [name, ...(await Promise.all([checkRegistration(options, ask, base), checkHealth(ask, base), checkUpgrade(options, base, policy, clock)]))]
}
