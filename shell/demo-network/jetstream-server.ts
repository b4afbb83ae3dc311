/**
 * A Jetstream server on loopback, in both generations that are in use. It has all the difficulties of the real one: a replay begins with the event
 * that the cursor names, an old cursor is clamped silently, events come again after a restart, all operations of a commit may share a timestamp, and
 * account events of strangers pass every filter but the one by DID.
 *
 * It invents nothing: it sends what is published, and timestamps come from the clock or from the caller.
 *
 * Compression is not supported, and refused with a 400.
 *
 * Source: github.com/bluesky-social/jetstream.
 */
import * as E from 'fp-ts/lib/Either.js'
import { clampTimeUs, type TimeUs } from '../../core/index.js'
import { joinMessages, message } from '../lib/messages.js'
import { placeIn } from '../lib/place.js'
import type { Clock } from '../ports.js'
import { type Controls, type Feed, startEndpoint } from './endpoint.js'
import { accountBody, type Body, commitBody, frameText, identityBody, type Operation, seeded, tid } from './frames.js'
import { askedIn, filterOf, type Filtered, type JetstreamAsked, updateIn } from './jetstream-filters.js'

// ---------------------------------------------------------------------------------------- model

export interface JetstreamOptions {
  readonly clock: Clock
  /**
   * `v1`: every frame has a `time_us` of its own. `v2`: the operations of one commit share theirs, frames have a sequence number (`cursor`), and
   * cursors below 10¹⁵ are sequence numbers.
   */
  readonly generation: 'v1' | 'v2'
  /** The seed of account sequence numbers and of the clock ids in revs. */
  readonly seed: number
  /** How long a write may wait for a client. 5 s in v2, 10 s in v1 by default. */
  readonly blockedMs?: number
  /** 30 s by default. */
  readonly pingMs?: number
  /** 0, any free port, by default. */
  readonly port?: number
  /** What is kept for replays: at most `count` events, none older than `ageUs`. Everything by default. */
  readonly retention?: { readonly ageUs?: number; readonly count?: number }
}

/** `timeUs` is when the server sees it; now by default. It is raised if timestamps would not rise otherwise. */
export interface Stamped {
  readonly timeUs?: number
}

export interface Commit extends Stamped {
  readonly did: string
  readonly operations: ReadonlyArray<Operation>
  /** The TID of the first timestamp by default. */
  readonly rev?: string
}

export interface AccountNews extends Stamped {
  readonly active: boolean
  readonly did: string
  readonly status?: string
}

export interface IdentityNews extends Stamped {
  readonly did: string
  readonly handle?: string
}

export interface RawOptions extends Stamped {
  /** Sent as a binary message. */
  readonly binary?: boolean
  /** `false`: only connected clients get it; a replay does not contain it. */
  readonly kept?: boolean
}

export interface JetstreamServer extends Controls<JetstreamAsked> {
  /** `ws://…/subscribe`. */
  readonly url: string
  /** Each publishing method returns the texts of the frames that it sent. */
  readonly publishCommit: (commit: Commit) => ReadonlyArray<string>
  readonly publishAccount: (news: AccountNews) => ReadonlyArray<string>
  readonly publishIdentity: (news: IdentityNews) => ReadonlyArray<string>
  /** Sends the payload to every reader, bypassing all filters and limits, like a faulty server. */
  readonly publishRaw: (payload: string | Buffer, options?: RawOptions) => void
  /** Sends the last `count` frames again, unchanged, to connected clients. */
  readonly repeat: (count: number) => void
  /** Cuts all connections. A v1 server then sends its last `again` events once more, with new timestamps; v2 does not. */
  readonly restart: (again?: number) => void
  /** The texts of the frames in a replay from 0, unfiltered. */
  readonly history: () => ReadonlyArray<string>
  /** The timestamp of the last frame; 0 if there was none. */
  readonly lastUs: () => TimeUs
}

/** One frame of the log. */
interface Entry extends Filtered {
  readonly bytes: Buffer
  /** Whether replays contain it. */
  readonly kept: boolean
  readonly seq: number
  readonly timeUs: TimeUs
}

// ---------------------------------------------------------------------------------------- the server

/** In v2, cursors from here on are microseconds; below, sequence numbers. */
const FIRST_TIME_CURSOR = 1e15

const lastOf = <T>(all: ReadonlyArray<T>, count: number): Array<T> => all.slice(Math.max(0, all.length - count))

/** How much is written to a socket at once. */
const CHUNK_BYTES = 65_536

/** Starts a server on 127.0.0.1. */
export const startJetstream = async (options: JetstreamOptions): Promise<JetstreamServer> => {
  const { clock, generation, pingMs = 30_000, port = 0, retention = {}, seed } = options
  const { blockedMs = generation === 'v1' ? 10_000 : 5_000 } = options
  const { ageUs = Infinity, count = Infinity } = retention
  const random = seeded(seed)
  const clockId = random.between(0, 1023)
  let accountSeq = 30_000_000_000 + random.between(0, 999_999_999)
  let lastRevUs = 0

  // The log. Sequence numbers start at 1. `entries[0]` has the number `firstSeq`, the next event will have `nextSeq`.
  let entries: Array<Entry> = []
  let firstSeq = 1
  let nextSeq = 1

  const lastUs = (): TimeUs => entries.at(-1)?.timeUs ?? clampTimeUs(0)

  /** The number of the first event at or after `timeUs`: timestamps in the log never decrease. */
  const seqAt = (timeUs: number): number => firstSeq + placeIn(entries, (entry) => entry.timeUs < timeUs)

  const oldestSeq = (): number => Math.max(firstSeq, nextSeq - count, seqAt(clock.now() - ageUs))

  /** Where a replay begins. A cursor in the future, or none, means now. One before the oldest event that is kept means that event. */
  const startOf = (cursor: string | null): number => {
    if (cursor === null) return nextSeq
    const n = Number(cursor)
    const seq = generation === 'v2' && n < FIRST_TIME_CURSOR ? n : seqAt(n)
    return Math.min(Math.max(seq, oldestSeq()), nextSeq)
  }

  const feedOf = (first: JetstreamAsked): Feed<JetstreamAsked> => {
    const connectedSeq = nextSeq
    let asked = first
    let passes = filterOf(asked)
    let isAwaited = asked.requireHello
    let seq = startOf(asked.cursor)
    return {
      asked: () => asked,
      receive: (text) => {
        const update = updateIn(text)
        if (E.isLeft(update)) return update.left
        if (update.right === null) return null
        asked = { ...asked, ...update.right }
        passes = filterOf(asked)
        isAwaited = false
        return null
      },
      next: () => {
        if (isAwaited) return null
        const messages: Array<Buffer> = []
        let bytes = 0
        // A reader that falls behind what is kept continues with the oldest event.
        for (seq = Math.max(seq, firstSeq); seq < nextSeq && bytes < CHUNK_BYTES; seq++) {
          const entry = entries[seq - firstSeq]
          if (entry === undefined || !passes(entry) || (!entry.kept && entry.seq < connectedSeq)) continue
          messages.push(entry.bytes)
          bytes += entry.bytes.length
        }
        return messages.length === 0 ? null : joinMessages(messages)
      }
    }
  }

  const endpoint = await startEndpoint<JetstreamAsked>({
    admit: (query, { headers }) => {
      const asked = askedIn(query, headers)
      return E.isLeft(asked) ? E.left({ status: 400, reason: asked.left }) : E.right(feedOf(asked.right))
    },
    blockedMs,
    clock,
    path: '/subscribe',
    pingMs,
    pingsWhileBusy: true,
    port
  })

  const append = (entry: Omit<Entry, 'seq'>): void => {
    entries.push({ ...entry, seq: nextSeq })
    nextSeq += 1
    // In large steps, because each one moves the whole log.
    if (entries.length > 2 * count) {
      entries = lastOf(entries, count)
      firstSeq = nextSeq - count
    }
    endpoint.wake()
  }

  /** v1 timestamps increase, v2 timestamps do not decrease. */
  const stamp = (timeUs: number): TimeUs => clampTimeUs(Math.max(timeUs, generation === 'v1' ? lastUs() + 1 : lastUs()))

  const send = (text: string, did: string, collection: string | null, timeUs: TimeUs): string => {
    append({ bytes: message(text), collection, did, kept: true, sizeBytes: Buffer.byteLength(text), timeUs })
    return text
  }

  const publish = (body: Body, timeUs: TimeUs): string =>
    send(frameText(body, timeUs, generation === 'v2' ? nextSeq : undefined), body.did, body.collection, timeUs)

  /** Sends the same event with a new timestamp, like a server that has lost count. Raw frames have none, and are skipped. */
  const sendAgain = (entry: Entry): void => {
    if (entry.did === null) return
    const time_us = stamp(0)
    send(JSON.stringify({ ...(JSON.parse(payloadOf(entry)) as object), time_us }), entry.did, entry.collection, time_us)
  }

  const payloadOf = ({ bytes, sizeBytes }: Entry): string => bytes.subarray(bytes.length - sizeBytes).toString()
  const kept = (): ReadonlyArray<Entry> => entries.slice(oldestSeq() - firstSeq).filter((entry) => entry.kept)

  return {
    ...endpoint.controls,
    history: () => kept().map(payloadOf),
    lastUs,
    publishAccount: ({ active, did, status, timeUs }) => {
      const at = stamp(timeUs ?? clock.now())
      return [publish(accountBody(did, accountSeq++, at, active, status), at)]
    },
    publishCommit: ({ did, operations, rev, timeUs }) => {
      const first = stamp(timeUs ?? clock.now())
      lastRevUs = Math.max(first, lastRevUs + 1)
      const of = rev ?? tid(lastRevUs, clockId)
      return operations.map((operation) => publish(commitBody(did, of, operation), stamp(first)))
    },
    publishIdentity: ({ did, handle, timeUs }) => {
      const at = stamp(timeUs ?? clock.now())
      return [publish(identityBody(did, accountSeq++, at, handle), at)]
    },
    publishRaw: (payload, { binary = false, kept = true, timeUs = lastUs() } = {}) => {
      const at = clampTimeUs(Math.max(timeUs, lastUs()))
      const sizeBytes = Buffer.byteLength(payload)
      append({ bytes: message(payload, binary), collection: null, did: null, kept, sizeBytes, timeUs: at })
    },
    repeat: (times) => {
      for (const entry of lastOf(entries, times)) append({ ...entry, kept: false, timeUs: lastUs() })
    },
    restart: (again = 0) => {
      endpoint.controls.dropConnections()
      if (generation === 'v1') lastOf(kept(), again).forEach(sendAgain)
    },
    url: `ws://127.0.0.1:${String(endpoint.port)}/subscribe`
  }
}
