/** Foreign JSON, without exceptions and without losing digits. */
import * as O from 'fp-ts/lib/Option.js'

/**
 * The value of a JSON text; `None` if the text is invalid. (The platform's own error message is dropped: it differs
 * between platforms.)
 */
export const parseJson = (text: string): O.Option<unknown> => O.tryCatch((): unknown => JSON.parse(text))

/** Whether `u` is a JSON object, so that its fields can be read by name. */
export const isObject = (u: unknown): u is { readonly [key: string]: unknown } =>
  typeof u === 'object' && u !== null && !Array.isArray(u)

const SPACE = /[ \t\n\r]/
const VALUE_END = /[,}\] \t\n\r]/

/** Where the string that begins at `from` (a quote) ends: just after its closing quote. */
const endOfString = (text: string, from: number): number => {
  let i = from + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i + 1
}

/**
 * Where the value that begins at `from` ends. Counts brackets instead of recursing, because the sender chooses the
 * depth.
 */
const endOfValue = (text: string, from: number): number => {
  let depth = 0
  let i = from
  do {
    const c = text[i] ?? ''
    if (c === '"') i = endOfString(text, i)
    else if (c === '{' || c === '[') {
      depth++
      i++
    } else if (c === '}' || c === ']') {
      depth--
      i++
    } else if (depth === 0) {
      while (i < text.length && !VALUE_END.test(text[i] ?? '')) i++
    } else i++
  } while (depth > 0)
  return i
}

const skipSpace = (text: string, from: number): number => {
  let i = from
  while (SPACE.test(text[i] ?? '')) i++
  return i
}

/**
 * The source text of the value at the top-level key `key` of a JSON object; of the last one if there are several;
 * `None` if there is none. Stamps in nanoseconds are read this way: `JSON.parse` would round them, and a nested object
 * may hold a key of the same name.
 *
 * @param text - a valid JSON text whose value is an object; anything else gives no meaningful answer.
 */
export const sourceAt =
  (key: string) =>
  (text: string): O.Option<string> => {
    let found: O.Option<string> = O.none
    let i = skipSpace(text, skipSpace(text, 0) + 1)
    while (text[i] === '"') {
      const keyEnd = endOfString(text, i)
      const name = parseJson(text.slice(i, keyEnd))
      const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
      const end = endOfValue(text, start)
      if (O.isSome(name) && name.value === key) found = O.some(text.slice(start, end))
      i = skipSpace(text, skipSpace(text, end) + 1)
    }
    return found
  }
