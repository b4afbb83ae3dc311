/**
 * Punycode (RFC 3492): how a label beyond ASCII is written in ASCII, after `xn--`. Nothing here knows what characters
 * mean: whether a label is one that somebody may register is for those who register it.
 *
 * What decodes is what its code points are written as: a number has one spelling, and code points come in one order. So
 * nothing has to be encoded to see whether it comes back. A port whose numbers have 64 bits needs no care about
 * overflow: nothing here exceeds 2^37.
 */

const BASE = 36
const MIN = 1
const MAX = 26
const SKEW = 38
const DAMP = 700
const FIRST_BIAS = 72
const FIRST_POINT = 0x80

const LAST_POINT = 0x10ffff

/** No code point is so far away: the label is 63 characters long at most. */
const FARTHEST = 2 ** 31 - 1

const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const DELIMITER = '-'

/** The bias for the next number, after one of `delta`, the first or another, has put the `count`th code point there. */
const adapted = (delta: number, count: number, isFirst: boolean): number => {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2))
  rest += Math.floor(rest / count)
  let k = 0
  while (rest > ((BASE - MIN) * MAX) / 2) {
    rest = Math.floor(rest / (BASE - MIN))
    k += BASE
  }
  return k + Math.floor(((BASE - MIN + 1) * rest) / (rest + SKEW))
}

/** A digit below this is the last one of its number. */
const threshold = (k: number, bias: number): number => Math.min(Math.max(k - bias, MIN), MAX)

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff

/**
 * The code points that `text`, of small letters, digits and hyphens, stands for; `null` where it stands for none. What
 * comes before the last hyphen is meant as it is; a hyphen with nothing before it separates nothing, and is a bad
 * digit.
 */
export const decodePunycode = (text: string): ReadonlyArray<number> | null => {
  const end = Math.max(text.lastIndexOf(DELIMITER), 0)
  const points = Array.from(text.slice(0, end), (c) => c.codePointAt(0) ?? 0)
  let at = end === 0 ? 0 : end + 1
  let point = FIRST_POINT
  let index = 0
  let bias = FIRST_BIAS
  while (at < text.length) {
    const before = index
    let weight = 1
    let isLast = false
    for (let k = BASE; !isLast; k += BASE) {
      const digit = DIGITS.indexOf(text.charAt(at))
      if (at >= text.length || digit < 0) return null
      at += 1
      index += digit * weight
      if (index > FARTHEST) return null
      const least = threshold(k, bias)
      isLast = digit < least
      weight *= BASE - least
    }
    const count = points.length + 1
    bias = adapted(index - before, count, before === 0)
    point += Math.floor(index / count)
    index %= count
    if (point > LAST_POINT || isSurrogate(point)) return null
    points.splice(index, 0, point)
    index += 1
  }
  return points
}
