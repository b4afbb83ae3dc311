/**
 * Resolves host names.
 *
 * A look-up by the platform blocks a thread until it ends, half a minute with a silent name server, and cannot be cancelled; the process has two such
 * threads. A few names chosen by strangers would delay all other look-ups. So the platform resolves only names that we or the operator wrote. Names
 * from strangers are resolved here: by the hosts file, then by the name servers. This blocks no thread, and is cancelled with its connection. It
 * ignores other sources of the platform, and search domains.
 */
import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** Resolves a host name. Rejects if it has no address. An abort of `gone` cancels the look-up, if the resolver can. */
export type Resolve = (hostname: string, options: LookupOptions, gone?: AbortSignal) => Promise<LookupAddress[]>

/** The platform's resolver. */
export const platformResolve: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true })

// ---------------------------------------------------------------------------------------- names of strangers

export interface OwnOptions {
  /** The hosts file. `/etc/hosts` by default. */
  readonly hosts?: string
  /** The name servers, with ports. The platform's by default. */
  readonly servers?: ReadonlyArray<string>
}

/** The addresses in the hosts file; none if it is unreadable. */
const inHosts = async (file: string, name: string): Promise<LookupAddress[]> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    return family !== 0 && names.some((one) => one.toLowerCase() === name) ? [{ address, family }] : []
  })
}

/** The addresses of `localhost` and of all names below it (RFC 6761). */
const LOOPBACK: ReadonlyArray<LookupAddress> = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 }
]

/** The address families to ask for. IPv4 first: if only one address is tried, IPv4 works in more networks. */
const familiesOf = ({ family = 0 }: LookupOptions): ReadonlyArray<4 | 6> =>
  family === 0 ? [4, 6] : family === 6 || family === 'IPv6' ? [6] : [4]

/** A resolver that blocks no thread. Gives up on a silent name server after 6 s. */
export const ownResolve =
  ({ hosts = '/etc/hosts', servers }: OwnOptions = {}): Resolve =>
  async (hostname, options, gone) => {
    const families = familiesOf(options)
    const name = hostname.toLowerCase()
    const listed = await inHosts(hosts, name)
    const fromFile = (listed.length === 0 && /(?:^|\.)localhost$/.test(name) ? LOOPBACK : listed).filter(({ family }) => families.some((one) => one === family))
    if (fromFile.length > 0) return fromFile
    gone?.throwIfAborted()
    // One per look-up, because a resolver can only cancel all of its queries. A new one also reads the current name servers.
    const resolver = new Resolver({ timeout: 2_000, tries: 2 })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = (): void => resolver.cancel()
    gone?.addEventListener('abort', cancel)
    const answers = await Promise.allSettled(
      families.map(async (family) => {
        const addresses = await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname))
        return addresses.map((address) => ({ address, family }))
      })
    )
    gone?.removeEventListener('abort', cancel)
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (found.length === 0 && failed !== undefined) throw failed.reason
    return found
  }

/** Resolves the TXT records of a name, each joined into one string. Rejects if there are none. An abort of `gone` cancels the look-up. */
export type ResolveText = (name: string, gone: AbortSignal) => Promise<ReadonlyArray<string>>

/** Resolves TXT records at the name servers, without blocking a thread, like `ownResolve`. */
export const textsOf =
  (servers?: ReadonlyArray<string>): ResolveText =>
  async (name, gone) => {
    gone.throwIfAborted()
    const resolver = new Resolver({ timeout: 2_000, tries: 2 })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = (): void => resolver.cancel()
    gone.addEventListener('abort', cancel)
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
    } finally {
      gone.removeEventListener('abort', cancel)
    }
  }

/**
 * Limits `resolve` to `max` concurrent look-ups and `maxWaiting` waiting ones. Beyond that a look-up fails at once. A cancelled one leaves the queue.
 * The queue is last in, first out: in an overload the oldest look-up has hardly any time left, and serving it first would make all of them late.
 */
export const limitResolve = (resolve: Resolve, max: number, maxWaiting: number): Resolve => {
  let waiting: ReadonlyArray<() => void> = []
  let asking = 0

  const turn = (gone?: AbortSignal): Promise<void> =>
    new Promise((begin, refuse) => {
      waiting = [...waiting, begin]
      gone?.addEventListener('abort', () => {
        waiting = waiting.filter((one) => one !== begin)
        refuse(new Error('the look-up was cancelled'))
      })
    })

  const over = (): void => {
    const next = waiting.at(-1)
    waiting = waiting.slice(0, -1)
    // The next look-up takes this place.
    if (next === undefined) asking -= 1
    else next()
  }

  return async (hostname, options, gone) => {
    if (asking < max) asking += 1
    else if (waiting.length < maxWaiting) await turn(gone)
    else throw new Error('too many look-ups at once')
    try {
      gone?.throwIfAborted()
      return await resolve(hostname, options, gone)
    } finally {
      over()
    }
  }
}

/**
 * The resolver for names from strangers, one for the process. Names whose servers are silent do not block others: each holds one of fifty places for
 * some seconds, and is retried after a pause that grows to minutes. Fifty names are a hundred queries at a time, fewer than a small forwarder takes
 * (dnsmasq: 150).
 */
export const strangersResolve: Resolve = limitResolve(ownResolve(), 50, 1_000)
