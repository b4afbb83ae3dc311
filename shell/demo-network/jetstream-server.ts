/**
 * A Jetstream server for loopback, in both generations that are in use: what a client of the real one has to live with, it has
 * to live with here. Replays begin with the event that was asked for, an old cursor is clamped without a word, events come again
 * after a restart, all operations of a commit may share a stamp, and account events of strangers pass every filter but the one
 * by DID.
 *
 * It never makes anything up: what is published is what is sent, stamps come from the clock or from the caller.
 *
 * Not offered, and refused with a 400: compression.
 *
 * Source: github.com/bluesky-social/jetstream.
 */
import * as E from 'fp-ts/lib/Either.js'
import { clampTimeUs, type TimeUs } from '../../core/index.js'
import { joined, message } from '../lib/messages.js'
import { placeIn } from '../lib/place.js'
import type { Clock } from '../ports.js'
import { type Controls, type Feed, startEndpoint } from './endpoint.js'
import { accountBody, type Body, commitBody, frameText, identityBody, type Operation, seeded, tid } from './frames.js'
import { askedIn, filterOf, type Filtered, type JetstreamAsked, updateIn } from './jetstream-filters.js'

// ---------------------------------------------------------------------------------------- model

export interface JetstreamOptions {
  readonly clock: Clock
  /**
   * `v1`: every frame has a `time_us` of its own. `v2`: the operations of one commit share theirs, frames bear a sequence number
   * (`cursor`), and cursors below 10¹⁵ are such numbers.
   */
  readonly generation: 'v1' | 'v2'
  /** Where the sequence numbers of accounts and the clock ids of revs come from. */
  readonly seed: number
  /** How long a write may wait for a client: 5 s in v2, 10 s in v1, if not given. */
  readonly blockedMs?: number
  /** 30 s if not given. */
  readonly pingMs?: number
  /** 0, any free one, if not given. */
  readonly port?: number
  /** What is kept for replays: that many events, none older than that. Everything if not given. */
  readonly retention?: { readonly ageUs?: number; readonly count?: number }
}

/** `timeUs` is when the server sees it: now, if not given. It is moved on where stamps could not rise otherwise. */
export interface Stamped {
  readonly timeUs?: number
}

export interface Commit extends Stamped {
  readonly did: string
  readonly operations: ReadonlyArray<Operation>
  /** The TID of the first stamp, if not given. */
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
  /** `false`: only who is connected gets it, a replay does not show it. */
  readonly kept?: boolean
}

export interface JetstreamServer extends Controls<JetstreamAsked> {
  /** `ws://…/subscribe`. */
  readonly url: string
  /** Each publishing method returns the texts of the frames that it made. */
  readonly publishCommit: (commit: Commit) => ReadonlyArray<string>
  readonly publishAccount: (news: AccountNews) => ReadonlyArray<string>
  readonly publishIdentity: (news: IdentityNews) => ReadonlyArray<string>
  /** Sends what it is given to every reader, past all filters and limits: as a server would that has gone wrong. */
  readonly publishRaw: (payload: string | Buffer, options?: RawOptions) => void
  /** Sends the last `count` frames again, as they were, to those who are connected. */
  readonly repeat: (count: number) => void
  /** Cuts all connections. A v1 server then sends its last `again` events once more, with new stamps; v2 does not do that. */
  readonly restart: (again?: number) => void
  /** The texts of the frames that a replay from 0 would consist of, unfiltered. */
  readonly history: () => ReadonlyArray<string>
  /** The stamp of the last frame; 0 when there was none. */
  readonly lastUs: () => TimeUs
}

/** One frame of the log. */
interface Entry extends Filtered {
  readonly bytes: Buffer
  /** Whether replays show it. */
  readonly kept: boolean
  readonly seq: number
  readonly timeUs: TimeUs
}

// ---------------------------------------------------------------------------------------- the server

/** In v2, cursors from here on are microseconds; below, sequence numbers. */
const FIRST_TIME_CURSOR = 1e15

const lastOf = <T>(all: ReadonlyArray<T>, count: number): Array<T> => all.slice(Math.max(0, all.length - count))

/** How much is handed to a socket at once. */
const CHUNK_BYTES = 65_536

/** A server of its own, on 127.0.0.1. */
export const startJetstream = async (options: JetstreamOptions): Promise<JetstreamServer> => {
  const { clock, generation, pingMs = 30_000, port = 0, retention = {}, seed } = options
  const { blockedMs = generation === 'v1' ? 10_000 : 5_000 } = options
  const { ageUs = Infinity, count = Infinity } = retention
  const random = seeded(seed)
  const clockId = random.between(0, 1023)
  let accountSeq = 30_000_000_000 + random.between(0, 999_999_999)
  let lastRevUs = 0

  // The log. Sequence numbers start at 1; `entries[0]` has the number `firstSeq`, the next one to come `nextSeq`.
  let entries: Array<Entry> = []
  let firstSeq = 1
  let nextSeq = 1

  const lastUs = (): TimeUs => entries.at(-1)?.timeUs ?? clampTimeUs(0)

  /** The number of the first event at or after `timeUs`: stamps in the log never fall. */
  const seqAt = (timeUs: number): number => firstSeq + placeIn(entries, (entry) => entry.timeUs < timeUs)

  const oldestSeq = (): number => Math.max(firstSeq, nextSeq - count, seqAt(clock.now() - ageUs))

  /** Where a replay begins: in the future or without a cursor now, and before what is kept with the oldest that is. */
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
      hear: (text) => {
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
        // Who falls behind what is kept goes on with the oldest.
        for (seq = Math.max(seq, firstSeq); seq < nextSeq && bytes < CHUNK_BYTES; seq++) {
          const entry = entries[seq - firstSeq]
          if (entry === undefined || !passes(entry) || (!entry.kept && entry.seq < connectedSeq)) continue
          messages.push(entry.bytes)
          bytes += entry.bytes.length
        }
        return messages.length === 0 ? null : joined(messages)
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
    // In large steps, since each moves the whole log.
    if (entries.length > 2 * count) {
      entries = lastOf(entries, count)
      firstSeq = nextSeq - count
    }
    endpoint.wake()
  }

  /** v1 stamps rise, v2 stamps do not fall. */
  const stamp = (timeUs: number): TimeUs => clampTimeUs(Math.max(timeUs, generation === 'v1' ? lastUs() + 1 : lastUs()))

  const send = (text: string, did: string, collection: string | null, timeUs: TimeUs): string => {
    append({ bytes: message(text), collection, did, kept: true, sizeBytes: Buffer.byteLength(text), timeUs })
    return text
  }

  const publish = (body: Body, timeUs: TimeUs): string =>
    send(frameText(body, timeUs, generation === 'v2' ? nextSeq : undefined), body.did, body.collection, timeUs)

  /** The same event, as a server sends it that has lost count: with a new stamp. Raw frames have none to change. */
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
