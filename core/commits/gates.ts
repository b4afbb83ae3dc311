/**
 * The gates: which commits are news (D3, D5).
 */
import { FUTURE_US, isTidAfter, type Tid, type TimeUs } from '../data/identifiers.js'
import type { CommitReceived } from '../event.js'
import type { Account, Floor, Slot } from './account.js'

/** The rev if it can be relied on; `null` if there is none, or if it lies in the future of its own event (D3). */
export const usableRev = (event: CommitReceived): Tid | null =>
  event.rev !== null && !isTidAfter(event.rev, event.timeUs, FUTURE_US) ? event.rev : null

/** Whether the commit is later than the deletion of its account, if there was one (D5). */
const passesFloor = (floor: Floor | null, rev: Tid | null): boolean =>
  floor === null || (rev !== null && isTidAfter(rev, floor.timeUs, 0) && (floor.rev === null || rev > floor.rev))

/** Whether the commit is news at its key: by its rev, or, without a usable one, by its time (D3). */
const passesGate = (slot: Slot<unknown>, rev: Tid | null, timeUs: TimeUs): boolean =>
  rev === null ? timeUs > slot.timeUs : slot.rev === null || rev > slot.rev

/**
 * Whether no commit is known at the key: there is no slot, or only one that a reading made. (What was read may be out
 * of date, so every commit replaces it.)
 */
export const isUntouched = (slot: Slot<unknown> | null): boolean =>
  slot === null || (slot.rev === null && slot.timeUs === 0)

/**
 * Whether the commit is news. A commit from before the account was admitted is not, unless a rev has been applied at
 * its key since: for that time, the account's own server has the last word (B2). Otherwise a replay from before the
 * admission would bring back old states, even where only commits without a usable rev were applied.
 */
export const isNewsAt = (
  { floor, horizonUs }: Account,
  slot: Slot<unknown> | null,
  rev: Tid | null,
  timeUs: TimeUs
): boolean =>
  passesFloor(floor, rev) &&
  !(horizonUs !== null && timeUs <= horizonUs && (slot === null || slot.rev === null)) &&
  (slot === null || passesGate(slot, rev, timeUs))
