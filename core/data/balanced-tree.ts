/**
 * The tree of an ordered map. Balance: Adams' trees with the parameters (3, 2) proved correct by Hirai and Yamamoto,
 * "Balancing weight-balanced trees" (2011).
 */

export interface Node<K extends string, A> {
  readonly key: K
  readonly value: A
  readonly size: number
  readonly left: Node<K, A> | null
  readonly right: Node<K, A> | null
}

export type Tree<K extends string, A> = Node<K, A> | null

const DELTA = 3

const RATIO = 2

export const weight = <K extends string, A>(t: Tree<K, A>): number => (t === null ? 1 : t.size + 1)

const sized = <K extends string, A>(
  size: number,
  left: Tree<K, A>,
  key: K,
  value: A,
  right: Tree<K, A>
): Node<K, A> => ({
  key,
  value,
  size,
  left,
  right
})

export const node = <K extends string, A>(left: Tree<K, A>, key: K, value: A, right: Tree<K, A>): Node<K, A> =>
  sized(weight(left) + weight(right) - 1, left, key, value, right)

const rotateLeft = <K extends string, A>(left: Tree<K, A>, key: K, value: A, right: Node<K, A>): Node<K, A> => {
  const inner = right.left
  return inner === null || weight(inner) < RATIO * weight(right.right)
    ? node(node(left, key, value, inner), right.key, right.value, right.right)
    : node(
        node(left, key, value, inner.left),
        inner.key,
        inner.value,
        node(inner.right, right.key, right.value, right.right)
      )
}

const rotateRight = <K extends string, A>(left: Node<K, A>, key: K, value: A, right: Tree<K, A>): Node<K, A> => {
  const inner = left.right
  return inner === null || weight(inner) < RATIO * weight(left.left)
    ? node(left.left, left.key, left.value, node(inner, key, value, right))
    : node(
        node(left.left, left.key, left.value, inner.left),
        inner.key,
        inner.value,
        node(inner.right, key, value, right)
      )
}

/** Joins two trees that were balanced before at most one entry was put into, or taken from, one of them. */
const balance = <K extends string, A>(left: Tree<K, A>, key: K, value: A, right: Tree<K, A>): Node<K, A> =>
  right !== null && weight(right) > DELTA * weight(left)
    ? rotateLeft(left, key, value, right)
    : left !== null && weight(left) > DELTA * weight(right)
      ? rotateRight(left, key, value, right)
      : node(left, key, value, right)

export const put = <K extends string, A>(t: Tree<K, A>, key: K, value: A): Node<K, A> => {
  if (t === null) return node(null, key, value, null)
  if (key === t.key) return sized(t.size, t.left, key, value, t.right)
  // A side that has not grown is still in balance; not looking at it saves most of the cost.
  if (key < t.key) {
    const left = put(t.left, key, value)
    return weight(t.left) === weight(left)
      ? sized(t.size, left, t.key, t.value, t.right)
      : balance(left, t.key, t.value, t.right)
  }
  const right = put(t.right, key, value)
  return weight(t.right) === weight(right)
    ? sized(t.size, t.left, t.key, t.value, right)
    : balance(t.left, t.key, t.value, right)
}

const least = <K extends string, A>(t: Node<K, A>): Node<K, A> => (t.left === null ? t : least(t.left))

const withoutLeast = <K extends string, A>(t: Node<K, A>): Tree<K, A> =>
  t.left === null ? t.right : balance(withoutLeast(t.left), t.key, t.value, t.right)

export const remove = <K extends string, A>(t: Tree<K, A>, key: K): Tree<K, A> => {
  if (t === null) return null
  if (key < t.key) return balance(remove(t.left, key), t.key, t.value, t.right)
  if (key > t.key) return balance(t.left, t.key, t.value, remove(t.right, key))
  if (t.left === null) return t.right
  if (t.right === null) return t.left
  const next = least(t.right)
  return balance(t.left, next.key, next.value, withoutLeast(t.right))
}

export const find = <K extends string, A>(t: Tree<K, A>, key: K): Node<K, A> | null => {
  let here = t
  while (here !== null && here.key !== key) here = key < here.key ? here.left : here.right
  return here
}

/** What stands at `key`, which is never `null` itself; `null` when nothing does. */
export const valueAt = <K extends string, A>(t: Tree<K, A>, key: K): A | null => find(t, key)?.value ?? null

/** Whether every node keeps the balance that makes the costs logarithmic. */
export const isBalancedTree = <K extends string, A>(t: Tree<K, A>): boolean =>
  t === null ||
  (t.size === weight(t.left) + weight(t.right) - 1 &&
    weight(t.left) <= DELTA * weight(t.right) &&
    weight(t.right) <= DELTA * weight(t.left) &&
    isBalancedTree(t.left) &&
    isBalancedTree(t.right))
