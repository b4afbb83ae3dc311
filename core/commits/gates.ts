/**
 * The gates: which commit is news (D3, D5).
 */
import { FUTURE_US, isTidAfter, type Tid, type TimeUs } from '../data/identifiers.js'
import type { CommitReceived } from '../event.js'
import type { Account, Floor, Slot } from './account.js'

/** The rev, if it is one to go by: none, or one from the future of its own event, is not (D3). */
export const usableRev = (event: CommitReceived): Tid | null =>
  event.rev !== null && !isTidAfter(event.rev, event.timeUs, FUTURE_US) ? event.rev : null

/** Whether the commit is later than the deletion of its account, if there was one (D5). */
const passesFloor = (floor: Floor | null, rev: Tid | null): boolean =>
  floor === null || (rev !== null && isTidAfter(rev, floor.timeUs, 0) && (floor.rev === null || rev > floor.rev))

/** Whether the commit is news at its key: by its rev, or, without a usable one, by its time (D3). */
const passesGate = (slot: Slot<unknown>, rev: Tid | null, timeUs: TimeUs): boolean =>
  rev === null ? timeUs > slot.timeUs : slot.rev === null || rev > slot.rev

/**
 * Whether no commit is known at the key: there is no slot, or one that only reading left. (A record that was read may
 * have been read too early, and gives way to every commit.)
 */
export const isUntouched = (slot: Slot<unknown> | null): boolean =>
  slot === null || (slot.rev === null && slot.timeUs === 0)

/**
 * Whether the commit is news. What came before the account was admitted is none where no rev is known since: of that
 * its own server says what came of it (B2). A replay from before the admission would else show old states, also where
 * only commits without a usable rev were applied.
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
