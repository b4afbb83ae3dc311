/** Repositories by their own DID (S17). */
import { type HeldRepository, repositoriesOf } from '../access/rights.js'
import type { Did } from '../data/identifiers.js'
import type { State } from '../state.js'

/**
 * The repositories to which live records give that DID, each with the knot that it holds through us, by owner and key.
 * Several records may claim one DID: only the DID's own document, which is not known here, can decide between them.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Did, initial, repositoriesCalled } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * const did = Did.decode('did:plc:repository')
 * assert(config._tag === 'Right' && did._tag === 'Right')
 * assert.deepStrictEqual(repositoriesCalled(did.right)(initial(config.right)), [])
 */
export const repositoriesCalled =
  (did: Did) =>
  (state: State): ReadonlyArray<HeldRepository> =>
    repositoriesOf(state, did)
