/** Creates everything that the bridge acts through, from the operator's configuration: providers, and readers of records, files and repositories. */
import * as E from 'fp-ts/lib/Either.js'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createClockWatch } from '../lib/clock-watch.js'
import { limitedLog } from '../lib/log-limit.js'
import { accessReader } from '../outbound/access.js'
import { createDefinitions, type Definitions } from '../outbound/definitions.js'
import { createHandles, type Handles } from '../outbound/handles.js'
import { createDocuments } from '../outbound/documents.js'
import { addressesOf, gitReader } from '../outbound/git.js'
import { httpClient } from '../outbound/http-client.js'
import { recordReader } from '../outbound/records.js'
import { createSigningKeys, type SigningKeys } from '../outbound/signing-keys.js'
import { workflowReader } from '../outbound/workflows.js'
import type { AccessReader, Clock, Log, Records, Workflows } from '../ports.js'
import { gitCheckout } from '../providers/checkout.js'
import { wordsOf } from '../providers/common.js'
import { makeProvider } from '../providers/index.js'
import type { Provider } from '../providers/provider.js'
import type { Configuration } from './configuration.js'
import { hostsOf, type RunOptions } from './options.js'

export interface Assembly {
  readonly access: AccessReader
  readonly close: () => Promise<void>
  readonly definitions: Definitions
  /** Absent if handles are switched off. */
  readonly handles?: Handles
  readonly keys: SigningKeys
  readonly providers: ReadonlyArray<Provider>
  readonly records: Records
  readonly workflows: Workflows
}

/** A comma-separated list in a variable. */
const listIn = (text: string | undefined): ReadonlyArray<string> => (text ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '')

/**
 * Providers that need no entry in the file if the environment has what they need, as in the program that tack is modelled on. Other providers need a
 * URL, and so an entry.
 */
const IMPLIED: ReadonlyArray<{
  readonly kind: string
  readonly settings: (environment: NodeJS.ProcessEnv) => { readonly [setting: string]: unknown }
  /** The required variables. The first one decides whether the provider exists. */
  readonly variables: ReadonlyArray<string>
}> = [
  {
    kind: 'buildkite',
    settings: ({ TACK_BUILDKITE_ORGANIZATIONS: organizations }) => ({ organizations: listIn(organizations) }),
    variables: ['TACK_BUILDKITE_TOKEN', 'TACK_BUILDKITE_ORGANIZATIONS']
  }
]

/** The providers by name: those in the file, and those implied by the environment if the file has none of that kind. */
export const entriesOf = ({ providers }: Configuration, environment: NodeJS.ProcessEnv): Configuration['providers'] => {
  const kinds = new Set([...providers.values()].map(({ kind }) => kind))
  const implied = IMPLIED.filter(
    ({ kind, variables: [variable = ''] }) => (environment[variable] ?? '') !== '' && !kinds.has(kind) && !providers.has(kind)
  )
  return new Map([...implied.map(({ kind, settings }) => [kind, { kind, settings: settings(environment) }] as const), ...providers])
}

/** The names of the providers of a configuration. */
export const providerNames = (configuration: Configuration, environment: NodeJS.ProcessEnv): ReadonlyArray<string> => [
  ...entriesOf(configuration, environment).keys()
]

/** The variables that imply a provider of that kind. */
export const impliedBy = (kind: string): string => IMPLIED.filter((one) => one.kind === kind).flatMap(({ variables }) => variables).join(', ')

/** The time limit of reading a repository for a definition: the caller is waiting. */
const DEFINITION_MS = 25_000

const PUBLIC_PLC = 'https://plc.directory/'

/** Whether connections may go to this machine. */
export const policyOf = (options: Pick<RunOptions, 'allowLoopback' | 'dev'>) => ({
  allowLoopback: options.dev === true || options.allowLoopback === true
})

/** The policy for addresses in the operator's configuration: they may be anywhere. Those from records and knots may not. */
export const trustedPolicyOf = (options: Parameters<typeof policyOf>[0]) => ({ ...policyOf(options), trusted: true })

/** Creates an empty folder for temporary files. It belongs to the store, so anything in it is left from a killed process. */
const emptyFolder = async (path: string): Promise<void> => {
  await rm(path, { force: true, recursive: true })
  await mkdir(path, { mode: 0o700, recursive: true })
}

/**
 * Creates everything but the bridge itself. `Left` with a sentence if an entry of the configuration is wrong, or if the store's folder is not
 * writable; nothing keeps running then. Providers start to manage their folders at once, so the caller must hold the lock of the store.
 */
export const assemble = async (
  options: RunOptions,
  configuration: Configuration,
  { clock, environment, log }: { readonly clock: Clock; readonly environment: NodeJS.ProcessEnv; readonly log: Log }
): Promise<E.Either<string, Assembly>> => {
  const policy = policyOf(options)
  const isInsecure = options.dev === true
  const tmp = join(options.store, 'tmp')
  const emptied = await emptyFolder(tmp).then(E.right, (error: unknown) => E.left(`${tmp}: ${wordsOf(error)}`))
  if (E.isLeft(emptied)) return emptied
  const git = { clock, isInsecure, policy, tmp }
  const limited = limitedLog(clock, log)
  const onDate = createClockWatch(clock, log).observe
  const client = httpClient({ clock, onDate, policy: trustedPolicyOf(options) })
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
      return E.left(`"providers.${name}"${configuration.providers.has(name) ? '' : ` (from the environment: ${impliedBy(kind)})`}: ${made.left}`)
    }
    providers.push(made.right)
  }
  // The operator's own directory may be anywhere. The public one is a host like any other.
  const directory = options.plc.href === PUBLIC_PLC ? {} : { directory: options.plc.href.replace(/\/$/, '') }
  const documents = createDocuments({ clock, policy, ...directory })
  // A second queue: anybody may ask for definitions, as often as they like, and must not delay other reads of documents.
  const described = createDocuments({ clock, policy, ...directory })
  // With a shorter time limit, because the caller is waiting.
  const definitions = createDefinitions({ clock, documents: described, readFiles: gitReader({ ...git, timeoutMs: DEFINITION_MS }) })
  // On the embedded network, the directory serves the host names of its accounts, too.
  const local = options.dev === true && options.plc.protocol === 'http:' ? { localPort: Number(options.plc.port === '' ? 80 : options.plc.port) } : {}
  const handles = options.handles === 'off' ? undefined : createHandles({ clock, documents, policy, ...local })
  return E.right({
    access: accessReader({ clock, documents, hosts: hostsOf(options), isInsecure, policy }),
    close: async () => {
      await Promise.all([client.close(), definitions.close(), documents.close(), described.close(), handles?.close()])
    },
    definitions,
    ...(handles === undefined ? {} : { handles }),
    keys: createSigningKeys(clock, documents),
    providers,
    records: recordReader({ clock, log: limited, onDate, policy, ...directory }),
    workflows: workflowReader({ clock, log: limited, readFiles: gitReader(git) })
  })
}
