/**
 * Events of knots: their connections, and their frames.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { Did, Nanos, Nsid, Rkey, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { Trigger } from '../model/trigger.js'

/** The connection to a knot has opened. */
export const KnotOpened = t.readonly(
  t.strict({ _tag: t.literal('KnotOpened'), at: TimeUs, connection: Natural, host: HostName }),
  'KnotOpened'
)

export type KnotOpened = t.TypeOf<typeof KnotOpened>

/** The connection to a knot was lost, or could not be made. */
export const KnotClosed = t.readonly(
  t.strict({ _tag: t.literal('KnotClosed'), at: TimeUs, connection: Natural, host: HostName }),
  'KnotClosed'
)

export type KnotClosed = t.TypeOf<typeof KnotClosed>

/** What a frame of a knot is about. */
export const KnotPayload = t.union(
  [
    /** It may call for builds. */
    t.readonly(t.strict({ _tag: t.literal('Trigger'), trigger: Trigger })),
    /** It is of a known kind, but cannot be understood. */
    t.readonly(t.strict({ _tag: t.literal('Unreadable'), detail: t.string })),
    /** Anything else: it counts as received, and calls for nothing. */
    t.readonly(t.strict({ _tag: t.literal('Other') }))
  ],
  'KnotPayload'
)

export type KnotPayload = t.TypeOf<typeof KnotPayload>

/** A frame came from a knot. */
export const KnotReceived = t.readonly(
  t.strict({
    _tag: t.literal('KnotReceived'),
    at: TimeUs,
    connection: Natural,
    /** `null` from older knots, which do not send it. */
    created: t.union([Nanos, t.null]),
    host: HostName,
    nsid: Nsid,
    payload: KnotPayload,
    rkey: Rkey
  }),
  'KnotReceived'
)

export type KnotReceived = t.TypeOf<typeof KnotReceived>

/** A change to a knot's own list of who may push to a repository. */
export const CollaboratorUpdate = t.readonly(
  t.strict({ op: t.union([t.literal('add'), t.literal('remove')]), repo: Did, subject: Did }),
  'CollaboratorUpdate'
)

export type CollaboratorUpdate = t.TypeOf<typeof CollaboratorUpdate>

/** A knot reports that somebody may push to a repository from now on, or no longer may. */
export const CollaboratorUpdated = t.readonly(
  t.strict({
    _tag: t.literal('CollaboratorUpdated'),
    at: TimeUs,
    connection: Natural,
    /** As in `KnotReceived`. */
    created: t.union([Nanos, t.null]),
    host: HostName,
    rkey: Rkey,
    update: CollaboratorUpdate
  }),
  'CollaboratorUpdated'
)

export type CollaboratorUpdated = t.TypeOf<typeof CollaboratorUpdated>

/** Why a frame of a knot was rejected. */
export const KnotRejection = t.keyof(
  {
    size: null,
    binary: null,
    utf8: null,
    json: null,
    frame: null,
    nsid: null,
    rkey: null,
    created: null,
    trigger: null
  },
  'KnotRejection'
)

export type KnotRejection = t.TypeOf<typeof KnotRejection>

/** A frame of a knot was not understood. The knot's cursor stays where it is. */
export const KnotFrameRejected = t.readonly(
  t.strict({
    _tag: t.literal('KnotFrameRejected'),
    at: TimeUs,
    connection: Natural,
    detail: t.string,
    host: HostName,
    reason: KnotRejection
  }),
  'KnotFrameRejected'
)

export type KnotFrameRejected = t.TypeOf<typeof KnotFrameRejected>
