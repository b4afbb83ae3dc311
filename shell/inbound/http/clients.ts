/** Clients, counted by their address. */
import ipaddr from 'ipaddr.js'

/** The key of a client: an address, or an IPv6 /64 network; `null` when it is not counted. */
export const clientOf = (address: string): string | null => {
  if (!ipaddr.isValid(address)) return null
  const parsed = ipaddr.process(address)
  if (parsed.range() === 'loopback') return null
  return parsed.kind() === 'ipv4' ? parsed.toString() : ipaddr.fromByteArray([...parsed.toByteArray().slice(0, 8), ...Array<number>(8).fill(0)]).toString()
}

/** Counts by client. */
export const tally = () => {
  const counts = new Map<string, number>()
  const change = (address: string, by: 1 | -1): void => {
    const client = clientOf(address)
    if (client === null) return
    const n = (counts.get(client) ?? 0) + by
    if (n === 0) counts.delete(client)
    else counts.set(client, n)
  }
  return {
    add: (address: string) => change(address, 1),
    count: (address: string): number => counts.get(clientOf(address) ?? '') ?? 0,
    remove: (address: string) => change(address, -1)
  }
}
