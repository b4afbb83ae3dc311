/** Histories of maps: entries put and taken away, over few keys so that they meet. */
import fc from 'fast-check'
import type { Operation, Shape } from '../laws/map.js'
import { weighted } from './data.js'

/** Short keys, the dangerous ones, and such as differ only in case, length or beyond the first plane. */
const keys: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.string({ maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h') }), weight: 6 },
  { arbitrary: fc.constantFrom('__proto__', 'constructor', 'A', '\u{1f600}', '\uffff', 'é'), weight: 1 }
)

const operation: fc.Arbitrary<Operation> = fc.tuple(keys, fc.option(fc.nat(3), { freq: 3, nil: null }))

export const histories = fc.array(operation, { maxLength: 60, size: 'max' })

/** Long ones, in which deletions are as frequent: what brings a tree out of balance, if anything does. */
export const longHistories = fc.array(fc.tuple(keys, fc.option(fc.nat(3), { freq: 2, nil: null })), {
  maxLength: 250,
  size: 'max'
})

export const twoHistories = fc.record({ earlier: histories, later: histories })

/** Two histories that often, but not always, end in the same entries. */
export const alike = fc
  .record({ by: operation, from: fc.nat(60), shared: histories, way: fc.nat(3) })
  .map(({ by: [key, value], from, shared, way }) => {
    const entry: readonly [string, number] = [key, value ?? 0]
    const again = [...shared.slice(-20), ...shared]
    switch (way) {
      case 0:
        return { one: shared, other: again }
      case 1:
        return { one: shared, other: [...again, ...shared.slice(from, from + 1).map(([k]) => [k, 4] as const)] }
      case 2:
        return { one: [...shared, entry], other: [...again, [`${key}!`, entry[1]] as const] }
      default:
        return { one: shared, other: [...again, entry] }
    }
  })

/** Lists of entries, most of which rise. */
export const entryLists = fc
  .record({
    entries: fc.uniqueArray(fc.tuple(keys, fc.nat(3)), { maxLength: 40, selector: ([key]) => key, size: 'max' }),
    spoil: fc.nat(80)
  })
  .map(({ entries, spoil }) => {
    const rising = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
    const repeated = rising[spoil]
    return repeated === undefined ? rising : [...rising.slice(0, spoil), repeated, ...rising.slice(spoil)]
  })

export const slices = fc.record({ from: keys, operations: histories })

/** Trees of any shape, with sizes that are nearly always true. */
export const shapes: fc.Arbitrary<Shape> = fc.letrec<{ readonly shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc
      .record({ left: tie('shape'), lie: weighted([20, 0], [1, 1]), right: tie('shape') })
      .map(({ left, lie, right }): Shape => ({ left, right, size: (left?.size ?? 0) + (right?.size ?? 0) + 1 + lie }))
  )
})).shape
