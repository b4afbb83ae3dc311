/** A run: what happened to a machine from its beginning, step by step. What most laws are about. */
import {
  canonical,
  type Collection,
  type Commits,
  type Config,
  type Did,
  Effect,
  Event,
  type FrameEvent,
  type HostName,
  initial,
  type Json,
  type Knots,
  MEMBER,
  OrderedMap as M,
  REPO,
  type Report,
  type Rkey,
  State,
  type TimeUs
} from '../../../core/index.js'
import { pure, type Step, take } from './fence.js'
import { every, type Verdict } from './law.js'

export interface Run {
  readonly config: Config
  readonly events: ReadonlyArray<Event>
  readonly steps: ReadonlyArray<Step>
  /** What the core threw at the last event, or how it broke the fence there: no law holds of such a run. */
  readonly thrown: string | null
}

/** A run of `length` events, each made from the state that was reached. */
export const unfold = (config: Config, length: number, next: (state: State, index: number) => Event): Run =>
  pure(() => {
    const events: Array<Event> = []
    const taken: Array<Step> = []
    const recorded = (thrown: string | null): Run => ({ config, events, steps: taken, thrown })
    try {
      let state = initial(config)
      for (let i = 0; i < length; i++) {
        const event = next(state, i)
        events.push(event)
        const step = take(state, event)
        taken.push(step)
        state = step.after
      }
      return recorded(null)
    } catch (error) {
      return recorded(error instanceof Error ? (error.stack ?? error.message) : 'something that is no error')
    }
  })

/** The run of `events`. */
export const runOf = (config: Config, events: ReadonlyArray<Event>): Run =>
  unfold(config, events.length, (_, i) => events[i] ?? { _tag: 'StopRequested', at: 0 as TimeUs })

/** Runs `look` with the configuration in force after each step: that of the last start. */
export const configured = (run: Run, look: (step: Step, config: Config) => Verdict): Verdict => {
  let config = run.config
  return every(run.steps, (step) => {
    if (step.event._tag === 'Started') config = step.event.config
    return look(step, config)
  })
}

/** The state that the run ends in. */
export const end = (run: Run): State => run.steps[run.steps.length - 1]?.after ?? pure(() => initial(run.config))

// ---------------------------------------------------------------------------------------- text

/** The canonical text of a whole state: equal states have equal texts, whatever the shape of their trees. */
export const textOf = (state: State): string => pure(() => canonical(State.encode(state) as Json))

export const rowsText = (state: State): string => canonical((State.encode(state) as { readonly accounts: Json }).accounts)

export const eventText = (event: Event): string => canonical(Event.encode(event))

export const effectsText = (effects: ReadonlyArray<Effect>): string => canonical(effects.map((effect) => Effect.encode(effect)))

// ---------------------------------------------------------------------------------------- events

export const isFrame = (event: Event): event is FrameEvent =>
  event._tag === 'CommitReceived' ||
  event._tag === 'AccountReceived' ||
  event._tag === 'StreamAdvanced' ||
  event._tag === 'FrameRejected'

/** Whether the frame is not taken: it came over another connection than the one that is there, or is astray. */
export const isStale = (state: State, event: FrameEvent): boolean =>
  event.connection !== state.cursor.connection.number || isAstray(state, event)

/** Whether the connection was asked for by the number of a frame, which was not answered yet. */
export const isAwaited = ({ config, cursor: { askedUs, connection, mark, poisonings } }: State): boolean =>
  (connection.phase._tag === 'Connecting' || connection.phase._tag === 'Open') &&
  connection.attempt < 5 &&
  poisonings < 3 &&
  askedUs !== null &&
  mark !== null &&
  mark.url === config.jetstream

/** Whether the connection was asked for by the number of a frame, and this is another one (D10). */
export const isAstray = (state: State, event: FrameEvent): boolean =>
  isAwaited(state) && (event.ordinal !== state.cursor.mark?.ordinal || stampsOf(event)?.first !== state.cursor.cursor)

/** Whether the rejection is that of a frame which was behind the cursor when the connection was opened: it is not reported again. */
export const isRepeated = (state: State, event: FrameEvent): boolean =>
  event._tag === 'FrameRejected' && event.timeUs !== null && state.cursor.replayUs !== null && event.timeUs <= state.cursor.replayUs

/** The stamp of the first frame the event stands for, and the greatest; `null` when none could be read. */
export const stampsOf = (event: FrameEvent): { readonly first: number; readonly last: number } | null =>
  event._tag === 'StreamAdvanced'
    ? { first: event.firstUs, last: event.lastUs }
    : event.timeUs === null
      ? null
      : { first: event.timeUs, last: event.timeUs }

/** Five minutes: how far ahead of its receipt a stamp is believed (D1). */
export const FUTURE_US = 300_000_000

// ---------------------------------------------------------------------------------------- effects

export const reportsOf = (effects: ReadonlyArray<Effect>): ReadonlyArray<Report> =>
  effects.flatMap((effect) => (effect._tag === 'Report' ? [effect.report] : []))

/** What `effects` do about knots. */
export const knotEffectsOf = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> =>
  effects.filter(
    (effect) =>
      effect._tag === 'SubscribeKnot' ||
      effect._tag === 'UnsubscribeKnot' ||
      (effect._tag === 'WakeAfter' && effect.timer._tag === 'KnotTimer')
  )

export const subscribedBy = (effects: ReadonlyArray<Effect>): ReadonlyArray<HostName> =>
  effects.flatMap((effect) => (effect._tag === 'SubscribeKnot' ? [effect.host] : []))

export const unsubscribedBy = (effects: ReadonlyArray<Effect>): ReadonlyArray<HostName> =>
  effects.flatMap((effect) => (effect._tag === 'UnsubscribeKnot' ? [effect.host] : []))

// ---------------------------------------------------------------------------------------- state

/** Whether only those are known who are admitted (D7). */
export const isSelective = ({ config: policy }: State): boolean => policy.admission === 'members' && policy.backfill

/** Whether nothing is kept of the account. */
export const isStranger = (state: State, did: Did): boolean =>
  isSelective(state) && did !== state.config.owner && accountOf(state, did) === undefined

/** Whether there is room for another key of the account, by counting all there are. */
export const hasRoom = (state: State, did: Did): boolean => {
  const { caps, owner } = state.config
  const isOurs = (other: Did): boolean => other === owner || M.has<string>(other)(state.commits.named)
  const sizeOf = (account: Commits.Account | undefined): number =>
    account === undefined ? 0 : M.size(account.collaborators) + M.size(account.members) + M.size(account.repos)
  const own = sizeOf(accountOf(state, did))
  if (isOurs(did)) return own < caps.admitted
  const all = accountsOf(state).reduce((n, [other, account]) => (isOurs(other) ? n : n + sizeOf(account)), 0)
  return own < caps.stranger && all < caps.strangers
}

export const accountsOf = (state: State): ReadonlyArray<readonly [Did, Commits.Account]> => M.toEntries(state.commits.accounts)

export const accountOf = (state: State, did: string): Commits.Account | undefined =>
  accountsOf(state).find(([name]) => name === did)?.[1]

export const slotOf = (state: State, collection: Collection, did: string, rkey: Rkey): Commits.Slot<unknown> | undefined => {
  const account = accountOf(state, did)
  if (account === undefined) return undefined
  const slots: Commits.Slots<unknown> =
    collection === MEMBER ? account.members : collection === REPO ? account.repos : account.collaborators
  return M.toEntries(slots).find(([name]) => name === rkey)?.[1]
}

export const subscriptionsOf = (state: State): ReadonlyMap<HostName, Knots.Subscription> =>
  new Map(M.toEntries(state.knots.subscriptions))

/** The subscriptions and who holds them, as text: all of the knots' part but its settings. */
export const knotsText = (state: State): string =>
  canonical([
    state.knots.next,
    state.isStopped,
    M.toEntries(state.knots.subscriptions),
    M.toEntries(state.knots.holders).map(([host, those]) => [host, M.keys(those)] as const)
  ])
