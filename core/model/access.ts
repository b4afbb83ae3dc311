/** Who may push to a repository, as its knot and its DID document say. */
import * as t from 'io-ts'
import { Did } from '../data/identifiers.js'

/** What is known of who may push to a repository, once its knot has answered. */
export const Access = t.union(
  [
    /** The knot keeps no lists: the records decide. */
    t.readonly(t.strict({ _tag: t.literal('ByRecords') })),
    /** The knot decides: who owns it, and who else may push, ascending. */
    t.readonly(t.strict({ _tag: t.literal('ByKnot'), collaborators: t.readonlyArray(Did), owner: Did })),
    /**
     * The repository is not on this knot, according to its DID document or the knot itself (`detail` says why); and
     * whether the knot keeps lists.
     */
    t.readonly(t.strict({ _tag: t.literal('Denied'), detail: t.string, keepsLists: t.boolean }))
  ],
  'Access'
)
export type Access = t.TypeOf<typeof Access>
