/**
 * `when`: which workflows apply to a trigger.
 *
 * Source: tangled.org/core, `workflow/def.go`. Its odder sides are kept: a bad pattern is an error even in a condition
 * for another event, and a pull request whose action is unknown counts as opened.
 */
import * as E from 'fp-ts/lib/Either.js'
import { faultOf, type Glob, globNameOf, globOf, tryGlob, type Budget, budgetOf } from '../data/glob.js'
import { nearest } from '../data/nearest.js'
import type { Cause } from '../model/trigger.js'
import type { Condition } from '../model/workflow.js'

/**
 * How much it may cost to decide which workflows of one run apply. Strangers write both patterns and names, and this
 * must take less time than a hundred thousand empty steps. (The most expensive inputs take less than half of that: `npm
 * run bench`.) Three thousand files with twenty patterns for other folders stay within it.
 */
export const WHEN_COST_MAX = 2_000_000

const DEFAULT_TYPES: ReadonlyArray<string> = ['opened', 'reopened', 'synchronize']

const BRANCHES = 'refs/heads/'
const TAGS = 'refs/tags/'

/** The name of a branch or a tag, and which of the two it is. */
export interface ShortName {
  readonly kind: 'branch' | 'tag'
  readonly name: string
}

/**
 * The short name of a branch or tag; `null` for any other ref.
 *
 * @example
 * import assert from 'node:assert'
 * import { shortName } from '@tack-ci/core'
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

/** A `MatchesAny` that spends `work`. Once that is used up, the next pattern fails as too costly. */
const matchingAny =
  (work: Budget): MatchesAny =>
  (names, patterns) => {
    const [first] = patterns
    if (first === undefined) return E.right(false)
    if (work.isSpent()) return E.left(faultOf(first, 'costly'))
    const globs: Array<Glob> = []
    for (const pattern of patterns) {
      globs.push(globOf(pattern, work))
      // The rest will not be tried.
      if (work.isSpent()) break
    }
    for (const text of names) {
      const name = globNameOf(text, work)
      for (const glob of globs) {
        const outcome = tryGlob(glob, name, work)
        if (outcome === 'match') return E.right(true)
        if (outcome !== 'mismatch') return E.left(faultOf(glob.pattern, outcome))
      }
    }
    return E.right(false)
  }

/** Whether both hold. The second is evaluated even if the first does not hold; only an error skips it. */
const both = (a: Verdict, b: () => Verdict): Verdict =>
  E.isLeft(a) ? a : E.map((holds: boolean) => a.right && holds)(b())

const ofPush = (condition: Condition, ref: string, matchesAny: MatchesAny): Verdict => {
  const short = shortName(ref)
  return short === null ? E.right(false) : matchesAny([short.name], condition[short.kind])
}

const ofAction = ({ types }: Condition, action: string | null): boolean =>
  (types === null || types.length === 0 ? DEFAULT_TYPES : types).includes(action ?? 'opened')

const holds = (
  condition: Condition,
  cause: Exclude<Cause, { readonly _tag: 'Manual' }>,
  matchesAny: MatchesAny
): Verdict => {
  const ofPaths = (files: ReadonlyArray<string>) => (): Verdict =>
    condition.paths === null || condition.paths.length === 0 ? E.right(true) : matchesAny(files, condition.paths)
  switch (cause._tag) {
    case 'Push':
      return E.map((matches: boolean) => matches && condition.event.includes('push'))(
        both(ofPush(condition, cause.ref, matchesAny), ofPaths(cause.changedFiles ?? []))
      )
    case 'PullRequest':
      return E.map(
        (matches: boolean) => matches && condition.event.includes('pull_request') && ofAction(condition, cause.action)
      )(both(matchesAny([cause.targetBranch], condition.branch), ofPaths([])))
  }
}

/**
 * Whether a workflow with these conditions applies to `cause`: if one condition holds, if there are none, or if
 * somebody asks for it by hand.
 *
 * @returns `Left` with a sentence if a bad or too costly pattern comes before a condition that holds.
 *
 * @example
 * import assert from 'node:assert'
 * import { applies, Cause, decodeWorkflow, WorkflowName } from '@tack-ci/core'
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
 * const when = { map: [['event', 'push'], ['branch', 'main']] as const }
 * const workflow = decodeWorkflow(name.right, '5a1e', { map: [['when', when]] })
 * assert(workflow._tag === 'Defined')
 * assert.deepStrictEqual(applies(workflow.when, cause.right), { _tag: 'Right', right: true })
 */
export const applies = (when: ReadonlyArray<Condition>, cause: Cause): E.Either<string, boolean> =>
  appliesWithin(budgetOf(WHEN_COST_MAX), when, cause)

/** The same, at the cost of `work`. */
export const appliesWithin = (
  work: Budget,
  when: ReadonlyArray<Condition>,
  cause: Cause
): E.Either<string, boolean> => {
  if (cause._tag === 'Manual' || when.length === 0) return E.right(true)
  const matchesAny = matchingAny(work)
  for (const condition of when) {
    const verdict = holds(condition, cause, matchesAny)
    if (E.isLeft(verdict) || verdict.right) return verdict
  }
  return E.right(false)
}

// ---------------------------------------------------------------------------------------- mistakes

/** The keys that an author may have meant by an unknown one. */
const MEANT = ['branch', 'event', 'paths', 'tag', 'types'] as const

/**
 * Whether there is a push or a pull request that the condition may hold for, patterns aside.
 *
 * @example
 * import assert from 'node:assert'
 * import { mayHold } from '@tack-ci/core'
 *
 * const condition = { branch: [], event: ['push'], paths: null, tag: [], types: null, unknown: null }
 * assert.strictEqual(mayHold(condition), false)
 * assert.strictEqual(mayHold({ ...condition, tag: ['v*'] }), true)
 */
export const mayHold = ({ branch, event, paths, tag }: Condition): boolean =>
  (event.includes('push') && branch.length + tag.length > 0) ||
  (event.includes('pull_request') && branch.length > 0 && (paths === null || paths.length === 0))

/** The condition as it may have been meant, with the key `meant` in place of the unknown one. */
const asMeant = (condition: Condition, meant: (typeof MEANT)[number]): Condition => ({
  ...condition,
  [meant]: meant === 'event' ? ['push', 'pull_request'] : ['**']
})

/**
 * What is wrong if none of the conditions can ever hold because of an unknown key; `null` if that is not so.
 *
 * @example
 * import assert from 'node:assert'
 * import { mistakeIn } from '@tack-ci/core'
 *
 * const condition = { branch: [], event: ['push'], paths: null, tag: [], types: null, unknown: 'branches' }
 * assert.strictEqual(
 *   mistakeIn([condition]),
 *   'when[0] has an unknown key, "branches", so it never applies. Did you mean "branch"?'
 * )
 */
export const mistakeIn = (when: ReadonlyArray<Condition>): string | null => {
  if (when.some(mayHold)) return null
  for (const [i, condition] of when.entries())
    if (condition.unknown !== null) {
      const meant = nearest(MEANT)(condition.unknown)
      if (mayHold(asMeant(condition, meant)))
        return (
          `when[${String(i)}] has an unknown key, "${condition.unknown}", so it never applies. ` +
          `Did you mean "${meant}"?`
        )
    }
  return null
}
