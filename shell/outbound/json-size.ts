/**
 * How much a JSON text makes: a megabyte of brackets takes the parser a hundred times as long as a megabyte of text, and some fifty times its size of
 * memory. So what strangers send is looked at before it is parsed.
 */

/** No honest frame or page comes near: this many lists, objects and keys take the parser up to 60 ms. */
export const MAX_JSON_PARTS = 100_000

const LIST = '['.charCodeAt(0)
const OBJECT = '{'.charCodeAt(0)
const KEY = ':'.charCodeAt(0)

/** Whether the text has more than `most` lists, objects and keys. What stands in its strings is counted as well. */
export const hasManyParts = (text: string, most = MAX_JSON_PARTS): boolean => {
  if (text.length <= most) return false
  let left = most
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c === LIST || c === OBJECT || c === KEY) && --left < 0) return true
  }
  return false
}

/** What is said of such a text. */
export const MANY_PARTS = `more than ${String(MAX_JSON_PARTS)} lists, objects and keys`
