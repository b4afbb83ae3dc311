/**
 * Flags, environment variables, and their allowed values. A bad value ends the program with one line that names it.
 *
 * The environment variables have the names of the Go program that tack is modelled on, so that its operators can switch.
 */
import { InvalidArgumentError, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { resolve } from 'node:path'
import { type Backoff, Config, defaults, Did, explain, type HostPolicy, TimeUs } from '../../core/index.js'
import { type ListenAddress, listenAddress } from '../inbound/http/address.js'
import type { LogFormat, LogLevel } from '../lib/log.js'
import { serverOf } from '../outbound/jetstream.js'
import type { Configuration } from './configuration.js'

export interface RunOptions {
  readonly adminToken?: string
  readonly admission: 'open' | 'members'
  readonly allowLoopback?: true
  readonly backfill?: 'on' | 'off'
  readonly collaborators: 'knots' | 'records'
  readonly cursor?: TimeUs
  readonly dev?: true
  readonly handles?: 'on' | 'off'
  readonly hostname: string
  readonly jetstream: URL
  readonly listen: ListenAddress
  readonly log?: LogFormat
  readonly logLevel: LogLevel
  readonly maxBackoff?: number
  readonly owner: string
  readonly plc: URL
  readonly rewind: number
  /** An absolute path. */
  readonly store: string
  readonly tolerance: number
}

// ---------------------------------------------------------------------------------------- values

const hostname = (text: string): string => {
  if (/^[a-z0-9.-]+(?::[0-9]+)?$/.test(text)) return text
  // Quotes of a text that was pasted from a page are letters of a name to the platform.
  const bare = text.replace(/^[“”„‘’‚«»"']+|[“”„‘’‚«»"']+$/g, '')
  const url = bare.includes('://') ? bare : `https://${bare}`
  const meant = URL.canParse(url) ? new URL(url).host : ''
  const hint = /^[a-z0-9.-]+(?::[0-9]+)?$/.test(meant) ? ` Write ${meant}.` : ''
  throw new InvalidArgumentError(`Allowed: the bare host name that repositories name as their spindle, in lower case, like ci.example.com.${hint}`)
}

const did = (text: string): string => {
  if (Did.is(text)) return text
  const hint = Did.is(`did:${text}`)
    ? ` Write did:${text}.`
    : /^@?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(text)
      ? ` This is a handle; its DID is at https://bsky.social/xrpc/com.atproto.identity.resolveHandle?handle=${text.replace('@', '')}`
      : ''
  throw new InvalidArgumentError(`Allowed: a DID, like did:plc:ewvi7nxzyoun6zhxrhs64oiz.${hint}`)
}

const websocketUrl = (text: string): URL => {
  if (URL.canParse(text)) {
    const url = new URL(text)
    if (url.protocol === 'wss:' || url.protocol === 'ws:') return url
    if (/^https?:$/.test(url.protocol)) throw new InvalidArgumentError(`Allowed: a URL that begins with wss:// or ws://. Write ${text.replace(/^http/, 'ws')}`)
  }
  throw new InvalidArgumentError('Allowed: a URL that begins with wss:// or ws://.')
}

const httpUrl = (text: string): URL => {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text)
  throw new InvalidArgumentError('Allowed: a URL that begins with https:// or http://.')
}

const address = (text: string): ListenAddress => {
  const parsed = listenAddress(text)
  if (E.isRight(parsed)) return parsed.right
  const hint = /^[0-9]{1,5}$/.test(text) ? ` Write :${text}, or 127.0.0.1:${text} for this machine alone.` : /^[a-z0-9.-]+$/i.test(text) ? ` Write ${text}:8080, with a port.` : ''
  throw new InvalidArgumentError(`Allowed: an address to listen on, like :8080 or 127.0.0.1:8080.${hint}`)
}

const TOKEN_MIN = 16

const token = (text: string): string => {
  if (/^[\x21-\x7e]+$/.test(text) && text.length >= TOKEN_MIN) return text
  throw new InvalidArgumentError(`Allowed: at least ${String(TOKEN_MIN)} visible ASCII characters, without spaces.`)
}

const secondsFrom =
  (least: number) =>
  (text: string): number => {
    const s = /^[0-9]{1,7}(?:\.[0-9]{1,6})?$/.test(text) ? Number(text) : NaN
    if (s >= least) return s
    throw new InvalidArgumentError(`Allowed: seconds, ${String(least)} to 9999999, with or without a fraction.`)
  }

const seconds = secondsFrom(0)

/** Newer servers read a lower cursor as a sequence number. */
const EARLIEST_US = 1_000_000_000_000_000

/** A time, written in microseconds or as a date. */
const moment = (text: string): TimeUs => {
  const us = /^[0-9]{16}$/.test(text) ? Number(text) : /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) * 1000 : NaN
  if (TimeUs.is(us) && us >= EARLIEST_US) return us
  throw new InvalidArgumentError('Allowed: microseconds since 1970 (16 digits), or a date like 2026-01-31T12:00:00Z.')
}

// ---------------------------------------------------------------------------------------- options

const BASICS = 'Basics:'
const SERVED = 'Serving:'
const STREAM = 'Record stream and members:'
const DEVELOPMENT = 'Development:'
const LOGGING = 'Logging:'

/** Only declares the flag: the configuration file is read before flags are parsed. */
export const configOption = (): Option =>
  new Option('--config <file>', 'a configuration file, YAML or JSON: providers, the allow-list, and any of these options').env('TACK_CONFIG').helpGroup(BASICS)

/**
 * A path from a flag or the environment, relative to the working folder. It is made absolute once, here: processes that are started later run in
 * other folders, where the same path would mean something else. (Paths from the file are absolute already.)
 */
const path = (text: string): string => {
  if (text !== '' && !text.includes('\0')) return resolve(text)
  throw new InvalidArgumentError('Allowed: the path of a folder.')
}

const STORE = '.tack'

export const storeOption = (): Option =>
  new Option('--store <folder>', 'where everything is stored; created if missing').env('TACK_DB_PATH').argParser(path).default(resolve(STORE), STORE).helpGroup(BASICS)

export const serverOption = (description = 'the address of tack (default: the one on this machine, where "run" would listen)'): Option =>
  new Option('--server <url>', description).env('TACK_SERVER').argParser(httpUrl)

export const runOptions = (): ReadonlyArray<Option> => [
  configOption(),
  new Option('--hostname <host>', 'the public host name of this spindle, as repositories name it, like ci.example.com')
    .env('TACK_HOSTNAME')
    .argParser(hostname)
    .helpGroup(BASICS),
  new Option('--owner <did>', 'the DID of the owner, who decides who is a member').env('TACK_OWNER_DID').argParser(did).helpGroup(BASICS),
  storeOption(),
  new Option('--listen <address>', 'the address to serve statuses, logs, webhooks and the page on')
    .env('TACK_LISTEN_ADDR')
    .argParser(address)
    .default({ port: 8080 }, ':8080')
    .helpGroup(SERVED),
  new Option('--admin-token <text>', 'allows whoever has it to cancel and retry builds; better set in the environment')
    .env('TACK_ADMIN_TOKEN')
    .argParser(token)
    .helpGroup(SERVED),
  new Option('--collaborators <source>', 'where push rights are read: from knots that keep lists (and from records for other knots), or from records for all')
    .env('TACK_COLLABORATORS')
    .choices(['knots', 'records'])
    .default('knots')
    .helpGroup(STREAM),
  new Option('--admission <policy>', 'whose repositories count: those of the owner and members, or anybody’s')
    .env('TACK_ADMISSION')
    .choices(['members', 'open'])
    .default('members')
    .helpGroup(STREAM),
  new Option('--jetstream <url>', 'the URL of the record stream')
    .env('TACK_JETSTREAM_URL')
    .argParser(websocketUrl)
    .default(new URL('wss://jetstream1.us-east.bsky.network/subscribe'), 'wss://jetstream1.us-east.bsky.network/subscribe')
    .helpGroup(STREAM),
  new Option('--backfill <switch>', 'read existing records from the accounts’ own servers, on a first start and for every new member')
    .env('TACK_BACKFILL')
    .choices(['on', 'off'])
    .default('on')
    .helpGroup(STREAM),
  new Option('--handles <switch>', 'look up the handles of accounts, and show them on the page')
    .env('TACK_HANDLES')
    .choices(['on', 'off'])
    .default('on')
    .helpGroup(SERVED),
  new Option('--plc <url>', 'the directory of did:plc')
    .env('TACK_PLC_URL')
    .argParser(httpUrl)
    .default(new URL('https://plc.directory'), 'https://plc.directory')
    .helpGroup(STREAM),
  new Option('--cursor <moment>', 'read the stream from this moment on; known events are not applied again').argParser(moment).helpGroup(STREAM),
  new Option('--rewind <seconds>', 'how far before the saved cursor each connection starts').env('TACK_REWIND').argParser(seconds).default(5).helpGroup(STREAM),
  new Option('--tolerance <seconds>', 'how late the first event after that may be before a gap is reported')
    .env('TACK_TOLERANCE')
    .argParser(seconds)
    .default(60)
    .helpGroup(STREAM),
  new Option('--max-backoff <seconds>', 'the longest pause before reconnecting (default: 60 for the stream, 300 for knots)')
    .env('TACK_MAX_BACKOFF')
    // Without a pause, a lost connection would be retried in a busy loop.
    .argParser(secondsFrom(0.01))
    .helpGroup(STREAM),
  new Option('--log <format>', 'the log format (default: pretty on a terminal, else json)').env('TACK_LOG').choices(['json', 'pretty']).helpGroup(LOGGING),
  new Option('--log-level <level>', 'the lowest level to log')
    .env('TACK_LOG_LEVEL')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info')
    .helpGroup(LOGGING),
  new Option('--dev', 'ws:// to knots, knot names with ports, loopback allowed (any value of TACK_DEV)').env('TACK_DEV').helpGroup(DEVELOPMENT),
  new Option('--allow-loopback', 'allow connections to this machine, without the rest of --dev').env('TACK_ALLOW_LOOPBACK').helpGroup(DEVELOPMENT)
]

/** Options without which nothing can run. */
export const REQUIRED: ReadonlyArray<string> = ['hostname', 'owner']

/** Options of `run` that other commands share. */
export const someOptions = (...names: ReadonlyArray<string>): ReadonlyArray<Option> => runOptions().filter((option) => names.includes(option.attributeName()))

const minutes = (given: number | undefined, otherwise: number): number => (given === undefined ? otherwise : Math.round(given * 60_000))

/** Which knots are allowed. */
export const hostsOf = ({ allowLoopback, dev }: Pick<RunOptions, 'allowLoopback' | 'dev'>): HostPolicy =>
  dev === true ? { defaultPort: 80, loopback: true, ports: true } : { defaultPort: 443, loopback: allowLoopback === true, ports: false }

/** The machine's configuration from flags, file and providers; `Left` with a sentence if these contradict each other. */
export const configOf = (options: RunOptions, { allow, builds }: Configuration, providers: ReadonlyArray<string>): E.Either<string, Config> => {
  const base = defaults({ hostname: options.hostname, owner: options.owner })
  const capped = (backoff: { readonly [field in keyof Backoff]: number }) =>
    options.maxBackoff === undefined
      ? backoff
      : {
          ...backoff,
          baseMs: Math.min(backoff.baseMs, Math.round(options.maxBackoff * 1000)),
          capMs: Math.round(options.maxBackoff * 1000)
        }
  const config = Config.decode({
    ...base,
    admission: options.admission,
    backfill: options.backfill !== 'off',
    collaborators: options.collaborators,
    builds: {
      ...base.builds,
      allow,
      keepStatuses: builds.keepStatuses ?? base.builds.keepStatuses,
      keepUnits: builds.keepUnits ?? base.builds.keepUnits,
      owedUnits: builds.owedUnits ?? base.builds.owedUnits,
      pendingMs: minutes(builds.pendingMinutes, base.builds.pendingMs),
      providers,
      runningMs: minutes(builds.runningMinutes, base.builds.runningMs)
    },
    hosts: hostsOf(options),
    jetstream: serverOf(options.jetstream),
    jetstreamBackoff: capped(base.jetstreamBackoff),
    knotBackoff: capped(base.knotBackoff),
    rewindUs: Math.round(options.rewind * 1_000_000),
    toleranceUs: Math.round(options.tolerance * 1_000_000)
  })
  return E.mapLeft(explain)(config)
}
