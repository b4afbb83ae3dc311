/**
 * The journal: what has happened since the snapshot, one batch a line.
 *
 *     {"version":8,"seq":7,"events":[…],"crc":"89abcdef"}
 *
 * `version` is the number of the store (snapshot.ts); journals of numbers 1 and 2 have none. `seq` counts the batches of a store from 1 on, across
 * all files; `crc` is the CRC-32 of the bytes of the line before it. A file is named after its first batch. Each snapshot starts a new file, so that
 * the old ones can be removed whole once the snapshot is durable.
 *
 * What an event does depends on the rules of the version that wrote it. Another version would fold the journal to another state, in which a build may
 * be started twice. So only the version that wrote a journal folds it. A clean stop leaves nothing in the journal beyond the snapshot, and snapshots
 * of every number can be read. The exception is numbers 1 and 2, which precede the first release: today's rules fold them.
 *
 * A power cut tears at most the last line of the last file, because a line is acknowledged only when it is durable, and the next file is started only
 * after that. Only this damage is repaired. Any other damage means that acknowledged data is lost, and continuing would hide the loss.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Event, Natural } from '../../core/index.js'
import { type Disk, withFile } from './disk.js'
import { refusedError, unfinishedError } from './failure.js'
import { modernEvent } from './former-events.js'
import { tellsOfFormerKnot } from './former-knots.js'
import { decode, decodeText } from './json.js'
import { type FileLine, linesOf } from './lines.js'

// ---------------------------------------------------------------------------------------- one line

/** A batch whose events have not been decoded. */
const Unread = t.strict({ events: t.UnknownArray, seq: Natural, version: t.union([Natural, t.undefined]) }, 'Batch')
type Unread = t.TypeOf<typeof Unread>

const Events = t.strict({ events: t.readonlyArray(Event) }, 'Batch')

export interface Batch {
  readonly events: ReadonlyArray<Event>
  /** Whether number 1 or 2 wrote it (former-rules.ts). */
  readonly isFormer: boolean
  readonly seq: number
}

/** The last store number whose journals carry none. Today's rules fold these journals. */
const UNNUMBERED = 2

/** The events, in today's form. */
const eventsOf = ({ events, version }: Unread): E.Either<string, ReadonlyArray<Event>> => {
  const decoded = decode(Events, { events: version === undefined ? events.filter((event) => !tellsOfFormerKnot(event)).map(modernEvent) : events })
  return E.isLeft(decoded) ? decoded : E.right(decoded.right.events)
}

const CRC_KEY = ',"crc":"'
const endOf = (crc: number): string => `${CRC_KEY}${hex(crc)}"}`
const END_LENGTH = CRC_KEY.length + 10

/** A CRC-32 as eight hexadecimal digits. */
export const hex = (crc: number): string => crc.toString(16).padStart(8, '0')

/** No character takes more bytes than this for each of its UTF-16 units. */
const BYTES_PER_UNIT = 3

/**
 * The line of a batch, with its line feed. A line can be large, so its text is written once, into a buffer that is long enough whatever it says:
 * `Buffer.from` of the whole line joins the text and counts its bytes first, a twentieth of all the time in which a stream is consumed.
 */
export const lineOf = (version: number, { events, seq }: Omit<Batch, 'isFormer'>): Buffer => {
  const head = `{"version":${String(version)},"seq":${String(seq)},"events":`
  const text = JSON.stringify(events)
  const line = Buffer.allocUnsafeSlow(head.length + text.length * BYTES_PER_UNIT + END_LENGTH + 1)
  const start = line.write(head, 'latin1')
  const length = start + line.write(text, start)
  const end = line.write(`${endOf(crc32(line.subarray(0, length)))}\n`, length, 'latin1')
  return line.subarray(0, length + end)
}

/** The line without its checksum, if that is right; `Left` says what is wrong. */
const contentOf = ({ bytes, isWhole }: FileLine): E.Either<string, Buffer> => {
  if (!isWhole) return E.left('it ends in the middle')
  const content = bytes.subarray(0, Math.max(0, bytes.length - END_LENGTH))
  return bytes.toString('latin1', content.length) === endOf(crc32(content))
    ? E.right(content)
    : E.left('its checksum is not that of its content')
}

/**
 * Whether the line goes on after the end of a batch. A torn write cannot cause that, but a damaged line feed can, and then the batch before it had
 * been acknowledged. (Within a JSON string the quotes of the key would be escaped.)
 */
const runsOn = ({ bytes, isWhole }: FileLine): boolean => {
  const key = bytes.indexOf(CRC_KEY)
  return key >= 0 && key + END_LENGTH < bytes.length - (isWhole ? 0 : 1)
}

// ---------------------------------------------------------------------------------------- one file

/** A last line that was not written completely. */
export interface TornTail {
  readonly number: number
  readonly offset: number
  readonly path: string
  readonly why: string
}

/** What decides whether this version may fold a journal. */
export interface Rules {
  /** The number of the snapshot that the journal continues from; `null` if unknown. */
  readonly snapshot: number | null
  /** Today's number. */
  readonly version: number
}

/** Why a batch of this version cannot be folded here, after such a snapshot; `null` if it can. */
const strangeness = ({ snapshot, version: today }: Rules, version: number | undefined, path: string, line: number): Error | null => {
  const at = `line ${String(line)}`
  if (version === today || (version === undefined && (snapshot ?? 0) <= UNNUMBERED)) return null
  if (version === undefined) return refusedError(path, `${at}: it has no version number, and the snapshot before it has version ${String(snapshot)}`)
  if (version > today)
    return refusedError(path, `${at}: it has version ${String(version)}, and this tack reads versions up to ${String(today)}: use a newer one`)
  return unfinishedError(
    path,
    `${at}: an earlier tack wrote it after its last snapshot, for a store of version ${String(version)}`
  )
}

/**
 * Passes the batches of the file to `take`, in order. Batches up to `seq`, which a snapshot includes, are only counted. Returns a torn tail; anything
 * else that is invalid is refused.
 */
export const readJournal = (
  disk: Disk,
  path: string,
  rules: Rules,
  seq: number,
  take: (batch: Batch, line: FileLine) => Promise<void>
): Promise<TornTail | null> =>
  withFile(disk, path, 'read', async (file) => {
    let torn: TornTail | null = null
    for await (const line of linesOf(file)) {
      const orRefuse = <A>(result: E.Either<string, A>): A => {
        if (E.isLeft(result)) throw refusedError(path, `line ${String(line.number)}: ${result.left}`)
        return result.right
      }
      if (torn !== null) throw refusedError(path, `line ${String(torn.number)}: ${torn.why}`)
      const content = contentOf(line)
      if (E.isLeft(content)) {
        if (runsOn(line)) throw refusedError(path, `line ${String(line.number)}: it goes on after the end of a batch`)
        torn = { number: line.number, offset: line.offset, path, why: content.left }
      } else {
        // The checksum is right, so this is what was written. If it cannot be decoded, a torn write is not the reason.
        const batch = orRefuse(decodeText(Unread, `${content.right.toString()}}`))
        const isIncluded = batch.seq <= seq
        const strange = isIncluded ? null : strangeness(rules, batch.version, path, line.number)
        if (strange !== null) throw strange
        await take({ events: isIncluded ? [] : orRefuse(eventsOf(batch)), isFormer: batch.version === undefined, seq: batch.seq }, line)
      }
    }
    return torn
  })

/** Cuts the tail off, so that the next line begins where the torn one began. */
export const cutTail = (disk: Disk, { offset, path }: TornTail): Promise<void> =>
  withFile(disk, path, 'append', async (file) => {
    await file.truncate(offset)
    await file.sync()
  })

// ---------------------------------------------------------------------------------------- all files

const NAME = /^journal-(\d{16})\.jsonl$/

interface JournalFile {
  /** The `seq` of its first batch, written or not. */
  readonly first: number
  readonly path: string
}

export const isJournal = (name: string): boolean => NAME.test(name)

export const journalPath = (folder: string, first: number): string =>
  join(folder, `journal-${String(first).padStart(16, '0')}.jsonl`)

/** The journal files of the folder, in order. */
const journalsIn = async (disk: Disk, folder: string): Promise<ReadonlyArray<JournalFile>> =>
  (await disk.list(folder))
    .filter(isJournal)
    .sort()
    .map((name) => ({ first: Number(NAME.exec(name)?.[1]), path: join(folder, name) }))

/** Whether a snapshot of `seq` includes everything in the i-th file: the next file begins no later than where the snapshot ends. */
const isSuperseded = (files: ReadonlyArray<JournalFile>, i: number, seq: number): boolean => {
  const next = files[i + 1]
  return next !== undefined && next.first <= seq + 1
}

export interface Journals {
  /** The bytes of the batches that were passed to `take`. */
  readonly bytes: number
  /** The `seq` of the last batch, in the journal or in the snapshot. */
  readonly seq: number
  readonly torn: TornTail | null
}

/**
 * Passes every batch after `seq` to `take`, in order.
 *
 * Files that a snapshot of `seq` supersedes are not read: after a failed append, one of them may be torn.
 */
export const readJournals = async (disk: Disk, folder: string, rules: Rules, seq: number, take: (batch: Batch) => Promise<unknown>): Promise<Journals> => {
  const all = await journalsIn(disk, folder)
  const files = all.filter((_, i) => !isSuperseded(all, i, seq))
  let next = Math.min(files[0]?.first ?? seq + 1, seq + 1)
  let bytes = 0
  let torn: TornTail | null = null
  for (const { first, path } of files) {
    if (torn !== null) throw refusedError(torn.path, `line ${String(torn.number)}: ${torn.why}`)
    if (first !== next) throw refusedError(path, `it begins with batch ${String(first)}, but batch ${String(next)} has to come next`)
    torn = await readJournal(disk, path, rules, seq, async (batch, line) => {
      if (batch.seq !== next)
        throw refusedError(
          path,
          `line ${String(line.number)}: it is batch ${String(batch.seq)}, but batch ${String(next)} has to come next`
        )
      next += 1
      if (batch.seq <= seq) return
      bytes += line.bytes.length + 1
      await take(batch)
    })
  }
  return { bytes, seq: Math.max(seq, next - 1), torn }
}

/** Removes the files that a snapshot of `seq` supersedes. */
export const removeSuperseded = async (disk: Disk, folder: string, seq: number): Promise<void> => {
  const files = await journalsIn(disk, folder)
  for (const [i, { path }] of files.entries()) if (isSuperseded(files, i, seq)) await disk.remove(path)
}
