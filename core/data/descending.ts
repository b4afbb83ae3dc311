/** Ordered maps from their end: what came last is asked for first. */
import type { Node } from './balanced-tree.js'
import type { OrderedMap } from './ordered-map.js'

/** The entries whose keys are less than `below` (`null`: all), descending, one at a time. The first costs O(log n). */
export function* entriesBelow<K extends string, A>(
  map: OrderedMap<K, A>,
  below: string | null
): Generator<readonly [K, A], void, undefined> {
  const path: Array<Node<K, A>> = []
  let here = map.root
  for (;;) {
    while (here !== null) {
      if (below !== null && here.key >= below) here = here.left
      else {
        path.push(here)
        here = here.right
      }
    }
    const next = path.pop()
    if (next === undefined) return
    yield [next.key, next.value]
    here = next.left
  }
}
