/** What the tests of adapters that ask a server have in common: an adapter beside a server that keeps a ledger. */
import { silentLog } from '../../../../shell/lib/log.js'
import { httpClient } from '../../../../shell/outbound/http-client.js'
import type { Clock, Log } from '../../../../shell/ports.js'
import type { Kind, LogLine, Provider, Surroundings } from '../../../../shell/providers/provider.js'
import { manualClock, settle } from '../../support/bridge.js'
import type { Bench, Ports } from '../contract.js'
import type { Ledger, LedgerServer } from '../ledger.js'

export interface Surrounded {
  readonly surroundings: Surroundings
  readonly close: () => Promise<void>
}

/** What an adapter is given, with a client of its own that may go to loopback. */
export const surround = (ports: { readonly clock: Clock; readonly log?: Log }, environment: Surroundings['environment'] = {}): Surrounded => {
  const client = httpClient({ clock: ports.clock, policy: { allowLoopback: true, trusted: true } })
  return {
    close: client.close,
    surroundings: {
      checkout: () => Promise.reject(new Error('nothing is checked out')),
      clock: ports.clock,
      environment,
      fetch: client.fetch,
      folder: '',
      log: ports.log ?? silentLog,
      name: 'under-test'
    }
  }
}

/** A provider of the kind. Throws what is wrong with the settings. */
export const make = (kind: Kind, settings: unknown, surroundings: Surroundings): Provider => {
  const made = kind.make(settings, surroundings)
  if (made._tag === 'Left') throw new Error(made.left)
  return made.right
}

/** What is wrong with the settings; `null` where nothing is. */
export const faultOf = (kind: Kind, settings: unknown, environment: Surroundings['environment'] = {}): string | null => {
  const clock: Clock = { after: () => () => undefined, now: () => 0 as ReturnType<Clock['now']> }
  const made = kind.make(settings, surround({ clock }, environment).surroundings)
  return made._tag === 'Left' ? made.left : null
}

/** What an adapter has asked, at a time in milliseconds. */
export interface Question {
  readonly atMs: number
  readonly body: string
  readonly headers: Headers
  readonly method: string
  readonly url: string
}

/** An adapter whose questions are answered by `reply`. Text is answered as it is, all else as JSON. */
export const answeredBy = (
  kind: Kind,
  settings: unknown,
  reply: (question: Question) => unknown,
  environment: Surroundings['environment'] = {}
) => {
  const clock = manualClock()
  const asked: Array<Question> = []
  const provider = make(kind, settings, {
    ...surround({ clock }, environment).surroundings,
    fetch: (url, { body = '', headers, method = 'GET' } = {}) => {
      const question: Question = { atMs: clock.now() / 1000, body: String(body), headers: new Headers(headers), method, url: String(url) }
      asked.push(question)
      const said = reply(question)
      return Promise.resolve(said instanceof Response ? said : new Response(typeof said === 'string' ? said : JSON.stringify(said)))
    },
    name: 'of-the-operator'
  })
  /** Lets so many seconds pass, one after the other. */
  const pass = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n++) {
      await settle()
      clock.advance(1_000)
    }
    await settle()
  }
  return {
    asked,
    clock,
    /** Lets time pass until it is answered. */
    answer: async <A>(asking: Promise<A>): Promise<A> => {
      const state = { isSettled: false }
      const end = (): void => {
        state.isSettled = true
      }
      asking.then(end, end)
      for (let passes = 0; !state.isSettled; passes++) {
        if (passes > 100_000) throw new Error('it is not answered, however much time passes')
        await pass(1)
      }
      return asking
    },
    pass,
    provider
  }
}

/** The text of a log, and the names of its steps in brackets. */
export const saidIn = async (lines: AsyncIterable<LogLine>): Promise<ReadonlyArray<string>> => {
  const said: Array<string> = []
  for await (const line of lines)
    if (line._tag === 'Text') said.push(line.text)
    else if (line.status === 'start') said.push(`[${line.name}]`)
  return said
}

/** The steps of a log that are said to have failed. */
export const failedIn = async (lines: AsyncIterable<LogLine>): Promise<ReadonlyArray<string>> => {
  const failed: Array<string> = []
  for await (const line of lines) if (line._tag === 'Step' && line.hasFailed === true) failed.push(`${line.name} ${line.status}`)
  return failed
}

/** A bench on a server that has a ledger; what is missing is the provider's own. */
export const benchOf = (
  given: {
    readonly kind: Kind
    readonly ledger: Ledger
    /** What the ledger calls the build of a key, where that is not the key. */
    readonly nameOf?: (key: string) => string
    readonly server: LedgerServer
    readonly settings: unknown
  },
  own: Pick<Bench, 'plan' | 'secrets' | 'signing'>
): Bench => {
  const { kind, ledger, nameOf = (key: string) => key, server, settings } = given
  const open: Array<Surrounded> = []
  return {
    ...own,
    answered: server.answered,
    busy: server.busy,
    close: async () => {
      await Promise.all(open.map((one) => one.close()))
      await server.close()
    },
    connections: server.connections,
    held: server.held,
    isCancelled: (key) => ledger.byKey(nameOf(key))?.isCancelled ?? false,
    misbehave: server.misbehave,
    move: (key, status) => {
      const entry = ledger.byKey(nameOf(key))
      if (entry !== null) entry.status = status
    },
    provider: (ports: Ports) => {
      const surrounded = surround(ports)
      open.push(surrounded)
      return make(kind, settings, surrounded.surroundings)
    },
    say: (key, line) => void ledger.byKey(nameOf(key))?.log.push(line),
    started: (key) => ledger.count(nameOf(key))
  }
}

/** Whether a build of the ledger goes on. */
export const isOpen = (status: string): boolean => status === 'pending' || status === 'running'
