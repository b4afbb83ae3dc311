/**
 * YAML, as others write it: parsed with a schema that holds no surprises, and bounded, because a few lines of aliases to aliases are more
 * than fits into memory once they are written out.
 */
import * as E from 'fp-ts/lib/Either.js'
import { CORE_SCHEMA, type EventType, load, type State, YAMLException } from 'js-yaml'
import { excerpt } from '../core/index.js'

/** What is wrong with a text. `line`: counted from 1, `null` where the parser does not say. `reason`: the parser's, and none of the text. */
export type YamlFault =
  | { readonly _tag: 'Invalid'; readonly line: number | null; readonly reason: string }
  /** With every alias written out, it holds more values than it may. */
  | { readonly _tag: 'Immodest' }

/** Whether `value` holds at most `maxValues`, with every alias written out: it may refer to itself. */
const isModest = (value: unknown, maxValues: number): boolean => {
  const rest = [value]
  for (let count = 1; rest.length > 0; ) {
    const next = rest.pop()
    if (typeof next !== 'object' || next === null) continue
    const inner: ReadonlyArray<unknown> = Object.values(next)
    count += inner.length
    if (count > maxValues) return false
    for (const one of inner) rest.push(one)
  }
  return true
}

class Immodest extends Error {}

/** How long a node is: what the parser makes of it when it is a key. */
const lengthOf = (node: unknown): number =>
  typeof node === 'string' ? node.length : Array.isArray(node) ? node.reduce<number>((sum, one) => sum + (typeof one === 'string' ? one.length : 0) + 1, 0) : 1

/**
 * Ends the parser when all nodes together, each alias as long as what it stands for, are longer than `max`. To look at what comes of it
 * would be too late: a key that is a list is written out as text while the parser is at work.
 */
const bounded = (max: number): ((event: EventType, state: State) => void) => {
  let left = max
  return (event, { result }) => {
    if (event !== 'close') return
    left -= lengthOf(result)
    if (left < 0) throw new Immodest()
  }
}

/** A text without aliases is counted up to three times: as scalars, as items, as nodes. */
const TIMES = 4

/** The parser's types promise a place; some of its errors have none. */
const lineOf = ({ mark }: { readonly mark?: { readonly line: number } }): number | null => (mark === undefined ? null : mark.line + 1)

const faultOf = (error: unknown): YamlFault => {
  if (error instanceof Immodest) return { _tag: 'Immodest' }
  return error instanceof YAMLException
    ? { _tag: 'Invalid', line: lineOf(error), reason: excerpt(error.reason) }
    : { _tag: 'Invalid', line: null, reason: '' }
}

/** The value of `text`: no dates, no merge keys, no tags but those of JSON. Keys that come twice are faults. Never throws. */
export const parseYaml = (text: string, maxValues: number): E.Either<YamlFault, unknown> => {
  const value = E.tryCatch((): unknown => load(text, { listener: bounded(TIMES * (text.length + maxValues)), schema: CORE_SCHEMA }), faultOf)
  return E.isLeft(value) || isModest(value.right, maxValues) ? value : E.left({ _tag: 'Immodest' })
}
