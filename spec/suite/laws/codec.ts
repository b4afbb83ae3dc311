/** CODEC: what is written down is read back as it was, or refused. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import {
  AccountEntry,
  Builds,
  canonical,
  Effect,
  Event,
  fromParts,
  Head,
  headOf,
  type Json,
  OrderedMap as M,
  State,
  StatusEntry
} from '../../../core/index.js'
import { pure } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict } from './law.js'
import { wantedIn } from './model.js'
import { end, type Run, textOf } from './run.js'

/** Through text and back: what comes out, and whether its text is the same. */
const roundTrip = <A>(codec: t.Type<A, unknown>, value: A): Verdict => {
  const text = pure(() => canonical(codec.encode(value) as Json))
  const parsed: unknown = JSON.parse(text)
  const decoded = pure(() => codec.decode(parsed))
  return E.isRight(decoded)
    ? all(
        equal('decoded', decoded.right, value),
        because(pure(() => canonical(codec.encode(decoded.right) as Json)) === text, () => 'it is written otherwise')
      )
    : 'it is refused'
}

/** Something written that no state is: a state, but for what `what` names. */
export interface Tampered {
  readonly what: string
  readonly written: Json
}

/** Whether a state that was read keeps what every state keeps. */
const isWhole = (state: State): Verdict =>
  all(
    equal(
      'subscriptions',
      M.keys(state.knots.subscriptions),
      wantedIn(M.toEntries(state.commits.accounts), state.config).map(([host]) => host)
    ),
    every(M.toEntries(state.knots.subscriptions), ([, { connection }]) => connection.number < state.knots.next)
  )

export const CODEC = {
  'CODEC-1': (run: Run): Verdict => every(run.events, (event) => all(roundTrip(Event, event), Event.is(event))),

  'CODEC-2': (run: Run): Verdict =>
    every(run.steps, ({ effects }) => every(effects, (effect) => all(roundTrip(Effect, effect), Effect.is(effect)))),

  'CODEC-3': (run: Run): Verdict =>
    every(run.steps, ({ after }) => {
      const written: unknown = JSON.parse(textOf(after))
      const decoded = pure(() => State.decode(written))
      return all(
        because(E.isRight(decoded) && same(decoded.right, after), () => 'it is not read back as it was'),
        because(E.isRight(decoded) && textOf(decoded.right) === JSON.stringify(written), () => 'it is written otherwise')
      )
    }),

  'CODEC-4': (run: Run): Verdict => {
    const state = end(run)
    const entries = [...M.entriesFrom(state.commits.accounts, '')]
    const head: unknown = JSON.parse(canonical(Head.encode(headOf(state)) as Json))
    const accounts = entries.map(([did, account]) =>
      AccountEntry.decode(JSON.parse(canonical(AccountEntry.encode([did, account]) as Json)))
    )
    const runs = [...M.entriesFrom(state.builds.runs, '')].map(([key, run]) =>
      Builds.RunEntry.decode(JSON.parse(canonical(Builds.RunEntry.encode([key, run]) as Json)))
    )
    const statuses = [...M.entriesFrom(state.builds.log, '')].map(([, entry]) =>
      StatusEntry.decode(JSON.parse(canonical(StatusEntry.encode(entry))))
    )
    const parts = pure(() => Head.decode(head))
    if (E.isLeft(parts)) return 'the head is refused'
    const whole = pure(() =>
      fromParts({
        accounts: accounts.flatMap((account) => (E.isRight(account) ? [account.right] : [])),
        head: parts.right,
        runs: runs.flatMap((one) => (E.isRight(one) ? [one.right] : [])),
        statuses: statuses.flatMap((status) => (E.isRight(status) ? [status.right] : []))
      })
    )
    return because(E.isRight(whole) && same(whole.right, state), () => 'its parts are not the state')
  },

  'CODEC-5': ({ what, written }: Tampered): Verdict =>
    because(E.isLeft(pure(() => State.decode(written))), () => `taken for a state: one with ${what}`),

  'CODEC-6': (value: unknown): Verdict => {
    const decoded = pure(() => State.decode(value))
    return E.isLeft(decoded) || isWhole(decoded.right)
  }
} satisfies Laws
