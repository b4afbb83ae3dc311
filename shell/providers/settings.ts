/**
 * The settings of a provider's entry in the configuration, as a table: what each may be, its default, and the environment variable that it may come
 * from. All settings are checked at once, so that an operator sees all faults, each with its name.
 */
import * as E from 'fp-ts/lib/Either.js'
import { type Either } from 'fp-ts/lib/Either.js'
import { excerpt, nearest } from '../../core/index.js'
import { fileOf } from '../lib/variable-file.js'
import type { Kind, Provider, SettingFault, Surroundings } from './provider.js'

type Environment = Surroundings['environment']

/** One setting. `read` returns `undefined` for a value that is not allowed. */
export interface Setting<A> {
  /** What it may be, as the end of "must be …". */
  readonly allowed: string
  readonly isSecret: boolean
  /** The default; absent if the setting is required. */
  readonly otherwise?: A
  readonly read: (u: unknown) => A | undefined
  /** The environment variable to read if the entry lacks the setting. */
  readonly variable?: string
}

export type Table = { readonly [name: string]: Setting<unknown> }

export type Values<T extends Table> = { readonly [Name in keyof T]: T[Name] extends Setting<infer A> ? A : never }

// ---------------------------------------------------------------------------------------- kinds of settings

/** A number between `least` and `most`; a whole one if `isWhole`. */
export const numberFrom = (least: number, most: number, otherwise: number, isWhole = false): Setting<number> => ({
  allowed: `a ${isWhole ? 'whole number' : 'number'} from ${String(least)} to ${String(most)}`,
  isSecret: false,
  otherwise,
  read: (u) => (typeof u === 'number' && u >= least && u <= most && (!isWhole || Number.isInteger(u)) ? u : undefined)
})

/** A period in seconds, up to an hour. */
export const secondsFrom = (least: number, otherwise: number): Setting<number> => numberFrom(least, 3600, otherwise)

export const trueOrFalse = (otherwise: boolean): Setting<boolean> => ({
  allowed: 'true or false',
  isSecret: false,
  otherwise,
  read: (u) => (typeof u === 'boolean' ? u : undefined)
})

interface TextOptions<A> {
  readonly allowed: string
  readonly isSecret?: true
  readonly matches: (text: string) => boolean
  readonly otherwise?: A
  readonly variable?: string
}

/** A text that satisfies `matches`. */
export const text = ({ allowed, isSecret, matches, ...others }: TextOptions<string>): Setting<string> => ({
  allowed,
  isSecret: isSecret === true,
  ...others,
  read: (u) => (typeof u === 'string' && matches(u) ? u : undefined)
})

export const isUrl = (one: string): boolean => URL.canParse(one) && /^https?:$/.test(new URL(one).protocol)

/** A URL, without slashes at its end. */
export const address = (what: string, otherwise?: string): Setting<string> => ({
  allowed: `${what}, which begins with https:// or http://`,
  isSecret: false,
  ...(otherwise === undefined ? {} : { otherwise }),
  read: (u) => (typeof u === 'string' && isUrl(u) ? u.replace(/\/+$/, '') : undefined)
})

/** A list of at least one text. */
export const listOf = (what: string, matches: (text: string) => boolean): Setting<ReadonlyArray<string>> => ({
  allowed: `a list of ${what}, at least one`,
  isSecret: false,
  read: (u) => (Array.isArray(u) && u.length > 0 && u.every((one): one is string => typeof one === 'string' && matches(one)) ? u : undefined)
})

/** A shorter secret could be found by brute force from one signature. */
export const SHORTEST_SECRET = 16

const isLong = (secret: string): boolean => secret.length >= SHORTEST_SECRET

/** A secret that signs webhooks. `otherwise` is the default if it is absent. */
export const signingSecret = (variable: string, otherwise?: ''): Setting<string> =>
  text({
    allowed: `text of at least ${String(SHORTEST_SECRET)} characters`,
    isSecret: true,
    matches: isLong,
    ...(otherwise === undefined ? {} : { otherwise }),
    variable
  })

/** The token of a service. It is sent in a header. */
export const token = (variable: string): Setting<string> =>
  text({ allowed: 'a token: visible ASCII characters, without spaces', isSecret: true, matches: (one) => /^[\x21-\x7e]+$/.test(one), variable })

// ---------------------------------------------------------------------------------------- reading them

const shown = (u: unknown): string => {
  // A URL may contain a password.
  if (typeof u === 'string') return `"${excerpt(u.replace(/\/\/[^@/\s]*@/, '//***@'))}"`
  if (Array.isArray(u)) return u.length === 0 ? 'an empty list' : `[${excerpt(u.map((one) => (typeof one === 'object' ? '…' : String(one))).join(', '))}]`
  if (typeof u === 'number' || typeof u === 'boolean') return String(u)
  return u === null ? 'nothing' : 'settings'
}

const read = <A>(name: string, setting: Setting<A>, given: unknown, environment: Environment): Either<SettingFault, A> => {
  const { allowed, isSecret, otherwise, variable } = setting
  const fromEnvironment = variable === undefined ? '' : (environment[variable] ?? '')
  const isGiven = given !== undefined && given !== null
  if (!isGiven && fromEnvironment === '') {
    if (otherwise !== undefined) return E.right(otherwise)
    const also = variable === undefined ? '' : `, or ${variable} in the environment`
    return E.left({ isOfEnvironment: variable !== undefined, sentence: `is missing: set it${also}. It must be ${allowed}.`, setting: name })
  }
  const u = isGiven ? given : fromEnvironment
  const value = setting.read(u)
  if (value !== undefined) return E.right(value)
  const source = isGiven || variable === undefined ? '' : ` (it is from ${sourceOf(variable, environment)})`
  return E.left({ isOfEnvironment: !isGiven, sentence: `must be ${allowed}${source}${isSecret ? '' : `; it is ${shown(u)}`}.`, setting: name })
}

/** Where the value of a variable came from. */
const sourceOf = (variable: string, environment: Environment): string => {
  const file = fileOf(variable, environment)
  return file === null ? variable : `${file.variable}: ${file.path}`
}

const unknown = (name: string, [first, ...others]: ReadonlyArray<string>): SettingFault => ({
  isOfEnvironment: false,
  sentence:
    first === undefined
      ? 'is not a setting: this kind of provider has none.'
      : `is not a setting of this kind of provider. Did you mean "${nearest([first, ...others])(name)}"? There are: ${[first, ...others].join(', ')}.`,
  setting: name
})

/** Whether `u` holds settings by name, as an entry of the configuration does. */
export const isSettings = (u: unknown): u is { readonly [name: string]: unknown } => typeof u === 'object' && u !== null && !Array.isArray(u)

const readAll = <T extends Table>(table: T, u: unknown, environment: Environment): Either<ReadonlyArray<SettingFault>, Values<T>> => {
  if (!isSettings(u)) return E.left([{ isOfEnvironment: false, sentence: 'must have settings, "name: value".', setting: '' }])
  const names = Object.keys(table)
  const faults = Object.keys(u)
    .filter((name) => !names.includes(name))
    .map((name) => unknown(name, names))
  const values: Array<readonly [string, unknown]> = []
  for (const [name, setting] of Object.entries(table)) {
    const value = read(name, setting, Object.hasOwn(u, name) ? u[name] : undefined, environment)
    if (E.isLeft(value)) faults.push(value.left)
    else values.push([name, value.right])
  }
  return faults.length > 0 ? E.left(faults) : E.right(Object.fromEntries(values) as Values<T>)
}

interface Definition<T extends Table> extends Pick<Kind, 'kind' | 'reads'> {
  readonly create: (values: Values<T>, surroundings: Surroundings) => Provider
  /** Faults of values that are each allowed, but not together. */
  readonly together?: (values: Values<T>) => ReadonlyArray<Omit<SettingFault, 'isOfEnvironment'>>
  readonly settings: T
  /** Environment variables other than those of the settings. */
  readonly variables?: ReadonlyArray<string>
}

/** Defines a kind of provider from the table of its settings. */
export const defineKind = <T extends Table>({ create, kind, reads, settings, together = () => [], variables = [] }: Definition<T>): Kind => {
  const valuesOf = (u: unknown, environment: Environment): Either<ReadonlyArray<SettingFault>, Values<T>> => {
    const values = readAll(settings, u, environment)
    if (E.isLeft(values)) return values
    const faults = together(values.right).map((fault) => ({ ...fault, isOfEnvironment: false }))
    return faults.length > 0 ? E.left(faults) : values
  }
  return {
    faults: (u, environment) => E.match((faults: ReadonlyArray<SettingFault>) => faults, (): ReadonlyArray<SettingFault> => [])(valuesOf(u, environment)),
    kind,
    make: (u, surroundings) => {
      const values = valuesOf(u, surroundings.environment)
      if (E.isRight(values)) return E.right(create(values.right, surroundings))
      return E.left(values.left.map(({ sentence, setting }) => (setting === '' ? sentence : `"${excerpt(setting)}" ${sentence}`)).join(' '))
    },
    reads,
    variables: [...Object.values(settings).flatMap(({ variable }) => (variable === undefined ? [] : [variable])), ...variables].sort()
  }
}
