/**
 * YAML, as others write it: parsed with a schema that holds no surprises, and bounded, because a few lines of aliases to aliases are more
 * than fits into memory once they are written out.
 */
import * as E from 'fp-ts/lib/Either.js'
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml'
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

/** The parser's types promise a place; some of its errors have none. */
const lineOf = ({ mark }: { readonly mark?: { readonly line: number } }): number | null => (mark === undefined ? null : mark.line + 1)

const faultOf = (error: unknown): YamlFault =>
  error instanceof YAMLException
    ? { _tag: 'Invalid', line: lineOf(error), reason: excerpt(error.reason) }
    : { _tag: 'Invalid', line: null, reason: '' }

/** The value of `text`: no dates, no merge keys, no tags but those of JSON. Keys that come twice are faults. Never throws. */
export const parseYaml = (text: string, maxValues: number): E.Either<YamlFault, unknown> => {
  const value = E.tryCatch((): unknown => load(text, { schema: CORE_SCHEMA }), faultOf)
  return E.isLeft(value) || isModest(value.right, maxValues) ? value : E.left({ _tag: 'Immodest' })
}
