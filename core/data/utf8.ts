/** UTF-8, as far as limits speak of it: bytes are counted, not made. */

/**
 * How many bytes `text` is in UTF-8. A lone surrogate counts as what it is written as, U+FFFD.
 *
 * A port counts the bytes of its string.
 */
export const utf8Length = (text: string): number => {
  let bytes = 0
  for (const c of text) {
    const point = c.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
