/**
 * The guard: the checks that every connection to somebody else passes, whatever is spoken over it.
 *
 * Whom we connect to is written by strangers, so a connection must not lead into a private network, whatever its name is
 * made to mean. Four checks, because each one alone has a way round it:
 *
 *   1. the host of the URL, as text, after the URL parser has made of it what it does (`0x7f.1` becomes `127.0.0.1`): an
 *      address literal is never looked up, so no look-up would catch it;
 *   2. every address that a name resolves to, at the look-up that the connection itself uses: a name that is resolved
 *      twice may mean two things;
 *   3. the address that the socket has in fact connected to, before anything is sent to it;
 *   4. no redirects.
 *
 * The second and third are here, with the first; the fourth is up to whoever speaks HTTP. Three files open connections, each through
 * this one: websocket.ts (websockets), http-client.ts (requests), and proxy.ts (what the git program asks for).
 */
import ipaddr from 'ipaddr.js'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { platformResolve, type Resolve, strangersResolve } from './resolver.js'

export type { Resolve } from './resolver.js'

export interface Policy {
  /** Whether 127.0.0.0/8 and ::1 are allowed, and without TLS, as on the embedded network. */
  readonly allowLoopback: boolean
  /**
   * Whether the operator configured the address: then it may be a literal, in a private network, and without TLS. Never for what comes from
   * records, knots or anybody else.
   */
  readonly trusted?: boolean
}

/** The policy and resolver of a connection. */
export interface Guard {
  readonly policy: Policy
  readonly resolve: Resolve
}

/** The default resolver: for names from strangers, never one that makes others wait. */
export const resolverFor = ({ trusted = false }: Policy): Resolve => (trusted ? platformResolve : strangersResolve)

// ---------------------------------------------------------------------------------------- addresses

const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/** The assigned global unicast range; the rest of IPv6 that is not special is unassigned. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/** The address that packets are sent to: a mapped or translated IPv6 address stands for an IPv4 address. */
const destination = (address: string) => {
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' && parsed.match(NAT64) ? ipaddr.fromByteArray(parsed.toByteArray().slice(12)) : parsed
}

/** The kind of `address`: whatever is neither public nor loopback is forbidden, including what is not an address. */
export const kindOf = (address: string): 'public' | 'loopback' | 'forbidden' => {
  if (!ipaddr.isValid(address)) return 'forbidden'
  const to = destination(address)
  const range = to.range()
  if (range === 'loopback') return 'loopback'
  return range === 'unicast' && (to.kind() === 'ipv4' || to.match(GLOBAL_UNICAST)) ? 'public' : 'forbidden'
}

const isAllowed = ({ allowLoopback, trusted = false }: Policy, address: string): boolean => {
  if (trusted) return ipaddr.isValid(address)
  const kind = kindOf(address)
  return kind === 'public' || (kind === 'loopback' && allowLoopback)
}

// ---------------------------------------------------------------------------------------- the checks

/** The host of a URL as it is connected to: an IPv6 address without its brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** Why the host of a URL must not be connected to, judged by its text; `null` when nothing is wrong with it. */
export const hostRefusal = ({ allowLoopback, trusted = false }: Policy, host: string): string | null =>
  // Public literals are refused as well: hosts of the network have names, and certificates for names.
  trusted || isIP(host) === 0 || (allowLoopback && kindOf(host) === 'loopback') ? null : `${host} is not a host name`

/** The look-up of a connection, until it is `gone`. One forbidden address among several refuses the name: which one would be used is chance. */
export const guardedLookup =
  ({ policy, resolve }: Guard, gone: AbortSignal): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, options, gone).then(
      (addresses) => {
        const [first] = addresses
        const forbidden = addresses.find(({ address }) => !isAllowed(policy, address))
        if (first === undefined) callback(new Error('the name has no address'), [])
        else if (forbidden !== undefined) callback(new Error(`the name resolves to a forbidden address: ${forbidden.address}`), [])
        // Node asks for all addresses when it may choose between IPv6 and IPv4, and for one when it may not.
        else if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), [])
    )
  }

/** Destroys `socket` if it has connected to a forbidden address. This runs before anything is sent, TLS included. */
export const guardPeer = (socket: Socket, policy: Policy): void => {
  socket.prependOnceListener('connect', () => {
    const { remoteAddress = '' } = socket
    if (!isAllowed(policy, remoteAddress)) socket.destroy(new Error(`connected to a forbidden address: ${remoteAddress}`))
  })
}

/** A socket that is connecting, or fails with an `error` event. `host` has passed `hostRefusal`, and is checked here once more. */
export const dial = (guard: Guard, host: string, port: number): Socket => {
  const refused = hostRefusal(guard.policy, host)
  const gone = new AbortController()
  const socket = connect({
    host,
    // A literal is never looked up; a name that stands for a refused one is, and fails.
    lookup: refused === null ? guardedLookup(guard, gone.signal) : (_, __, callback) => callback(new Error(refused), []),
    noDelay: true,
    port
  })
  socket.once('close', () => gone.abort())
  if (refused !== null) socket.destroy(new Error(refused))
  guardPeer(socket, guard.policy)
  return socket
}

/** Why a connection failed. An error that sums up several attempts has a code, and no message. */
export const reasonOf = (error: Error): string => {
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}
