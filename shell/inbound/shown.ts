/** What the page shows beyond the state: handles of accounts, and addresses of builds at their CIs. */
import { isIP } from 'node:net'
import { Did } from '../../core/index.js'
import type { Handles } from '../outbound/handles.js'
import type { Provider } from '../providers/provider.js'

export interface Shown {
  /** The handle of the account; `null` while none is verified. */
  readonly handleOf: (did: string) => string | null
  /** The address of a build at its CI; `null` where it has no page. */
  readonly pageOf: (provider: string, external: string) => string | null
  /** Rises whenever what is shown of an account changes. */
  readonly version: () => number
}

const ADDRESS_MAX = 2_048

/** A private host is of no use to a reader, and should not be disclosed. */
const isPublic = (host: string): boolean => isIP(host.replace(/^\[|\]$/g, '')) === 0 && host.includes('.') && !/\.(?:internal|lan|local|localhost)$/.test(host)

/** An address that a page may link to. */
const linked = (address: string | null): string | null => {
  if (address === null || address.length > ADDRESS_MAX || !URL.canParse(address)) return null
  const { hostname, href, password, protocol, username } = new URL(address)
  return (protocol === 'https:' || protocol === 'http:') && `${username}${password}` === '' && isPublic(hostname) ? href : null
}

/** Without either, as for a store alone. */
export const NOTHING_SHOWN: Shown = { handleOf: () => null, pageOf: () => null, version: () => 0 }

export const shownBy = (providers: ReadonlyArray<Provider>, handles: Handles | undefined): Shown => ({
  handleOf: (did) => (handles !== undefined && Did.is(did) ? handles.of(did) : null),
  pageOf: (name, external) => linked(providers.find((one) => one.name === name)?.pageOf?.(external) ?? null),
  version: () => handles?.version() ?? 0
})
