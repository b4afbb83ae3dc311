/**
 * The written form of an ordered map: the array of its entries, ascending. Never an object, which loses `__proto__`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import * as M from './ordered-map.js'

/**
 * The codec of maps with these keys and values. Decoding refuses entries whose keys do not strictly rise: there is one
 * written form of a map.
 */
export const orderedMap = <K extends string, A>(
  key: t.Type<K, unknown>,
  value: t.Type<A, unknown>
): t.Type<M.OrderedMap<K, A>, unknown> => {
  const entries = t.array(t.tuple([key, value]))
  return new t.Type(
    `OrderedMap<${key.name}, ${value.name}>`,
    (u): u is M.OrderedMap<K, A> => typeof u === 'object' && u !== null && 'root' in u,
    (u, context) =>
      pipe(
        entries.validate(u, context),
        E.chain((list) =>
          pipe(
            M.fromSorted(list),
            O.match(() => t.failure(u, context, 'the keys are not ascending'), t.success)
          )
        )
      ),
    (map) => M.toEntries(map).map(([k, a]) => [key.encode(k), value.encode(a)])
  )
}
