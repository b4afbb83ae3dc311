/** Repositories by their own DID (S17). */
import { holdOf } from '../commits/holds.js'
import { accountOf, liveRecord, recordOf } from '../commits/model.js'
import type { HostName } from '../data/host-name.js'
import type { Did } from '../data/identifiers.js'
import { valuesAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { Repository } from '../model/build.js'
import type { State } from '../state.js'

/** A repository on a knot that its record holds through us. */
export interface HeldRepository {
  readonly knot: HostName
  readonly repository: Repository
}

/**
 * The repositories that live records give that DID, each with the knot that it holds through us, by owner and key.
 * Several may claim one DID: what the DID's own document says decides between them, and is not known here.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Did, initial, repositoriesCalled } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * const did = Did.decode('did:plc:repository')
 * assert(config._tag === 'Right' && did._tag === 'Right')
 * assert.deepStrictEqual(repositoriesCalled(did.right)(initial(config.right)), [])
 */
export const repositoriesCalled =
  (did: Did) =>
  (state: State): ReadonlyArray<HeldRepository> =>
    M.keys(valuesAt<string>(did)(state.commits.repoDids)).flatMap((holder) => {
      const [owner, rkey] = recordOf(holder)
      const account = accountOf(state, owner)
      const row = liveRecord(account, rkey)
      const knot = holdOf(state, owner, account, rkey)
      if (row === null || knot === null) return []
      return [{ knot, repository: { did, name: row.name === '' ? rkey : row.name, owner, rkey } }]
    })
