/**
 * Asking a knot who may push to a repository, and the pauses in between.
 */
import type { Pause } from '../base/connection.js'
import * as Request from '../base/request.js'
import { report } from '../base/transition.js'
import type { Config } from '../config.js'
import type { HostName } from '../data/host-name.js'
import type { TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { WakeAfter } from '../effect.js'
import type { Requested, RequestFailed } from '../event.js'
import { askedFor, entryOf, withEntry } from './entries.js'
import { type AccessState, type AccessStep, type Entry, repositoryKey } from './model.js'

/** The interval at which a list is read again. */
export const REFRESH: Pause = { highMs: 21_600_000 as Natural, lowMs: 10_800_000 as Natural }

/** How long a list that cannot be read again stays valid: a day. */
const STALE_AFTER_US = 86_400_000_000

/** Whether what an entry says is too old to be believed. */
export const isStale = ({ asOfUs }: Entry, at: TimeUs): boolean => asOfUs === null || at - asOfUs > STALE_AFTER_US

/** A repository on a knot, and its entry. */
export type Named = readonly [HostName, string, Entry]

export const requestedOf = (knot: HostName, repo: string): Requested => ({ _tag: 'Access', knot, repo })

/** Asks for the list, or notes that it is to be asked for. */
export const ask = (
  state: AccessState,
  [knot, repo, entry]: Named,
  isStopped: boolean,
  attempt: Natural = Request.FIRST
): AccessStep => {
  const number = state.next
  const account = askedFor(state, repositoryKey(knot, repo), entry.access)
  const isAsking = !isStopped && account !== null
  const request = (isAsking ? Request.asked : Request.waiting)(number, attempt)
  return [
    { ...withEntry(state, knot, repo, { ...entry, isOutdated: false, request }), next: (number + 1) as Natural },
    isAsking ? [{ _tag: 'ReadAccess', account, knot, number, repo }] : []
  ]
}

const paused = (
  state: AccessState,
  [knot, repo, entry]: Named,
  [request, timer]: readonly [Request.Request, WakeAfter]
): AccessStep => [
  { ...withEntry(state, knot, repo, { ...entry, isOutdated: false, request }), next: (state.next + 1) as Natural },
  [timer]
]

/** The list is known, and read again after a pause. */
export const askLater = (state: AccessState, named: Named, pause: Pause): AccessStep =>
  paused(state, named, Request.repeatLater(requestedOf(named[0], named[1]), state.next, pause))

/** The list could not be read: the known one stays valid unless it is too old. */
export const onReadFailed = (
  { builds: { backoff } }: Config,
  state: AccessState,
  [knot, repo, entry]: Named,
  event: RequestFailed
): AccessStep => {
  const access = isStale(entry, event.at) ? null : entry.access
  const pausing = Request.retryLater(backoff, event, state.next, entry.request)
  const [next, effects] = paused(state, [knot, repo, { ...entry, access }], pausing)
  return [next, [...effects, report({ _tag: 'AccessReadFailed', at: event.at, detail: event.error, knot, repo })]]
}

/** The entry whose request has this number, if its answer is awaited. */
export const awaitedEntry = (state: AccessState, knot: HostName, repo: string, number: Natural): Entry | null => {
  const entry = entryOf(state, knot, repo)
  return entry !== null && Request.isAsked(entry.request, number) ? entry : null
}
