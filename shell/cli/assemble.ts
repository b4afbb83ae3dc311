/** Creates what the bridge acts through, from the operator's configuration: providers, and readers of records, files and repositories. */
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

export interface Parts {
  readonly access: AccessReader
  readonly close: () => Promise<void>
  readonly definitions: Definitions
  /** Absent where they are switched off. */
  readonly handles?: Handles
  readonly keys: SigningKeys
  readonly providers: ReadonlyArray<Provider>
  readonly records: Records
  readonly workflows: Workflows
}

/** A list in a variable, separated by commas. */
const listIn = (text: string | undefined): ReadonlyArray<string> => (text ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '')

/**
 * Providers that exist when the environment has what they need, without an entry in the file: as in the program that tack is modelled on. Others
 * need an address, and so an entry.
 */
const IMPLIED: ReadonlyArray<{
  readonly kind: string
  readonly settings: (environment: NodeJS.ProcessEnv) => { readonly [setting: string]: unknown }
  /** Required variables, the one that decides first. */
  readonly variables: ReadonlyArray<string>
}> = [
  {
    kind: 'buildkite',
    settings: ({ TACK_BUILDKITE_ORGANIZATIONS: organizations }) => ({ organizations: listIn(organizations) }),
    variables: ['TACK_BUILDKITE_TOKEN', 'TACK_BUILDKITE_ORGANIZATIONS']
  }
]

/** The providers by name: those in the file, and those implied by the environment where the file has none of their kind. */
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

/** The variables that a provider comes from which is not in the file. */
export const impliedBy = (kind: string): string => IMPLIED.filter((one) => one.kind === kind).flatMap(({ variables }) => variables).join(', ')

/** How long a repository may take to be read, where somebody waits for what is in it. */
const DEFINITION_MS = 25_000

const PUBLIC_PLC = 'https://plc.directory/'

/** Whether connections may go to this machine. */
export const policyOf = (options: Pick<RunOptions, 'allowLoopback' | 'dev'>) => ({
  allowLoopback: options.dev === true || options.allowLoopback === true
})

/** The policy for addresses in the operator's configuration: they may be anywhere. Those in records and from knots may not. */
export const trustedPolicyOf = (options: Parameters<typeof policyOf>[0]) => ({ ...policyOf(options), trusted: true })

/** Creates an empty folder for temporary files. It belongs to the store: leftovers are from a killed process. */
const emptyFolder = async (path: string): Promise<void> => {
  await rm(path, { force: true, recursive: true })
  await mkdir(path, { mode: 0o700, recursive: true })
}

/**
 * Everything but the bridge itself; `Left` with a sentence when an entry of the configuration is wrong, or the store takes no files; nothing is
 * left running then. Providers manage their folders from the beginning, so the caller must hold the store.
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
  const onDate = createClockWatch(clock, log).hear
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
  // The operator's own directory may be anywhere; the public one is a host like any other.
  const directory = options.plc.href === PUBLIC_PLC ? {} : { directory: options.plc.href.replace(/\/$/, '') }
  const documents = createDocuments({ clock, policy, ...directory })
  // Anybody may ask for a definition, as often as they like: that keeps nobody else's document waiting.
  const described = createDocuments({ clock, policy, ...directory })
  // Whoever asks for a definition waits for it.
  const definitions = createDefinitions({ clock, documents: described, readFiles: gitReader({ ...git, timeoutMs: DEFINITION_MS }) })
  // On the embedded network the directory serves the names of its accounts, too.
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
