/**
 * Plans: what a provider is told about a build. A run stores what its builds share once, and for each build only what
 * its own workflow says. The plan is assembled whenever a provider is asked; otherwise fifty builds would hold fifty
 * copies of what one trigger brought.
 */
import type { BuildName, Plan, Recipe, Repository } from '../model/build.js'
import type { Cause } from '../model/trigger.js'
import type { Target, Workflow } from '../model/workflow.js'
import { variablesOf, withReserved } from './variables.js'

/** The commit to build; `null`: the head of the default branch. */
export const shaOf = (cause: Cause): Plan['sha'] => {
  switch (cause._tag) {
    case 'Push':
      return cause.newSha
    case 'PullRequest':
      return cause.sourceSha
    case 'Manual':
      return cause.sha
  }
}

const refOf = (cause: Cause): string | null => {
  switch (cause._tag) {
    case 'Push':
    case 'Manual':
      return cause.ref
    case 'PullRequest':
      return `refs/heads/${cause.sourceBranch}`
  }
}

/** What the plan of a build takes from its workflow alone. */
export const recipeOf = (
  {
    clone,
    environment,
    steps
  }: Pick<Extract<Workflow, { readonly _tag: 'Defined' }>, 'clone' | 'environment' | 'steps'>,
  { pipeline, provider, settings }: Target
): Recipe => ({
  clone,
  environment: withReserved(environment, []),
  pipeline,
  provider,
  settings,
  steps: steps.map((step) => ({ ...step, environment: withReserved(step.environment, []) }))
})

/** What the plans of a run have in common. */
export interface Shared {
  readonly cause: Cause
  readonly defaultBranch: string | null
  readonly repository: Repository
}

/**
 * The plan of a build of that name.
 *
 * @example
 * import assert from 'node:assert'
 * import { BuildName, Cause, planOf, Recipe, Repository } from '@tack-ci/core'
 *
 * const name = BuildName.decode({ knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' })
 * const cause = Cause.decode({ _tag: 'Manual', inputs: [['log-level', 'debug']], ref: null, sha: null })
 * const repository = Repository.decode({ did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' })
 * const clone = { depth: 1, skip: false, submodules: false }
 * const recipe = Recipe.decode({
 *   clone,
 *   environment: [['A', '1']],
 *   pipeline: 'app',
 *   provider: 'ci',
 *   settings: [],
 *   steps: []
 * })
 * assert(name._tag === 'Right' && cause._tag === 'Right' && repository._tag === 'Right' && recipe._tag === 'Right')
 *
 * const plan = planOf(
 *   name.right,
 *   { cause: cause.right, defaultBranch: null, repository: repository.right },
 *   recipe.right
 * )
 * assert.deepStrictEqual(plan.variables.slice(0, 3), [
 *   ['A', '1'],
 *   ['CI', 'true'],
 *   ['TANGLED_INPUT_LOG_LEVEL', 'debug']
 * ])
 */
export const planOf = (
  { knot, rkey }: Pick<BuildName, 'knot' | 'rkey'>,
  { cause, defaultBranch, repository }: Shared,
  { clone, environment, pipeline, provider, settings, steps }: Recipe
): Plan => ({
  clone,
  pipeline,
  provider,
  ref: refOf(cause),
  repository,
  settings,
  sha: shaOf(cause),
  steps,
  variables: withReserved(environment, variablesOf({ cause, defaultBranch, knot, repository, rkey }))
})
