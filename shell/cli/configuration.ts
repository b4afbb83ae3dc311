/**
 * The configuration file: YAML or JSON, one for everything. Every option of the command line can be set here, by its name, with the lowest
 * priority; providers and the allow-list can be set only here.
 */
import type { Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Allowed, excerpt, explain, matchGlob } from '../../core/index.js'
import { parseYaml, type YamlFault } from '../outbound/yaml.js'

/** The file's content beyond the options of the command line. */
export interface Configuration {
  readonly allow: ReadonlyArray<Allowed>
  readonly builds: {
    readonly keepStatuses?: number
    readonly keepUnits?: number
    readonly owedUnits?: number
    readonly pendingMinutes?: number
    readonly runningMinutes?: number
  }
  /** Values of options, by their names. */
  readonly options: ReadonlyMap<string, unknown>
  /** By name; each with its `kind`, which is the name by default. */
  readonly providers: ReadonlyMap<string, { readonly kind: string; readonly settings: { readonly [setting: string]: unknown } }>
}

export const NO_CONFIGURATION: Configuration = { allow: [], builds: {}, options: new Map(), providers: new Map() }

const Minutes = t.refinement(t.number, (n) => Number.isFinite(n) && n > 0 && n <= 43_200, 'minutes, more than 0, at most 43200 (30 days)')

/** As much as four runs may be, to a gibibyte or two of memory. */
const Units = t.refinement(t.Int, (n) => n >= 4_194_304 && n <= 1_073_741_824, 'a whole number from 4194304 to 1073741824')

const BuildsPart = t.exact(
  t.partial({
    keepStatuses: t.refinement(t.Int, (n) => n >= 100 && n <= 1_000_000, 'a whole number from 100 to 1000000'),
    keepUnits: Units,
    owedUnits: Units,
    pendingMinutes: Minutes,
    runningMinutes: Minutes
  }),
  'builds'
)

/** A mapping in the file, as an operator would call it. */
const Part = new t.Type('settings, "name: value"', t.UnknownRecord.is, t.UnknownRecord.validate, t.identity)

/** A mapping with keys that the operator chose. An empty entry is an entry. */
const Named = t.record(
  t.string,
  new t.Type(Part.name, Part.is, (u, context) => Part.validate(u ?? {}, context), t.identity),
  'names, each with settings'
)

const PROVIDER_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** Longer than any real file: a wrong path may lead to anything. */
const MAX_BYTES = 1_048_576

/** The limit of values, with aliases expanded. */
const MAX_VALUES = 100_000

/** Options whose values are never shown. */
const SECRETS: ReadonlySet<string> = new Set(['adminToken'])

/** Options whose values are paths: those in the file are relative to its folder, wherever tack is started. */
const PATHS: ReadonlySet<string> = new Set(['store'])

/** Parts of the file that are not options. */
const PARTS = ['allow', 'builds', 'providers']

const unknownIn = (what: string, keys: ReadonlyArray<string>, known: ReadonlyArray<string>): string | null => {
  const unknown = keys.find((key) => !known.includes(key))
  return unknown === undefined ? null : `${what} has no "${excerpt(unknown)}"; there are: ${known.join(', ')}`
}

const decoded = <A>(what: string, codec: t.Type<A, unknown>, u: unknown): E.Either<string, A> => {
  const result = codec.decode(u)
  return E.isLeft(result) ? E.left(`"${what}": ${explain(result.left)}`) : result
}

const allowedIn = (u: unknown): E.Either<string, ReadonlyArray<Allowed>> => {
  const list = decoded('allow', t.array(Part, 'a list'), u)
  if (E.isLeft(list)) return list
  const lines: Array<Allowed> = []
  for (const [i, line] of list.right.entries()) {
    const what = `allow[${String(i)}]`
    const unknown = unknownIn(`"${what}"`, Object.keys(line), ['pipelines', 'provider', 'repos'])
    if (unknown !== null) return E.left(unknown)
    const allowed = decoded(what, Allowed, { pipelines: '**', ...line })
    if (E.isLeft(allowed)) return allowed
    const { pipelines, repos } = allowed.right
    for (const [pattern, names] of [[repos, ['', 'did:plc:a/a']], [pipelines, ['', 'a', 'a/a']]] as const) {
      // A pattern is checked only as far as a name leads into it.
      const fault = names.map(matchGlob(pattern)).find(E.isLeft)
      if (fault !== undefined) return E.left(`"${what}": ${fault.left}`)
    }
    lines.push(allowed.right)
  }
  return E.right(lines)
}

const providersIn = (u: unknown): E.Either<string, Configuration['providers']> => {
  const named = decoded('providers', Named, u)
  if (E.isLeft(named)) return named
  const providers = new Map<string, { readonly kind: string; readonly settings: { readonly [setting: string]: unknown } }>()
  for (const [name, { kind = name, ...settings }] of Object.entries(named.right)) {
    if (!PROVIDER_NAME.test(name)) return E.left(`"providers": "${excerpt(name)}" is not a valid name: use up to 40 lower-case letters, digits and hyphens`)
    if (typeof kind !== 'string') return E.left(`"providers.${name}": its "kind" is not text`)
    providers.set(name, { kind, settings })
  }
  return E.right(providers)
}

/** The YAML error and its line. The text itself is not quoted: it may hold secrets. */
const faultOf = (fault: YamlFault): string => {
  if (fault._tag === 'Immodest') return `it comes to more than ${String(MAX_VALUES)} values`
  return fault.reason === '' ? 'it is not YAML' : `${fault.line === null ? '' : `line ${String(fault.line)}: `}${fault.reason}`
}

/**
 * Parses a configuration file.
 *
 * @param options - the names of the options that may be in it
 *
 * @returns `Left` with a sentence that names the place and what is allowed there
 */
export const parseConfiguration = (text: string, options: ReadonlyArray<string>): E.Either<string, Configuration> => {
  const value = parseYaml(text, MAX_VALUES)
  if (E.isLeft(value)) return E.left(faultOf(value.left))
  const file = decoded('the file', Part, value.right ?? {})
  if (E.isLeft(file)) return E.left('not a mapping of settings, like "hostname: ci.example.com"')
  const unknown = unknownIn('the file', Object.keys(file.right), [...options, ...PARTS])
  if (unknown !== null) return E.left(unknown)

  const { allow = [], builds = {}, providers = {}, ...others } = file.right
  const lines = allowedIn(allow)
  if (E.isLeft(lines)) return lines
  const part = decoded('builds', Part, builds)
  if (E.isLeft(part)) return part
  const unknownBuild = unknownIn('"builds"', Object.keys(part.right), ['keepStatuses', 'keepUnits', 'owedUnits', 'pendingMinutes', 'runningMinutes'])
  if (unknownBuild !== null) return E.left(unknownBuild)
  const limits = decoded('builds', BuildsPart, builds)
  if (E.isLeft(limits)) return limits
  const named = providersIn(providers)
  if (E.isLeft(named)) return named
  return E.right({ allow: lines.right, builds: limits.right, options: new Map(Object.entries(others)), providers: named.right })
}

/** The path of the configuration file, if there is one: from `--config FILE`, or TACK_CONFIG. Arguments after `--` are not flags. */
export const configurationPath = (args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): string | null => {
  const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  const at = flags.findIndex((arg) => arg === '--config' || arg.startsWith('--config='))
  const arg = flags[at]
  if (arg === undefined) return environment['TACK_CONFIG'] ?? null
  return arg === '--config' ? (flags[at + 1] ?? null) : arg.slice('--config='.length)
}

/** The first bytes of a file, one more than the limit. It need not be a regular file: a secret may come from a pipe. */
const beginningOf = (path: string): Buffer => {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MAX_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0; length += read) read = readSync(file, bytes, length, bytes.length - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

const textOf = (path: string): E.Either<string, string> => {
  const bytes = E.tryCatch(
    () => beginningOf(path),
    (error) => `${path}: it cannot be read: ${error instanceof Error ? error.message : String(error)}`
  )
  if (E.isLeft(bytes)) return bytes
  if (bytes.right.length > MAX_BYTES) return E.left(`${path}: larger than ${String(MAX_BYTES)} bytes`)
  return isUtf8(bytes.right) ? E.right(bytes.right.toString()) : E.left(`${path}: not UTF-8`)
}

/** Whether it is text, or a number meant as text, like a path of digits. */
const isText = (value: unknown): boolean => typeof value === 'number' || (typeof value === 'string' && value !== '')

/** The options of a file in `folder`, its paths made absolute. */
const seenFrom = (folder: string, options: Configuration['options']): Configuration['options'] =>
  new Map([...options].map(([name, value]) => [name, PATHS.has(name) && isText(value) ? resolve(folder, String(value)) : value]))

/** Reads the configuration file. @returns `Left` with a sentence that begins with the path. */
export const readConfiguration = (path: string, options: ReadonlyArray<string>): E.Either<string, Configuration> => {
  const text = textOf(path)
  if (E.isLeft(text)) return text
  const configuration = parseConfiguration(text.right, options)
  if (E.isLeft(configuration)) return E.left(`${path}: ${configuration.left}`)
  return E.right({ ...configuration.right, options: seenFrom(resolve(dirname(path)), configuration.right.options) })
}

const FROM_FILE = /^(TACK_[A-Z0-9_]+)_FILE$/
const SECRET_BYTES = 65_536

/**
 * The resolved environment: empty variables of ours are absent, and `TACK_X_FILE` names a file with the value of `TACK_X`, without its final line
 * feed. So secrets can come from systemd or Docker. `TACK_X` itself has priority.
 *
 * @returns `Left` with a sentence that names the variable and the file, and never its content
 */
export const environmentOf = (environment: NodeJS.ProcessEnv): E.Either<string, NodeJS.ProcessEnv> => {
  const meant = new Map(Object.entries(environment).filter(([name, value]) => !(name.startsWith('TACK_') && value === '')))
  for (const [variable, path = ''] of [...meant]) {
    const [, name] = FROM_FILE.exec(variable) ?? []
    if (name === undefined) continue
    meant.delete(variable)
    if (meant.has(name)) continue
    const text = E.tryCatch(
      () => readFileSync(path, 'utf8'),
      (error) => `${variable}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`
    )
    if (E.isLeft(text)) return text
    if (text.right.length > SECRET_BYTES) return E.left(`${variable}: ${path} is longer than ${String(SECRET_BYTES)} characters`)
    const value = text.right.replace(/\r?\n$/, '')
    if (value === '') return E.left(`${variable}: ${path} is empty`)
    if (/[\r\n\0]/.test(value)) return E.left(`${variable}: ${path} has more than one line`)
    meant.set(name, value)
  }
  return E.right(Object.fromEntries(meant))
}

/**
 * Sets defaults of options from the file, so that flags and the environment have priority.
 *
 * @throws what an option's own check throws, with the name of the option
 */
export const applyTo = ({ options: values }: Configuration, options: ReadonlyArray<Option>): void => {
  for (const option of options) {
    const name = option.attributeName()
    const value = values.get(name)
    if (value === undefined || value === null) continue
    if (option.isBoolean()) {
      if (typeof value !== 'boolean') throw new Error(`"${name}": expected true or false`)
      option.default(value ? true : undefined)
    } else if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value)
      option.default(parsed(option, text), SECRETS.has(name) ? 'from the configuration file' : text)
    } else throw new Error(`"${name}": expected a text or a number`)
  }
}

const parsed = (option: Option, text: string): unknown => {
  const { parseArg } = option
  if (parseArg === undefined) return text
  try {
    return parseArg<unknown>(text, undefined)
  } catch (error) {
    const name = option.attributeName()
    const given = SECRETS.has(name) ? '' : ` ${JSON.stringify(excerpt(text))}`
    throw new Error(`"${name}"${given}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
