/**
 * A knot on loopback: `GET /events`, in both generations that are in use, with what makes them hard to follow; and git repositories on the same port.
 *
 * Older knots send at most 100 events per notification, so a longer backlog waits until something new happens. They page by a timestamp that may tie,
 * so siblings at the edge of a page are lost. Newer knots give every event a timestamp of its own, send the whole backlog, and after a number of
 * batches ask the client to reconnect (1013).
 *
 * Timestamps are nanoseconds as `bigint` throughout: a double would round them.
 *
 * Source: tangled.org/core, `knotserver/events.go`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { joinMessages, message } from '../lib/messages.js'
import { placeIn } from '../lib/place.js'
import type { Clock } from '../ports.js'
import { type Controls, type Feed, startEndpoint } from './endpoint.js'
import { type KnotEvent, type KnotGeneration, knotFrameText, type Push, pullRequest, pushEvents, tid } from './frames.js'
import { type GitOptions, type GitServer, gitServer } from './git-server.js'
import { createKnotLists } from './knot-lists.js'

// ---------------------------------------------------------------------------------------- model

/** What a client asked for, as it wrote it. `cursor` is `null` if it gave none. */
export interface KnotAsked {
  readonly cursor: string | null
}

export interface KnotOptions {
  readonly clock: Clock
  /** How it sends events. */
  readonly generation: 'older' | 'newer'
  /** What its git cannot do, like that of other knots. */
  readonly git?: GitOptions
  /** How long a write may wait for a client. 10 s by default. */
  readonly blockedMs?: number
  /** Whether it keeps lists of who may push, like knots of today. `false` by default. */
  readonly keepsLists?: boolean
  /** After how many batches of 100 a client with a longer backlog is sent away. 1 000 by default. Newer knots only. */
  readonly maxBatches?: number
  /** How it reports pushes. By default like the newest knots or, if `generation` is the older one, like the first ones. */
  readonly pushes?: KnotGeneration
  /** The pause after the last event before a ping. 30 s by default. */
  readonly pingMs?: number
  /** 0, any free port, by default. */
  readonly port?: number
  /** Whether frames contain their timestamp. By default those of newer knots do, those of older ones do not. */
  readonly showsCreated?: boolean
}

/** The subject of a report: the repository's name, and the workflows that apply, as `pipelineWorkflow` makes them. */
export interface Applied {
  readonly name: string
  readonly workflows: ReadonlyArray<unknown>
}

export interface KnotServer extends Controls<KnotAsked> {
  /** Adds or removes a collaborator of a repository: changes its list, and sends the event. */
  readonly changeCollaborator: (op: 'add' | 'remove', repo: string, subject: string) => void
  /** Its repositories. Changes to them are not reported until they are published. */
  readonly git: Omit<GitServer, 'serve' | 'stop'>
  /** The name of the knot in records: `localhost:<port>`. */
  readonly host: string
  /**
   * Sends an event, and returns its timestamp. `created` is now by default. It is raised if timestamps would not increase (newer) or would decrease
   * (older) otherwise.
   */
  readonly publish: (event: KnotEvent, created?: bigint) => bigint
  /** Reports a pull request, and returns the key of the event. */
  readonly publishPullRequest: (ownerDid: string, branches: Parameters<typeof pullRequest>[4], applied: Applied) => string
  /** Reports a push in the knot's own way. Returns the keys of the events, in order: readers know the build by the last one. */
  readonly publishPush: (push: Push, applied: Applied) => ReadonlyArray<string>
  /** Sends the payload as if it were an event. */
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

/** Starts a knot on 127.0.0.1. */
export const startKnot = async (options: KnotOptions): Promise<KnotServer> => {
  const { blockedMs = 10_000, clock, generation, maxBatches = 1_000, pingMs = 30_000, port = 0 } = options
  const { pushes = generation === 'older' ? 1 : 'newest', showsCreated = generation === 'newer' } = options
  const git = gitServer({ clock, ...options.git })
  const lists = options.keepsLists === true ? createKnotLists() : null
  const rows: Array<Row> = []
  let notifications = 0

  const lastCreated = (): bigint => rows.at(-1)?.created ?? 0n

  /** The next page of a reader that has read up to `cursor`. Timestamps in the log never decrease. */
  const pageAfter = (cursor: bigint): ReadonlyArray<Row> => {
    const start = placeIn(rows, (row) => row.created <= cursor)
    return rows.slice(start, start + BATCH)
  }

  /** Zero, or anything that is not a number, means from now on; but to a newer knot, zero means everything. */
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
      return page.length === 0 ? null : joinMessages(page.map((row) => row.bytes))
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

    return { asked: () => asked, receive: () => null, next: generation === 'older' ? older : newer }
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

  // Keys are TIDs of a moment before the timestamp, each later than the one before.
  const madeUs = new Map<string, number>()
  let lastKeyUs = 0
  const key = (): string => {
    lastKeyUs = Math.max(clock.now(), lastKeyUs + 1)
    const rkey = tid(lastKeyUs)
    madeUs.set(rkey, lastKeyUs)
    return rkey
  }
  /** The timestamp comes after the time in the key: a reader of frames without timestamps asks for what comes after the key. */
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
