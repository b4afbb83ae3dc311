/**
 * The written form of knots; the holders follow from the rows.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { HoldChanged } from '../commits/index.js'
import { HostName } from '../data/host-name.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import { type KnotsState, Subscription } from './model.js'
import { apply } from './reconcile.js'

/** The slice without its derived fields. */
export const WrittenKnots = t.readonly(
  t.strict({
    next: Natural,
    subscriptions: orderedMap(HostName, Subscription)
  }),
  'Knots'
)

export type WrittenKnots = t.TypeOf<typeof WrittenKnots>

export const toWritten = ({ next, subscriptions }: KnotsState): WrittenKnots => ({ next, subscriptions })

/**
 * The slice with these holds.
 *
 * @returns `Left` with a sentence when the subscriptions are not those that the holds call for, or a connection carries
 *   a number that was never issued.
 */
export const fromWritten = (written: WrittenKnots, holds: ReadonlyArray<HoldChanged>): E.Either<string, KnotsState> => {
  const holders = holds.reduce<KnotsState['holders']>(apply, M.empty())
  const wanted = M.keys(holders)
  const subscribed = M.toEntries(written.subscriptions)
  if (wanted.length !== subscribed.length || subscribed.some(([host], i) => host !== wanted[i]))
    return E.left('the subscriptions are not those that the rows call for')
  return subscribed.some(([, { connection }]) => connection.number >= written.next)
    ? E.left('a connection has a number that was never issued')
    : E.right({ ...written, holders })
}
