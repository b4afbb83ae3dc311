/** Local builds, as all parts of their provider see them: where they are, which wait, and which are under way. */
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Work } from './common.js'

export interface LocalSettings {
  readonly concurrent: number
  readonly graceMs: number
  readonly keepBuilds: number
  readonly keepMs: number
  readonly logBytes: number
  /** The compiled local-runner.ts, if it is not beside this file. */
  readonly runner?: string
}

/** The folder name of a build: keys may be longer than file names. */
export const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 40)

export const IS_ID = /^[0-9a-f]{40}$/

/** Folders that are not builds yet, or not any more, until they are removed. */
export const ASIDE = /^(?:new|gone)-/

/** How often files are polled while somebody is interested. */
export const LOOK_MS = 200

/** A build that ended less than this ago is kept in any case: somebody may be about to ask for its result. */
export const SURELY_KEPT_MS = 3_600_000

/** What the parts share. */
export interface LocalBuilds {
  readonly folderOf: (id: string) => string
  readonly places: Places
  /** Aborts the preparation of a build. */
  readonly preparing: Map<string, () => void>
  /** The runners started by this process. */
  readonly children: Map<string, ChildProcess>
  readonly root: string
  readonly settings: LocalSettings
  readonly warn: (what: string, error: unknown) => void
  readonly work: Work
}

/** Whether a runner of this process, or its preparation, sees to the build. */
export const isOurs = ({ children, preparing }: LocalBuilds, id: string): boolean => children.has(id) || preparing.has(id)

/** The places for builds, and those that wait for one, in order. */
export interface Places {
  /** Builds in preparation or running. */
  readonly active: Set<string>
  readonly enqueue: (id: string) => void
  /** Frees a place for another build. */
  readonly leave: (id: string) => void
  readonly isAnyWaiting: () => boolean
  /** Gives the free places to builds that wait. */
  readonly wake: () => void
}

/** @param begin - has a build begun, which has got a place; `waits` is told when some are left. */
export const createPlaces = (concurrent: number, isClosing: () => boolean, begin: (id: string) => void, waits: () => void): Places => {
  const active = new Set<string>()
  let queue: ReadonlyArray<string> = []

  const wake = (): void => {
    while (active.size < concurrent && !isClosing()) {
      const [id, ...rest] = queue
      if (id === undefined) break
      queue = rest
      active.add(id)
      begin(id)
    }
    if (queue.length > 0 && !isClosing()) waits()
  }

  return {
    active,
    enqueue: (id) => {
      if (active.has(id) || queue.includes(id)) return
      queue = [...queue, id]
      wake()
    },
    isAnyWaiting: () => queue.length > 0,
    leave: (id) => {
      active.delete(id)
      queue = queue.filter((one) => one !== id)
      wake()
    },
    wake
  }
}
