/**
 * Resolves host names.
 *
 * The platform's look-up holds a thread for as long as it lasts, half a minute with a mute name server, and cannot be cancelled; the whole process
 * has two of them. A few names chosen by strangers would hold up all others. So the platform resolves only what we or the operator wrote down.
 * Names from strangers are looked up here: in the hosts file, and then at the name servers, which takes no thread, and ends with the connection
 * that it is for. Other sources that the platform may have, and its search domains, do not count for them.
 */
import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** The addresses of a host name. Rejects when there are none. When `gone` aborts, nobody waits any more. */
export type Resolve = (hostname: string, options: LookupOptions, gone?: AbortSignal) => Promise<LookupAddress[]>

/** The resolver of the platform. */
export const platformResolve: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true })

// ---------------------------------------------------------------------------------------- names of strangers

export interface OwnOptions {
  /** The hosts file. `/etc/hosts` by default. */
  readonly hosts?: string
  /** The name servers, with ports; those of the platform by default. */
  readonly servers?: ReadonlyArray<string>
}

/** The addresses in the hosts file. An unreadable one has none. */
const inHosts = async (file: string, name: string): Promise<LookupAddress[]> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    return family !== 0 && names.some((one) => one.toLowerCase() === name) ? [{ address, family }] : []
  })
}

/** The addresses of `localhost` and of all names below it, always (RFC 6761). */
const LOOPBACK: ReadonlyArray<LookupAddress> = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 }
]

/** The address families of a connection. IPv4 first: where only one address is tried, it is reachable from more places. */
const familiesOf = ({ family = 0 }: LookupOptions): ReadonlyArray<4 | 6> =>
  family === 0 ? [4, 6] : family === 6 || family === 'IPv6' ? [6] : [4]

/** A resolver without threads. A mute server is given up after 6 s. */
export const ownResolve =
  ({ hosts = '/etc/hosts', servers }: OwnOptions = {}): Resolve =>
  async (hostname, options, gone) => {
    const families = familiesOf(options)
    const name = hostname.toLowerCase()
    const listed = await inHosts(hosts, name)
    const known = (listed.length === 0 && /(?:^|\.)localhost$/.test(name) ? LOOPBACK : listed).filter(({ family }) => families.some((one) => one === family))
    if (known.length > 0) return known
    gone?.throwIfAborted()
    // One for each look-up, because it can only be cancelled as a whole. It also reads the current name servers.
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

/** The texts of a name, each as one. Rejects when there are none. When `gone` aborts, nobody waits any more. */
export type ResolveText = (name: string, gone: AbortSignal) => Promise<ReadonlyArray<string>>

/** Looks texts up at the name servers, without threads, as above. */
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
 * `resolve` for at most `max` names at a time. At most `maxWaiting` more wait: one beyond them fails at once, and a cancelled one is dropped. The
 * last to arrive is the next: with too many, the first has hardly any time left, and if it came first they would all be late.
 */
export const bounded = (resolve: Resolve, max: number, maxWaiting: number): Resolve => {
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
    // It takes the place of the finished one.
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
 * The resolver for names from strangers, one for the process. Names with mute servers do not keep good ones out: each holds one of fifty places for
 * some seconds, and is retried after a pause that grows to minutes. Fifty names are a hundred queries at a time, fewer than a small forwarder takes
 * (dnsmasq: 150).
 */
export const strangersResolve: Resolve = bounded(ownResolve(), 50, 1_000)
