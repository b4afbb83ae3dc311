/**
 * DID documents: where an account's records are kept, and on which knot a repository is.
 *
 * Sources: atproto.com/specs/did; w3.org/TR/did-core. Only the one service that is asked for is read.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Did } from '../data/identifiers.js'
import { isObject, parseJson } from './json.js'

interface Service {
  /** Behind the `#`. */
  readonly id: string
  /** What a document lacks that does not have it. */
  readonly missing: string
  readonly type: string
}

const PDS: Service = {
  id: 'atproto_pds',
  missing: 'the document names no server for records',
  type: 'AtprotoPersonalDataServer'
}

const KNOT: Service = { id: 'tangled_knot', missing: 'the document names no knot', type: 'TangledKnot' }

/**
 * The address of the server that keeps the account's records, as the document gives it; it may be any text. Of several,
 * the first counts. Total: any string gives an address, or says in a few words what is wrong with the document.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeDidDocument, Did } from 'tack/core'
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
 *   left: 'the document is of another DID'
 * })
 */
export const decodeDidDocument = (did: Did): ((text: string) => E.Either<string, string>) => endpointOf(did, PDS)

/**
 * The address of the knot that the document of a repository names; it may be any text. As above in all else.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeKnotOfRepository, Did } from 'tack/core'
 *
 * const did = Did.decode('did:plc:app')
 * assert(did._tag === 'Right')
 * const service = '{"id":"#tangled_knot","type":"TangledKnot","serviceEndpoint":"https://knot.example"}'
 * assert.deepStrictEqual(decodeKnotOfRepository(did.right)(`{"id":"did:plc:app","service":[${service}]}`), {
 *   _tag: 'Right',
 *   right: 'https://knot.example'
 * })
 */
export const decodeKnotOfRepository = (did: Did): ((text: string) => E.Either<string, string>) => endpointOf(did, KNOT)

const endpointOf =
  (did: Did, wanted: Service) =>
  (text: string): E.Either<string, string> => {
    const document = parseJson(text)
    if (O.isNone(document)) return E.left('the document is not JSON')
    if (!isObject(document.value)) return E.left('the document is not an object')
    const { id, service: services }: { readonly id?: unknown; readonly service?: unknown } = document.value
    if (id !== did) return E.left('the document is of another DID')
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
    return E.left(wanted.missing)
  }
