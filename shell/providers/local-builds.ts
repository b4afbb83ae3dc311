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

/** How many requests about builds are dealt with at a time: a stop waits for these alone, however many there are. */
export const AT_A_TIME = 8

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

/**
 * The places for builds, and those that wait for one. Whoever has many built does not keep the others waiting: a free place is for the account with
 * the fewest builds under way, of several for the one whose turn was longest ago. Builds of one account begin in their order.
 */
export interface Places {
  /** Builds in preparation or running. */
  readonly active: ReadonlySet<string>
  /** The build waits for a place; nothing new, if it does so already, or has one. */
  readonly enqueue: (id: string, account: string) => void
  /** Frees a place for another build. */
  readonly leave: (id: string) => void
  readonly isAnyWaiting: () => boolean
  readonly isWaiting: (id: string) => boolean
  /** Resolves when the build does not wait any more, or nobody is to wait for it: thousands may, and none of them looks again and again. */
  readonly whenBegun: (id: string) => Promise<void>
  /** Resolves whatever waits for a build to begin. */
  readonly close: () => void
  /** The build is under way already, whether or not there is a place for it. */
  readonly occupy: (id: string, account: string) => void
  /** Takes the build for one that is not under way here, without a thought for those that wait. */
  readonly vacate: (id: string) => void
  /** Gives the free places to builds that wait. */
  readonly wake: () => void
}

/** @param begin - has a build begun, which has got a place; `waits` is told when some are left. */
export const createPlaces = (concurrent: number, isClosing: () => boolean, begin: (id: string) => void, waits: () => void): Places => {
  /** The builds that have not ended, and for whom they are. */
  const accounts = new Map<string, string>()
  const active = new Set<string>()
  /** When each account had its last turn, as long as it has a build that has not ended. */
  const turns = new Map<string, number>()
  /** Of each account for which some wait. */
  const waiting = new Map<string, Set<string>>()
  let turn = 0
  /** Who waits for a build to begin. */
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
