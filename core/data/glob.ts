/**
 * Globs, as Tangled's own spindle matches branches, tags and paths: doublestar 4, pattern by pattern the same answer.
 *
 * Source: github.com/bmatcuk/doublestar v4.10.4, `match.go` and `validate.go`, of which this is the same procedure, because its answer is
 * not that of a regular expression: what follows a `*` is taken where it is first found, a class may be `/`, a brace is replaced
 * by the text of its alternatives, and what is bad in a pattern is only noticed where the name makes the procedure look at it.
 *
 * Patterns are written by strangers, so the work is counted: a pattern that takes too much of it is refused. Alternatives stand in a
 * list and not on the stack. A port to a language whose strings are not UTF-16 works on its code points all the same.
 */
import * as E from 'fp-ts/lib/Either.js'
import { excerpt } from './text.js'

/** A pattern may have this many code points. */
const PATTERN_MAX = 1_000

/** What one match may cost: a code point of a pattern that is looked at, or copied, is one. */
const COST_MAX = 1_000_000

/** `costly`: it was given up. */
export type GlobOutcome = 'match' | 'mismatch' | 'bad' | 'costly'

export interface GlobTrial {
  readonly cost: number
  readonly outcome: GlobOutcome
}

/** The code points of a text. */
export type Points = ReadonlyArray<number>

const point = (c: string): number => c.codePointAt(0) ?? 0

export const pointsOf = (text: string): Points => Array.from(text, point)

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

/** What matches the end of a name. */
const EMPTY: ReadonlySet<string> = new Set(['', '*', '**', '/**', '**/', '/**/'])

const textOf = (points: Points): string => String.fromCodePoint(...points)

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
  return brace.alternatives.map(([start, end]) => ({ ...task, pattern: before.concat(pattern.slice(start, end), after) }))
}

/** A name that is at its end: whether what is left of the pattern can be nothing. */
const atEnd = (task: Task): Turn => {
  const { pattern, patternAt } = task
  if (EMPTY.has(textOf(pattern.slice(patternAt)))) return 'match'
  if (pattern[patternAt] === OPEN) return branch(task)
  return mismatch(pattern, patternAt)
}

/** One task as far as it goes. `spend` takes what it costs, and says whether that can be afforded. */
const runTask = (task: Task, name: Points, spend: (cost: number) => boolean): Turn => {
  const { pattern } = task
  let { deepName, deepPattern, nameAt, patternAt, starName, starPattern } = task
  let atStart = patternAt === 0 || pattern[patternAt - 1] === SLASH
  while (nameAt < name.length) {
    if (!spend(1)) return 'costly'
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
      if (!spend(at - patternAt)) return 'costly'
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
    if (slash < 0) return spend(pattern.length - patternAt) ? mismatch(pattern, patternAt) : 'costly'
    if (!spend(slash - deepName)) return 'costly'
    deepName = slash + 1
    nameAt = deepName
    patternAt = deepPattern
  }
  return atEnd({ deepName, deepPattern, nameAt, pattern, patternAt, starName, starPattern })
}

/** Whether `pattern` matches all of `name`, given up at a cost of more than `limit`. */
export const tryGlob = (pattern: Points, name: Points, limit: number): GlobTrial => {
  let cost = 0
  const spend = (more: number): boolean => {
    cost += more
    return cost <= limit
  }
  if (pattern.length > PATTERN_MAX) return { cost, outcome: 'bad' }
  const nowhere = { deepName: 0, deepPattern: -1, starName: 0, starPattern: -1 }
  const tasks: Array<Task> = [{ ...nowhere, nameAt: 0, pattern, patternAt: 0 }]
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const turn = runTask(task, name, spend)
    if (typeof turn !== 'string') {
      if (!spend(turn.length * task.pattern.length)) return { cost, outcome: 'costly' }
      // The last is taken first.
      tasks.push(...[...turn].reverse())
    } else if (turn !== 'mismatch') return { cost, outcome: turn }
  }
  return { cost, outcome: 'mismatch' }
}

/** Why a pattern has no answer, as a part of a sentence. */
export const faultOf = (pattern: string, outcome: 'bad' | 'costly'): string =>
  outcome === 'bad' ? `${excerpt(pattern)} is not a pattern` : `the pattern ${excerpt(pattern)} takes too long`

/**
 * Whether the doublestar glob `pattern` matches all of `name`: `*` stops at a slash, `**` crosses it where it is a whole segment; `?`,
 * `[a-z]`, `[^a]`, `[!a]`, `{a,b}` and `\` as usual; no negation.
 *
 * @returns `Left` with a sentence for a bad pattern: of more than 1 000 code points, or malformed where the name makes a difference.
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
    const { outcome } = tryGlob(pointsOf(pattern), pointsOf(name), COST_MAX)
    return outcome === 'bad' || outcome === 'costly' ? E.left(faultOf(pattern, outcome)) : E.right(outcome === 'match')
  }
