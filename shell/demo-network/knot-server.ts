/**
 * A knot for loopback: `GET /events`, in both generations that are in use, with what makes them hard to follow, and git repositories
 * on the same port.
 *
 * Older ones send at most 100 events per notification, so a longer backlog waits until something new happens, and they page by a
 * stamp that may tie, so that siblings at the edge of a page are lost. Newer ones give every event a stamp of its own, send the
 * whole backlog, and after so many batches ask the client to come again (1013).
 *
 * Stamps are nanoseconds as `bigint`, from end to end: a double would round them.
 *
 * Source: tangled.org/core, `knotserver/events.go`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { joined, message } from '../lib/messages.js'
import { placeIn } from '../lib/place.js'
import type { Clock } from '../ports.js'
import { type Controls, type Feed, startEndpoint } from './endpoint.js'
import { type KnotEvent, type KnotGeneration, knotFrameText, type Push, pullRequest, pushEvents, tid } from './frames.js'
import { type GitOptions, type GitServer, gitServer } from './git-server.js'
import { createKnotLists } from './knot-lists.js'

// ---------------------------------------------------------------------------------------- model

/** What a client asked for, as it wrote it. `cursor` is `null` when it named none. */
export interface KnotAsked {
  readonly cursor: string | null
}

export interface KnotOptions {
  readonly clock: Clock
  /** How it sends what it has. */
  readonly generation: 'older' | 'newer'
  /** What its git does not do, as those of other knots. */
  readonly git?: GitOptions
  /** How long a write may wait for a client: 10 s if not given. */
  readonly blockedMs?: number
  /** Whether it keeps lists of who may push, as those of today: not if not given. */
  readonly keepsLists?: boolean
  /** After how many batches of 100 a client with a longer backlog is sent away: 1 000 if not given. Newer knots only. */
  readonly maxBatches?: number
  /** How it tells of pushes: if not given, as the newest does, or, where its generation is the older one, as the first did. */
  readonly pushes?: KnotGeneration
  /** Pause after the last event before a ping: 30 s if not given. */
  readonly pingMs?: number
  /** 0, any free one, if not given. */
  readonly port?: number
  /** Whether frames show their stamp. If not given: those of newer knots do, those of older ones do not. */
  readonly showsCreated?: boolean
}

/** What a knot is to tell of: the repository's name, and the workflows that apply, as `pipelineWorkflow` makes them. */
export interface Applied {
  readonly name: string
  readonly workflows: ReadonlyArray<unknown>
}

export interface KnotServer extends Controls<KnotAsked> {
  /** Somebody may push to a repository from now on, or may not any more: it is on its list, and it tells of it. */
  readonly changeCollaborator: (op: 'add' | 'remove', repo: string, subject: string) => void
  /** Its repositories. What happens to them is told to nobody before it is published. */
  readonly git: Omit<GitServer, 'serve' | 'stop'>
  /** The name of the knot in records: `localhost:<port>`. */
  readonly host: string
  /**
   * Tells the clients, and returns the stamp. `created` is now, if not given; it is moved on where stamps could not rise (newer)
   * or would fall (older) otherwise.
   */
  readonly publish: (event: KnotEvent, created?: bigint) => bigint
  /** Tells of a pull request, and returns the key of what it sent. */
  readonly publishPullRequest: (ownerDid: string, branches: Parameters<typeof pullRequest>[4], applied: Applied) => string
  /** Tells of a push as it does, and returns the keys of what it sent, in order: readers know what is built by the last. */
  readonly publishPush: (push: Push, applied: Applied) => ReadonlyArray<string>
  /** Sends what it is given as if it were an event. */
  readonly publishRaw: (payload: string | Buffer, options?: { readonly binary?: boolean }) => void
}

interface Row {
  readonly bytes: Buffer
  readonly created: bigint
}

// ---------------------------------------------------------------------------------------- the server

const BATCH = 100
const INTEGER = /^[0-9]{1,19}$/

const TRY_AGAIN = { code: 1013, reason: 'reconnect to continue' } as const

/** A knot of its own, on 127.0.0.1. */
export const startKnot = async (options: KnotOptions): Promise<KnotServer> => {
  const { blockedMs = 10_000, clock, generation, maxBatches = 1_000, pingMs = 30_000, port = 0 } = options
  const { pushes = generation === 'older' ? 1 : 'newest', showsCreated = generation === 'newer' } = options
  const git = gitServer({ clock, ...options.git })
  const lists = options.keepsLists === true ? createKnotLists() : null
  const rows: Array<Row> = []
  let notifications = 0

  const lastCreated = (): bigint => rows.at(-1)?.created ?? 0n

  /** The next page of a reader that has come as far as `cursor`. Stamps in the log never fall. */
  const pageAfter = (cursor: bigint): ReadonlyArray<Row> => {
    const start = placeIn(rows, (row) => row.created <= cursor)
    return rows.slice(start, start + BATCH)
  }

  /** Zero, and what is no number, mean from now on; but to a newer knot, zero means everything. */
  const startOf = (cursor: string | null): bigint => {
    if (cursor === null || !INTEGER.test(cursor)) return lastCreated()
    const created = BigInt(cursor)
    return created === 0n && generation === 'older' ? lastCreated() : created
  }

  const feedOf = (asked: KnotAsked): Feed<KnotAsked> => {
    let cursor = startOf(asked.cursor)
    const nextPage = (): Buffer | null => {
      const page = pageAfter(cursor)
      cursor = page.at(-1)?.created ?? cursor
      return page.length === 0 ? null : joined(page.map((row) => row.bytes))
    }

    let heard = -1
    const older = (): Buffer | null => {
      if (heard === notifications) return null
      heard = notifications
      return nextPage()
    }

    let batches = 0
    const newer = () => {
      const page = nextPage()
      batches = page === null ? 0 : batches + 1
      return batches > maxBatches ? TRY_AGAIN : page
    }

    return { asked: () => asked, hear: () => null, next: generation === 'older' ? older : newer }
  }

  const endpoint = await startEndpoint<KnotAsked>({
    admit: (query) => E.right(feedOf({ cursor: query.get('cursor') })),
    blockedMs,
    clock,
    path: '/events',
    pingMs,
    pingsWhileBusy: false,
    port,
    serve: (request, response) => lists?.serve(request, response) === true || git.serve(request, response)
  })

  const stamp = (created = BigInt(clock.now()) * 1_000n): bigint => {
    const least = generation === 'newer' ? lastCreated() + 1n : lastCreated()
    return created < least ? least : created
  }

  const append = (row: Row): void => {
    rows.push(row)
    notifications += 1
    endpoint.wake()
  }

  const host = `localhost:${String(endpoint.port)}`
  const publish = (event: KnotEvent, given?: bigint): bigint => {
    const created = stamp(given)
    append({ bytes: message(knotFrameText(event, showsCreated ? created : null)), created })
    return created
  }

  // Keys are TIDs of just before, each later than the one before.
  const madeUs = new Map<string, number>()
  let lastKeyUs = 0
  const key = (): string => {
    lastKeyUs = Math.max(clock.now(), lastKeyUs + 1)
    const rkey = tid(lastKeyUs)
    madeUs.set(rkey, lastKeyUs)
    return rkey
  }
  /** Its stamp comes after the time in its key: a reader of frames without stamps asks for what comes after that. */
  const publishNow = (event: KnotEvent): string => {
    publish(event, BigInt(madeUs.get(event.rkey) ?? 0) * 1_000n + 1n)
    madeUs.delete(event.rkey)
    return event.rkey
  }

  return {
    ...endpoint.controls,
    changeCollaborator: (op, repo, subject) => {
      if (lists === null) throw new RangeError('this knot keeps no lists')
      publishNow(lists.change(op, repo, subject, key(), clock.now()))
    },
    git: {
      ...git,
      createRepository: async (repository) => {
        const created = await git.createRepository(repository)
        const { did, name = '', owner } = repository
        if (did !== undefined && owner !== undefined) lists?.put(did, owner, name)
        return created
      }
    },
    host,
    publish,
    publishPullRequest: (ownerDid, branches, { name, workflows }) => publishNow(pullRequest(key(), host, name, ownerDid, branches, workflows)),
    publishPush: (push, { name, workflows }) => pushEvents(pushes, host, name, push, workflows, key).map(publishNow),
    publishRaw: (payload, { binary = false } = {}) => append({ bytes: message(payload, binary), created: stamp() }),
    stop: async () => {
      await Promise.all([endpoint.controls.stop(), git.stop()])
    }
  }
}
