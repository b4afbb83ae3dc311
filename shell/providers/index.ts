/** The kinds of providers. To add one, write a file and add a line here. */
import * as E from 'fp-ts/lib/Either.js'
import { buildbot } from './buildbot.js'
import { buildkite } from './buildkite.js'
import { gitea } from './gitea.js'
import { github } from './github.js'
import { local } from './local.js'
import type { Kind, Provider, Surroundings } from './provider.js'
import { webhook } from './webhook.js'

export const KINDS: ReadonlyArray<Kind> = [buildbot, buildkite, gitea, github, local, webhook]

/** Creates a provider of that kind; `Left` with a sentence for the operator that says what is wrong with its entry in the configuration. */
export const makeProvider = (kind: string, settings: unknown, surroundings: Surroundings): E.Either<string, Provider> => {
  const found = KINDS.find((one) => one.kind === kind)
  return found === undefined
    ? E.left(`unknown kind of provider "${kind}": expected one of ${KINDS.map((one) => one.kind).join(', ')}`)
    : found.make(settings, surroundings)
}
