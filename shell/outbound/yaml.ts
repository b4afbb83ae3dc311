/**
 * Parses YAML from strangers, with a schema without surprises and with limits: a few lines of aliases to aliases would expand to more than fits into
 * memory.
 */
import * as E from 'fp-ts/lib/Either.js'
import { CORE_SCHEMA, type EventType, load, type Schema, type State, Type, YAMLException } from 'js-yaml'
import { excerpt, type Yaml } from '../../core/index.js'

/** A parse error. `line` counts from 1, and is `null` if the parser gives none. `reason` comes from the parser, and quotes none of the text. */
export type YamlFault =
  | { readonly _tag: 'Invalid'; readonly line: number | null; readonly reason: string }
  /** The text expands to more values than allowed. */
  | { readonly _tag: 'Immodest' }

/** Whether `value` expands to at most `maxValues` values. It may contain itself. */
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

/** The length that a node adds to the parser's work: as a key it is written out, and a merge copies it. */
const lengthOf = (node: unknown): number => {
  if (typeof node === 'string') return node.length
  if (Array.isArray(node)) return node.reduce<number>((sum, one) => sum + (typeof one === 'string' ? one.length : 0) + 1, 0)
  return typeof node === 'object' && node !== null ? Object.keys(node).length + 1 : 1
}

/**
 * Stops the parser when all nodes together, with aliases expanded, are longer than `max`. A check of the result would be too late: the parser writes
 * out a list that is used as a key.
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

/** The parser's types promise a position, but some of its errors have none. */
const lineOf = ({ mark }: { readonly mark?: { readonly line: number } }): number | null => (mark === undefined ? null : mark.line + 1)

const faultOf = (error: unknown): YamlFault => {
  if (error instanceof Immodest) return { _tag: 'Immodest' }
  return error instanceof YAMLException
    ? { _tag: 'Invalid', line: lineOf(error), reason: excerpt(error.reason) }
    : { _tag: 'Invalid', line: null, reason: '' }
}

const parse = (text: string, maxValues: number, schema: Schema, mayRepeat = false): E.Either<YamlFault, unknown> => {
  // The parser's `json` option allows duplicate keys.
  const value = E.tryCatch((): unknown => load(text, { json: mayRepeat, listener: bounded(TIMES * (text.length + maxValues)), schema }), faultOf)
  return E.isLeft(value) || isModest(value.right, maxValues) ? value : E.left({ _tag: 'Immodest' })
}

/** Parses `text` without dates, merge keys, or tags other than those of JSON. The last of duplicate keys counts. Never throws. */
export const parseYaml = (text: string, maxValues: number): E.Either<YamlFault, unknown> => parse(text, maxValues, CORE_SCHEMA, true)

// ---------------------------------------------------------------------------------------- as it is spelled

/** A value other than text, as it was spelled. Works as a key, too. */
class Spelled {
  readonly [Symbol.toStringTag] = 'Spelled'
  constructor(private readonly text: string) {}
  toString(): string {
    return this.text
  }
}

const spelled = (tag: string, pattern: RegExp): Type =>
  new Type(`tag:yaml.org,2002:${tag}`, {
    construct: (text: string) => new Spelled(text),
    kind: 'scalar',
    resolve: (text: unknown) => typeof text === 'string' && pattern.test(text)
  })

/** Keeps the spelling of booleans and numbers, and merges `<<`. */
const SPELLED = CORE_SCHEMA.extend({
  implicit: [
    spelled('bool', /^(?:true|True|TRUE|false|False|FALSE)$/),
    spelled('int', /^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/),
    spelled('float', /^(?:[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/),
    new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text: unknown) => text === '<<' })
  ]
})

/** The value in the core's form. A node that is shared is converted once. */
const yamlOf = (value: unknown): Yaml => {
  const made = new Map<object, Yaml>()
  const make = (u: unknown): Yaml => {
    if (u instanceof Spelled) return { scalar: String(u) }
    if (typeof u !== 'object' || u === null) return typeof u === 'string' ? u : null
    const before = made.get(u)
    if (before !== undefined) return before
    const now: Yaml = Array.isArray(u) ? u.map(make) : { map: Object.entries(u).map(([key, one]): readonly [string, Yaml] => [key, make(one)]) }
    made.set(u, now)
    return now
  }
  return make(value)
}

/** Parses `text`, keeps the spelling of all scalars, and merges `<<`. Never throws. */
export const parseSpelled = (text: string, maxValues: number): E.Either<YamlFault, Yaml> => {
  const value = parse(text, maxValues, SPELLED)
  return E.isLeft(value) ? value : E.tryCatch(() => yamlOf(value.right), faultOf)
}
