/**
 * The snapshot: the state after the first `seq` batches, as one JSON document that is written and read line by line.
 *
 *     {"format":"tack-state","version":8,"seq":7,"head":{…},"growing":[
 *     ["sources","knot.example",{…}],
 *     ["spent","3m…",{…}]
 *     ],"accounts":[
 *     ["did:plc:…",{…}],
 *     ["repos","3m…",{…}]
 *     ],"runs":[
 *     ["knot.example/3m…",{…}]
 *     ],"statuses":[
 *     {"build":{…},…}
 *     ],"crc":"89abcdef"}
 *
 * Each account, row, run or status has a line (accounts.ts). The first line holds only the fixed parts of the head (growing.ts). So the length of
 * every line is bounded however large the state is, the document can be read line by line, and an error can name its line.
 *
 * The document is written in slices: encoding a large state at once would block the event loop for seconds and, in the end, exceed the longest
 * string. The state is immutable, so events are accepted between two slices.
 *
 * lowdb keeps the document, through an adapter that acknowledges a write only when a power cut cannot undo it. A document that cannot be decoded is
 * refused; it is never taken for an empty state, and never overwritten (D11).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import type { Adapter } from 'lowdb'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  Builds,
  fromParts,
  Head,
  Natural,
  OrderedMap,
  type State,
  StatusEntry
} from '../../core/index.js'
import { accountReader, type Fault, linesOfAccount } from './accounts.js'
import { type Disk, type DiskFile, ifThere, withFile } from './disk.js'
import { refusedError } from './failure.js'
import { fixedHead, growingReader, linesOfGrowing } from './growing.js'
import { hex } from './journal.js'
import { decode, decodeText, parseJson } from './json.js'
import { linesOf } from './lines.js'
import { type Document, type Migrations, MIGRATIONS } from './migrations.js'

export interface Snapshot {
  /** How many batches of the journal the state includes. */
  readonly seq: number
  readonly state: State
  /** The number in the document. It is written with today's. */
  readonly version: number
}

/** The format to write, and the migrations from older ones. */
export interface Format {
  readonly migrations: Migrations
  /** The number of the store. Every landing that changes the stored shape, or what an event of the journal does, raises it. */
  readonly version: number
}

export const FORMAT: Format = { migrations: MIGRATIONS, version: 8 }

/**
 * The lists of a document, in the order in which they are written. Up to version 3 the whole head was in the first line; version 1 had only accounts.
 */
const LISTS = ['growing', 'accounts', 'runs', 'statuses'] as const
type List = (typeof LISTS)[number]

export const snapshotPath = (folder: string): string => join(folder, 'state.json')

/** Where a snapshot is written until it is complete. */
export const unfinishedPath = (folder: string): string => `${snapshotPath(folder)}.new`

// ---------------------------------------------------------------------------------------- writing

/** How many characters to encode before yielding to the event loop: about a millisecond's worth. */
const SLICE = 64 * 1024

const textOf = (value: unknown): string => JSON.stringify(value)

/** All but the last line. */
function* contentOf(version: number, { seq, state }: Snapshot): Generator<string, void, undefined> {
  const head = textOf(Head.encode(fixedHead(state)))
  yield `{"format":"tack-state","version":${String(version)},"seq":${String(seq)},"head":${head},"growing":[`
  let separator = '\n'
  for (const line of linesOfGrowing(state)) {
    yield separator + line
    separator = ',\n'
  }
  yield '\n],"accounts":['
  separator = '\n'
  for (const [did, account] of OrderedMap.entriesFrom(state.commits.accounts, '')) {
    for (const line of linesOfAccount(did, account)) {
      yield separator + line
      separator = ',\n'
    }
  }
  yield '\n],"runs":['
  separator = '\n'
  for (const [key, run] of OrderedMap.entriesFrom(state.builds.runs, '')) {
    yield `${separator}${textOf([key, Builds.Run.encode(run)])}`
    separator = ',\n'
  }
  yield '\n],"statuses":['
  separator = '\n'
  for (const [, entry] of OrderedMap.entriesFrom(state.builds.log, '')) {
    yield `${separator}${textOf(entry)}`
    separator = ',\n'
  }
  yield '\n'
}

/** The document in slices, encoded on demand. */
function* slicesOf(version: number, snapshot: Snapshot): Generator<Buffer, void, undefined> {
  let text = ''
  let crc = 0
  const slice = (): Buffer => {
    const bytes = Buffer.from(text)
    crc = crc32(bytes, crc)
    text = ''
    return bytes
  }
  for (const piece of contentOf(version, snapshot)) {
    text += piece
    if (text.length >= SLICE) yield slice()
  }
  yield slice()
  yield Buffer.from(`],"crc":"${hex(crc)}"}\n`)
}

/** How many bytes to write between two syncs, so that neither a sync nor a cancelled write ever takes long. */
const SYNC_BYTES = 8 * 1024 * 1024

/** @returns The size of the document, in bytes. */
const writeDurably = async (disk: Disk, folder: string, version: number, snapshot: Snapshot, isOff: () => boolean): Promise<number> => {
  const unfinished = unfinishedPath(folder)
  let bytes = 0
  await withFile(disk, unfinished, 'create', async (file) => {
    let volatile = 0
    for (const slice of slicesOf(version, snapshot)) {
      if (isOff()) throw new Error('it was called off')
      await file.append(slice)
      bytes += slice.length
      volatile += slice.length
      if (volatile < SYNC_BYTES) continue
      await file.sync()
      volatile = 0
    }
    await file.sync()
  })
  await disk.rename(unfinished, snapshotPath(folder))
  await disk.syncFolder(folder)
  return bytes
}

/** Always into a new file: one whose sync failed must not be tried again, nor keep its space. */
const write = async (disk: Disk, folder: string, version: number, snapshot: Snapshot, isOff: () => boolean): Promise<number> => {
  const discard = (): Promise<void> => ifThere(disk.remove(unfinishedPath(folder)), undefined)
  await discard()
  try {
    return await writeDurably(disk, folder, version, snapshot, isOff)
  } catch (error) {
    await discard().catch(() => undefined)
    throw error
  }
}

// ---------------------------------------------------------------------------------------- reading

const BEGINNING = /^\{"format":"tack-state","version":(\d{1,15}),/
const NEXT_LIST = /^\],"([a-z]+)":\[$/
/** Up to version 3. */
const WHOLE_HEAD = /,"accounts":\[$/
const LAST = /^\],"crc":"([0-9a-f]{8})"\}$/

const FirstLine = t.strict({ head: t.unknown, seq: Natural }, 'State')

/** The version of the document, if it can be read. */
const versionOf = (firstLine: string, { migrations, version: today }: Format): E.Either<string, number> => {
  const digits = BEGINNING.exec(firstLine)?.[1]
  if (digits === undefined) return E.left('it does not begin like a state of tack')
  const version = Number(digits)
  if (version > today)
    return E.left(`it has version ${digits}, and this tack reads versions up to ${String(today)}: use a newer one`)
  return version === today || version in migrations ? E.right(version) : E.left(`there was never a version ${digits}`)
}

const migrate = (migrations: Migrations, version: number, document: Document): Document => {
  const migration = migrations[version]
  return migration === undefined ? document : migrate(migrations, version + 1, migration(document))
}

const read = async (path: string, file: DiskFile, format: Format): Promise<Snapshot & { readonly bytes: number }> => {
  const orRefuse = <A>(number: number, result: E.Either<string, A>): A => {
    if (E.isLeft(result)) throw refusedError(path, `line ${String(number)}: ${result.left}`)
    return result.right
  }
  let { version } = format
  let first: t.TypeOf<typeof FirstLine> | null = null
  let isComplete = false
  let crc = 0
  let number = 0
  let bytes = 0
  const orRefuseAt = <A>(result: E.Either<Fault, A>): A => (E.isLeft(result) ? orRefuse(result.left.line, E.left(result.left.why)) : result.right)
  const accounts = accountReader()
  const growing = growingReader()
  const parts: { readonly runs: Array<Builds.RunEntry>; readonly statuses: Array<StatusEntry> } = {
    runs: [],
    statuses: []
  }
  /** The entries of an older version. They are all kept, because a migration may move them. */
  const old: { readonly [list in List]: Array<unknown> } = { accounts: [], growing: [], runs: [], statuses: [] }
  let list: List = 'growing'

  const take = (into: List, json: unknown): void => {
    switch (into) {
      case 'accounts':
        return orRefuseAt(accounts.take(json, number))
      case 'growing':
        return orRefuseAt(growing.take(json, number))
      case 'runs':
        return void parts.runs.push(orRefuse(number, decode(Builds.RunEntry, json)))
      case 'statuses':
        return void parts.statuses.push(orRefuse(number, decode(StatusEntry, json)))
    }
  }

  /** The list that begins at this line. The order is fixed, so none can be missing or come twice. */
  const nextList = (text: string): List | null => {
    const next = LISTS[LISTS.indexOf(list) + 1]
    return next !== undefined && NEXT_LIST.exec(text)?.[1] === next ? next : null
  }

  const isLastList = (): boolean => version === 1 || list === 'statuses'

  for await (const line of linesOf(file)) {
    number = line.number
    bytes += line.bytes.length + 1
    const text = line.bytes.toString()
    if (first === null) version = orRefuse(number, versionOf(text, format))
    if (!line.isWhole) throw refusedError(path, `line ${String(number)}: it ends in the middle`)
    if (isComplete) throw refusedError(path, `line ${String(number)}: there is more after the end`)
    const next = first === null ? null : nextList(text)
    if (first === null) {
      first = orRefuse(number, decodeText(FirstLine, `${text}]}`))
      if (WHOLE_HEAD.test(text)) list = 'accounts'
    }
    else if (next !== null) list = next
    else if (text.startsWith(']')) {
      if (!isLastList() || LAST.exec(text)?.[1] !== hex(crc))
        throw refusedError(path, `line ${String(number)}: the checksum is not that of the content`)
      isComplete = true
    } else {
      const json = orRefuse(number, parseJson(text.endsWith(',') ? text.slice(0, -1) : text))
      if (version === format.version) take(list, json)
      else old[list].push(json)
    }
    crc = crc32('\n', crc32(line.bytes, crc))
  }
  if (first === null) throw refusedError(path, 'it is empty')
  if (!isComplete) throw refusedError(path, `it ends after line ${String(number)}`)

  const document = migrate(format.migrations, version, { ...old, head: first.head })
  for (const into of LISTS)
    for (const [i, json] of document[into].entries()) {
      number = i + 2
      take(into, json)
    }
  const entries = orRefuseAt(accounts.end())
  const state = pipe(
    growing.joined(document.head),
    E.chain((head) => decode(Head, head)),
    E.chain((head) => fromParts({ ...parts, accounts: entries, head }))
  )
  if (E.isLeft(state)) throw refusedError(path, state.left)
  return { bytes, seq: first.seq, state: state.right, version }
}

// ---------------------------------------------------------------------------------------- adapter

/** The adapter through which lowdb reads and writes. */
export interface Snapshots extends Adapter<Snapshot> {
  /** The size of the snapshot that was last read or written, in bytes; 0 if there was none. */
  readonly bytes: () => number
}

/** `read` resolves with `null` if there is no snapshot. Once `isOff` returns true, a write soon ends with an error. */
export const snapshots = (disk: Disk, folder: string, format = FORMAT, isOff: () => boolean = () => false): Snapshots => {
  let bytes = 0
  return {
    bytes: () => bytes,
    read: async () => {
      const path = snapshotPath(folder)
      const found = await ifThere(
        withFile(disk, path, 'read', (file) => read(path, file, format)),
        null
      )
      if (found === null) return null
      bytes = found.bytes
      return { seq: found.seq, state: found.state, version: found.version }
    },
    write: async (snapshot) => {
      bytes = await write(disk, folder, format.version, snapshot, isOff)
    }
  }
}
