/** The log of a running bridge: what happens, in lines. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type BuildName, type Effect, type Event, holdersOf, type HostName, OrderedMap, type State } from '../../core/index.js'
import type { Observer } from '../drive/runtime.js'
import { buildNamed, type FoundBuild } from '../inbound/readers/lookup.js'
import type { Log } from '../ports.js'

/**
 * Logs what happens, once it is durable: connections and subscriptions at `info`, every record and account at `debug`. The field `event` is for
 * programs that read the log. `limited` is the log for lines that strangers can cause at will.
 */
export const narrate: (log: Log, limited: Log) => Observer = (log, limited) => (durable, events, effects) => {
  for (const event of events) narrateEvent(log, limited, event)
  for (const effect of effects) narrateEffect(log, limited, durable, effect)
}

const narrateEvent = (log: Log, limited: Log, event: Event): void => {
  switch (event._tag) {
    case 'JetstreamOpened':
      return log.info('stream connected', { event: event._tag, connection: event.connection })
    case 'KnotOpened':
      return limited.info('knot connected', { event: event._tag, knot: event.host, connection: event.connection })
    case 'CommitReceived':
      return log.debug(event.record === null ? 'record deleted' : 'record written', {
        event: event._tag,
        collection: event.collection,
        did: event.did,
        rkey: event.rkey,
        rev: event.rev,
        timeUs: event.timeUs
      })
    case 'AccountReceived':
      return log.debug('account changed', {
        event: event._tag,
        did: event.did,
        active: event.active,
        status: event.status,
        timeUs: event.timeUs
      })
    case 'RequestFailed':
      // The core reports the failures of all other requests.
      if (event.requested._tag !== 'Workflows') return
      return limited.info('workflow files could not be read', { event: event._tag, knot: event.requested.knot, rkey: event.requested.rkey, error: event.error })
    case 'KnotReceived':
      return log.debug('knot event', {
        event: event._tag,
        knot: event.host,
        nsid: event.nsid,
        rkey: event.rkey,
        created: event.created
      })
    default:
      return
  }
}

const named = ({ knot, rkey, ...rest }: { readonly knot: string; readonly rkey: string; readonly workflow?: string }) => ({
  knot,
  rkey,
  ...('workflow' in rest ? { workflow: rest.workflow } : {})
})

/** Whether a provider was ever told of the build. A build that was not costs its author nothing, so there may be thousands. */
const wasStarted = (state: State, { knot, rkey, workflow }: BuildName): boolean =>
  O.exists(({ build }: FoundBuild) => build.recipe !== null)(buildNamed(state, knot, rkey, workflow))

/** Whether the connection to the knot has been lost before, and is being restored. */
const isReconnecting = (state: State, knot: HostName): boolean =>
  pipe(
    OrderedMap.lookup(knot)(state.knots.subscriptions),
    O.exists(({ connection }) => connection.attempt > 0)
  )

const narrateEffect = (log: Log, limited: Log, durable: State, effect: Effect): void => {
  switch (effect._tag) {
    case 'OpenJetstream':
      return log.info('connecting to the stream', { event: effect._tag, connection: effect.connection, cursor: effect.cursor, ordinal: effect.ordinal })
    case 'SubscribeKnot':
      // A reconnection belongs to the same subscription.
      if (isReconnecting(durable, effect.host)) return
      return limited.info('subscribing to knot', {
        event: effect._tag,
        knot: effect.host,
        heldBy: holdersOf(effect.host)(durable).slice(0, 5),
        cursor: effect.cursor
      })
    case 'UnsubscribeKnot':
      return limited.info('unsubscribing from knot', { event: effect._tag, knot: effect.host })
    case 'ReadRecords':
      return log.debug('reading account records', { event: effect._tag, did: effect.did, collection: effect.collection })
    case 'ReadWorkflows':
      return limited.info('reading workflow files of a trigger', {
        event: effect._tag,
        ...named(effect),
        owner: effect.repository.owner,
        repo: effect.repository.name,
        sha: effect.sha
      })
    case 'StartBuild':
      return log.info('starting build', { event: effect._tag, ...named(effect.build), provider: effect.plan.provider, pipeline: effect.plan.pipeline })
    case 'FindBuild':
      return log.info('looking up build', { event: effect._tag, ...named(effect.build), provider: effect.plan.provider })
    case 'CancelBuild':
      return log.info('cancelling build', { event: effect._tag, ...named(effect.build), provider: effect.plan.provider })
    case 'PublishPipeline':
      return log.debug('announcing run', { event: effect._tag, knot: effect.entry.knot, rkey: effect.entry.rkey, workflows: effect.entry.workflows.map(({ name }) => name) })
    case 'PublishStatus':
      return (wasStarted(durable, effect.entry.build) ? log : limited).info('build status changed', {
        event: effect._tag,
        ...named(effect.entry.build),
        status: effect.entry.status,
        error: effect.entry.error
      })
    default:
      return
  }
}
