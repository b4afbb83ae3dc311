/**
 * Bounds the cost of parsing JSON. A megabyte of brackets takes the parser a hundred times as long as a megabyte of text, and about fifty times its
 * size in memory. So input from strangers is checked before it is parsed.
 */

/** No honest frame or page comes near it. The parser takes up to 60 ms for this many lists, objects and keys. */
export const MAX_JSON_PARTS = 100_000

const LIST = '['.charCodeAt(0)
const OBJECT = '{'.charCodeAt(0)
const KEY = ':'.charCodeAt(0)

/** Whether the text has more than `most` lists, objects and keys. Such characters in strings count as well. */
export const hasManyParts = (text: string, most = MAX_JSON_PARTS): boolean => {
  if (text.length <= most) return false
  let left = most
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c === LIST || c === OBJECT || c === KEY) && --left < 0) return true
  }
  return false
}

/** The error for such a text. */
export const MANY_PARTS = `more than ${String(MAX_JSON_PARTS)} lists, objects and keys`
