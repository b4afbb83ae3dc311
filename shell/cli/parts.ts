/** The parts of a configuration that are not command-line options: the allow-list, the limits of builds, the providers. */
import * as E from 'fp-ts/lib/Either.js'
import { type Allowed, excerpt, matchGlob, nearest } from '../../core/index.js'
import { placeOfKey } from '../authoring/positions.js'
import { isSettings } from '../providers/settings.js'

/** The contents of the file, apart from options of the command line. */
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

/** The parts of the file that are not options. */
export const PARTS = ['allow', 'builds', 'providers'] as const

/** Reports a fault at a place. */
export type Say = (place: string, sentence: string) => void

type Settings = { readonly [name: string]: unknown }

const PROVIDER_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

const LINE = ['pipelines', 'provider', 'repos'] as const

/** A value for an error message. Text in a wrong place may be a secret, and is not shown. */
export const describeValue = (u: unknown): string => {
  if (typeof u === 'string') return 'text'
  if (Array.isArray(u)) return 'a list'
  if (typeof u === 'number' || typeof u === 'boolean') return String(u)
  return u === null || u === undefined ? 'nothing' : 'settings'
}

/** Reports an unknown key. A key that is valid at the top level has probably been indented by mistake. */
const sayUnknown = (say: Say, place: string, key: string, value: unknown, known: readonly [string, ...ReadonlyArray<string>], ofFile: ReadonlyArray<string>): void => {
  const isLikeProvider = place === '' && (value === null || isSettings(value))
  const hint = isLikeProvider ? ' A provider goes under "providers", indented.' : ''
  const remedy =
    place !== '' && ofFile.includes(key)
      ? 'It is a setting of the whole file: do not indent it.'
      : `Did you mean "${nearest(known)(key)}"?${hint} There are: ${known.join(', ')}.`
  say(placeOfKey(place, key), `unknown setting "${excerpt(key)}"${place === '' ? '' : ` in "${place}"`}. ${remedy}`)
}

export const sayUnknowns = (say: Say, place: string, settings: Settings, known: readonly [string, ...ReadonlyArray<string>], ofFile: ReadonlyArray<string>): void => {
  for (const key of Object.keys(settings)) if (!known.includes(key)) sayUnknown(say, place, key, settings[key], known, ofFile)
}

interface Limit {
  readonly allowed: string
  readonly isAllowed: (n: number) => boolean
}

const MINUTES: Limit = { allowed: 'minutes: a number above 0, at most 43200 (30 days)', isAllowed: (n) => n > 0 && n <= 43_200 }

/** The size of four of the largest runs, up to one that takes a gibibyte or two of memory. */
const UNITS: Limit = { allowed: 'a whole number from 4194304 to 1073741824', isAllowed: (n) => Number.isInteger(n) && n >= 4_194_304 && n <= 1_073_741_824 }

const BUILDS: ReadonlyArray<readonly [name: keyof Configuration['builds'], limit: Limit]> = [
  ['keepStatuses', { allowed: 'a whole number from 100 to 1000000', isAllowed: (n) => Number.isInteger(n) && n >= 100 && n <= 1_000_000 }],
  ['keepUnits', UNITS],
  ['owedUnits', UNITS],
  ['pendingMinutes', MINUTES],
  ['runningMinutes', MINUTES]
]

const [[FIRST_BUILD], ...OTHER_BUILDS] = [...BUILDS] as const as readonly [(typeof BUILDS)[number], ...typeof BUILDS]

export const buildsIn = (u: unknown, say: Say, ofFile: ReadonlyArray<string>): Configuration['builds'] => {
  if (u === null || u === undefined) return {}
  if (!isSettings(u)) {
    say('builds', `"builds" must have settings, "name: value", indented; it is ${describeValue(u)}.`)
    return {}
  }
  sayUnknowns(say, 'builds', u, [FIRST_BUILD, ...OTHER_BUILDS.map(([name]) => name)], ofFile)
  const found: Array<readonly [string, number]> = []
  for (const [name, { allowed, isAllowed }] of BUILDS) {
    const value = Object.hasOwn(u, name) ? u[name] : undefined
    if (value === undefined) continue
    if (typeof value === 'number' && isAllowed(value)) found.push([name, value])
    else say(`builds.${name}`, `"${name}" must be ${allowed}; it is ${typeof value === 'string' ? `"${excerpt(value)}"` : describeValue(value)}.`)
  }
  return Object.fromEntries(found)
}

const DID_LIKE = 'did:plc:…/name, or did:plc:…/* for all of somebody’s'

const lineIn = (u: unknown, place: string, say: Say, ofFile: ReadonlyArray<string>): Allowed | null => {
  if (!isSettings(u)) {
    say(place, `a line of "allow" must have the settings "repos: …" and "provider: …"; it is ${describeValue(u)}.`)
    return null
  }
  sayUnknowns(say, place, u, LINE, ofFile)
  const unknown = Object.keys(u).filter((key) => !LINE.some((one) => one === key))
  const textAt = (key: (typeof LINE)[number], what: string): string | null => {
    const value = Object.hasOwn(u, key) ? u[key] : undefined
    if (typeof value === 'string') return value
    // The misspelled name has already been reported.
    if (value === undefined && unknown.some((one) => nearest(LINE)(one) === key)) return null
    if (value === undefined) say(place, `this line of "allow" has no "${key}": ${what}.`)
    else say(`${place}.${key}`, `"${key}" must be ${what}; it is ${describeValue(value)}.`)
    return null
  }
  const repos = textAt('repos', `a pattern of repositories, like ${DID_LIKE}`)
  const provider = textAt('provider', 'the name of a provider, as under "providers"')
  const pipelines = u['pipelines'] === undefined ? '**' : textAt('pipelines', 'a pattern of names of pipelines, in quotes if it begins with *')
  for (const [key, pattern, names] of [['repos', repos, ['', 'did:plc:a/a']], ['pipelines', pipelines, ['', 'a', 'a/a']]] as const) {
    if (pattern === null) continue
    // A pattern is validated only as far as matching a name reads it.
    const fault = names.map(matchGlob(pattern)).find(E.isLeft)
    if (fault !== undefined) say(`${place}.${key}`, `${fault.left}. Is a bracket or brace left open?`)
  }
  return pipelines === null || provider === null || repos === null ? null : { pipelines, provider, repos }
}

export const allowedIn = (u: unknown, say: Say, ofFile: ReadonlyArray<string>): ReadonlyArray<Allowed> => {
  if (u === null || u === undefined) return []
  if (Array.isArray(u)) return u.flatMap((line: unknown, i) => lineIn(line, `allow[${String(i)}]`, say, ofFile) ?? [])
  say('allow', `"allow" must be a list: each line begins with "- repos:"; it is ${describeValue(u)}.`)
  return []
}

export const providersIn = (u: unknown, say: Say): Configuration['providers'] => {
  const providers = new Map<string, { readonly kind: string; readonly settings: Settings }>()
  if (u === null || u === undefined) return providers
  if (!isSettings(u)) {
    say('providers', `"providers" must be a map of names to settings, without "- " before them; it is ${describeValue(u)}.`)
    return providers
  }
  for (const [name, entry] of Object.entries(u)) {
    const place = placeOfKey('providers', name)
    const isName = PROVIDER_NAME.test(name)
    if (!isName) say(place, `"${excerpt(name)}" cannot be the name of a provider: use up to 40 lower-case letters, digits and hyphens.`)
    // An empty entry is an entry.
    if (!isSettings(entry ?? {})) {
      say(place, `the provider "${excerpt(name)}" must have settings, "name: value", indented, or {}; it is ${describeValue(entry)}.`)
      continue
    }
    const { kind = name, ...settings } = (entry ?? {}) as Settings
    if (typeof kind !== 'string') say(`${place}.kind`, `"kind" must be the name of a kind of provider; it is ${describeValue(kind)}.`)
    else if (isName) providers.set(name, { kind, settings })
  }
  return providers
}
