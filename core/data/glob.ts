/**
 * Globs, as Tangled's own spindle matches branches, tags and paths: doublestar 4, pattern by pattern the same answer.
 *
 * Source: github.com/bmatcuk/doublestar v4.10.4, `match.go` and `validate.go`, of which this is the same procedure, because its answer is
 * not that of a regular expression: what follows a `*` is taken where it is first found, a class may be `/`, a brace is replaced
 * by the text of its alternatives, and what is bad in a pattern is only noticed where the name makes the procedure look at it.
 *
 * Patterns and names are written by strangers, so the work is counted, all of it: what is beyond the limit is given up. Alternatives stand
 * in a list and not on the stack. A port to a language whose strings are not UTF-16 works on its code points all the same.
 */
import * as E from 'fp-ts/lib/Either.js'
import { excerpt } from './text.js'

/** A pattern may have this many code points; a longer one is bad. */
export const PATTERN_MAX = 1_000

/** A name may have this many code points, as many as a path has on most systems; a longer one is matched by nothing. */
export const NAME_MAX = 4_096

/** What one match may cost that stands by itself. */
const COST_MAX = 100_000

/** What it costs to make a code point ready: of a pattern, which is looked through for what is malformed, and of a name. */
const PATTERN_POINT_COST = 8
const NAME_POINT_COST = 6

/** What a try costs whose name differs from the plain beginning of the pattern, besides the code points compared; one that goes on; a turn. */
const PLAIN_COST = 8
const TRY_COST = 32
const TURN_COST = 4

/** What is dearer than a plain turn, besides what is looked at, passed on or copied: a class, going back to behind a slash, an alternative of a brace. */
const CLASS_COST = 8
const DEEP_COST = 6
const ALTERNATIVE_COST = 150

/** What may be spent on patterns: a code point that is looked at, or copied, is one. */
export interface Work {
  /** Whether more was spent than there was. */
  readonly isSpent: () => boolean
  /** Takes what something costs, and says whether that can be afforded. */
  readonly spend: (cost: number) => boolean
}

export const workOf = (limit: number): Work => {
  let left = limit
  return {
    isSpent: () => left < 0,
    spend: (cost) => {
      left -= cost
      return left >= 0
    }
  }
}

/** `costly`: it was given up. */
export type GlobOutcome = 'match' | 'mismatch' | 'bad' | 'costly'

/** The code points of a text. */
export type Points = ReadonlyArray<number>

const point = (c: string): number => c.codePointAt(0) ?? 0

/** The first `max` code points of a text, and one more if there are more: whoever counts them sees that it is too long. */
export const pointsOf = (text: string, max: number): Points => {
  const points: Array<number> = []
  for (let i = 0; i < text.length && points.length <= max; i++) {
    const c = text.codePointAt(i) ?? 0
    if (c > 0xffff) i++
    points.push(c)
  }
  return points
}

const STAR = point('*')
const QUESTION = point('?')
const OPEN_CLASS = point('[')
const CLOSE_CLASS = point(']')
const OPEN = point('{')
const CLOSE = point('}')
const COMMA = point(',')
const ESCAPE = point('\\')
const SLASH = point('/')
const CARET = point('^')
const BANG = point('!')
const DASH = point('-')

/** The greatest code point, which stands for "no lower end of a range". */
const NONE = 0x10ffff

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
const braceAt = (pattern: Points, from: number): Brace | null => {
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
const isValid = (pattern: Points, from: number): boolean => {
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

/** What it is that the name does not match from `from` on. */
const mismatch = (pattern: Points, from: number): GlobOutcome => (isValid(pattern, from) ? 'mismatch' : 'bad')

/** What is left to be matched, and where to go back to: -1 for nowhere. */
interface Task {
  readonly deepName: number
  readonly deepPattern: number
  readonly nameAt: number
  readonly pattern: Points
  readonly patternAt: number
  readonly starName: number
  readonly starPattern: number
}

/** A task comes to an end, or to a brace, of which each alternative is a task. */
type Turn = GlobOutcome | ReadonlyArray<Task>

/** What matches the end of a name, besides nothing. */
const EMPTY: ReadonlyArray<Points> = ['*', '**', '/**', '**/', '/**/'].map((text) => pointsOf(text, PATTERN_MAX))

/** Whether the pattern from `from` on matches the end of a name. */
const isEmpty = (pattern: Points, from: number): boolean =>
  from === pattern.length || EMPTY.some((points) => points.length === pattern.length - from && points.every((c, i) => c === pattern[from + i]))

interface Class {
  /** Where the pattern stands: behind the class, or where it is known that it does not hold. */
  readonly at: number
  /** `null` when it does not close, as far as was looked. */
  readonly holds: boolean | null
}

/** Whether the class that opens just before `from` holds for `c`. */
const matchClass = (pattern: Points, from: number, c: number): Class => {
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

/** The tasks that a brace comes to: in each, one alternative stands in its place. */
const branch = (task: Task): Turn => {
  const { pattern, patternAt } = task
  const brace = braceAt(pattern, patternAt + 1)
  if (brace === null) return 'bad'
  const before = pattern.slice(0, patternAt)
  const after = pattern.slice(brace.end + 1)
  const { deepName, deepPattern, nameAt, starName, starPattern } = task
  return brace.alternatives.map(([start, end]) => ({
    deepName,
    deepPattern,
    nameAt,
    pattern: before.concat(pattern.slice(start, end), after),
    patternAt,
    starName,
    starPattern
  }))
}

/** One task as far as it goes. */
const runTask = (task: Task, name: Points, work: Work): Turn => {
  const { pattern } = task
  let { deepName, deepPattern, nameAt, patternAt, starName, starPattern } = task
  let atStart = patternAt === 0 || pattern[patternAt - 1] === SLASH
  while (nameAt < name.length) {
    if (!work.spend(TURN_COST)) return 'costly'
    const p = pattern[patternAt]
    const c = name[nameAt] ?? NONE
    if (p === STAR) {
      patternAt++
      if (pattern[patternAt] === STAR) {
        patternAt++
        if (atStart && patternAt >= pattern.length) return 'match'
        if (atStart && pattern[patternAt] === SLASH) {
          patternAt++
          deepPattern = patternAt
          deepName = nameAt
          starPattern = -1
          continue
        }
      }
      atStart = false
      starPattern = patternAt
      starName = nameAt
      continue
    }
    if (p === OPEN) return branch({ deepName, deepPattern, nameAt, pattern, patternAt, starName, starPattern })
    if (p === OPEN_CLASS) {
      atStart = false
      const { at, holds } = matchClass(pattern, patternAt + 1, c)
      if (!work.spend(CLASS_COST + at - patternAt)) return 'costly'
      if (holds === null) return 'bad'
      patternAt = at
      if (holds) {
        nameAt++
        continue
      }
    } else if (p === QUESTION) {
      atStart = false
      if (c !== SLASH) {
        patternAt++
        nameAt++
        continue
      }
    } else if (p !== undefined) {
      if (p === ESCAPE) patternAt++
      if (pattern[patternAt] === c) {
        patternAt++
        nameAt++
        atStart = c === SLASH
        continue
      }
      // An escaped point that does not match is looked at with its escape. (So is what follows an escaped backslash.)
      if (pattern[patternAt - 1] === ESCAPE) patternAt--
    }
    if (starPattern !== -1 && name[starName] !== SLASH) {
      starName++
      nameAt = starName
      patternAt = starPattern
      continue
    }
    const slash = deepPattern === -1 ? -1 : name.indexOf(SLASH, deepName)
    // A name without another slash is looked through to its end.
    const passed = deepPattern === -1 ? 0 : (slash < 0 ? name.length : slash) - deepName
    if (slash < 0) return work.spend(passed + pattern.length - patternAt) ? mismatch(pattern, patternAt) : 'costly'
    if (!work.spend(DEEP_COST + passed)) return 'costly'
    deepName = slash + 1
    nameAt = deepName
    patternAt = deepPattern
  }
  // The name is at its end: what is left of the pattern may be nothing.
  if (!work.spend(pattern.length - patternAt)) return 'costly'
  if (isEmpty(pattern, patternAt)) return 'match'
  if (pattern[patternAt] === OPEN) return branch({ deepName, deepPattern, nameAt, pattern, patternAt, starName, starPattern })
  return mismatch(pattern, patternAt)
}

/** The task that a pattern begins with. */
const wholeOf = (pattern: Points): Task => ({
  deepName: 0,
  deepPattern: -1,
  nameAt: 0,
  pattern,
  patternAt: 0,
  starName: 0,
  starPattern: -1
})

/** A pattern that is to be tried on names. */
export interface Glob {
  /** Whether what follows its plain beginning is well-formed. */
  readonly isValid: boolean
  readonly pattern: string
  /** How many code points come before the first that means more than itself. */
  readonly plain: number
  readonly points: Points
}

const SPECIAL: ReadonlySet<number> = new Set([STAR, QUESTION, OPEN_CLASS, OPEN, CLOSE, ESCAPE])

/** A pattern made ready. */
export const globOf = (pattern: string, work: Work): Glob => {
  const points = pointsOf(pattern, PATTERN_MAX)
  work.spend(PATTERN_POINT_COST * points.length)
  const at = points.findIndex((c) => SPECIAL.has(c))
  const plain = at < 0 ? points.length : at
  return { isValid: isValid(points, plain), pattern, plain, points }
}

/** A name made ready. */
export const globNameOf = (name: string, work: Work): Points => {
  const points = pointsOf(name, NAME_MAX)
  work.spend(NAME_POINT_COST * points.length)
  return points
}

/** The first index below `end` at which the two differ, or `end`. */
const firstDifference = (a: Points, b: Points, end: number): number => {
  let i = 0
  while (i < end && a[i] === b[i]) i++
  return i
}

/** Whether the pattern matches all of the name, at the cost of `work`. */
export const tryGlob = ({ isValid, plain, points }: Glob, name: Points, work: Work): GlobOutcome => {
  if (!work.spend(PLAIN_COST)) return 'costly'
  if (points.length > PATTERN_MAX) return 'bad'
  if (name.length > NAME_MAX) return 'mismatch'
  const end = Math.min(plain, name.length)
  const same = firstDifference(points, name, end)
  if (!work.spend(same)) return 'costly'
  if (same < end) return isValid ? 'mismatch' : 'bad'
  if (!work.spend(TRY_COST)) return 'costly'
  return tryWhole(points, name, work)
}

const tryWhole = (pattern: Points, name: Points, work: Work): GlobOutcome => {
  const tasks: Array<Task> = []
  for (let task: Task | undefined = wholeOf(pattern); task !== undefined; task = tasks.pop()) {
    const turn = runTask(task, name, work)
    if (typeof turn !== 'string') {
      if (!work.spend(turn.length * (ALTERNATIVE_COST + task.pattern.length))) return 'costly'
      // The last is taken first.
      for (let i = turn.length - 1; i >= 0; i--) {
        const next = turn[i]
        if (next !== undefined) tasks.push(next)
      }
    } else if (turn !== 'mismatch') return turn
  }
  return 'mismatch'
}

/** Why a pattern has no answer, as a part of a sentence. */
export const faultOf = (pattern: string, outcome: 'bad' | 'costly'): string =>
  outcome === 'bad' ? `${excerpt(pattern)} is not a pattern` : `the pattern ${excerpt(pattern)} takes too long`

/**
 * Whether the doublestar glob `pattern` matches all of `name`: `*` stops at a slash, `**` crosses it where it is a whole segment; `?`,
 * `[a-z]`, `[^a]`, `[!a]`, `{a,b}` and `\` as usual; no negation. A name of more than 4 096 code points is matched by nothing.
 *
 * @returns `Left` with a sentence for a bad pattern (of more than 1 000 code points, or malformed where the name makes a difference), and
 * for one that takes too long.
 *
 * @example
 * import assert from 'node:assert'
 * import { matchGlob } from 'tack/core'
 *
 * assert.deepStrictEqual(matchGlob('release/**')('release/1.0/hotfix'), { _tag: 'Right', right: true })
 * assert.deepStrictEqual(matchGlob('release/*')('release/1.0/hotfix'), { _tag: 'Right', right: false })
 * assert.deepStrictEqual(matchGlob('{main,next')('main'), { _tag: 'Left', left: '{main,next is not a pattern' })
 */
export const matchGlob =
  (pattern: string) =>
  (name: string): E.Either<string, boolean> => {
    const work = workOf(COST_MAX)
    const outcome = tryGlob(globOf(pattern, work), globNameOf(name, work), work)
    return outcome === 'bad' || outcome === 'costly' ? E.left(faultOf(pattern, outcome)) : E.right(outcome === 'match')
  }
