/** What the bridge acts through, made of what the operator has decided: providers, and readers of records, files and repositories. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { addressesOf, gitReader } from '../git.js'
import { httpClient } from '../http-client.js'
import type { Clock, Log, Records, Workflows } from '../ports.js'
import { gitCheckout } from '../providers/checkout.js'
import { wordsOf } from '../providers/common.js'
import { makeProvider } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'
import { recordReader } from '../records.js'
import { limitedLog } from '../log-limit.js'
import { workflowReader } from '../workflows.js'
import type { Configuration } from './configuration.js'
import type { RunOptions } from './options.js'

export interface Parts {
  readonly close: () => Promise<void>
  readonly providers: ReadonlyArray<Provider>
  readonly records: Records
  readonly workflows: Workflows
}

/** A list in a variable: separated by commas. */
const listIn = (text: string | undefined): ReadonlyArray<string> => (text ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '')

/**
 * Providers that are there when the environment has what they need, without an entry in the file: as in the program tack is modelled on.
 * Others need an address, and so an entry.
 */
const IMPLIED: ReadonlyArray<{
  readonly kind: string
  readonly settings: (environment: NodeJS.ProcessEnv) => { readonly [setting: string]: unknown }
  /** The one without which it is not there, first. */
  readonly variables: ReadonlyArray<string>
}> = [
  {
    kind: 'buildkite',
    settings: ({ TACK_BUILDKITE_ORGANIZATIONS: organizations }) => ({ organizations: listIn(organizations) }),
    variables: ['TACK_BUILDKITE_TOKEN', 'TACK_BUILDKITE_ORGANIZATIONS']
  }
]

/** The providers by name: those of the file, and those that the environment implies where the file has none of their kind. */
const entriesOf = ({ providers }: Configuration, environment: NodeJS.ProcessEnv): Configuration['providers'] => {
  const kinds = new Set([...providers.values()].map(({ kind }) => kind))
  const implied = IMPLIED.filter(
    ({ kind, variables: [variable = ''] }) => (environment[variable] ?? '') !== '' && !kinds.has(kind) && !providers.has(kind)
  )
  return new Map([...implied.map(({ kind, settings }) => [kind, { kind, settings: settings(environment) }] as const), ...providers])
}

/** What the providers of a configuration are called. */
export const providerNames = (configuration: Configuration, environment: NodeJS.ProcessEnv): ReadonlyArray<string> => [
  ...entriesOf(configuration, environment).keys()
]

/** Where a provider comes from that is in no file. */
const impliedBy = (kind: string): string => ` (from the environment: ${IMPLIED.filter((one) => one.kind === kind).flatMap(({ variables }) => variables).join(', ')})`

const PUBLIC_PLC = 'https://plc.directory/'

/** Whether connections may go to this machine. */
export const policyOf = (options: Pick<RunOptions, 'allowLoopback' | 'dev'>) => ({
  allowLoopback: options.dev === true || options.allowLoopback === true
})

/** For addresses that the operator wrote down: they may be anywhere. What records and knots name may not. */
export const trustedPolicyOf = (options: Parameters<typeof policyOf>[0]) => ({ ...policyOf(options), trusted: true })

/** Makes a folder for temporary files. Whoever has the store has it: what is in it was left by a process that was killed. */
const emptyFolder = async (path: string): Promise<void> => {
  await rm(path, { force: true, recursive: true })
  await mkdir(path, { mode: 0o700, recursive: true })
}

/**
 * Everything but the bridge itself; `Left` with a sentence when an entry of the configuration is not as it must be, or the store takes no files, and then nothing is
 * left that goes on. Providers look after what is in their folders from the beginning: whoever assembles them for a store must have it.
 */
export const assemble = async (
  options: RunOptions,
  configuration: Configuration,
  { clock, environment, log }: { readonly clock: Clock; readonly environment: NodeJS.ProcessEnv; readonly log: Log }
): Promise<E.Either<string, Parts>> => {
  const policy = policyOf(options)
  const isInsecure = options.dev === true
  const tmp = join(options.store, 'tmp')
  const emptied = await emptyFolder(tmp).then(E.right, (error: unknown) => E.left(`${tmp}: ${wordsOf(error)}`))
  if (E.isLeft(emptied)) return emptied
  const git = { clock, isInsecure, policy, tmp }
  const limited = limitedLog(clock, log)
  const client = httpClient({ clock, policy: trustedPolicyOf(options) })
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
    if (E.isLeft(made)) {
      await Promise.all(providers.map((one) => one.close()))
      await client.close()
      return E.left(`"providers.${name}"${configuration.providers.has(name) ? '' : impliedBy(kind)}: ${made.left}`)
    }
    providers.push(made.right)
  }
  return E.right({
    close: () => client.close(),
    providers,
    // A directory of the operator's own may be anywhere; the public one is a host like any other.
    records: recordReader({ clock, log: limited, policy, ...(options.plc.href === PUBLIC_PLC ? {} : { directory: options.plc.href.replace(/\/$/, '') }) }),
    workflows: workflowReader({ clock, log: limited, readFiles: gitReader(git) })
  })
}
