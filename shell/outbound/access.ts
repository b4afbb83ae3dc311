/**
 * Who may push to a repository: asked of its knot, and of the DID document of the repository, which says on which knot it is.
 *
 * Knots are run by strangers. Each is asked one thing at a time, with a pause in between; an answer is taken within limits of time and size. What the
 * answers mean is the core's to say. Sources: tangled.org/core, lexicons `sh.tangled.knot.version`, `sh.tangled.repo.describeRepo`,
 * `sh.tangled.repo.listCollaborators`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import {
  type AccessAnswer,
  COLLABORATORS_PAGE,
  decodeCollaborators,
  decodeDescribeRepo,
  decodeKnotVersion,
  Did,
  excerpt,
  type HostName,
  type HostPolicy,
  type Natural,
  type ReadAccess
} from '../../core/index.js'
import { createKeeper } from '../lib/keeper.js'
import { createKeyedQueue } from '../lib/queue.js'
import type { AccessReader, Clock, Deliver } from '../ports.js'
import type { Definitions } from './definitions.js'
import type { Policy, Resolve } from './guard.js'
import { httpClient } from './http-client.js'
import { hasManyParts, MANY_PARTS } from './json-size.js'
import { retryAfterMs } from './retry-after.js'

export interface AccessOptions {
  readonly clock: Clock
  /** Which knots may be named. */
  readonly hosts: HostPolicy
  /** Whether knots are asked over plain HTTP. */
  readonly isInsecure: boolean
  /** The knot that a repository's DID document names. */
  readonly knotOf: Definitions['knotOf']
  /** The pause between two repositories of one knot. 100 ms by default. */
  readonly pauseMs?: number
  readonly policy: Policy
  readonly resolve?: Resolve
}

interface Failure {
  readonly error: string
  readonly waitMs: number
}

type Answer<A> = E.Either<Failure, A>

const failure = (error: string, waitMs = 0): E.Either<Failure, never> => E.left({ error: excerpt(error), waitMs })

const MAX_BODY_BYTES = 2 ** 20
const TIMEOUT_MS = 10_000

/** How many pages of a list are read: more collaborators than that are too many for the core, too. */
const PAGES = 6

/** How many repositories are asked about at a time: of one knot one. */
const AT_A_TIME = 4

/** How long it is kept whether a knot keeps lists, and of how many knots. */
const VERSION_US = 60_000_000
const VERSIONS = 1_000

/** What says that a knot does not have a method: it is an older one, or no knot of this kind. */
const NOT_THERE: ReadonlyArray<number> = [400, 404, 405, 410, 426, 501]

const denied = (detail: string): Answer<AccessAnswer> => E.right({ _tag: 'Denied', detail: excerpt(detail) })

/** What a response said: its status, and its text. */
interface Said {
  readonly status: number
  readonly text: string
}

export const accessReader = ({ clock, hosts, isInsecure, knotOf, pauseMs = 100, policy, resolve }: AccessOptions): AccessReader => {
  const client = httpClient({ clock, maxBodyBytes: MAX_BODY_BYTES, maxConnections: 1, policy, timeoutMs: TIMEOUT_MS, ...(resolve === undefined ? {} : { resolve }) })
  const pauses = new Set<() => void>()
  let isClosed = false

  const pause = (): Promise<void> =>
    new Promise((done) => {
      if (isClosed) return done()
      const over = (): void => {
        cancel()
        pauses.delete(over)
        done()
      }
      const cancel = clock.after(pauseMs, over)
      pauses.add(over)
    })

  const queue = createKeyedQueue(AT_A_TIME, 1, pause)
  const versions = createKeeper<Answer<boolean>>(clock, VERSIONS, (answer) => (E.isLeft(answer) ? 0 : VERSION_US))

  /** What the knot says to a call. `Left` when it says nothing, or wants to be left alone. */
  const call = async (knot: HostName, method: string, params: { readonly [name: string]: string }): Promise<Answer<Said>> => {
    const address = `${isInsecure ? 'http' : 'https'}://${knot}/xrpc/${method}`
    // The platform rejects some valid names, for characters that no registry allows.
    if (!URL.canParse(address)) return failure(`${knot}: the name does not resolve`)
    const url = new URL(address)
    url.search = new URLSearchParams(params).toString()
    try {
      const response = await client.fetch(url, { headers: { accept: 'application/json' } })
      const bytes = Buffer.from(await response.arrayBuffer())
      const text = isUtf8(bytes) ? bytes.toString() : ''
      if (response.status !== 200 && !NOT_THERE.includes(response.status))
        return failure(`${knot} answered ${String(response.status)} to ${method}`, retryAfterMs(response.headers.get('retry-after'), clock.now() / 1000))
      return hasManyParts(text) ? failure(`${knot}: ${MANY_PARTS}`) : E.right({ status: response.status, text })
    } catch (error) {
      return failure(`${knot}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  const keepsLists = async (knot: HostName): Promise<Answer<boolean>> => {
    const said = await call(knot, 'sh.tangled.knot.version', {})
    if (E.isLeft(said)) return said
    if (said.right.status !== 200) return E.right(false)
    const version = decodeKnotVersion(said.right.text)
    return E.isLeft(version) ? failure(`${knot}: its version is ${version.left}`) : version
  }

  /** The list of the knot, all pages of it. */
  const listOf = async (knot: HostName, repo: Did): Promise<Answer<ReadonlyArray<Did>>> => {
    const subjects: Array<Did> = []
    let cursor: string | null = null
    for (let page = 0; page < PAGES; page++) {
      const said: Answer<Said> = await call(knot, 'sh.tangled.repo.listCollaborators', {
        limit: String(COLLABORATORS_PAGE),
        subject: repo,
        ...(cursor === null ? {} : { cursor })
      })
      if (E.isLeft(said)) return said
      if (said.right.status !== 200) return failure(`${knot} answered ${String(said.right.status)} to sh.tangled.repo.listCollaborators`)
      const read = decodeCollaborators(cursor)(said.right.text)
      if (E.isLeft(read)) return failure(`${knot}: the list of collaborators: ${read.left}`)
      subjects.push(...read.right.subjects)
      cursor = read.right.next
      if (cursor === null) return E.right(subjects)
    }
    return failure(`${knot}: the list of collaborators is too long`)
  }

  const byKnot = async (knot: HostName, repo: Did): Promise<Answer<AccessAnswer>> => {
    const said = await call(knot, 'sh.tangled.repo.describeRepo', { repoDid: repo })
    if (E.isLeft(said)) return said
    if (/"error"\s*:\s*"RepoNotFound"/.test(said.right.text)) return denied(`${knot} does not know the repository`)
    if (said.right.status !== 200) return failure(`${knot} answered ${String(said.right.status)} to sh.tangled.repo.describeRepo`)
    const owner = decodeDescribeRepo(repo)(said.right.text)
    if (E.isLeft(owner)) return failure(`${knot}: ${owner.left}`)
    const list = await listOf(knot, repo)
    return E.isLeft(list) ? list : E.right({ _tag: 'ByKnot', collaborators: list.right, owner: owner.right })
  }

  const accessOf = async ({ knot, repo }: ReadAccess): Promise<Answer<AccessAnswer>> => {
    // Lists are of DIDs. Whoever pushes to a repository without one, the knot has let push; and nobody calls for it, for calls name DIDs.
    if (!Did.is(repo)) return E.right({ _tag: 'ByRecords' })
    const lists = await versions.get(knot, () => keepsLists(knot))
    if (E.isLeft(lists)) return lists
    const named = await knotOf(repo, hosts)
    if (E.isRight(named) && named.right !== knot) return denied(`its DID document names ${named.right}`)
    if (E.isLeft(named) && named.left.kind !== 'missing') return failure(named.left.sentence)
    if (!lists.right) return E.right({ _tag: 'ByRecords' })
    return E.isLeft(named) ? denied(named.left.sentence) : byKnot(knot, repo)
  }

  const read = async (request: ReadAccess, deliver: Deliver): Promise<void> => {
    const { knot, number, repo } = request
    const answer = await accessOf(request).catch((error: unknown) => failure(String(error)))
    if (isClosed) return
    const at = clock.now()
    deliver(
      E.isRight(answer)
        ? { _tag: 'AccessRead', access: answer.right, at, knot, number, repo }
        : {
            _tag: 'RequestFailed',
            at,
            error: answer.left.error,
            isFinal: false,
            number,
            requested: { _tag: 'Access', knot, repo },
            waitMs: answer.left.waitMs as Natural
          }
    )
  }

  return {
    close: async () => {
      isClosed = true
      const closed = Promise.all([queue.close(), client.close()])
      for (const over of pauses) over()
      await closed
    },
    read: (request, deliver) => queue.add(request.knot, () => read(request, deliver))
  }
}
