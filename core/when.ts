/**
 * `when`: which workflows a trigger calls for.
 *
 * Source: tangled.org/core, `workflow/def.go`, and what it leaves open is kept as it is there: a bad pattern is an error also in a
 * condition whose event is another one, and a pull request whose action is not known counts as opened.
 */
import * as E from 'fp-ts/lib/Either.js'
import { faultOf, pointsOf, tryGlob } from './data/glob.js'
import type { Cause } from './trigger.js'
import type { Condition } from './workflow.js'

/**
 * What all patterns of one workflow may cost together, in the unit of `tryGlob`, with each code point of a name that they are tried on:
 * strangers wrote both. Ten thousand files and some twenty patterns are within it.
 */
const COST_MAX = 10_000_000

const DEFAULT_TYPES: ReadonlyArray<string> = ['opened', 'reopened', 'synchronize']

const BRANCHES = 'refs/heads/'
const TAGS = 'refs/tags/'

export interface ShortName {
  readonly kind: 'branch' | 'tag'
  readonly name: string
}

/**
 * The name of a branch or tag as people say it; `null` for any other ref.
 *
 * @example
 * import assert from 'node:assert'
 * import { shortName } from 'tack/core'
 *
 * assert.deepStrictEqual(shortName('refs/heads/feature/x'), { kind: 'branch', name: 'feature/x' })
 * assert.deepStrictEqual(shortName('refs/tags/v1'), { kind: 'tag', name: 'v1' })
 * assert.strictEqual(shortName('refs/pull/1'), null)
 */
export const shortName = (ref: string): ShortName | null => {
  if (ref.startsWith(BRANCHES) && ref !== BRANCHES) return { kind: 'branch', name: ref.slice(BRANCHES.length) }
  if (ref.startsWith(TAGS) && ref !== TAGS) return { kind: 'tag', name: ref.slice(TAGS.length) }
  return null
}

type Verdict = E.Either<string, boolean>

/** Whether one of `patterns` matches one of `names`: names in their order, and for each the patterns in theirs. */
type MatchesAny = (names: ReadonlyArray<string>, patterns: ReadonlyArray<string>) => Verdict

/** A `MatchesAny` whose answers cost no more than `limit` together, and how much of that is left. */
const within = (limit: number): { readonly left: () => number; readonly matchesAny: MatchesAny } => {
  let left = limit
  const matchesAny: MatchesAny = (names, patterns) => {
    const globs = patterns.map((pattern) => ({ pattern, points: pointsOf(pattern) }))
    for (const name of names) {
      const text = pointsOf(name)
      left -= text.length
      for (const { pattern, points } of globs) {
        const { cost, outcome } = tryGlob(points, text, left)
        left -= cost
        if (outcome === 'match') return E.right(true)
        if (outcome !== 'mismatch') return E.left(faultOf(pattern, outcome))
      }
    }
    return E.right(false)
  }
  return { left: () => left, matchesAny }
}

/** Both, where the second is asked whatever the first says: only an error ends it. */
const both = (a: Verdict, b: () => Verdict): Verdict =>
  E.isLeft(a) ? a : E.map((holds: boolean) => a.right && holds)(b())

const ofPush = (condition: Condition, ref: string, matchesAny: MatchesAny): Verdict => {
  const short = shortName(ref)
  return short === null ? E.right(false) : matchesAny([short.name], condition[short.kind])
}

const ofAction = ({ types }: Condition, action: string | null): boolean =>
  (types === null || types.length === 0 ? DEFAULT_TYPES : types).includes(action ?? 'opened')

const holds = (condition: Condition, cause: Exclude<Cause, { readonly _tag: 'Manual' }>, matchesAny: MatchesAny): Verdict => {
  const ofPaths = (files: ReadonlyArray<string>) => (): Verdict =>
    condition.paths === null || condition.paths.length === 0 ? E.right(true) : matchesAny(files, condition.paths)
  switch (cause._tag) {
    case 'Push':
      return E.map((matches: boolean) => matches && condition.event.includes('push'))(
        both(ofPush(condition, cause.ref, matchesAny), ofPaths(cause.changedFiles ?? []))
      )
    case 'PullRequest':
      return E.map((matches: boolean) => matches && condition.event.includes('pull_request') && ofAction(condition, cause.action))(
        both(matchesAny([cause.targetBranch], condition.branch), ofPaths([]))
      )
  }
}

/**
 * Whether a workflow with these conditions applies to `cause`. One that holds is enough; none at all, or somebody who asks for
 * it, is enough too.
 *
 * @returns `Left` with a sentence for a pattern that is bad, or takes too long, met before a condition that holds.
 *
 * @example
 * import assert from 'node:assert'
 * import { applies, Cause, decodeWorkflow, WorkflowName } from 'tack/core'
 *
 * const cause = Cause.decode({
 *   _tag: 'Push',
 *   changedFiles: null,
 *   newSha: 'b'.repeat(40),
 *   oldSha: 'a'.repeat(40),
 *   ref: 'refs/heads/main',
 *   skipsCi: false
 * })
 * const name = WorkflowName.decode('ci.yml')
 * assert(cause._tag === 'Right' && name._tag === 'Right')
 * const workflow = decodeWorkflow(name.right, { when: [{ event: 'push', branch: 'main' }] })
 * assert(workflow._tag === 'Defined')
 * assert.deepStrictEqual(applies(workflow.when, cause.right), { _tag: 'Right', right: true })
 */
export const applies = (when: ReadonlyArray<Condition>, cause: Cause): E.Either<string, boolean> =>
  appliesWithin(COST_MAX, when, cause).verdict

/** The same, at a cost of at most `limit`; and what is left of that. */
export const appliesWithin = (
  limit: number,
  when: ReadonlyArray<Condition>,
  cause: Cause
): { readonly left: number; readonly verdict: E.Either<string, boolean> } => {
  if (cause._tag === 'Manual' || when.length === 0) return { left: limit, verdict: E.right(true) }
  const { left, matchesAny } = within(limit)
  for (const condition of when) {
    const verdict = holds(condition, cause, matchesAny)
    if (E.isLeft(verdict) || verdict.right) return { left: left(), verdict }
  }
  return { left: left(), verdict: E.right(false) }
}
