/**
 * What the operator allows to be built where (T3).
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Allowed, Config } from '../config.js'
import { globNameOf, globOf, type Points, tryGlob, type Budget, budgetOf } from '../data/glob.js'
import type { Repository } from '../model/build.js'
import { ENGINE, type Target } from '../model/workflow.js'

/** What builds the workflow; `Left` with a sentence for its author if nothing here can. */
export const targetOf = (
  config: Config,
  list: Allowance,
  engine: string,
  targets: ReadonlyArray<Target>,
  repository: Repository
): E.Either<string, Target> => {
  if (engine !== ENGINE)
    return E.left(`This spindle builds workflows of engine "${ENGINE}", and this one names "${engine}".`)
  const [target, another] = targets
  if (target === undefined)
    return E.left(
      'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".'
    )
  if (another !== undefined)
    return E.left(
      `The workflow names several providers: ${targets.map(({ provider }) => provider).join(', ')}. One is needed.`
    )
  const fault = targetFault(config, list, target, repository)
  return fault === null ? E.right(target) : E.left(fault)
}

/**
 * How much matching one event against the operator's list may cost, even if the event is about fifty builds: strangers
 * choose the names, and matching must take less time than a hundred thousand empty steps.
 */
export const LIST_COST_MAX = 2_000_000

/** What the operator's list says of one repository. */
export interface Allowance {
  /** The lines whose pattern matches the repository. */
  readonly lines: ReadonlyArray<Allowed>
  /** What is left for matching pipelines. */
  readonly work: Budget
}

/** A pattern that cannot be read allows nothing. */
const matches = (pattern: string, name: Points, work: Budget): boolean =>
  !work.isSpent() && tryGlob(globOf(pattern, work), name, work) === 'match'

export const allowanceOf = (config: Config, { name, owner }: Repository): Allowance => {
  const work = budgetOf(LIST_COST_MAX)
  if (owner === config.owner) return { lines: [], work }
  const repo = globNameOf(`${owner}/${name}`, work)
  return { lines: config.builds.allow.filter(({ repos }) => matches(repos, repo, work)), work }
}

/** Why the repository may not use that pipeline of that provider; `null` if it may. */
export const targetFault = (
  config: Config,
  { lines, work }: Allowance,
  { pipeline, provider }: Pick<Target, 'pipeline' | 'provider'>,
  repository: Repository
): string | null => {
  const { providers } = config.builds
  if (!providers.includes(provider))
    return `There is no provider "${provider}" here. There are: ${providers.join(', ') || 'none'}.`
  if (repository.owner === config.owner) return null
  const name = globNameOf(pipeline, work)
  if (lines.some((line) => line.provider === provider && matches(line.pipelines, name, work))) return null
  const use = `${repository.owner}/${repository.name} use pipeline "${pipeline}" of provider "${provider}"`
  return work.isSpent()
    ? `It takes too long to find out whether the operator of this spindle lets ${use}.`
    : `The operator of this spindle does not let ${use}.`
}
