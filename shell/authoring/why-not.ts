/** Why a workflow does not apply: the first part of each condition that does not hold. The core is asked about one part at a time. */
import * as E from 'fp-ts/lib/Either.js'
import { applies, type Cause, type Condition, kindOfCause, shortName } from '../../core/index.js'

const holds = (condition: Condition, cause: Cause): boolean => {
  const verdict = applies([condition], cause)
  return E.isRight(verdict) && verdict.right
}

/** What the patterns of a ref are tried on, in words. */
const refIn = (cause: Cause): string => {
  switch (cause._tag) {
    case 'Push': {
      const short = shortName(cause.ref)
      return short === null ? `the ref ${cause.ref}` : `the ${short.kind} ${short.name}`
    }
    case 'PullRequest':
      return `the target branch ${cause.targetBranch}`
    case 'Manual':
      return 'a run by hand'
  }
}

/** The condition without what is not about the ref. */
const aboutRef = (condition: Condition, cause: Cause): Condition =>
  ({ ...condition, paths: null, types: cause._tag === 'PullRequest' ? [cause.action ?? 'opened'] : null })

const reasonOf = (place: string, condition: Condition, cause: Cause): string => {
  const kind = kindOfCause(cause)
  if (!condition.event.includes(kind)) return `${place} is for ${condition.event.join(', ') || 'no event'}, not for ${kind}`
  if (!holds(aboutRef(condition, cause), cause)) return `${place} does not match ${refIn(cause)}`
  // Of a pull request, no more is looked at.
  if (cause._tag === 'PullRequest') return `${place} is not for the action ${cause.action ?? 'opened'}`
  return cause._tag === 'Push' && cause.changedFiles === null
    ? `${place}.paths needs to know which files the push changed, and that is not said`
    : `${place}.paths does not match what the push changed`
}

/** A sentence for each condition. */
export const whyNot = (when: ReadonlyArray<Condition>, cause: Cause): ReadonlyArray<string> =>
  when.map((condition, i) => reasonOf(`when[${String(i)}]`, condition, cause))
