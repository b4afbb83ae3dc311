/**
 * Notes of steps that may take long. If one never ends and the process is killed, the notes name its event.
 *
 *     step.jsonl     before such steps: a line with their events, durable; then the index of each one that begins. Empty when they are over.
 *                    While the journal is read: a line for each such event, with its position there.
 *     hung.json      what the last such note said, and whether the operator wants the event passed over
 *
 * The first line is durable before the first step. The rest need not be: it survives the end of the process, and after a power cut the event comes
 * again, or is read again from the journal. So it is written synchronously, not through the threads that sync other files: a flood of such events
 * would wait for thousands of syncs. A failure to write a note stops nothing.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { join } from 'node:path'
import { aboutOf, type Event, Natural } from '../../core/index.js'
import { type Disk, type DiskFile, ifThere, withFile } from './disk.js'
import { refusedError } from './failure.js'
import type { Placed, Position } from './fold.js'
import { decodeText } from './json.js'

/** An event: its kind (`of`), and what identifies it within that kind (`about`). */
const Noted = t.strict({ about: t.string, of: t.string })
export type Noted = t.TypeOf<typeof Noted>

const WrittenPosition = t.strict({ index: Natural, seq: Natural })

/** An event of the journal, as it is noted while the journal is read. */
const NotedThere = t.strict({ about: t.string, index: Natural, of: t.string, seq: Natural })

const WrittenHung = t.strict({ about: t.string, isPassedOver: t.boolean, journal: t.union([WrittenPosition, t.null, t.undefined]), of: t.string })

export interface Hung extends Noted {
  readonly isPassedOver: boolean
  /** The position of the event in the journal; `null` if it is not there. */
  readonly journal: Position | null
}

/** What an operator can do about it. */
export const adviceOn = (hung: Hung): string =>
  hung.isPassedOver
    ? 'it will be passed over once'
    : hung.of === 'Started'
      ? 'if that happens again, its step hangs'
      : `if that happens again, its step hangs: skip it at the next start with tack pass-over "${eventName(hung)}"`

/** The event, for messages. */
export const hungEvent = (hung: Hung): string =>
  `"${eventName(hung)}"${hung.journal === null ? '' : ` from batch ${String(hung.journal.seq)} of the journal`}`

/** The name by which an operator refers to the event. */
export const eventName = ({ about, of }: Noted): string => (about === '' ? of : `${of} ${about}`)

const STEP = 'step.jsonl'
const HUNG = 'hung.json'
const UNFINISHED = 'hung.json.new'
const MAX = 1024 * 1024
/** The limit of notes on the journal, in bytes; then the file starts anew. */
const ROOM = 64 * 1024

const textOf = (disk: Disk, path: string): Promise<string | null> =>
  ifThere(
    withFile(disk, path, 'read', async (file) => {
      const parts: Array<Buffer> = []
      for (let at = 0; at < MAX; ) {
        const part = await file.read(at, MAX - at)
        if (part.length === 0) break
        parts.push(part)
        at += part.length
      }
      return Buffer.concat(parts).toString()
    }),
    null
  )

/** The step during which the last process ended; `null` if it ended during none. */
const noteOf = (text: string | null): Hung | null => {
  const lines = (text ?? '').split('\n')
  // A complete last line leaves an empty string after its line feed. A torn one is the note of a step that did not begin.
  const last = lines.at(-2)
  if (last === undefined) return null
  const inJournal = decodeText(NotedThere, last)
  if (E.isRight(inJournal)) {
    const { about, index, of, seq } = inJournal.right
    return { about, isPassedOver: false, journal: { index, seq }, of }
  }
  const read = decodeText(t.readonlyArray(Noted), lines[0] ?? '')
  if (E.isLeft(read)) return null
  const noted = read.right[Number(lines.length > 2 ? last : 0)]
  return noted === undefined ? null : { ...noted, isPassedOver: false, journal: null }
}

/** Whether both name the same event at the same position. */
const isSame = (a: Hung, b: Hung): boolean =>
  eventName(a) === eventName(b) && a.journal?.seq === b.journal?.seq && a.journal?.index === b.journal?.index

/** Reads what is known of a step that did not end; `null` if nothing is. */
export const readHung = async (disk: Disk, folder: string): Promise<Hung | null> => {
  const path = join(folder, HUNG)
  const text = await textOf(disk, path)
  if (text === null) return null
  const read = decodeText(WrittenHung, text)
  if (E.isLeft(read)) throw refusedError(path, read.left)
  return { ...read.right, journal: read.right.journal ?? null }
}

const passingOf = (hung: Hung | null): Placed | null =>
  hung?.isPassedOver === true && hung.journal !== null ? { about: hung.about, of: hung.of, ...hung.journal } : null

/** The event of the journal that the operator wants passed over. Every fold of the journal passes over it. */
export const readPassing = async (disk: Disk, folder: string): Promise<Placed | null> => passingOf(await readHung(disk, folder))

/** The step that is running, or during which the last process ended; otherwise the last one that was found at a start. */
export const lastHung = async (disk: Disk, folder: string): Promise<Hung | null> => {
  const note = noteOf(await textOf(disk, join(folder, STEP)))
  const hung = await readHung(disk, folder)
  return note === null || (hung !== null && isSame(hung, note)) ? hung : note
}

/** Stores `hung`, and replaces what was stored. */
export const writeHung = async (disk: Disk, folder: string, { about, isPassedOver, journal, of }: Hung): Promise<void> => {
  const path = join(folder, UNFINISHED)
  await ifThere(disk.remove(path), undefined)
  await withFile(disk, path, 'create', async (file) => {
    await file.append(Buffer.from(JSON.stringify({ about, isPassedOver, journal, of })))
    await file.sync()
  })
  await disk.rename(path, join(folder, HUNG))
  await disk.syncFolder(folder)
}

export interface Steps {
  /** The event that the operator wants passed over, once: when it comes, something else is folded in its place. */
  readonly wanted: Noted | null
  /** Notes events whose steps may take long. Resolves when the note is durable. */
  readonly begin: (events: ReadonlyArray<Event>) => Promise<void>
  /** Notes that the step of the i-th event begins. */
  readonly at: (i: number) => void
  /** Notes that all of these steps are over. */
  readonly end: () => Promise<void>
  /** Forgets the event, because it has durably been passed over. */
  readonly passed: () => Promise<void>
}

export interface OpenedSteps extends Steps {
  /** The step during which the last process ended, if any. */
  readonly found: Hung | null
  /** The event of the journal that the operator wants passed over. */
  readonly passing: Placed | null
  /** Notes an event of the journal whose step may take long. */
  readonly reading: (event: Event, at: Position) => Promise<void>
  /** Drops the notes on the journal, and what was decided about them: the journal has been read. */
  readonly hasRead: () => Promise<void>
  /** Drops the notes on the journal, because it cannot be read: everything is left as it was. */
  readonly abandon: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Reads the notes of the last process, and starts to take new ones. */
export const openSteps = async (
  disk: Disk,
  folder: string,
  names: ReadonlyArray<string>,
  onReport: (message: string) => void
): Promise<OpenedSteps> => {
  const before = names.includes(HUNG) ? await readHung(disk, folder) : null
  const note = names.includes(STEP) ? noteOf(await textOf(disk, join(folder, STEP))) : null
  let found: Hung | null = null
  if (note !== null) {
    found = before !== null && isSame(before, note) ? before : note
    // Keep what the operator has decided about another event.
    if (before?.isPassedOver !== true) await writeHung(disk, folder, found)
  }
  // The last process ended outside of a step: no step hangs, or the event has not come again yet.
  if (note === null && before?.isPassedOver === false) await ifThere(disk.remove(join(folder, HUNG)), undefined)
  const hung = before?.isPassedOver === true ? before : found

  let file: DiskFile | null = null
  let isEmpty = false
  let hasFailed = false
  const failed = (error: unknown): void => {
    if (!hasFailed) onReport(`long steps cannot be noted: ${error instanceof Error ? error.message : String(error)}`)
    hasFailed = true
  }
  const trying = async (act: (file: DiskFile) => Promise<void>): Promise<void> => {
    try {
      if (file === null) {
        file = await disk.open(join(folder, STEP), 'append')
        await disk.syncFolder(folder)
      }
      await act(file)
    } catch (error) {
      failed(error)
    }
  }
  const write = (events: ReadonlyArray<Event>): Promise<void> =>
    trying(async (opened) => {
      if (!isEmpty) await opened.truncate(0)
      isEmpty = false
      await opened.append(Buffer.from(`${JSON.stringify(events.map((event) => ({ about: aboutOf(event), of: event._tag })))}\n`))
      await opened.sync()
    })

  /** The bytes of notes on the journal. */
  let bytes = 0
  const end = (): Promise<void> =>
    trying(async (opened) => {
      await opened.truncate(0)
      isEmpty = true
    })
  const passed = async (): Promise<void> => {
    await ifThere(disk.remove(join(folder, HUNG)), undefined)
    await disk.syncFolder(folder)
  }

  const close = async (): Promise<void> => {
    await file?.close()
    file = null
  }

  return {
    abandon: async () => {
      if (bytes > 0 && names.includes(STEP)) await end()
      await close()
      if (bytes > 0 && !names.includes(STEP)) await ifThere(disk.remove(join(folder, STEP)), undefined)
    },
    at: (i) => {
      try {
        file?.note(Buffer.from(`${String(i)}\n`))
      } catch (error) {
        failed(error)
      }
    },
    begin: write,
    close,
    end,
    found,
    hasRead: async () => {
      if (bytes > 0) await end()
      // The operator may have decided about this step meanwhile, but it has ended.
      if (hung !== null && (await readHung(disk, folder))?.journal != null) await passed()
    },
    passed,
    passing: passingOf(hung),
    reading: (event, { index, seq }) =>
      trying(async (opened) => {
        const line = Buffer.from(`${JSON.stringify({ about: aboutOf(event), index, of: event._tag, seq })}\n`)
        const isFirst = bytes === 0
        if (isFirst || bytes + line.length > ROOM) {
          await opened.truncate(0)
          isEmpty = false
          bytes = 0
        }
        bytes += line.length
        await opened.append(line)
        if (isFirst) await opened.sync()
      }),
    wanted: hung?.isPassedOver === true && hung.journal === null ? { about: hung.about, of: hung.of } : null
  }
}
