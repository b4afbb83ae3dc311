/**
 * A simulated disk that forgets what was not made durable. kill -9 cannot show a missing sync, because the page cache lives
 * on; this can. It also fails when it is told to.
 *
 * What a power cut may leave is modelled at its worst:
 * - what was written to a file since its last sync is there, or not, or up to some byte, or begins with zeros;
 * - each change of a name since the last sync of the folder is there or not, independently of every other;
 * - after a failed sync the contents count as written, but are not: syncing again succeeds, and changes nothing.
 *
 * All chance comes from a seed. There is one folder.
 */
import { basename } from 'node:path'
import type { Disk, DiskFile } from '../../../shell/store/index.js'

/** The files of a folder, as a power cut leaves them: name and contents. */
export type Image = ReadonlyMap<string, Buffer>

export type Code = 'EIO' | 'ENOSPC'

interface Inode {
  /** What a reader sees. Never changed in place. */
  contents: Buffer
  durable: Buffer
  /** A sync has failed. */
  isForsaken: boolean
}

type Names = ReadonlyMap<string, Inode>

/** A change of names that happens at once. */
interface Renaming {
  readonly adds: ReadonlyArray<readonly [name: string, inode: Inode]>
  readonly removes: ReadonlyArray<string>
}

export interface SimulatedDisk extends Disk {
  /** How many operations have begun. */
  readonly operations: () => number
  /** What a power cut at this moment can leave: every choice of names, with contents of each kind, without repeats. */
  readonly images: () => ReadonlyArray<Image>
  /** What is there without a power cut. */
  readonly now: () => Image
}

export interface SimulatedDiskOptions {
  readonly from?: Image
  readonly seed: number
  /** Called before operation `n`, counted from 1, does anything; its result is the error that the operation fails with. */
  readonly before?: (n: number) => Code | null
}

const NO_BYTES = Buffer.alloc(0)

/** Evenly distributed integers from 0 to `below` − 1 (mulberry32). */
export const randomOf = (seed: number): ((below: number) => number) => {
  let a = seed >>> 0
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code })

const renamed = (names: Names, { adds, removes }: Renaming): Names =>
  new Map([...[...names].filter(([name]) => !removes.includes(name)), ...adds])

/** Some of `items`, in order: every choice while these are few, else all but one, and the first few. */
const choices = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length > 4
    ? [items, ...items.map((_, i) => items.slice(0, i)), ...items.map((_, i) => items.filter((__, j) => j !== i))]
    : items.reduce<ReadonlyArray<ReadonlyArray<A>>>((all, item) => all.flatMap((some) => [some, [...some, item]]), [[]])

/** What may be left of contents that were not made durable. */
const remains = ({ contents, durable }: Inode, random: (below: number) => number): ReadonlyArray<Buffer> => {
  const written = contents.length - durable.length
  if (written <= 0 || !contents.subarray(0, durable.length).equals(durable)) return [durable, contents]
  const holes = Buffer.from(contents).fill(0, durable.length, durable.length + 1 + random(written))
  return [
    durable,
    contents,
    contents.subarray(0, durable.length + random(written)),
    contents.subarray(0, contents.length - 1),
    holes
  ]
}

const keyOf = (image: Image): string =>
  [...image]
    .map(([name, contents]) => `${name}\n${contents.toString('latin1')}`)
    .sort()
    .join('\n\n')

export const simulatedDisk = ({ before = () => null, from = new Map(), seed }: SimulatedDiskOptions): SimulatedDisk => {
  const random = randomOf(seed)
  let operations = 0
  let durable: Names = new Map([...from].map(([name, contents]) => [name, { contents, durable: contents, isForsaken: false }]))
  let names = durable
  let pending: ReadonlyArray<Renaming> = []

  /** Does `effect`, unless this operation is to fail; then `partial` is all that it does. */
  const operation = async <A>(effect: () => A, partial: () => void = () => undefined): Promise<A> => {
    // Others get their turn, as they do while a real disk works.
    await Promise.resolve()
    operations += 1
    const code = before(operations)
    if (code === null) return effect()
    partial()
    throw failure(code)
  }

  const find = (path: string): Inode => {
    const inode = names.get(basename(path))
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  const rename = (renaming: Renaming): void => {
    names = renamed(names, renaming)
    pending = [...pending, renaming]
  }

  const add = (path: string, inode: Inode): void => {
    if (names.has(basename(path))) throw failure('EEXIST')
    rename({ adds: [[basename(path), inode]], removes: [] })
  }

  const opened = (inode: Inode): DiskFile => {
    const write = (bytes: Uint8Array): void => {
      inode.contents = Buffer.concat([inode.contents, bytes])
    }
    return {
      append: (bytes) =>
        operation(
          () => write(bytes),
          () => write(bytes.subarray(0, random(bytes.length + 1)))
        ),
      close: () => operation(() => undefined),
      note: (bytes) => {
        operations += 1
        const code = before(operations)
        write(code === null ? bytes : bytes.subarray(0, random(bytes.length + 1)))
        if (code !== null) throw failure(code)
      },
      read: (position, length) => operation(() => inode.contents.subarray(position, position + length)),
      sync: () =>
        operation(
          () => {
            if (!inode.isForsaken) inode.durable = inode.contents
          },
          () => {
            inode.isForsaken = true
          }
        ),
      truncate: (length) =>
        operation(() => {
          inode.contents = inode.contents.subarray(0, length)
        })
    }
  }

  return {
    images: () => {
      const inodes = [
        ...new Set([...names.values(), ...durable.values(), ...pending.flatMap(({ adds }) => adds.map(([, inode]) => inode))])
      ]
      const left = new Map(inodes.map((inode) => [inode, remains(inode, random)]))
      const images = choices(pending).flatMap((some) => {
        const there = some.reduce(renamed, durable)
        return [0, 1, 2, 3, 4].map(
          (kind): Image => new Map([...there].map(([name, inode]) => [name, left.get(inode)?.[kind] ?? inode.contents]))
        )
      })
      return [...new Map(images.map((image) => [keyOf(image), image])).values()]
    },
    link: (source, to) => operation(() => add(to, find(source))),
    list: () => operation(() => [...names.keys()]),
    makeFolder: () => operation(() => undefined),
    now: () => new Map([...names].map(([name, { contents }]) => [name, contents])),
    open: (path, mode) =>
      operation(() => {
        if (mode === 'read' || (mode === 'append' && names.has(basename(path)))) return opened(find(path))
        const inode: Inode = { contents: NO_BYTES, durable: NO_BYTES, isForsaken: false }
        add(path, inode)
        return opened(inode)
      }),
    operations: () => operations,
    remove: (path) =>
      operation(() => {
        find(path)
        rename({ adds: [], removes: [basename(path)] })
      }),
    rename: (source, to) => operation(() => rename({ adds: [[basename(to), find(source)]], removes: [basename(source)] })),
    syncFolder: () =>
      operation(() => {
        durable = names
        pending = []
      })
  }
}
