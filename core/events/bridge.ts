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

/** The bridge runs (again): no connection is open, no timer is armed. A changed configuration takes effect here. */
export const Started = t.readonly(
  t.strict({
    _tag: t.literal('Started'),
    at: TimeUs,
    config: Config,
    /** Where an operator wants the stream to be read from; `null`: from where we are. */
    resumeFrom: t.union([TimeUs, t.null])
  }),
  'Started'
)

export type Started = t.TypeOf<typeof Started>

/** Somebody wants the bridge to end. */
export const StopRequested = t.readonly(t.strict({ _tag: t.literal('StopRequested'), at: TimeUs }), 'StopRequested')

export type StopRequested = t.TypeOf<typeof StopRequested>

/**
 * The operator has an event passed over whose step did not end. What has to be known of it all the same comes in events
 * of its own, after this one (pass-over.ts).
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

/**
 * What a timer is for: opening the connection of that number, or asking again for what is outstanding under that
 * number.
 */
export const Timer = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('JetstreamTimer'), connection: Natural })),
    t.readonly(t.strict({ _tag: t.literal('KnotTimer'), connection: Natural, host: HostName })),
    /** The pause before a request is made again. */
    t.readonly(t.strict({ _tag: t.literal('RequestTimer'), number: Natural, requested: Requested })),
    /** The end of the time for which a push waits for its pipeline. */
    t.readonly(t.strict({ _tag: t.literal('PushTimer'), knot: HostName, number: Natural, rkey: Rkey })),
    /** The end of the time for which a knot that nobody holds is remembered. */
    t.readonly(t.strict({ _tag: t.literal('SourceTimer'), knot: HostName, number: Natural })),
    /** The end of the time that a build may be pending, or may run. */
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
