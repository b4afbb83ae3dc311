/**
 * The guard checks every outgoing connection to somebody else, whatever its protocol.
 *
 * Strangers write the addresses that we connect to, so no connection may lead into a private network, whatever its name resolves to. There are four
 * checks, because each one can be evaded alone:
 *
 *   1. the host of the URL, as text, in the form that the URL parser gives it (`0x7f.1` becomes `127.0.0.1`): an address literal is never looked up,
 *      so the second check would miss it;
 *   2. every address that the name resolves to, in the look-up that the connection itself uses: a second look-up may have another result;
 *   3. the address that the socket has actually connected to, before anything is sent;
 *   4. no redirects.
 *
 * The first three are implemented here, the fourth by each HTTP client. Three files open connections, all through this one: websocket.ts
 * (websockets), http-client.ts (requests), and proxy.ts (the connections of git).
 */
import ipaddr from 'ipaddr.js'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { platformResolve, type Resolve, strangersResolve } from './resolver.js'

export type { Resolve } from './resolver.js'

export interface Policy {
  /** Whether 127.0.0.0/8 and ::1 are allowed, also without TLS, as the embedded network needs. */
  readonly allowLoopback: boolean
  /**
   * Whether the operator configured the address. Then it may be a literal, in a private network, and without TLS. Never set for addresses from
   * records, knots or anybody else.
   */
  readonly trusted?: boolean
}

/** The policy and resolver of a connection. */
export interface Guard {
  readonly policy: Policy
  readonly resolve: Resolve
}

/** The default resolver. Names from strangers never go to the platform's, whose slow look-ups would delay all others. */
export const resolverFor = ({ trusted = false }: Policy): Resolve => (trusted ? platformResolve : strangersResolve)

// ---------------------------------------------------------------------------------------- addresses

const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/** The assigned global unicast range. The rest of IPv6 is special or unassigned. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/** The address that packets are sent to: the IPv4 address that a mapped or translated IPv6 address stands for. */
const destination = (address: string) => {
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' && parsed.match(NAT64) ? ipaddr.fromByteArray(parsed.toByteArray().slice(12)) : parsed
}

/** Classifies `address`. Whatever is neither public nor loopback is forbidden, and so is what is not an address. */
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

/** The host of a URL as a socket takes it: an IPv6 address without its brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** Why `host` must not be connected to, judged by its text; `null` if it may be. */
export const hostRefusal = ({ allowLoopback, trusted = false }: Policy, host: string): string | null =>
  // Public literals are refused as well: hosts of the network have names, and certificates for these names.
  trusted || isIP(host) === 0 || (allowLoopback && kindOf(host) === 'loopback') ? null : `${host} is not a host name`

/** The look-up of a connection, cancelled when `gone` aborts. One forbidden address refuses the name, because any of its addresses may be used. */
export const guardedLookup =
  ({ policy, resolve }: Guard, gone: AbortSignal): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, options, gone).then(
      (addresses) => {
        const [first] = addresses
        const forbidden = addresses.find(({ address }) => !isAllowed(policy, address))
        if (first === undefined) callback(new Error('the name has no address'), [])
        else if (forbidden !== undefined) callback(new Error(`the name resolves to a forbidden address: ${forbidden.address}`), [])
        // Node asks for all addresses if it may choose between IPv6 and IPv4, and for one otherwise.
        else if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), [])
    )
  }

/** Destroys `socket` if it connects to a forbidden address, before anything is sent, TLS included. */
export const guardPeer = (socket: Socket, policy: Policy): void => {
  socket.prependOnceListener('connect', () => {
    const { remoteAddress = '' } = socket
    if (!isAllowed(policy, remoteAddress)) socket.destroy(new Error(`connected to a forbidden address: ${remoteAddress}`))
  })
}

/** Opens a socket. It emits `error` if the connection fails. Callers check `hostRefusal` first; it is checked again here. */
export const dial = (guard: Guard, host: string, port: number): Socket => {
  const refused = hostRefusal(guard.policy, host)
  const gone = new AbortController()
  const socket = connect({
    host,
    // A literal is never looked up. A refused host that would be looked up fails here.
    lookup: refused === null ? guardedLookup(guard, gone.signal) : (_, __, callback) => callback(new Error(refused), []),
    noDelay: true,
    port
  })
  socket.once('close', () => gone.abort())
  if (refused !== null) socket.destroy(new Error(refused))
  guardPeer(socket, guard.policy)
  return socket
}

/** Why a connection failed. An error that aggregates several attempts has a code, and no message. */
export const reasonOf = (error: Error): string => {
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}
