/** `tack run`: runs the bridge on the real ports until it is told to stop. */
import * as E from 'fp-ts/lib/Either.js'
import { type Did, excerpt, initial } from '../../core/index.js'
import { createBuilder } from '../drive/builder.js'
import { createProgress } from '../drive/progress.js'
import { type Bridge, startBridge } from '../drive/runtime.js'
import { beatingDuring, systemdWatchdog } from '../drive/watchdog.js'
import { type Server, type ServerPorts, startServer } from '../inbound/server.js'
import { systemClock, systemRandom } from '../lib/clock.js'
import { createClockWatch } from '../lib/clock-watch.js'
import { limitedLog } from '../lib/log-limit.js'
import { createLog } from '../lib/log.js'
import { VERSION } from '../lib/version.js'
import { jetstreamClient } from '../outbound/jetstream.js'
import { knotClient } from '../outbound/knot.js'
import { openStore } from '../store/index.js'
import { ownerAdvice, warnOfProviders } from './check-others.js'
import { assemble, policyOf, providerNames, trustedPolicyOf } from './assemble.js'
import type { ReadConfiguration } from './configuration.js'
import { fullStop, listenTrouble, storeTrouble } from './finding.js'
import { narrate } from './narrate.js'
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
        if (event._tag === 'CommitReceived' || event._tag === 'AccountReceived') clocks.observePast(options.jetstream.host, event.timeUs / 1000)
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
    E.left(`cannot listen on ${listen.host ?? ''}:${String(listen.port)}: ${fullStop(listenTrouble(error))}`)
  )
