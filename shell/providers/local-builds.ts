/** What all parts of the local provider share: the folders of builds, the queue, and the builds in progress. */
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

/** Folders that are not builds yet, or no longer are, until they are removed. */
export const ASIDE = /^(?:new|gone)-/

/** How often to poll files while somebody waits for changes. */
export const LOOK_MS = 200

/** How many requests about builds are handled at a time. A stop waits for these alone, however many more there are. */
export const AT_A_TIME = 8

/** A build that ended less than this ago is always kept: its result may still be read. */
export const SURELY_KEPT_MS = 3_600_000

/** What the parts share. */
export interface LocalBuilds {
  readonly folderOf: (id: string) => string
  readonly places: Places
  /** Aborts the preparation of a build. */
  readonly preparing: Map<string, () => void>
  /** The runners that this process started. */
  readonly children: Map<string, ChildProcess>
  readonly root: string
  readonly settings: LocalSettings
  readonly warn: (what: string, error: unknown) => void
  readonly work: Work
}

/** Whether this process runs or prepares the build. */
export const isOurs = ({ children, preparing }: LocalBuilds, id: string): boolean => children.has(id) || preparing.has(id)

/**
 * The slots for builds, and the queue for them. An account with many builds does not delay others: a free slot goes to the account with the fewest
 * builds in progress; among several, to the one whose last turn was longest ago. Builds of one account start in order.
 */
export interface Places {
  /** Builds in preparation or running. */
  readonly active: ReadonlySet<string>
  /** Queues the build, unless it is queued or in progress. */
  readonly enqueue: (id: string, account: string) => void
  /** Removes the build, and gives its slot to another one. */
  readonly leave: (id: string) => void
  readonly isAnyWaiting: () => boolean
  readonly isWaiting: (id: string) => boolean
  /** Resolves when the build leaves the queue, or at a close. So thousands of waiting builds need no polling. */
  readonly whenBegun: (id: string) => Promise<void>
  /** Resolves all pending `whenBegun`. */
  readonly close: () => void
  /** Records a build that is already in progress, whether or not a slot is free. */
  readonly occupy: (id: string, account: string) => void
  /** Removes the build, but gives its slot to no other. */
  readonly vacate: (id: string) => void
  /** Gives free slots to queued builds. */
  readonly wake: () => void
}

/**
 * @param begin - starts a build that has got a slot
 * @param waits - called if builds are still queued
 */
export const createPlaces = (concurrent: number, isClosing: () => boolean, begin: (id: string) => void, waits: () => void): Places => {
  /** The builds that have not ended, and their accounts. */
  const accounts = new Map<string, string>()
  const active = new Set<string>()
  /** The last turn of each account that has a build that has not ended. */
  const turns = new Map<string, number>()
  /** The queued builds of each account. */
  const waiting = new Map<string, Set<string>>()
  let turn = 0
  /** The pending `whenBegun`, by build. */
  const listening = new Map<string, Array<() => void>>()

  const tell = (id: string): void => {
    for (const listener of listening.get(id) ?? []) listener()
    listening.delete(id)
  }

  const isWaiting = (id: string): boolean => accounts.has(id) && !active.has(id)

  const runningFor = (account: string): number => [...active].filter((id) => accounts.get(id) === account).length

  const withdraw = (account: string, id: string): void => {
    const theirs = waiting.get(account)
    theirs?.delete(id)
    if (theirs?.size === 0) waiting.delete(account)
  }

  const next = (): readonly [account: string, id: string] | undefined => {
    const heads = [...waiting].flatMap(([account, [id]]) => (id === undefined ? [] : [{ account, id, last: turns.get(account) ?? 0, running: runningFor(account) }]))
    const [first] = heads.sort((a, b) => a.running - b.running || a.last - b.last)
    return first && [first.account, first.id]
  }

  const wake = (): void => {
    while (active.size < concurrent && !isClosing()) {
      const head = next()
      if (head === undefined) break
      const [account, id] = head
      turn += 1
      turns.set(account, turn)
      withdraw(account, id)
      active.add(id)
      tell(id)
      begin(id)
    }
    if (waiting.size > 0 && !isClosing()) waits()
  }

  const vacate = (id: string): void => {
    const account = accounts.get(id)
    accounts.delete(id)
    active.delete(id)
    tell(id)
    if (account === undefined) return
    withdraw(account, id)
    if (![...accounts.values()].includes(account)) turns.delete(account)
  }

  return {
    active,
    close: () => {
      for (const id of [...listening.keys()]) tell(id)
    },
    enqueue: (id, account) => {
      if (accounts.has(id)) return
      accounts.set(id, account)
      waiting.set(account, (waiting.get(account) ?? new Set()).add(id))
      wake()
    },
    isAnyWaiting: () => waiting.size > 0,
    isWaiting,
    leave: (id) => {
      vacate(id)
      wake()
    },
    occupy: (id, account) => {
      accounts.set(id, account)
      active.add(id)
    },
    vacate,
    wake,
    whenBegun: (id) =>
      new Promise((resolve) => {
        if (isWaiting(id) && !isClosing()) listening.set(id, [...(listening.get(id) ?? []), resolve])
        else resolve()
      })
  }
}
