/**
 * The configuration file: YAML or JSON, one for everything. Every option of the command line can be set here, by its name, with the lowest priority.
 * Providers and the allow-list can be set only here. All faults are reported at once, each with its position.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Places, placesIn, START } from '../authoring/positions.js'
import { parseYaml, type YamlFault } from '../outbound/yaml.js'
import { exposure } from './environment.js'
import { type Fault, whyUnread } from './faults.js'
import { isSettings } from '../providers/settings.js'
import { allowedIn, buildsIn, type Configuration, NO_CONFIGURATION, PARTS, providersIn, type Say, sayUnknowns, describeValue } from './parts.js'
import { duplicates, jsonFault, type SyntaxFault, yamlFaults } from './syntax.js'

export { type Configuration, NO_CONFIGURATION }

/** A configuration that was read: the valid parts, and all faults. */
export interface ReadConfiguration {
  readonly configuration: Configuration
  readonly faults: ReadonlyArray<Fault>
  /** Whether the file was read as a whole, or does not exist. Otherwise nothing of it is known. */
  readonly isWhole: boolean
  /** The path of the file; empty if there is none. */
  readonly path: string
  /** Finds the position of a place in the file. */
  readonly places: Places
  /** Warnings for the operator. */
  readonly remarks: ReadonlyArray<string>
}

export const NOTHING_READ: ReadConfiguration = { configuration: NO_CONFIGURATION, faults: [], isWhole: true, path: '', places: () => START, remarks: [] }

/** Longer than any real file: a wrong path may lead to anything. */
const MAX_BYTES = 1_048_576

/** The limit of values, with aliases expanded. */
const MAX_VALUES = 100_000

/** Settings whose values are secrets, at any level. */
const SECRET_SETTINGS: ReadonlySet<string> = new Set(['adminToken', 'password', 'secret', 'token', 'webhookSecret'])

/** Options whose values are paths: in the file, they are relative to its folder, wherever tack is started. */
const PATHS: ReadonlySet<string> = new Set(['store'])

// ---------------------------------------------------------------------------------------- the text

/** The parser's message is dropped: it may quote secrets. */
const notYaml = (text: string, fault: YamlFault): ReadonlyArray<SyntaxFault> => {
  if (fault._tag === 'Immodest') return [{ position: null, sentence: `it has more than ${String(MAX_VALUES)} values.` }]
  const { line, reason } = fault
  // The parser with better messages does not support such a depth.
  const faults = /maxDepth/.test(reason) ? [] : yamlFaults(text)
  if (faults.length > 0) return faults
  const what = /alias/.test(reason)
    ? 'a value that begins with *. Put it in quotes, like "**"'
    : /single document/.test(reason)
      ? 'it has a second document. Remove the line "---" between them'
      : /null byte/.test(reason)
        ? 'a character that cannot be in a text file'
        : /maxDepth/.test(reason)
          ? 'brackets are nested too deeply'
          : 'this is not YAML'
  return [{ position: line === null ? null : { column: 1, line }, sentence: `${what}.` }]
}

interface Parsed {
  readonly configuration: Configuration
  readonly faults: ReadonlyArray<SyntaxFault>
  readonly isWhole: boolean
  readonly places: Places
}

const broken = (faults: ReadonlyArray<SyntaxFault>): Parsed => ({ configuration: NO_CONFIGURATION, faults, isWhole: false, places: () => START })

const isJson = (text: string): boolean => E.isRight(E.tryCatch(() => void JSON.parse(text), () => null))

/**
 * Parses a configuration file.
 *
 * @param options - the names of the options that may be in it
 * @param mustBeJson - whether only JSON is allowed, according to the file's extension
 */
export const parseConfiguration = (text: string, options: ReadonlyArray<string>, mustBeJson = false): Parsed => {
  if (mustBeJson && !isJson(text)) return broken([jsonFault(text)])
  const value = parseYaml(text, MAX_VALUES)
  if (E.isLeft(value)) return broken(notYaml(text, value.left))
  const file = value.right ?? {}
  if (!isSettings(file)) {
    const sentence = `the file must consist of settings, "name: value", like "hostname: ci.example.com"; it is ${describeValue(file)}.`
    return broken([{ position: START, sentence }])
  }

  const places = placesIn(text)
  const faults: Array<SyntaxFault> = [...duplicates(text)]
  const say: Say = (place, sentence) => void faults.push({ position: places(place), sentence })
  const { allow, builds, providers, ...others } = file
  const ofFile = [...options, ...PARTS]
  const [first = 'hostname', ...rest] = ofFile
  sayUnknowns(say, '', others, [first, ...rest], ofFile)
  const configuration: Configuration = {
    allow: allowedIn(allow, say, ofFile),
    builds: buildsIn(builds, say, ofFile),
    options: new Map(Object.entries(others).filter(([name]) => options.includes(name))),
    providers: providersIn(providers, say)
  }
  return { configuration, faults, isWhole: true, places }
}

/** The path of the configuration file, if there is one: from `--config FILE`, or TACK_CONFIG. Arguments after `--` are not flags. */
export const configurationPath = (args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): string | null => {
  const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  const at = flags.findIndex((arg) => arg === '--config' || arg.startsWith('--config='))
  const arg = flags[at]
  if (arg === undefined) return environment['TACK_CONFIG'] ?? null
  return arg === '--config' ? (flags[at + 1] ?? null) : arg.slice('--config='.length)
}

/** The beginning of a file, up to one byte more than the limit, and its permissions. It need not be a regular file: a secret may come from a pipe. */
const beginningOf = (path: string): { readonly bytes: Buffer; readonly mode: number } => {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MAX_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0; length += read) read = readSync(file, bytes, length, bytes.length - length, null)
    return { bytes: bytes.subarray(0, length), mode: fstatSync(file).mode }
  } finally {
    closeSync(file)
  }
}

const why = (error: unknown): string => whyUnread(error, { absent: 'set its path with --config or TACK_CONFIG', folder: ': name the file in it' })

/** Whether it is text, or a number that is meant as text, like a path of digits. */
const isText = (value: unknown): boolean => typeof value === 'number' || (typeof value === 'string' && value !== '')

/** The options of a file in `folder`, with absolute paths. */
const seenFrom = (folder: string, options: Configuration['options']): Configuration['options'] =>
  new Map([...options].map(([name, value]) => [name, PATHS.has(name) && isText(value) ? resolve(folder, String(value)) : value]))

const hasSecret = ({ options, providers }: Configuration): boolean =>
  [...options.keys(), ...[...providers.values()].flatMap(({ settings }) => Object.keys(settings))].some((name) => SECRET_SETTINGS.has(name))

/** Reads the configuration file. Never throws. */
export const readConfiguration = (path: string, options: ReadonlyArray<string>): ReadConfiguration => {
  const unread = (sentence: string): ReadConfiguration => ({ ...NOTHING_READ, faults: [{ from: path, position: null, sentence }], isWhole: false, path })
  const beginning = E.tryCatch(() => beginningOf(path), why)
  if (E.isLeft(beginning)) return unread(`the configuration file cannot be read: ${beginning.left}.`)
  const { bytes, mode } = beginning.right
  if (bytes.length > MAX_BYTES) return unread(`this is not a configuration file: it is larger than ${String(MAX_BYTES)} bytes.`)
  if (!isUtf8(bytes)) return unread('this is not a configuration file: it is not UTF-8.')
  const { configuration, faults, isWhole, places } = parseConfiguration(bytes.toString(), options, path.endsWith('.json'))
  const remark = hasSecret(configuration) ? exposure(path, mode) : null
  return {
    configuration: { ...configuration, options: seenFrom(resolve(dirname(path)), configuration.options) },
    faults: faults.map((fault) => ({ from: path, ...fault })),
    isWhole,
    path,
    places,
    remarks: remark === null ? [] : [remark]
  }
}
