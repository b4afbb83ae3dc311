/** Faults of a configuration: each is one line that names the place, what is allowed there, and what to do. */
import type { Position } from '../authoring/positions.js'
import { escapeInvisible } from '../lib/log.js'
import { codeOf } from '../store/disk.js'

/** Why a file cannot be read. `absent` and `folder` say what to do if it does not exist or is a folder. */
export const whyUnread = (error: unknown, { absent, folder }: { readonly absent: string; readonly folder: string }): string => {
  switch (codeOf(error)) {
    case 'EACCES':
      return 'the user that runs tack may not read it: change its owner, its group or its mode'
    case 'EISDIR':
      return `it is a folder${folder}`
    case 'ENOENT':
      return `there is no such file: ${absent}`
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

export interface Fault {
  /** The source of the fault: a path, a flag or a variable. */
  readonly from: string
  /** The position in the file; `null` if it has none. */
  readonly position: Position | null
  readonly sentence: string
}

/** For example, `/etc/tack/tack.yaml:3:5`. */
export const placeText = (path: string, position: Position | null): string =>
  position === null ? path : `${path}:${String(position.line)}:${String(position.column)}`

/** The fault as a line for a terminal. */
export const lineOf = ({ from, position, sentence }: Fault): string => escapeInvisible(`${placeText(from, position)}: ${sentence}`)

/** Sorts faults by file and position. Those of the environment and of flags come last. */
export const inOrder = (faults: ReadonlyArray<Fault>): ReadonlyArray<Fault> => {
  const rank = ({ position }: Fault): number => (position === null ? 1 : 0)
  return [...faults].sort(
    (a, b) => rank(a) - rank(b) || (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0)
  )
}
