/**
 * `tack cancel`, `tack retry`, `tack builds`: what an operator does with builds. Admin requests go to the running tack, with the admin token; the
 * list of builds comes from it, or from the store, which it need not know of.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { excerpt } from '../../core/index.js'
import type { ListenAddress } from '../inbound/address.js'
import { type BuildsPage, pageOfBuilds, type ShownBuild } from '../inbound/overview.js'
import { NOTHING_SHOWN } from '../inbound/shown.js'
import { systemClock } from '../lib/clock.js'
import { visible } from '../lib/log.js'
import { hostOf, kindOf } from '../outbound/guard.js'
import { type Fetch, httpClient } from '../outbound/http-client.js'
import { readStore } from '../store/index.js'
import { decodeText } from '../store/json.js'
import { age, jsonText, table } from './text.js'

export type Print = (text: string) => void

/** How a running tack is reached. */
export interface ServerOptions {
  readonly listen: ListenAddress
  readonly server?: URL
}

/** The URL of a tack that listens at `address`, from the same machine. */
export const urlOf = ({ host, port }: ListenAddress): string => {
  const at = host === undefined || host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${at.includes(':') ? `[${at}]` : at}:${String(port)}`
}

const baseOf = ({ listen, server }: ServerOptions): string => (server === undefined ? urlOf(listen) : server.href.replace(/\/+$/, ''))

const wordsOf = (error: unknown): string => excerpt(error instanceof Error ? error.message : String(error))

const MAX_BYTES = 4_194_304
const ANSWER_MS = 15_000

/** Uses a client that may go wherever the operator says. */
const asking = async <A>(use: (fetch: Fetch) => Promise<A>): Promise<A> => {
  const client = httpClient({ clock: systemClock(), maxBodyBytes: MAX_BYTES, policy: { allowLoopback: true, trusted: true }, timeoutMs: ANSWER_MS })
  try {
    return await use(client.fetch)
  } finally {
    await client.close()
  }
}

// ---------------------------------------------------------------------------------------- cancel, retry

export interface AdminRequest {
  readonly action: 'cancel' | 'retry'
  readonly knot: string
  readonly rkey: string
  /** All workflows of the run by default. */
  readonly workflow?: string
}

export interface AdminOptions extends ServerOptions {
  readonly adminToken?: string
}

const Refused = t.type({ reason: t.string }, 'refusal')

/** Sends an admin request. Returns the exit code: 0 when it was accepted, 1 when not, 2 when it could not be sent. */
export const control = async ({ action, knot, rkey, workflow }: AdminRequest, options: AdminOptions, print: Print, complain: Print): Promise<number> => {
  const { adminToken } = options
  if (adminToken === undefined) {
    complain('error: admin token required: use --admin-token, TACK_ADMIN_TOKEN, or "adminToken" in the configuration file')
    return 2
  }
  const base = baseOf(options)
  const path = ['builds', knot, rkey, ...(workflow === undefined ? [] : [workflow]), action].map(encodeURIComponent).join('/')
  const { protocol } = new URL(base)
  const host = hostOf(new URL(base))
  if (protocol === 'http:' && host !== 'localhost' && kindOf(host) !== 'loopback')
    complain(`warning: the admin token is sent to ${host} unencrypted; use https://`)
  const what = [knot, rkey, ...(workflow === undefined ? [] : [workflow])].join(' ')
  return asking(async (fetch) => {
    try {
      const response = await fetch(`${base}/${path}`, { headers: { authorization: `Bearer ${adminToken}` }, method: 'POST' })
      // Read the body: the connection is busy until then.
      const answer = await response.text()
      switch (response.status) {
        case 202:
          print(`${action} of ${what} accepted. Follow it with: tack builds`)
          return 0
        case 401:
          complain(`${base} rejected the admin token: it was started with another one`)
          return 1
        case 409: {
          const refused = decodeText(Refused, answer)
          complain(`${action} of ${what} refused: ${E.isRight(refused) ? visible(excerpt(refused.right.reason)) : 'no reason given'}`)
          return 1
        }
        case 503:
          complain(`${base} cannot save now, and may have missed this: check "tack builds" before you repeat it`)
          return 1
        case 404:
          complain(`${base} has no ${workflow === undefined ? 'run' : 'build'} ${what}, or no admin token; "tack builds" lists builds`)
          return 1
        default:
          complain(`${base} answered ${String(response.status)}`)
          return 1
      }
    } catch (error) {
      complain(`${base} cannot be reached: ${wordsOf(error)}; is tack running there? Set its address with --server`)
      return 1
    }
  })
}

// ---------------------------------------------------------------------------------------- lists

const orNull = <A>(codec: t.Type<A>) => t.union([codec, t.null])

const Shown: t.Type<ShownBuild> = t.type({
  cause: t.string,
  error: orNull(t.string),
  exitCode: orNull(t.number),
  knot: t.string,
  pipeline: orNull(t.string),
  provider: orNull(t.string),
  ref: orNull(t.string),
  repository: t.type({ name: t.string, owner: t.string }),
  retryOf: orNull(t.string),
  rkey: t.string,
  sha: orNull(t.string),
  status: t.string,
  statusMs: t.number,
  triggeredMs: orNull(t.number),
  url: orNull(t.string),
  workflow: t.string
})

type Listed = Pick<BuildsPage, 'builds' | 'next'>

const Page: t.Type<Listed> = t.type({ builds: t.readonlyArray(Shown), next: orNull(t.number) }, 'page')

type ReadPage = (beforeUs: number) => Promise<E.Either<string, Listed>>

const fromStore = async (folder: string): Promise<E.Either<string, ReadPage>> => {
  const read = await readStore(folder)()
  if (E.isLeft(read)) return E.left(`${read.left.path}: ${read.left.message}`)
  const { state } = read.right
  return E.right((beforeUs) => Promise.resolve(E.right(pageOfBuilds(state, beforeUs, NOTHING_SHOWN))))
}

const fromServer =
  (base: string, fetch: Fetch): ReadPage =>
  async (beforeUs) => {
    try {
      const response = await fetch(`${base}/api/builds.json?before=${String(beforeUs)}`)
      const text = await response.text()
      if (response.status !== 200) return E.left(`${base} answered ${String(response.status)}`)
      const page = decodeText(Page, text)
      return E.isLeft(page) ? E.left(`${base}: not an answer of tack: ${page.left}`) : page
    } catch (error) {
      return E.left(`${base} cannot be reached: ${wordsOf(error)}`)
    }
  }

/** Up to `limit` builds, the latest changes first. */
const collect = async (readPage: ReadPage, limit: number): Promise<E.Either<string, { readonly builds: ReadonlyArray<ShownBuild>; readonly hasMore: boolean }>> => {
  const builds: Array<ShownBuild> = []
  // Later than any.
  let beforeUs: number | null = Number.MAX_SAFE_INTEGER
  while (beforeUs !== null && builds.length < limit) {
    const page: E.Either<string, Listed> = await readPage(beforeUs)
    if (E.isLeft(page)) return page
    builds.push(...page.right.builds)
    // A server that pages backwards would loop for ever.
    beforeUs = page.right.next !== null && page.right.next < beforeUs ? page.right.next : null
  }
  return E.right({ builds: builds.slice(0, limit), hasMore: beforeUs !== null || builds.length > limit })
}

export interface BuildsOptions {
  readonly json?: true
  readonly limit: number
  readonly server?: URL
  readonly store: string
}

/** Builds as the lines of a table. */
export const buildsTable = (builds: ReadonlyArray<ShownBuild>, nowMs: number): string =>
  table([
    ['status', 'age', 'knot', 'rkey', 'workflow', 'provider', 'repository', 'what'],
    ...builds.map(({ cause, error, knot, provider, ref, repository, rkey, status, statusMs, workflow }) => [
      status,
      age(nowMs - statusMs),
      knot,
      rkey,
      workflow,
      provider ?? '-',
      `${repository.owner}/${repository.name}`,
      error ?? `${cause}${ref === null ? '' : ` ${ref}`}`
    ])
  ])

/** Prints what builds there are. Returns the exit code. */
export const builds = async ({ json, limit, server, store }: BuildsOptions, print: Print, complain: Print): Promise<number> => {
  const list = await asking(async (fetch) => {
    if (server !== undefined) return collect(fromServer(server.href.replace(/\/+$/, ''), fetch), limit)
    const readPage = await fromStore(store)
    return E.isLeft(readPage) ? readPage : collect(readPage.right, limit)
  })
  if (E.isLeft(list)) {
    complain(list.left)
    return 1
  }
  const { builds: found, hasMore } = list.right
  if (json === true) print(jsonText(found))
  else {
    const more = hasMore ? `  … and more; --limit ${String(limit * 10)} shows some of them\n` : ''
    print(found.length === 0 ? 'There are no builds.' : `${buildsTable(found, Date.now())}${more}`.trimEnd())
  }
  return 0
}
