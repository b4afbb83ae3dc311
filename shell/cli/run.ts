/** `tack run`: runs the bridge on the real ports until it is told to stop. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type BuildName, type Did, type Effect, type Event, excerpt, holdersOf, type HostName, initial, OrderedMap, type State } from '../../core/index.js'
import { createBuilder } from '../drive/builder.js'
import { createProgress } from '../drive/progress.js'
import { type Bridge, type Observer, startBridge } from '../drive/runtime.js'
import { beatingDuring, systemdWatchdog } from '../drive/watchdog.js'
import { buildNamed, type FoundBuild } from '../inbound/lookup.js'
import { type Server, type ServerPorts, startServer } from '../inbound/server.js'
import { systemClock, systemRandom } from '../lib/clock.js'
import { createClockWatch } from '../lib/clock-watch.js'
import { limitedLog } from '../lib/log-limit.js'
import { createLog } from '../lib/log.js'
import { VERSION } from '../lib/version.js'
import { jetstreamClient } from '../outbound/jetstream.js'
import { knotClient } from '../outbound/knot.js'
import type { Log } from '../ports.js'
import { openStore } from '../store/index.js'
import { ownerAdvice, warnOfProviders } from './check-others.js'
import { assemble, policyOf, providerNames, trustedPolicyOf } from './assemble.js'
import type { ReadConfiguration } from './configuration.js'
import { ended, listenTrouble, storeTrouble } from './finding.js'
import { configOf, type RunOptions } from './options.js'
import { preflight } from './preflight.js'
import { hasColour } from './text.js'

/** The time limit of a stop, in milliseconds; then the process exits. */
export const STOP_MS = 5_000

/** Runs the bridge. Returns the exit code: 0 after a clean stop, 1 if something that it needs is missing, 2 if options contradict each other. */
export const run = async (
  options: RunOptions,
  read: ReadConfiguration,
  remarks: ReadonlyArray<string>,
  out: NodeJS.WriteStream,
  complain: (text: string) => void
): Promise<number> => {
  const { configuration } = read
  const isTerminal = out.isTTY
  const log = createLog(options.log ?? (isTerminal ? 'pretty' : 'json'), options.logLevel, out, hasColour(out, process.env))
  const clock = systemClock()
  const config = configOf(options, configuration, providerNames(configuration, process.env))
  if (E.isLeft(config)) {
    complain(`error: ${config.left}`)
    return 2
  }

  const { obstacle, warnings } = await preflight(read, remarks, process.env)
  if (obstacle !== null) {
    complain(`error: ${obstacle}`)
    return 1
  }

  const watchdog = systemdWatchdog(process.env, log)
  const opened = await beatingDuring(
    watchdog,
    openStore({
      folder: options.store,
      initial: () => initial(config.right),
      onReport: (message) => log.warn(message, { store: options.store })
    })
  )
  if (E.isLeft(opened)) {
    complain(`error: ${storeTrouble(opened.left, 'write')}`)
    return 1
  }
  const store = opened.right
  const parts = await beatingDuring(watchdog, () => assemble(options, configuration, { clock, environment: process.env, log }))
  if (E.isLeft(parts)) {
    complain(`error: ${parts.left}`)
    await store.close()()
    return 2
  }
  const { access, definitions, handles, keys, providers, records, workflows } = parts.right
  log.info('starting', {
    version: VERSION,
    hostname: options.hostname,
    owner: options.owner,
    admission: options.admission,
    providers: providers.map(({ name }) => name),
    store: options.store,
    jetstream: options.jetstream.host,
    cursor: store.state.cursor.cursor
  })
  for (const { sentence } of warnings) log.warn(sentence)

  // The server comes first, because a bridge that publishes no statuses is useless. Until the bridge runs, it shows the stored state.
  let bridge: Bridge | null = null
  const server = await serve(
    {
      backlog: () => bridge?.backlog() ?? 0,
      calls: { handle: (call) => bridge?.call(call) ?? Promise.resolve('unsafe'), keys },
      clock,
      definitions,
      ...(handles === undefined ? {} : { handles }),
      durable: () => bridge?.durable() ?? store.state,
      isSaving: () => bridge?.isSaving() ?? true,
      log,
      admin: (request) => bridge?.admin(request) ?? Promise.resolve('unsafe'),
      providers,
      submit: (event) => bridge?.submit(event) ?? Promise.resolve(false)
    },
    options
  )
  if (E.isLeft(server)) {
    complain(`error: ${server.left}`)
    // The store comes last: its lock protects the folders of the providers.
    await Promise.all([...providers.map((provider) => provider.close()), records.close(), workflows.close()])
    await parts.right.close()
    await store.close()()
    return 1
  }
  log.info('listening', { event: 'Serving', port: server.right.port })
  const endWarnings = warnOfProviders(providers, clock, log)

  const progress = createProgress(clock, log, isTerminal ? out : null, () => bridge?.backlog() ?? 0)
  // Knots, and records of strangers, cause a limited number of log lines.
  const limited = limitedLog(clock, log)
  const tell = narrate(log, limited)
  const clocks = createClockWatch(clock, log)
  let hasFailed = false
  const started = startBridge(
    {
      builder: createBuilder(providers, clock),
      clock,
      log,
      network: {
        openJetstream: jetstreamClient({ clock, log, policy: trustedPolicyOf(options), url: options.jetstream }),
        openKnot: knotClient({ clock, log, policy: policyOf(options), isInsecure: options.dev === true })
      },
      random: systemRandom,
      access,
      records,
      store,
      ...(watchdog === null ? {} : { watchdog }),
      workflows
    },
    config.right,
    options.cursor ?? null,
    (durable, events, effects) => {
      progress.look(durable)
      for (const event of events) {
        if (event._tag === 'CommitReceived' || event._tag === 'AccountReceived') clocks.hearOfPast(options.jetstream.host, event.timeUs / 1000)
        // Logged once, with advice: the reports that follow only say that it is retried.
        if (hasFailed || event._tag !== 'RequestFailed' || event.requested._tag !== 'Records' || event.requested.did !== options.owner) continue
        hasFailed = true
        log.warn(ownerAdvice(options, event.error))
      }
      tell(durable, events, effects)
      server.right.observe(durable, events, effects)
    }
  )
  bridge = started

  const stop = (signal: NodeJS.Signals): void => {
    log.info('stopping', { signal })
    endWarnings()
    setTimeout(() => {
      log.error('stop timed out; everything acknowledged is saved', { afterMs: STOP_MS })
      process.exit(1)
    }, STOP_MS).unref()
    void started.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)

  // Every promise should have a handler. If one was forgotten, log the rejection instead of ending the process.
  const forgotten = (reason: unknown): void => log.error('unhandled failure', { reason: excerpt(String(reason)) })
  process.on('unhandledRejection', forgotten)

  const outcome = await started.ended
  progress.close()
  await server.right.close()
  await parts.right.close()
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  process.off('unhandledRejection', forgotten)
  if (E.isLeft(outcome)) {
    log.error('last events not saved; they will be read again', { reason: outcome.left })
    return 1
  }
  log.info('stopped; everything is saved', { cursor: started.durable().cursor.cursor })
  return 0
}

const serve = (ports: ServerPorts, { adminToken, listen, owner }: RunOptions): Promise<E.Either<string, Server>> =>
  startServer(ports, { ...(adminToken === undefined ? {} : { adminToken }), listen, owner: owner as Did }).then(E.right, (error: unknown) =>
    E.left(`cannot listen on ${listen.host ?? ''}:${String(listen.port)}: ${ended(listenTrouble(error))}`)
  )

/**
 * Logs what happens, once it is durable: connections and subscriptions at `info`, every record and account at `debug`. The field `event` is for
 * programs that read the log. `limited` is the log for lines that strangers can cause at will.
 */
const narrate: (log: Log, limited: Log) => Observer = (log, limited) => (durable, events, effects) => {
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
