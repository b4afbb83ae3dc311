/**
 * Globs, as Tangled's own spindle matches branches, tags and paths: the answers are those of doublestar 4, except
 * where `spec/behaviour.md` says otherwise.
 *
 * Source: github.com/bmatcuk/doublestar v4.10.4, `match.go` and `validate.go`, of which this is the same procedure,
 * because its answer is not that of a regular expression: what follows a `*` is taken where it is first found, a class
 * may be `/`, a brace is replaced by the text of its alternatives, and what is bad in a pattern is only noticed where
 * the name makes the procedure look at it.
 *
 * Strangers write patterns and names, so all work is counted, and a match that exceeds the limit is given up.
 * Alternatives are in a list, not on the stack. A port works on code points, whatever the encoding of its strings.
 */
import * as E from 'fp-ts/lib/Either.js'
import { type Budget, budgetOf } from './budget.js'
import {
  braceAt,
  CLOSE,
  ESCAPE,
  isValid,
  matchClass,
  NAME_MAX,
  NONE,
  OPEN,
  OPEN_CLASS,
  PATTERN_MAX,
  type Points,
  pointsOf,
  QUESTION,
  SLASH,
  STAR
} from './glob-pattern.js'
import { excerpt } from './text.js'

export { NAME_MAX, PATTERN_MAX, type Points, pointsOf } from './glob-pattern.js'
export { type Budget, budgetOf } from './budget.js'

/** What one match may cost that stands by itself. */
const COST_MAX = 100_000

/**
 * What it costs to make a code point ready: of a pattern, which is looked through for what is malformed, and of a name.
 */
const PATTERN_POINT_COST = 8

const NAME_POINT_COST = 6

/**
 * What a try costs whose name differs from the plain beginning of the pattern, besides the code points compared; one
 * that goes on; a turn.
 */
const PLAIN_COST = 8

const TRY_COST = 32

const TURN_COST = 4

/**
 * What is dearer than a plain turn, besides what is looked at, passed on or copied: a class, going back to behind a
 * slash, an alternative of a brace.
 */
const CLASS_COST = 8

const DEEP_COST = 6

const ALTERNATIVE_COST = 150

/** `costly`: it was given up. */
export type GlobOutcome = 'match' | 'mismatch' | 'bad' | 'costly'

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
  from === pattern.length ||
  EMPTY.some((points) => points.length === pattern.length - from && points.every((c, i) => c === pattern[from + i]))

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
const runTask = (task: Task, name: Points, work: Budget): Turn => {
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
    // A name without another slash is scanned to its end.
    const passed = deepPattern === -1 ? 0 : (slash < 0 ? name.length : slash) - deepName
    if (slash < 0) return work.spend(passed + pattern.length - patternAt) ? mismatch(pattern, patternAt) : 'costly'
    if (!work.spend(DEEP_COST + passed)) return 'costly'
    deepName = slash + 1
    nameAt = deepName
    patternAt = deepPattern
  }
  // The name has ended: the rest of the pattern may still match the empty string.
  if (!work.spend(pattern.length - patternAt)) return 'costly'
  if (isEmpty(pattern, patternAt)) return 'match'
  if (pattern[patternAt] === OPEN)
    return branch({ deepName, deepPattern, nameAt, pattern, patternAt, starName, starPattern })
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

const SPECIAL: ReadonlyArray<number> = [STAR, QUESTION, OPEN_CLASS, OPEN, CLOSE, ESCAPE]

/** A pattern made ready. */
export const globOf = (pattern: string, work: Budget): Glob => {
  const points = pointsOf(pattern, PATTERN_MAX)
  work.spend(PATTERN_POINT_COST * points.length)
  const at = points.findIndex((c) => SPECIAL.includes(c))
  const plain = at < 0 ? points.length : at
  return { isValid: isValid(points, plain), pattern, plain, points }
}

/** A name made ready. */
export const globNameOf = (name: string, work: Budget): Points => {
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
export const tryGlob = ({ isValid, plain, points }: Glob, name: Points, work: Budget): GlobOutcome => {
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

const tryWhole = (pattern: Points, name: Points, work: Budget): GlobOutcome => {
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
 * Whether the doublestar glob `pattern` matches all of `name`: `*` stops at a slash, `**` crosses it where it is a
 * whole segment; `?`, `[a-z]`, `[^a]`, `[!a]`, `{a,b}` and `\` as usual; no negation. A name of more than 4 096 code
 * points is matched by nothing.
 *
 * @returns `Left` with a sentence for a bad pattern (of more than 1 000 code points, or malformed where the name makes
 *   a difference), and for one that takes too long.
 *
 * @example
 * import assert from 'node:assert'
 * import { matchGlob } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(matchGlob('release/**')('release/1.0/hotfix'), { _tag: 'Right', right: true })
 * assert.deepStrictEqual(matchGlob('release/*')('release/1.0/hotfix'), { _tag: 'Right', right: false })
 * assert.deepStrictEqual(matchGlob('{main,next')('main'), { _tag: 'Left', left: '{main,next is not a pattern' })
 */
export const matchGlob =
  (pattern: string) =>
  (name: string): E.Either<string, boolean> => {
    const work = budgetOf(COST_MAX)
    const outcome = tryGlob(globOf(pattern, work), globNameOf(name, work), work)
    return outcome === 'bad' || outcome === 'costly' ? E.left(faultOf(pattern, outcome)) : E.right(outcome === 'match')
  }
