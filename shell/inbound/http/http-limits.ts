/** What the HTTP server lets a client take: time, bytes, connections. */

export interface HttpLimits {
  /** The limit of connections of every kind. */
  readonly connections: number
  /** The limit for one address; an IPv6 /64 network counts as one. Loopback, where a proxy runs, is exempt. */
  readonly connectionsPerAddress: number
  readonly headerBytes: number
  /** How long a client may take to send its headers. */
  readonly headersMs: number
  /** How long a client may take to send the whole request. */
  readonly requestMs: number
  /** How long peers and clients have when the server closes. */
  readonly closeMs: number
  /** How long a peer may take to answer a close otherwise: a slow one has much to read before it gets there. */
  readonly goodbyeMs: number
  readonly pingMs: number
  /** The limit of requests on one connection: a client may send thousands without waiting for an answer. */
  readonly requestsPerConnection: number
  /** The limit of websockets for one address, in the same sense. */
  readonly socketsPerAddress: number
}

export const defaultHttpLimits: HttpLimits = {
  closeMs: 1_000,
  connections: 8_192,
  connectionsPerAddress: 256,
  goodbyeMs: 15_000,
  headerBytes: 24_576,
  headersMs: 10_000,
  pingMs: 30_000,
  requestMs: 30_000,
  requestsPerConnection: 100,
  socketsPerAddress: 64
}
