/**
 * Reports: what was refused, ignored or lost. They are counted and logged; nothing depends on them.
 */
import * as t from 'io-ts'
import { HostName } from './data/host-name.js'
import { Collection, Did, Nanos, Rkey, TimeUs } from './data/identifiers.js'
import { Natural } from './data/natural.js'
import { KnotRejection, Rejection } from './event.js'
import { BuildName } from './model/build.js'

/**
 * Why a trigger calls for nothing, in the order of the keys: the ref was deleted; it did not move; it is neither a
 * branch nor a tag; the pusher asked for no CI; the repository is not one of ours; the knot's other kind of event
 * counts; it happened before we listened; no workflow applies.
 */
export const IgnoreReason = t.keyof(
  { deleted: null, unmoved: null, ref: null, skipped: null, repo: null, kind: null, before: null, workflows: null },
  'IgnoreReason'
)

export type IgnoreReason = t.TypeOf<typeof IgnoreReason>

/**
 * Why a trigger is refused, in the order of the keys: it names another knot; its actor has no right; its key is too
 * long; too many are waiting.
 */
export const TriggerRefusal = t.keyof({ knot: null, actor: null, rkey: null, limit: null }, 'TriggerRefusal')

export type TriggerRefusal = t.TypeOf<typeof TriggerRefusal>

/** Why a workflow is dropped, in the order of the keys: a bad pattern in `when`; no `engine`; it exceeds a limit. */
export const WorkflowDrop = t.keyof({ when: null, engine: null, limit: null }, 'WorkflowDrop')

/** Something an operator should be able to see. Every report is counted (counters/). */
export const Report = t.union(
  [
    /** A frame was rejected. */
    t.readonly(
      t.strict({
        _tag: t.literal('FrameRejected'),
        at: TimeUs,
        collection: t.union([t.string, t.null]),
        detail: t.string,
        did: t.union([t.string, t.null]),
        operation: t.union([t.string, t.null]),
        reason: Rejection,
        rkey: t.union([t.string, t.null])
      })
    ),
    /** A frame carries a stamp more than five minutes after its receipt; it was applied, but the cursor stays (D1). */
    t.readonly(
      t.strict({ _tag: t.literal('FrameFromFuture'), at: TimeUs, did: t.union([Did, t.null]), timeUs: TimeUs })
    ),
    /** Events between these two times may have been missed (D10, D12). */
    t.readonly(t.strict({ _tag: t.literal('Gap'), askedUs: TimeUs, at: TimeUs, gotUs: TimeUs })),
    /** A repo record names something that is not a host name of a knot; it was applied without a knot (D6). */
    t.readonly(t.strict({ _tag: t.literal('KnotRefused'), at: TimeUs, did: Did, knot: t.string, rkey: Rkey })),
    /** A field of a record is overlong; the record was applied without it. */
    t.readonly(
      t.strict({
        _tag: t.literal('FieldTooLong'),
        at: TimeUs,
        collection: Collection,
        did: Did,
        field: t.string,
        limit: Natural,
        rkey: Rkey
      })
    ),
    /** There is no room for another key of the account: its record is not kept (D7). */
    t.readonly(t.strict({ _tag: t.literal('KeyRefused'), at: TimeUs, collection: Collection, did: Did, rkey: Rkey })),
    /** A frame of a knot was rejected. */
    t.readonly(
      t.strict({
        _tag: t.literal('KnotFrameRejected'),
        at: TimeUs,
        detail: t.string,
        host: HostName,
        reason: KnotRejection
      })
    ),
    /** A frame of a knot carries a stamp more than five minutes after its receipt; the knot's cursor stays. */
    t.readonly(t.strict({ _tag: t.literal('KnotFrameFromFuture'), at: TimeUs, created: Nanos, host: HostName })),
    /** A page of an account's records could not be read; it will be tried again. */
    t.readonly(t.strict({ _tag: t.literal('RecordsReadFailed'), at: TimeUs, detail: t.string, did: Did })),
    /** Who may push to a repository is not known, or could not be read again; it will be tried again. */
    t.readonly(
      t.strict({ _tag: t.literal('AccessReadFailed'), at: TimeUs, detail: t.string, knot: HostName, repo: t.string })
    ),
    /** A trigger calls for nothing here, as most do on a knot that others use, too. */
    t.readonly(
      t.strict({ _tag: t.literal('TriggerIgnored'), at: TimeUs, knot: HostName, reason: IgnoreReason, rkey: Rkey })
    ),
    /** The knot, or the actor, has no right to what the trigger calls for. */
    t.readonly(
      t.strict({
        _tag: t.literal('TriggerRefused'),
        at: TimeUs,
        detail: t.string,
        knot: HostName,
        reason: TriggerRefusal,
        rkey: Rkey
      })
    ),
    /** The workflow files of a trigger could not be read, and no longer are: nothing is built. */
    t.readonly(
      t.strict({ _tag: t.literal('WorkflowsReadFailed'), at: TimeUs, detail: t.string, knot: HostName, rkey: Rkey })
    ),
    /** A workflow applies to the trigger, or that cannot be decided, but it is not one that can be built here. */
    t.readonly(
      t.strict({
        _tag: t.literal('WorkflowDropped'),
        at: TimeUs,
        build: BuildName,
        detail: t.string,
        reason: WorkflowDrop
      })
    ),
    /**
     * A workflow file is left out because no build can carry its name: it has more than 100 characters, or an invalid
     * one.
     */
    t.readonly(
      t.strict({
        _tag: t.literal('WorkflowNameRefused'),
        at: TimeUs,
        detail: t.string,
        knot: HostName,
        name: t.string,
        rkey: Rkey
      })
    ),
    /** A request to a provider may not have been carried out; it will be tried again. */
    t.readonly(
      t.strict({
        _tag: t.literal('ProviderUncertain'),
        at: TimeUs,
        build: BuildName,
        detail: t.string,
        provider: t.string
      })
    ),
    /** A provider never said whether it had a build that has ended for us, or whether that build has ended. */
    t.readonly(
      t.strict({
        _tag: t.literal('BuildAbandoned'),
        at: TimeUs,
        build: BuildName,
        detail: t.string,
        provider: t.string
      })
    ),
    /** A provider reported on a build that another provider has. */
    t.readonly(t.strict({ _tag: t.literal('ReportRefused'), at: TimeUs, build: BuildName, provider: t.string })),
    /** The operator had an event passed over because its step did not end. */
    t.readonly(t.strict({ _tag: t.literal('PassedOver'), about: t.string, at: TimeUs, of: t.string }))
  ],
  'Report'
)

export type Report = t.TypeOf<typeof Report>
