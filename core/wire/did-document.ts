/**
 * DID documents: where an account's records are kept, and which knot a repository is on.
 *
 * Sources: atproto.com/specs/did; w3.org/TR/did-core. Of the services listed, only the requested one is read.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { canonicalHost, type HostName, type HostPolicy } from '../data/host-name.js'
import type { Did } from '../data/identifiers.js'
import { isObject, parseJson } from './json.js'

/** A key as the document gives it: its encoding, and its text. */
export interface WrittenKey {
  readonly publicKeyMultibase: string
  readonly type: string
}

interface Service {
  /** The part after the `#`. */
  readonly id: string
  readonly type: string
}

const PDS: Service = { id: 'atproto_pds', type: 'AtprotoPersonalDataServer' }
const KNOT: Service = { id: 'tangled_knot', type: 'TangledKnot' }

/**
 * The address of the server that keeps the account's records, as the document gives it; it may be any text. If there
 * are several, the first counts. Total: any string gives an address, or a few words on what is wrong with the document.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeDidDocument, Did } from '@tack-ci/core'
 *
 * const did = Did.decode('did:plc:alice')
 * assert(did._tag === 'Right')
 * const service = '{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.example"}'
 * assert.deepStrictEqual(decodeDidDocument(did.right)(`{"id":"did:plc:alice","service":[${service}]}`), {
 *   _tag: 'Right',
 *   right: 'https://pds.example'
 * })
 * assert.deepStrictEqual(decodeDidDocument(did.right)('{"id":"did:plc:bob"}'), {
 *   _tag: 'Left',
 *   left: 'the document is for another DID'
 * })
 */
export const decodeDidDocument =
  (did: Did) =>
  (text: string): E.Either<string, string> => {
    const endpoint = endpointOf(did, PDS)(text)
    if (E.isLeft(endpoint)) return endpoint
    return endpoint.right === null ? E.left('the document names no server for records') : E.right(endpoint.right)
  }

/**
 * The address of the knot that a repository's document names; it may be any text. `null` if it names none. Otherwise
 * like `decodeDidDocument`.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeKnotOfRepository, Did } from '@tack-ci/core'
 *
 * const did = Did.decode('did:plc:app')
 * assert(did._tag === 'Right')
 * const service = '{"id":"#tangled_knot","type":"TangledKnot","serviceEndpoint":"https://knot.example"}'
 * assert.deepStrictEqual(decodeKnotOfRepository(did.right)(`{"id":"did:plc:app","service":[${service}]}`), {
 *   _tag: 'Right',
 *   right: 'https://knot.example'
 * })
 */
export const decodeKnotOfRepository = (did: Did): ((text: string) => E.Either<string, string | null>) =>
  endpointOf(did, KNOT)

/** `https://HOST`, optionally with the default port 443 and a final slash. */
const SECURE = /^https:\/\/([^/]*?)(?::443)?\/?$/i
const INSECURE = /^http:\/\/([^/]*?)(?::80)?\/?$/i

/**
 * The host of a server whose address, as a document gives it, has no path. The scheme must be https, unless `hosts`
 * treats names of this machine like any others.
 *
 * @example
 * import assert from 'node:assert'
 * import { hostOfService } from '@tack-ci/core'
 *
 * const hostOf = hostOfService({ defaultPort: 443, loopback: false, ports: false })
 * assert.deepStrictEqual(hostOf('https://Knot.example/'), { _tag: 'Some', value: 'knot.example' })
 * assert.deepStrictEqual(hostOf('https://knot.example/git'), { _tag: 'None' })
 * assert.deepStrictEqual(hostOf('http://knot.example'), { _tag: 'None' })
 */
export const hostOfService =
  (hosts: HostPolicy) =>
  (address: string): O.Option<HostName> => {
    const host = SECURE.exec(address)?.[1] ?? (hosts.loopback ? INSECURE.exec(address)?.[1] : undefined)
    return host === undefined ? O.none : canonicalHost(hosts)(host)
  }

const documentOf = (did: Did, text: string): E.Either<string, { readonly [key: string]: unknown }> => {
  const document = parseJson(text)
  if (O.isNone(document)) return E.left('the document is not JSON')
  if (!isObject(document.value)) return E.left('the document is not an object')
  return document.value['id'] === did ? E.right(document.value) : E.left('the document is for another DID')
}

/**
 * The key by which the account signs, as the document gives it. If there are several, the first counts. Total, like
 * `decodeDidDocument`.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeSigningKey, Did } from '@tack-ci/core'
 *
 * const did = Did.decode('did:plc:alice')
 * assert(did._tag === 'Right')
 * const key = { id: 'did:plc:alice#atproto', publicKeyMultibase: 'zQ3s', type: 'Multikey' }
 * const document = JSON.stringify({ id: 'did:plc:alice', verificationMethod: [key] })
 * assert.deepStrictEqual(decodeSigningKey(did.right)(document), {
 *   _tag: 'Right',
 *   right: { publicKeyMultibase: 'zQ3s', type: 'Multikey' }
 * })
 */
export const decodeSigningKey =
  (did: Did) =>
  (text: string): E.Either<string, WrittenKey> => {
    const document = documentOf(did, text)
    if (E.isLeft(document)) return document
    const { verificationMethod: methods } = document.right
    if (!Array.isArray(methods)) return E.left('the document has no list of keys')
    for (const method of methods) {
      if (!isObject(method)) continue
      const { controller, id, publicKeyMultibase, type } = method
      if (
        (id === '#atproto' || id === `${did}#atproto`) &&
        (controller === undefined || controller === did) &&
        typeof publicKeyMultibase === 'string' &&
        typeof type === 'string'
      )
        return E.right({ publicKeyMultibase, type })
    }
    return E.left('the document has no key "#atproto"')
  }

const HANDLE = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const HANDLE_MAX = 253
const AT = 'at://'

const isAtAddress = (name: unknown): name is string => typeof name === 'string' && name.startsWith(AT)

/**
 * The handle that the document names, in lower case; `null` if it names none. The first address of the form `at://…`
 * counts; one that is not a valid handle (because it is not ASCII, say) counts as none. Whether the handle also
 * resolves to the account is for the caller to find out.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeHandle, Did } from '@tack-ci/core'
 *
 * const did = Did.decode('did:plc:alice')
 * assert(did._tag === 'Right')
 * const document = JSON.stringify({ id: 'did:plc:alice', alsoKnownAs: ['at://Alice.example'] })
 * assert.deepStrictEqual(decodeHandle(did.right)(document), { _tag: 'Right', right: 'alice.example' })
 */
export const decodeHandle =
  (did: Did) =>
  (text: string): E.Either<string, string | null> => {
    const document = documentOf(did, text)
    if (E.isLeft(document)) return document
    const { alsoKnownAs: names } = document.right
    const first = (Array.isArray(names) ? names : []).find(isAtAddress) ?? ''
    const handle = first.slice(AT.length)
    if (handle.length > HANDLE_MAX || !/^[A-Za-z0-9.-]+$/.test(handle)) return E.right(null)
    const lower = handle.toLowerCase()
    return E.right(HANDLE.test(lower) ? lower : null)
  }

const endpointOf =
  (did: Did, wanted: Service) =>
  (text: string): E.Either<string, string | null> => {
    const document = documentOf(did, text)
    if (E.isLeft(document)) return document
    const { service: services } = document.right
    if (services === undefined) return E.right(null)
    if (!Array.isArray(services)) return E.left('the document has no list of services')
    for (const service of services) {
      if (!isObject(service)) continue
      const { id: name, serviceEndpoint: endpoint, type } = service
      if (
        (name === `#${wanted.id}` || name === `${did}#${wanted.id}`) &&
        type === wanted.type &&
        typeof endpoint === 'string'
      )
        return E.right(endpoint)
    }
    return E.right(null)
  }
