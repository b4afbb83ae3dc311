/**
 * Notes of steps that may take long, so that one that does not end can be told by its event after the process was ended.
 *
 *     step.jsonl     before such steps: a line with their events, durable; then the number of each that begins. Empty when they are over.
 *     hung.json      what the last such note said, and whether the operator has it passed over
 *
 * Only events whose steps have ended are in the journal, so what is read of it at a start needs no notes.
 *
 * The first line is durable before the first of the steps. The numbers need not be: the end of the process leaves them, and after a power
 * cut the event comes again. A note that cannot be written keeps nothing from happening.
 */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { aboutOf, type Event } from '../../core/index.js'
import { type Disk, type DiskFile, ifThere, withFile } from './disk.js'
import { decodeText } from './json.js'
import { refused } from './failure.js'

/** An event, by its kind and what says which one of these it is. */
const Noted = t.strict({ about: t.string, of: t.string })
export type Noted = t.TypeOf<typeof Noted>

const Hung = t.strict({ about: t.string, isPassedOver: t.boolean, of: t.string })
export type Hung = t.TypeOf<typeof Hung>

/** What an operator can do about it. */
export const adviceOn = (hung: Hung): string =>
  hung.isPassedOver
    ? 'it will be passed over, once'
    : hung.of === 'Started'
      ? 'if that happens again, its step does not end'
      : `if that happens again, its step does not end: tack pass-over "${eventName(hung)}" has the next start do without it`

/** How an operator names the event. */
export const eventName = ({ about, of }: Noted): string => (about === '' ? of : `${of} ${about}`)

const STEP = 'step.jsonl'
const HUNG = 'hung.json'
const UNFINISHED = 'hung.json.new'
const MAX = 1024 * 1024

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

/** In which step the last process ended; `null` when in none. */
const noteOf = (text: string | null): Noted | null => {
  const [first = '', ...numbers] = (text ?? '').split('\n')
  const read = decodeText(t.readonlyArray(Noted), first)
  // A line that is torn is that of steps that did not begin.
  if (E.isLeft(read) || numbers.length === 0) return null
  // After the last number there is a line feed.
  return read.right[Number(numbers.at(-2) ?? 0)] ?? null
}

/** What is known of a step that did not end; `null` when nothing is. */
export const readHung = async (disk: Disk, folder: string): Promise<Hung | null> => {
  const path = join(folder, HUNG)
  const text = await textOf(disk, path)
  if (text === null) return null
  const read = decodeText(Hung, text)
  if (E.isLeft(read)) throw refused(path, read.left)
  return read.right
}

/** The step that goes on, or in which the last process ended; else the last that was found at a start. */
export const lastHung = async (disk: Disk, folder: string): Promise<Hung | null> => {
  const note = noteOf(await textOf(disk, join(folder, STEP)))
  const hung = await readHung(disk, folder)
  if (note === null || (hung !== null && eventName(hung) === eventName(note))) return hung
  return { ...note, isPassedOver: false }
}

/** Keeps `hung`, in place of what was kept. */
export const writeHung = async (disk: Disk, folder: string, { about, isPassedOver, of }: Hung): Promise<void> => {
  const path = join(folder, UNFINISHED)
  await ifThere(disk.remove(path), undefined)
  await withFile(disk, path, 'create', async (file) => {
    await file.append(Buffer.from(JSON.stringify({ about, isPassedOver, of })))
    await file.sync()
  })
  await disk.rename(path, join(folder, HUNG))
  await disk.syncFolder(folder)
}

export interface Steps {
  /** The event that the operator has passed over, once: when it comes, something else is folded in its place. */
  readonly wanted: Noted | null
  /** Notes events whose steps may take long. Resolves when that is durable. */
  readonly begin: (events: ReadonlyArray<Event>) => Promise<void>
  /** The step of the i-th of them begins. */
  readonly at: (i: number) => Promise<void>
  /** They are over. */
  readonly end: () => Promise<void>
  /** That the event was passed over is durable. */
  readonly passed: () => Promise<void>
}

export interface OpenedSteps extends Steps {
  /** In which step the last process ended, if it ended in one. */
  readonly found: Hung | null
  readonly close: () => Promise<void>
}

/** Looks at what the last process has noted, and takes notes from then on. */
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
    found = before !== null && eventName(before) === eventName(note) ? before : { ...note, isPassedOver: false }
    // What the operator has decided about another one stands.
    if (before?.isPassedOver !== true) await writeHung(disk, folder, found)
  }
  // Whoever ended outside of a step has shown that none hangs, or that it has not come again yet.
  if (note === null && before?.isPassedOver === false) await ifThere(disk.remove(join(folder, HUNG)), undefined)
  const hung = before?.isPassedOver === true ? before : found

  let file: DiskFile | null = null
  let isEmpty = false
  let hasFailed = false
  const trying = async (act: (file: DiskFile) => Promise<void>): Promise<void> => {
    try {
      if (file === null) {
        file = await disk.open(join(folder, STEP), 'append')
        await disk.syncFolder(folder)
      }
      await act(file)
    } catch (error) {
      if (!hasFailed) onReport(`steps that may take long cannot be noted: ${error instanceof Error ? error.message : String(error)}`)
      hasFailed = true
    }
  }
  const write = (events: ReadonlyArray<Event>): Promise<void> =>
    trying(async (opened) => {
      if (!isEmpty) await opened.truncate(0)
      isEmpty = false
      await opened.append(Buffer.from(`${JSON.stringify(events.map((event) => ({ about: aboutOf(event), of: event._tag })))}\n`))
      await opened.sync()
    })

  return {
    at: (i) => trying((opened) => opened.append(Buffer.from(`${String(i)}\n`))),
    begin: write,
    close: async () => {
      await file?.close()
      file = null
    },
    end: () =>
      trying(async (opened) => {
        await opened.truncate(0)
        isEmpty = true
      }),
    found,
    passed: async () => {
      await ifThere(disk.remove(join(folder, HUNG)), undefined)
      await disk.syncFolder(folder)
    },
    wanted: hung?.isPassedOver === true ? { about: hung.about, of: hung.of } : null
  }
}
