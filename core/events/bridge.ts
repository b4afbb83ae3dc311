/**
 * Events of the bridge itself: it starts, stops, and its timers fire.
 */
import * as t from 'io-ts'
import { Config } from '../config.js'
import { HostName } from '../data/host-name.js'
import { Rkey, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { BuildName } from '../model/build.js'
import { Requested } from './requests.js'

/**
 * The bridge starts, or restarts: no connection is open and no timer is set. A changed configuration takes effect here.
 */
export const Started = t.readonly(
  t.strict({
    _tag: t.literal('Started'),
    at: TimeUs,
    config: Config,
    /** Where an operator wants the stream to be read from; `null`: from the saved cursor. */
    resumeFrom: t.union([TimeUs, t.null])
  }),
  'Started'
)

export type Started = t.TypeOf<typeof Started>

/** The bridge is to stop. */
export const StopRequested = t.readonly(t.strict({ _tag: t.literal('StopRequested'), at: TimeUs }), 'StopRequested')

export type StopRequested = t.TypeOf<typeof StopRequested>

/**
 * The operator had an event passed over because its step did not end. What must be known all the same comes in events
 * of its own, after this one (journal/pass-over.ts).
 */
export const PassedOver = t.readonly(
  t.strict({
    _tag: t.literal('PassedOver'),
    /** Which one it was, in a few words. */
    about: t.string,
    at: TimeUs,
    /** The kind of event. */
    of: t.string
  }),
  'PassedOver'
)

export type PassedOver = t.TypeOf<typeof PassedOver>

/** What a timer is for: to reconnect under that number, to make the request of that number again, or to end a wait. */
export const Timer = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('JetstreamTimer'), connection: Natural })),
    t.readonly(t.strict({ _tag: t.literal('KnotTimer'), connection: Natural, host: HostName })),
    /** The pause before a request is made again. */
    t.readonly(t.strict({ _tag: t.literal('RequestTimer'), number: Natural, requested: Requested })),
    /** The end of the time for which a push waits for its pipeline. */
    t.readonly(t.strict({ _tag: t.literal('PushTimer'), knot: HostName, number: Natural, rkey: Rkey })),
    /** The end of the time for which a knot that no record holds is remembered. */
    t.readonly(t.strict({ _tag: t.literal('SourceTimer'), knot: HostName, number: Natural })),
    /** The end of the time for which a build may be pending, or may run. */
    t.readonly(t.strict({ _tag: t.literal('DeadlineTimer'), build: BuildName, number: Natural }))
  ],
  'Timer'
)

export type Timer = t.TypeOf<typeof Timer>

/** The pause that a `WakeAfter` asked for is over. */
export const TimerFired = t.readonly(
  t.strict({ _tag: t.literal('TimerFired'), at: TimeUs, timer: Timer }),
  'TimerFired'
)

export type TimerFired = t.TypeOf<typeof TimerFired>
