/**
 * Faults of the providers in a configuration, and of the lines that name them. This loads all kinds of providers, so only commands that need it
 * import it.
 */
import { excerpt, nearest } from '../../core/index.js'
import { placeOfKey } from '../authoring/positions.js'
import { KINDS } from '../providers/index.js'
import { entriesOf, impliedBy, providerNames } from './assemble.js'
import type { ReadConfiguration } from './configuration.js'
import type { Fault } from './faults.js'

const KIND_NAMES = KINDS.map(({ kind }) => kind)

const unknownKind = (kind: string): string => {
  const [first = '', ...others] = KIND_NAMES
  return `there is no kind of provider "${excerpt(kind)}". Did you mean "${nearest([first, ...others])(kind)}"? There are: ${KIND_NAMES.join(', ')}.`
}

/** What is wrong with a provider that the allow-list names; `null` if it exists. */
const unknownProvider = (provider: string, names: ReadonlyArray<string>): string | null => {
  if (names.includes(provider)) return null
  const [first, ...others] = names
  return `there is no provider "${excerpt(provider)}" under "providers". ${
    first === undefined ? 'There is none at all.' : `Did you mean "${nearest([first, ...others])(provider)}"? There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}.`
  }`
}

/** All faults of the entries, and of the environment as far as the entries use it. */
export const entryFaults = ({ configuration, path, places }: ReadConfiguration, environment: NodeJS.ProcessEnv): ReadonlyArray<Fault> =>
  [...entriesOf(configuration, environment)].flatMap(([name, { kind, settings }]): ReadonlyArray<Fault> => {
    const found = KINDS.find((one) => one.kind === kind)
    const place = placeOfKey('providers', name)
    const isInFile = configuration.providers.has(name)
    if (found === undefined) return [{ from: path, position: places(kind === name ? place : `${place}.kind`), sentence: unknownKind(kind) }]
    return found.faults(settings, environment).map(({ sentence, setting }) => {
      const what = setting === '' ? `"${name}"` : `"${excerpt(setting)}" of the provider "${name}"`
      return isInFile
        ? { from: path, position: places(setting === '' ? place : placeOfKey(place, setting)), sentence: `${what} ${sentence}` }
        : { from: impliedBy(kind), position: null, sentence: `${what} ${sentence}` }
    })
  })

/** The lines of the allow-list that name no provider, by index from 0. */
export const unknownProviders = (
  { configuration: { allow } }: ReadConfiguration,
  names: ReadonlyArray<string>
): ReadonlyArray<{ readonly line: number; readonly sentence: string }> =>
  allow.flatMap(({ provider }, line) => {
    const sentence = unknownProvider(provider, names)
    return sentence === null ? [] : [{ line, sentence }]
  })

/** All faults of providers that the file and the environment show. */
export const providerFaults = (read: ReadConfiguration, environment: NodeJS.ProcessEnv): ReadonlyArray<Fault> => [
  ...entryFaults(read, environment),
  ...unknownProviders(read, providerNames(read.configuration, environment)).map(({ line, sentence }) => ({
    from: read.path,
    position: read.places(`allow[${String(line)}].provider`),
    sentence
  }))
]
