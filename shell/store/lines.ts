/** Reads a file line by line: it may be longer than the longest string, and errors name the line. */
import type { DiskFile } from './disk.js'

export interface FileLine {
  /** Without the line feed. */
  readonly bytes: Buffer
  /** Whether the line ends with a line feed. Only the last line of a file can lack it. */
  readonly isWhole: boolean
  /** Counted from 1. */
  readonly number: number
  /** Where in the file it begins, in bytes. */
  readonly offset: number
}

const CHUNK = 1024 * 1024
const FEED = 10

/** The lines of `file`, in order. An empty file has none. */
export async function* linesOf(file: DiskFile): AsyncGenerator<FileLine, void, undefined> {
  let number = 1
  let offset = 0
  let position = 0
  let parts: Array<Buffer> = []
  const line = (isWhole: boolean): FileLine => ({ bytes: Buffer.concat(parts), isWhole, number, offset })
  for (;;) {
    const chunk = await file.read(position, CHUNK)
    if (chunk.length === 0) break
    let from = 0
    for (let feed = chunk.indexOf(FEED); feed >= 0; feed = chunk.indexOf(FEED, from)) {
      parts.push(chunk.subarray(from, feed))
      yield line(true)
      from = feed + 1
      number += 1
      offset = position + from
      parts = []
    }
    parts.push(chunk.subarray(from))
    position += chunk.length
  }
  if (position > offset) yield line(false)
}
