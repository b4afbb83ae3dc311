/**
 * Names: how that of whom we connect to becomes addresses.
 *
 * The platform's look-up holds a thread for as long as it lasts, half a minute where a name server is mute, and cannot be called off; the
 * whole process has two for it. A few names that strangers chose for that would hold up every other. So the platform is asked for what we or
 * the operator wrote down, and nothing else. What strangers wrote we look up by ourselves: in the hosts file, and then at the name
 * servers, which takes no thread, and ends with the connection that it is for. Other sources that the platform may have, and its
 * search domains, do not count for them.
 */
import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** The addresses of a host name. Rejects when there are none to be had. When `gone` is aborted, nobody waits for them any more. */
export type Resolve = (hostname: string, options: LookupOptions, gone?: AbortSignal) => Promise<LookupAddress[]>

/** The resolver of the platform. */
export const platformResolve: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true })

// ---------------------------------------------------------------------------------------- names of strangers

export interface OwnOptions {
  /** The hosts file. `/etc/hosts`. */
  readonly hosts?: string
  /** The name servers, with ports; those of the platform if not given. */
  readonly servers?: ReadonlyArray<string>
}

/** What the hosts file says of a name. One that cannot be read says nothing. */
const inHosts = async (file: string, name: string): Promise<LookupAddress[]> => {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    return family !== 0 && names.some((one) => one.toLowerCase() === name) ? [{ address, family }] : []
  })
}

/** What `localhost` means in any case (RFC 6761). */
const LOOPBACK: ReadonlyArray<LookupAddress> = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 }
]

/** The families that a connection may use. IPv4 first: where only one address is tried, it is the one that is reached from more places. */
const familiesOf = ({ family = 0 }: LookupOptions): ReadonlyArray<4 | 6> =>
  family === 0 ? [4, 6] : family === 6 || family === 'IPv6' ? [6] : [4]

/** A resolver that needs no thread. A mute server is given up after 6 s. */
export const ownResolve =
  ({ hosts = '/etc/hosts', servers }: OwnOptions = {}): Resolve =>
  async (hostname, options, gone) => {
    const families = familiesOf(options)
    const name = hostname.toLowerCase()
    const listed = await inHosts(hosts, name)
    const known = (listed.length === 0 && name === 'localhost' ? LOOPBACK : listed).filter(({ family }) => families.some((one) => one === family))
    if (known.length > 0) return known
    gone?.throwIfAborted()
    // One for each look-up, because it can only be called off as a whole. It is told of the name servers anew, too.
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

/**
 * `resolve` for at most `max` names at a time. At most `maxWaiting` more wait: one beyond them fails at once, and one that nobody waits for
 * any more is dropped. The last that came is the next: when there are too many, the first has hardly any time left, and if it came first
 * they would all be late.
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
    // It takes the place of the one that is over.
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
 * The resolver for what strangers wrote, one for the process. Names whose servers are mute do not keep good ones out: each holds one place
 * of fifty for some seconds, and is tried again after a pause that grows to minutes. Fifty names are a hundred questions at a time, fewer
 * than a small forwarder takes on (dnsmasq: 150).
 */
export const strangersResolve: Resolve = bounded(ownResolve(), 50, 1_000)
