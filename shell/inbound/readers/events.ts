/**
 * `GET /events`: runs and the statuses of their builds, as Tangled's appview reads them.
 *
 * The log in the durable state is the only source. Each reader has a position and pulls what follows, whenever there is news and whenever its
 * socket has room again; so backlog and live news are one thing, with no seam at which anything could be missed or sent twice, and a restart of
 * either side is one more pull. Each status is encoded once; readers at the same position, as those that are up to date are, share the bytes.
 *
 * A reader that does not read is left alone until more news than the limit waits for it. Then it is disconnected, and can resume at any time with
 * its cursor. Until then it costs one write of at most 64 KiB, and delays no other reader.
 *
 * Readers are served in rounds, a chunk each, as far as the turns of the event loop allow (turns.ts): thousands that connect at once with an old
 * cursor must not delay everybody else. A round is a list, and takes its turns as one: for a thousand readers that are up to date, a status costs
 * little more than a thousand writes to sockets.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Builds, decodeCursor, type LogEntry, logFrame, type ReaderCursor, type State, type TimeUs } from '../../../core/index.js'
import { joinMessages, message } from '../../lib/messages.js'
import type { Log } from '../../ports.js'
import type { Peer } from '../http/peer.js'
import { type HttpReply, text } from '../http/responses.js'
import type { Turns } from './turns.js'

export interface EventsLimits {
  /** The approximate size of a write to a socket, and the limit of statuses in it. */
  readonly chunkBytes: number
  readonly chunkEntries: number
  /** How much news may wait for a reader whose socket is full. */
  readonly owedBytes: number
  readonly readers: number
}

export const defaultEventsLimits: EventsLimits = { chunkBytes: 65_536, chunkEntries: 256, owedBytes: 1_048_576, readers: 2_000 }

/** Counts since the start. */
export interface EventsCounts {
  /** Readers disconnected because they were too slow. */
  readonly cut: number
  readonly readers: number
  /** Messages written to all readers. */
  readonly sent: number
  /** Readers whose cursor was older than the oldest status kept. */
  readonly truncated: number
}

export interface Events {
  readonly admit: (query: URLSearchParams) => E.Either<HttpReply, (peer: Peer) => void>
  readonly counts: () => EventsCounts
  /** To be called when the durable state may hold news. */
  readonly wake: () => void
}

/** A chunk of what follows a position in the log: whole messages. */
interface Chunk {
  readonly bytes: Buffer
  readonly count: number
  readonly lastUs: TimeUs
}

interface Reader {
  /** Writes the next chunk, if there is one, and room for it. */
  readonly give: () => void
  /** To be called with the size of news, in bytes. */
  readonly wake: (newsBytes: number) => void
}

/** The number of cached positions: readers that are up to date share one. */
const PLACES_MAX = 32

const TRY_AGAIN = { code: 1013, reason: 'reconnect to continue' } as const

/** The cursor that a reader gave; `null` when it wants only new messages. */
const cursorIn = (query: URLSearchParams): E.Either<string, ReaderCursor | null> => {
  const [cursor, ...others] = query.getAll('cursor')
  if (cursor === undefined) return E.right(null)
  return others.length > 0 ? E.left('the cursor must be given only once') : decodeCursor(cursor)
}

/** Made once, so that a refusal costs nothing. */
const FULL = E.left(text(503, 'too many readers; retry later', { 'retry-after': '30' }))

export const createEvents = (durable: () => State, log: Log, turns: Turns, limits: EventsLimits): Events => {
  const readers = new Set<Reader>()
  /** The readers of this round, how many of them have been served, and those of the next. */
  let round: ReadonlyArray<Reader> = []
  let served = 0
  let coming: Array<Reader> = []
  const encoded = new WeakMap<LogEntry, Buffer>()
  const chunks = new Map<TimeUs, Chunk | null>()
  let seen = durable().builds.log
  let tipUs = durable().builds.lastUs
  let cut = 0
  let sent = 0
  let truncated = 0

  const bytesOf = (entry: LogEntry): Buffer => {
    const known = encoded.get(entry)
    if (known !== undefined) return known
    const bytes = message(logFrame(entry))
    encoded.set(entry, bytes)
    return bytes
  }

  const cutChunk = (cursorUs: TimeUs): Chunk | null => {
    const { entries } = Builds.pageAfter(durable().builds, cursorUs, limits.chunkEntries)
    const messages: Array<Buffer> = []
    let size = 0
    let lastUs = cursorUs
    for (const entry of entries) {
      const bytes = bytesOf(entry)
      if (messages.length > 0 && size + bytes.length > limits.chunkBytes) break
      messages.push(bytes)
      size += bytes.length
      lastUs = entry.createdUs
    }
    return messages.length === 0 ? null : { bytes: joinMessages(messages), count: messages.length, lastUs }
  }

  const forgetOld = (): void => {
    const { builds } = durable()
    if (builds.log === seen) return
    seen = builds.log
    chunks.clear()
  }

  const chunkAfter = (cursorUs: TimeUs): Chunk | null => {
    forgetOld()
    const known = chunks.get(cursorUs)
    if (known !== undefined) return known
    const chunk = cutChunk(cursorUs)
    if (chunks.size < PLACES_MAX) chunks.set(cursorUs, chunk)
    return chunk
  }

  const serve = (): void => {
    for (;;) {
      if (served === round.length) {
        round = coming
        coming = []
        served = 0
        if (round.length === 0) return
      }
      if (!turns.hasRoom()) return turns.take(serve)
      round[served++]?.give()
    }
  }

  const read = (asked: ReaderCursor | null) => (peer: Peer): void => {
    let cursorUs = Builds.servedAfter(durable().builds, asked)
    /** The reader's position; at first, the cursor it gave. */
    let knownUs: number = asked?.timeUs ?? cursorUs
    /** How much news has arrived since the socket was full; `null` while it has room. */
    let owedBytes: number | null = null
    let isComing = false
    let isGone = false

    const come = (): void => {
      if (isComing) return
      isComing = true
      coming.push(reader)
    }

    const reader: Reader = {
      give: () => {
        isComing = false
        if (owedBytes !== null || isGone || !peer.isOpen()) return
        const chunk = chunkAfter(cursorUs)
        if (chunk === null) return
        // Cursor 0 asks for everything that is kept, so it misses nothing.
        const floorUs = durable().builds.floorUs ?? 0
        if (knownUs > 0 && knownUs < floorUs) {
          truncated++
          log.debug('events reader asks for more than is kept: starting at the oldest status', { cursorUs: knownUs, firstUs: chunk.lastUs })
        }
        cursorUs = chunk.lastUs
        // A gap below the floor counts once, though announcements from there still follow.
        knownUs = Math.max(cursorUs, floorUs)
        sent += chunk.count
        turns.spend(chunk.bytes.length)
        if (!peer.write(chunk.bytes)) owedBytes = 0
        else if (cursorUs < durable().builds.lastUs) come()
      },
      wake: (newsBytes) => {
        if (owedBytes === null) return come()
        owedBytes += newsBytes
        if (owedBytes <= limits.owedBytes || !peer.isOpen()) return
        cut++
        log.info('events reader too slow: disconnected, it can resume', { cursorUs, owedBytes })
        peer.close(TRY_AGAIN.code, TRY_AGAIN.reason)
      }
    }
    readers.add(reader)
    peer.onClose(() => {
      isGone = true
      readers.delete(reader)
    })
    peer.onRoom(() => {
      owedBytes = null
      come()
      turns.take(serve)
    })
    come()
    turns.take(serve)
  }

  /** The bytes of news since the last call. */
  const newsBytes = (): number => {
    let size = 0
    for (;;) {
      const { entries } = Builds.pageAfter(durable().builds, tipUs, limits.chunkEntries)
      for (const entry of entries) size += bytesOf(entry).length
      const last = entries.at(-1)
      if (last === undefined) return size
      tipUs = last.createdUs
    }
  }

  return {
    admit: (query) =>
      readers.size < limits.readers
        ? pipe(
            cursorIn(query),
            E.bimap((rule) => text(400, rule), read)
          )
        : FULL,
    counts: () => ({ cut, readers: readers.size, sent, truncated }),
    wake: () => {
      const bytes = newsBytes()
      if (bytes === 0) return
      for (const reader of readers) reader.wake(bytes)
      turns.take(serve)
    }
  }
}
