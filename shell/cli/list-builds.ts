/** `tack builds`: lists builds, either from the store, without asking the running tack, or from a running tack. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type BuildsPage, pageOfBuilds, type ShownBuild } from '../inbound/shown-builds.js'
import { NOTHING_SHOWN } from '../inbound/shown.js'
import type { Fetch } from '../outbound/http-client.js'
import { readStore } from '../store/index.js'
import { decodeText } from '../store/json.js'
import { storeTrouble } from './finding.js'
import { asking, type Print, unreachable, withoutSlash } from './reach.js'
import { age, isOver, jsonText, span, table } from './text.js'

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
  startedMs: orNull(t.number),
  status: t.string,
  statusMs: t.number,
  triggeredMs: orNull(t.number),
  url: orNull(t.string),
  workflow: t.string
})

type Listed = Pick<BuildsPage, 'builds' | 'next'>

const Page: t.Type<Listed> = t.type({ builds: t.readonlyArray(Shown), next: orNull(t.number) }, 'page')

/** Reads a page of builds that changed before `beforeUs`, in microseconds. */
type ReadPage = (beforeUs: number) => Promise<E.Either<string, Listed>>

const fromStore = async (folder: string): Promise<E.Either<string, ReadPage>> => {
  const read = await readStore(folder)()
  if (E.isLeft(read)) return E.left(`error: ${storeTrouble(read.left, 'read')}`)
  const { state } = read.right
  return E.right((beforeUs) => Promise.resolve(E.right(pageOfBuilds(state, beforeUs, NOTHING_SHOWN))))
}

const ask = async (base: string, fetch: Fetch, query: { readonly [name: string]: string }): Promise<E.Either<string, Listed>> => {
  try {
    const response = await fetch(`${base}/api/builds.json?${new URLSearchParams(query).toString()}`)
    const text = await response.text()
    if (response.status !== 200) return E.left(`error: ${base} answered ${String(response.status)}; is that the address of tack? Set it with --server`)
    const page = decodeText(Page, text)
    return E.isLeft(page) ? E.left(`error: ${base}: not an answer of tack: ${page.left}; is that its address? Set it with --server`) : page
  } catch (error) {
    return E.left(unreachable(base, error))
  }
}

const fromServer =
  (base: string, fetch: Fetch): ReadPage =>
  (beforeUs) =>
    ask(base, fetch, { before: String(beforeUs) })

/** The builds of one run, which a running tack knows. */
export const buildsOfRun = async (base: string, fetch: Fetch, knot: string, rkey: string): Promise<E.Either<string, ReadonlyArray<ShownBuild>>> =>
  E.map(({ builds }: Listed) => builds)(await ask(base, fetch, { knot, rkey }))

/** Up to `limit` builds, the last changed first. */
const collect = async (readPage: ReadPage, limit: number): Promise<E.Either<string, { readonly builds: ReadonlyArray<ShownBuild>; readonly hasMore: boolean }>> => {
  const builds: Array<ShownBuild> = []
  // Later than any build.
  let beforeUs: number | null = Number.MAX_SAFE_INTEGER
  while (beforeUs !== null && builds.length < limit) {
    const page: E.Either<string, Listed> = await readPage(beforeUs)
    if (E.isLeft(page)) return page
    builds.push(...page.right.builds)
    // A server that pages backwards would make this loop for ever.
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

const COMMIT_CHARS = 7

/** How long a build has run; `-` if it never did, or if that is unknown. */
const duration = ({ startedMs, status, statusMs }: ShownBuild, nowMs: number): string =>
  startedMs === null ? '-' : span((isOver(status) ? statusMs : nowMs) - startedMs)

/** Builds as the lines of a table. */
export const buildsTable = (builds: ReadonlyArray<ShownBuild>, nowMs: number): string =>
  table([
    ['status', 'age', 'duration', 'knot', 'rkey', 'workflow', 'provider', 'repository', 'commit', 'what'],
    ...builds.map((build) => {
      const { cause, error, knot, provider, ref, repository, rkey, sha, status, statusMs, workflow } = build
      return [
        status,
        age(nowMs - statusMs),
        duration(build, nowMs),
        knot,
        rkey,
        workflow,
        provider ?? '-',
        `${repository.owner}/${repository.name}`,
        sha?.slice(0, COMMIT_CHARS) ?? '-',
        error ?? `${cause}${ref === null ? '' : ` ${ref}`}`
      ]
    })
  ])

/** Prints the builds. Returns the exit code. */
export const builds = async ({ json, limit, server, store }: BuildsOptions, print: Print, complain: Print): Promise<number> => {
  const list = await asking(async (fetch) => {
    if (server !== undefined) return collect(fromServer(withoutSlash(server), fetch), limit)
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
