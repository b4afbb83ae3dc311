/** What the bridge acts through, made of what the operator has decided: providers, and readers of records, files and repositories. */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { addressesOf, gitReader } from '../git.js'
import { httpClient } from '../http.js'
import type { Clock, Log, Records, Workflows } from '../ports.js'
import { gitCheckout } from '../providers/checkout.js'
import { makeProvider } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'
import { recordReader } from '../records.js'
import { workflowReader } from '../workflows.js'
import type { Configuration } from './configuration.js'
import type { RunOptions } from './options.js'

export interface Parts {
  readonly close: () => Promise<void>
  readonly providers: ReadonlyArray<Provider>
  readonly records: Records
  readonly workflows: Workflows
}

/** Providers that are there when the environment has what they need, without an entry in the file: as in the program tack is modelled on. */
const IMPLIED: ReadonlyArray<readonly [name: string, variable: string]> = [['buildkite', 'TACK_BUILDKITE_TOKEN']]

const entriesOf = ({ providers }: Configuration, environment: NodeJS.ProcessEnv): Configuration['providers'] =>
  new Map([
    ...IMPLIED.filter(([, variable]) => (environment[variable] ?? '') !== '').map(([name]) => [name, { kind: name, settings: {} }] as const),
    ...providers
  ])

/** Whether connections may go to this machine. */
export const policyOf = (options: Pick<RunOptions, 'allowLoopback' | 'dev'>) => ({
  allowLoopback: options.dev === true || options.allowLoopback === true
})

/** Everything but the bridge itself; `Left` with a sentence when an entry of the configuration is not as it must be. */
export const assemble = (
  options: RunOptions,
  configuration: Configuration,
  { clock, environment, log }: { readonly clock: Clock; readonly environment: NodeJS.ProcessEnv; readonly log: Log }
): E.Either<string, Parts> => {
  const policy = policyOf(options)
  const isInsecure = options.dev === true
  const git = { clock, isInsecure, policy }
  const client = httpClient({ clock, policy: { ...policy, trusted: true } })
  const checkout = gitCheckout({ ...git, addresses: ({ build, plan }) => addressesOf(build.knot, plan.repository, isInsecure) })

  const providers: Array<Provider> = []
  for (const [name, { kind, settings }] of entriesOf(configuration, environment)) {
    const made = makeProvider(kind, settings, {
      checkout,
      clock,
      environment,
      fetch: client.fetch,
      folder: join(options.store, 'providers', name),
      log,
      name
    })
    if (E.isLeft(made)) return E.left(`"providers.${name}": ${made.left}`)
    providers.push(made.right)
  }
  return E.right({
    close: () => client.close(),
    providers,
    records: recordReader({ clock, directory: options.plc.href.replace(/\/$/, ''), log, policy }),
    workflows: workflowReader({ clock, log, readFiles: gitReader(git) })
  })
}
