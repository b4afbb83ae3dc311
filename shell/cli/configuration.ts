/**
 * The configuration file: YAML or JSON, one for everything. What can be said by a flag or in the environment can be said here as well, under
 * the flag's name, and counts for less; who may have what built, and by which providers, is said here alone.
 */
import { readFileSync } from 'node:fs'
import { type Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml'
import { Allowed, explain, matchGlob } from '../../core/index.js'

/** What the file says beyond the options of the command line. */
export interface Configuration {
  readonly allow: ReadonlyArray<Allowed>
  readonly builds: { readonly keepStatuses?: number; readonly pendingMinutes?: number; readonly runningMinutes?: number }
  /** Values of options, by their names. */
  readonly options: ReadonlyMap<string, unknown>
  /** By name; each with its `kind`, which is its name if not given. */
  readonly providers: ReadonlyMap<string, { readonly kind: string; readonly settings: { readonly [setting: string]: unknown } }>
}

export const NO_CONFIGURATION: Configuration = { allow: [], builds: {}, options: new Map(), providers: new Map() }

const Minutes = t.refinement(t.number, (n) => Number.isFinite(n) && n > 0 && n <= 43_200, 'minutes, more than 0, at most 43200 (30 days)')

const BuildsPart = t.exact(
  t.partial({
    keepStatuses: t.refinement(t.Int, (n) => n >= 100 && n <= 1_000_000, 'a whole number from 100 to 1000000'),
    pendingMinutes: Minutes,
    runningMinutes: Minutes
  }),
  'builds'
)

/** A part of the file that has names of the operator's own. */
const Named = t.record(t.string, t.UnknownRecord)

const PROVIDER_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** Parts of the file that are no options. */
const PARTS = ['allow', 'builds', 'providers']

const unknownIn = (what: string, keys: ReadonlyArray<string>, known: ReadonlyArray<string>): string | null => {
  const unknown = keys.find((key) => !known.includes(key))
  return unknown === undefined ? null : `${what} has no "${unknown}"; there are: ${known.join(', ')}`
}

const decoded = <A>(what: string, codec: t.Type<A, unknown>, u: unknown): E.Either<string, A> => {
  const result = codec.decode(u)
  return E.isLeft(result) ? E.left(`"${what}": ${explain(result.left)}`) : result
}

const allowedIn = (u: unknown): E.Either<string, ReadonlyArray<Allowed>> => {
  const list = decoded('allow', t.array(t.UnknownRecord), u)
  if (E.isLeft(list)) return list
  const lines: Array<Allowed> = []
  for (const [i, line] of list.right.entries()) {
    const what = `allow[${String(i)}]`
    const unknown = unknownIn(`"${what}"`, Object.keys(line), ['pipelines', 'provider', 'repos'])
    if (unknown !== null) return E.left(unknown)
    const allowed = decoded(what, Allowed, { pipelines: '*', ...line })
    if (E.isLeft(allowed)) return allowed
    for (const pattern of [allowed.right.repos, allowed.right.pipelines]) {
      const tried = matchGlob(pattern)('')
      if (E.isLeft(tried)) return E.left(`"${what}": the pattern "${pattern}" cannot be read: ${tried.left}`)
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
    if (!PROVIDER_NAME.test(name)) return E.left(`"providers": "${name}" is no name: small letters, digits and hyphens, at most 40`)
    if (typeof kind !== 'string') return E.left(`"providers.${name}": its kind is not text`)
    providers.set(name, { kind, settings })
  }
  return E.right(providers)
}

/** What is wrong with YAML, and in which line. The text itself is not repeated: there may be secrets in it. */
const faultOf = (error: unknown): string =>
  error instanceof YAMLException ? `line ${String(error.mark.line + 1)}: ${error.reason}` : 'it is not YAML'

/**
 * What the text of a configuration file says.
 *
 * @param options - the names of the options that may stand in it
 * @returns `Left` with a sentence that names the place and what is allowed there
 */
export const parseConfiguration = (text: string, options: ReadonlyArray<string>): E.Either<string, Configuration> => {
  const value = E.tryCatch((): unknown => load(text, { schema: CORE_SCHEMA }), faultOf)
  if (E.isLeft(value)) return value
  const file = decoded('the file', t.UnknownRecord, value.right ?? {})
  if (E.isLeft(file)) return E.left('it is not a list of settings, "name: value"')
  const unknown = unknownIn('the file', Object.keys(file.right), [...options, ...PARTS])
  if (unknown !== null) return E.left(unknown)

  const { allow = [], builds = {}, providers = {}, ...others } = file.right
  const lines = allowedIn(allow)
  if (E.isLeft(lines)) return lines
  const part = decoded('builds', t.UnknownRecord, builds)
  if (E.isLeft(part)) return part
  const unknownBuild = unknownIn('"builds"', Object.keys(part.right), ['keepStatuses', 'pendingMinutes', 'runningMinutes'])
  if (unknownBuild !== null) return E.left(unknownBuild)
  const limits = decoded('builds', BuildsPart, builds)
  if (E.isLeft(limits)) return limits
  const named = providersIn(providers)
  if (E.isLeft(named)) return named
  return E.right({ allow: lines.right, builds: limits.right, options: new Map(Object.entries(others)), providers: named.right })
}

/** Where the configuration file is, if there is one: `--config FILE`, or TACK_CONFIG. */
export const configurationPath = (args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): string | null => {
  const at = args.findIndex((arg) => arg === '--config' || arg.startsWith('--config='))
  const arg = args[at]
  if (arg === undefined) return environment['TACK_CONFIG'] ?? null
  return arg === '--config' ? (args[at + 1] ?? null) : arg.slice('--config='.length)
}

/** Reads the configuration file. @returns `Left` with a sentence that begins with the path. */
export const readConfiguration = (path: string, options: ReadonlyArray<string>): E.Either<string, Configuration> => {
  const text = E.tryCatch(
    () => readFileSync(path, 'utf8'),
    (error) => `${path}: it cannot be read: ${error instanceof Error ? error.message : String(error)}`
  )
  if (E.isLeft(text)) return text
  const configuration = parseConfiguration(text.right, options)
  return E.isLeft(configuration) ? E.left(`${path}: ${configuration.left}`) : configuration
}

/**
 * Gives options what the file says as their defaults, so that flags and the environment count for more.
 *
 * @throws what an option's own check throws, with the name of the option
 */
export const applyTo = ({ options: values }: Configuration, options: ReadonlyArray<Option>): void => {
  for (const option of options) {
    const value = values.get(option.attributeName())
    if (value === undefined || value === null) continue
    const isFlag = option.isBoolean()
    if (isFlag !== (typeof value === 'boolean')) throw new Error(`"${option.attributeName()}": ${isFlag ? 'true or false is' : 'a text or a number is'} expected`)
    if (isFlag) option.default(value === true ? true : undefined)
    else if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`"${option.attributeName()}": a text or a number is expected`)
    else {
      const text = String(value)
      option.default(parsed(option, text), text)
    }
  }
}

const parsed = (option: Option, text: string): unknown => {
  const { parseArg } = option
  if (parseArg === undefined) return text
  try {
    parseArg(text, undefined); return;
  } catch (error) {
    throw new Error(`"${option.attributeName()}" ${JSON.stringify(text)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
