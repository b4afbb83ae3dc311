/** UTF-8, as far as limits speak of it: bytes are counted, not made. */

/**
 * The number of bytes of `text` in UTF-8. A lone surrogate counts as U+FFFD, as which it is written.
 *
 * A port counts the bytes of its string.
 */
export const utf8Length = (text: string): number => {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    // The second half of a pair is the fourth byte of its character.
    if (unit >= 0xd800 && unit < 0xdc00 && isSecondHalf(text.charCodeAt(i + 1))) i++
  }
  return bytes
}

const isSecondHalf = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
