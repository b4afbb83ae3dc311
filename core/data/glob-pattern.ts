/**
 * The parts of a glob: its code points, its classes and its braces, and whether it is well formed.
 */

/** A pattern may have this many code points; a longer one is bad. */
export const PATTERN_MAX = 1_000

/** A name may have this many code points, as many as a path has on most systems; a longer one is matched by nothing. */
export const NAME_MAX = 4_096

/** The code points of a text. */
export type Points = ReadonlyArray<number>

const point = (c: string): number => c.codePointAt(0) ?? 0

/**
 * The first `max` code points of a text, and one more if it has more, so that a caller can see that it is too long.
 */
export const pointsOf = (text: string, max: number): Points => {
  const points: Array<number> = []
  for (let i = 0; i < text.length && points.length <= max; i++) {
    const c = text.codePointAt(i) ?? 0
    if (c > 0xffff) i++
    points.push(c)
  }
  return points
}

export const STAR = point('*')
export const QUESTION = point('?')
export const OPEN_CLASS = point('[')

const CLOSE_CLASS = point(']')

export const OPEN = point('{')
export const CLOSE = point('}')

const COMMA = point(',')

export const ESCAPE = point('\\')
export const SLASH = point('/')

const CARET = point('^')

const BANG = point('!')

const DASH = point('-')

/** The greatest code point, which stands for "no lower end of a range". */
export const NONE = 0x10ffff

/** The index of the `]` that closes the class which is open at `from`, or the end. */
const endOfClass = (pattern: Points, from: number): number => {
  let i = from
  while (pattern[i] !== undefined && pattern[i] !== CLOSE_CLASS) i += pattern[i] === ESCAPE ? 2 : 1
  return Math.min(i, pattern.length)
}

interface Brace {
  /** The ranges of its alternatives. */
  readonly alternatives: ReadonlyArray<readonly [start: number, end: number]>
  /** The index of what closes it. */
  readonly end: number
}

/** The brace that opens just before `from`; `null` when it does not close. */
export const braceAt = (pattern: Points, from: number): Brace | null => {
  const found: Array<readonly [number, number]> = []
  let start = from
  let depth = 1
  for (let i = from; i < pattern.length; i++) {
    const c = pattern[i]
    if (c === ESCAPE) i++
    else if (c === OPEN_CLASS) i = endOfClass(pattern, i + 1)
    else if (c === OPEN) depth++
    else if (c === CLOSE) {
      depth--
      if (depth === 0) return { alternatives: [...found, [start, i]], end: i }
    } else if (c === COMMA && depth === 1) {
      found.push([start, i])
      start = i + 1
    }
  }
  return null
}

/** Whether the pattern from `from` on is well-formed. */
export const isValid = (pattern: Points, from: number): boolean => {
  let depth = 0
  for (let i = from; i < pattern.length; i++) {
    const c = pattern[i]
    if (c === ESCAPE) {
      i++
      if (i >= pattern.length) return false
    } else if (c === OPEN_CLASS) {
      i++
      if (pattern[i] === CARET || pattern[i] === BANG) i++
      if (pattern[i] === CLOSE_CLASS) return false
      i = endOfClass(pattern, i)
      if (i >= pattern.length) return false
    } else if (c === OPEN) depth++
    else if (c === CLOSE) {
      if (depth === 0) return false
      depth--
    }
  }
  return depth === 0
}

interface Class {
  /** Where the pattern stands: behind the class, or where it is known that it does not hold. */
  readonly at: number
  /** `null` when it does not close, as far as was looked. */
  readonly holds: boolean | null
}

/** Whether the class that opens just before `from` holds for `c`. */
export const matchClass = (pattern: Points, from: number, c: number): Class => {
  const isNegated = pattern[from] === BANG || pattern[from] === CARET
  let at = isNegated ? from + 1 : from
  if (pattern[at] === CLOSE_CLASS) return { at, holds: null }
  let isIn = false
  let low = NONE
  while (!isIn && pattern[at] !== undefined && pattern[at] !== CLOSE_CLASS) {
    let p = pattern[at]
    at++
    if (low < NONE && p === DASH && pattern[at] !== CLOSE_CLASS) {
      if (pattern[at] === ESCAPE) at++
      // The lower end itself has been looked at.
      isIn = low < c && c <= (pattern[at] ?? NONE)
      at++
      low = NONE
    } else {
      if (p === ESCAPE) {
        p = pattern[at]
        at++
      }
      isIn = p === c
      low = p ?? NONE
    }
  }
  if (isIn === isNegated) return { at, holds: at >= pattern.length ? null : false }
  const end = endOfClass(pattern, at)
  return { at: end + 1, holds: end >= pattern.length ? null : true }
}
