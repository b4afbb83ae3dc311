/** What the tests of adapters that ask a server have in common: an adapter beside a server that keeps a ledger. */
import { silentLog } from '../../../../shell/log.js'
import { httpClient } from '../../../../shell/http.js'
import type { Clock, Log } from '../../../../shell/ports.js'
import type { Kind, Provider, Surroundings } from '../../../../shell/providers/provider.js'
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
