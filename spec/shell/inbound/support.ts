/**
 * A spindle without a network: the real machine, driven by the test event by event, behind the real server on a real port. What the
 * machine comes to is durable at once.
 */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type BuildName, type Builds, callAnswer, Config, defaults, type Did, type Effect, Event, explain, initial, type LogEntry, OrderedMap, orderRefusal, type State, step, tidOf, type TimeUs } from '../../../core/index.js'
import type { Definitions } from '../../../shell/outbound/definitions.js'
import type { Handles } from '../../../shell/outbound/handles.js'
import type { SigningKeys } from '../../../shell/outbound/signing-keys.js'
import type { Clock } from '../../../shell/ports.js'
import type { LogLine, Provider, WebhookAnswer, WebhookRequest } from '../../../shell/providers/provider.js'
import { type Server, type ServerConfig, startServer } from '../../../shell/inbound/server.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { rememberingLog } from '../support/sockets.js'

export const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did
export const HOSTNAME = 'spindle.example'
export const KNOT = 'knot.example'
export const PROVIDER = 'fake'

export const right = <A>(result: E.Either<ReadonlyArray<unknown>, A>): A => {
  if (E.isLeft(result)) throw new Error(explain(result.left as Parameters<typeof explain>[0]))
  return result.right
}

// ---------------------------------------------------------------------------------------- the machine

export interface PushOptions {
  /** What has happened, where it is something else than a push. */
  readonly cause?: object
  /** Workflows that cannot be understood, with why. */
  readonly faulty?: Readonly<Record<string, string>>
  readonly knot?: string
  readonly name?: string
  readonly owner?: string
  /** The repository's own DID. */
  readonly repoDid?: string
  readonly workflows?: ReadonlyArray<string>
}

export interface World {
  readonly accept: (build: BuildName, external: string) => void
  readonly apply: (event: unknown) => ReadonlyArray<Effect>
  readonly build: (name: BuildName) => Builds.Build
  /** All that readers of the log were ever told, in order: announcements and statuses. */
  readonly told: () => ReadonlyArray<LogEntry>
  /** All statuses that were ever published, in order. */
  readonly published: () => ReadonlyArray<Extract<Effect, { readonly _tag: 'PublishStatus' }>['entry']>
  readonly clock: Clock
  /** The number of the connection to a knot. */
  readonly connection: (host: string) => number
  readonly loseStream: () => void
  readonly openKnot: (host?: string) => void
  readonly openStream: () => void
  /** A record by which the repository is built here. */
  readonly publishRepo: (options?: Pick<PushOptions, 'knot' | 'name' | 'owner' | 'repoDid'>) => void
  /** All records of the owner are gone. */
  readonly retractRepo: () => void
  /** A push, up to where its builds are being started. */
  readonly push: (options?: PushOptions) => ReadonlyArray<BuildName>
  /** A push whose workflow files have not been read yet. */
  readonly pushUnread: (options?: PushOptions) => { readonly number: number; readonly rkey: string }
  readonly refuse: (build: BuildName, error: string) => void
  readonly report: (build: BuildName, external: string, status: string, details?: { readonly error?: string; readonly exitCode?: number }) => void
  readonly state: () => State
  readonly watch: (server: Server) => void
}

const defined = (name: string) => ({
  _tag: 'Defined',
  clone: { depth: 1, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [['CANARY', 'never-to-be-shown']],
  name,
  steps: [{ command: 'make never-to-be-shown', environment: [], name: 'make' }],
  targets: [{ pipeline: 'main', provider: PROVIDER, settings: [] }],
  units: 200,
  when: []
})

export interface WorldOptions {
  readonly clock?: Clock
  readonly collaborators?: Config['collaborators']
  readonly keepStatuses?: number
}

export const createWorld = ({ clock = systemClock(), collaborators = 'records', keepStatuses = 20_000 }: WorldOptions = {}): World => {
  const base = defaults({ hostname: HOSTNAME, owner: OWNER })
  const config = right(
    Config.decode({
      ...base,
      admission: 'open',
      builds: { ...base.builds, allow: [{ pipelines: '**', provider: PROVIDER, repos: '**' }], keepStatuses, providers: [PROVIDER] },
      collaborators,
      hosts: { defaultPort: 443, loopback: true, ports: true }
    })
  )
  let state = initial(config)
  let servers: ReadonlyArray<Server> = []
  let pushes = 0
  let records = 0
  const told: Array<LogEntry> = []
  const published: Array<Extract<Effect, { readonly _tag: 'PublishStatus' }>['entry']> = []

  const apply = (event: unknown): ReadonlyArray<Effect> => {
    const decoded = right(Event.decode(event))
    const [after, effects] = step(state, decoded)
    state = after
    for (const effect of effects) {
      if (effect._tag === 'PublishPipeline' || effect._tag === 'PublishStatus') told.push(effect.entry)
      if (effect._tag === 'PublishStatus') published.push(effect.entry)
    }
    for (const server of servers) server.observe(state, [decoded], effects)
    return effects
  }

  const publishRepo: World['publishRepo'] = ({ knot = KNOT, name = 'app', owner = OWNER, repoDid = '' } = {}) => {
    const at = clock.now()
    records++
    apply({
      _tag: 'CommitReceived',
      at,
      collection: 'sh.tangled.repo',
      connection: state.cursor.connection.number,
      did: owner,
      ordinal: null,
      record: { createdAt: '', knot, name, repoDid, spindle: HOSTNAME },
      rev: null,
      rkey: `repo${String(records)}`,
      timeUs: at
    })
  }

  const isKnown = (owner: string, name: string): boolean => {
    const account = OrderedMap.lookup(owner)(state.commits.accounts)
    return O.isSome(account) && OrderedMap.toEntries(account.value.repos).some(([, slot]) => slot.record?.name === name)
  }

  const pushUnread: World['pushUnread'] = ({ cause = {}, knot = KNOT, name = 'app', owner = OWNER, repoDid = '' } = {}) => {
    if (!isKnown(owner, name)) publishRepo({ knot, name, owner, repoDid })
    const at = clock.now()
    const rkey = tidOf((at + pushes) as TimeUs)
    pushes++
    const subscription = OrderedMap.lookup(knot)(state.knots.subscriptions)
    if (O.isNone(subscription)) throw new Error(`nobody listens to ${knot}`)
    const effects = apply({
      _tag: 'KnotReceived',
      at,
      connection: subscription.value.connection.number,
      created: `${String(at + pushes)}000`,
      host: knot,
      nsid: 'sh.tangled.git.refUpdate',
      rkey,
      payload: {
        _tag: 'Trigger',
        trigger: {
          actor: owner,
          cause: {
            _tag: 'Push',
            changedFiles: [],
            newSha: pushes.toString(16).padStart(8, '0').padEnd(40, 'b'),
            oldSha: 'a'.repeat(40),
            ref: 'refs/heads/main',
            skipsCi: false,
            ...cause
          },
          defaultBranch: 'main',
          kind: 'refUpdate',
          repo: { did: null, knot, name, owner },
          shape: 'detailed',
          unkept: [],
          workflows: null
        }
      }
    })
    const asked = effects.find((effect) => effect._tag === 'ReadWorkflows')
    if (asked === undefined) throw new Error(`the push came to nothing: ${JSON.stringify(effects)}`)
    return { number: asked.number, rkey }
  }

  return {
    accept: (build, external) => {
      const { phase } = buildOf(state, build)
      if (!('request' in phase)) throw new Error(`nothing is asked about the build: ${phase._tag}`)
      apply({ _tag: 'BuildAccepted', at: clock.now(), build, external, number: phase.request.number })
    },
    apply,
    build: (name) => buildOf(state, name),
    clock,
    connection: (host) => {
      const subscription = OrderedMap.lookup(host)(state.knots.subscriptions)
      if (O.isNone(subscription)) throw new Error(`nobody listens to ${host}`)
      return subscription.value.connection.number
    },
    loseStream: () => void apply({ _tag: 'JetstreamClosed', at: clock.now(), connection: state.cursor.connection.number, poisoned: false }),
    openKnot: (host = KNOT) => {
      const subscription = OrderedMap.lookup(host)(state.knots.subscriptions)
      if (O.isNone(subscription)) throw new Error(`nobody listens to ${host}`)
      apply({ _tag: 'KnotOpened', at: clock.now(), connection: subscription.value.connection.number, host })
    },
    openStream: () => {
      apply({ _tag: 'Started', at: clock.now(), config, resumeFrom: null })
      apply({ _tag: 'JetstreamOpened', at: clock.now(), connection: state.cursor.connection.number })
    },
    publishRepo,
    published: () => published,
    retractRepo: () => {
      for (let n = 1; n <= records; n++)
        apply({
          _tag: 'CommitReceived',
          at: clock.now(),
          collection: 'sh.tangled.repo',
          connection: state.cursor.connection.number,
          did: OWNER,
          ordinal: null,
          record: null,
          rev: null,
          rkey: `repo${String(n)}`,
          timeUs: clock.now()
        })
    },
    told: () => told,
    push: (options = {}) => {
      const { faulty = {}, knot = KNOT, workflows = ['ci.yml'] } = options
      const { number, rkey } = pushUnread(options)
      apply({
        _tag: 'WorkflowsRead',
        at: clock.now(),
        defaultBranch: 'main',
        knot,
        number,
        rkey,
        sources: null,
        unkept: [],
        workflows: [...workflows.map(defined), ...Object.entries(faulty).map(([name, error]) => ({ _tag: 'Faulty', content: '', error, name, when: null }))]
      })
      return [...workflows, ...Object.keys(faulty)].map((workflow) => ({ knot, rkey, workflow }) as BuildName)
    },
    pushUnread,
    refuse: (build, error) => {
      const { phase } = buildOf(state, build)
      if (!('request' in phase)) throw new Error(`nothing is asked about the build: ${phase._tag}`)
      apply({ _tag: 'RequestFailed', at: clock.now(), error, isFinal: true, number: phase.request.number, requested: { _tag: 'Build', build }, waitMs: 0 })
    },
    report: (build, external, status, { error, exitCode } = {}) => {
      // Reports count once it is known what the provider calls the build.
      const { phase } = buildOf(state, build)
      if (phase._tag === 'Starting') apply({ _tag: 'BuildAccepted', at: clock.now(), build, external, number: phase.request.number })
      apply({ _tag: 'BuildReported', at: clock.now(), build, error: error ?? null, exitCode: exitCode ?? null, external, provider: PROVIDER, status })
    },
    state: () => state,
    watch: (server) => {
      servers = [...servers, server]
    }
  }
}

const buildOf = (state: State, { knot, rkey, workflow }: BuildName): Builds.Build => {
  const run = OrderedMap.lookup<string>(`${knot}/${rkey}`)(state.builds.runs)
  const build = O.isNone(run) ? O.none : OrderedMap.lookup<string>(workflow)(run.value.builds)
  if (O.isNone(build)) throw new Error(`no build ${workflow}`)
  return build.value
}

// ---------------------------------------------------------------------------------------- a provider

export interface FakeProvider extends Provider {
  /** For whom logs were asked, by their provider's name for the build. */
  readonly asked: ReadonlyArray<string>
  /** How many logs are being read. */
  readonly reading: () => number
  /** More lines of all logs; `null` is their end. */
  readonly say: (...lines: ReadonlyArray<LogLine | null>) => void
}

/** A provider that starts nothing; its logs are what the test says. */
export const fakeProvider = (webhook?: (request: WebhookRequest) => WebhookAnswer): FakeProvider => {
  const lines: Array<LogLine | null> = []
  const asked: Array<string> = []
  let reading = 0
  let wake: ReadonlyArray<() => void> = []
  const nothing = (): Promise<never> => Promise.reject(new Error('nothing is started here'))
  return {
    asked,
    cancel: nothing,
    check: () => Promise.resolve({ isFine: true, sentence: 'fine' }),
    close: () => Promise.resolve(),
    settleMs: 0,
    find: nothing,
    follow: () => () => undefined,
    async *logs(_, external, signal) {
      asked.push(external)
      reading++
      try {
        for (let i = 0; !signal.aborted; i++) {
          const line = lines[i]
          if (line === null) return
          if (line !== undefined) yield line
          else {
            i--
            await new Promise<void>((resolve) => {
              wake = [...wake, resolve]
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
          }
        }
      } finally {
        reading--
      }
    },
    name: PROVIDER,
    reading: () => reading,
    say: (...more) => {
      lines.push(...more)
      for (const resolve of wake) resolve()
      wake = []
    },
    start: nothing,
    ...(webhook === undefined ? {} : { webhook })
  }
}

// ---------------------------------------------------------------------------------------- the server

export interface Serving {
  readonly delivered: ReadonlyArray<Event>
  readonly log: ReturnType<typeof rememberingLog>
  readonly server: Server
  readonly setSaving: (isSaving: boolean) => void
  readonly url: string
}

/** A server that shows the world, until the test is over. */
export const serve = async (
  world: World,
  {
    adminToken,
    definitions,
    handles,
    keys,
    limits = {},
    port = 0,
    providers = []
  }: { readonly definitions?: Definitions; readonly handles?: Handles; readonly keys?: SigningKeys; readonly port?: number; readonly providers?: ReadonlyArray<Provider> } & Pick<
    ServerConfig,
    'adminToken' | 'limits'
  > = {}
): Promise<Serving> => {
  const delivered: Array<Event> = []
  const log = rememberingLog()
  let isSaving = true
  const server = await startServer(
    {
      backlog: () => 3,
      ...(keys === undefined
        ? {}
        : {
            calls: {
              handle: (call) => {
                delivered.push(call)
                const answer = callAnswer(call)(world.state())
                if (isSaving) world.apply(call)
                return Promise.resolve(isSaving ? answer : 'unsafe')
              },
              keys
            }
          }),
      clock: world.clock,
      ...(definitions === undefined ? {} : { definitions }),
      ...(handles === undefined ? {} : { handles }),
      durable: world.state,
      isSaving: () => isSaving,
      log,
      admin: (request) => {
        delivered.push(request)
        return Promise.resolve(isSaving ? (orderRefusal(request)(world.state()) ?? 'accepted') : 'unsafe')
      },
      providers,
      submit: (event) => {
        delivered.push(event)
        return Promise.resolve(isSaving)
      }
    },
    { ...(adminToken === undefined ? {} : { adminToken }), limits, listen: { host: '127.0.0.1', port }, owner: OWNER }
  )
  onTestFinished(() => server.close())
  world.watch(server)
  return {
    delivered,
    log,
    server,
    setSaving: (now) => {
      isSaving = now
    },
    url: `http://127.0.0.1:${String(server.port)}`
  }
}

// ---------------------------------------------------------------------------------------- clients

export { eventually } from '../support/eventually.js'

export interface Heard {
  readonly body: string
  readonly headers: IncomingMessage['headers']
  readonly status: number
}

/** A request as it is written: no client makes the path any nicer. */
export const ask = (
  url: string,
  path: string,
  { body, headers = {}, method = 'GET' }: { readonly body?: string | Buffer; readonly headers?: Readonly<Record<string, string>>; readonly method?: string } = {}
): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const asking = request({ agent: false, headers, host: hostname, method, path, port }, (response) => {
      const chunks: Array<Buffer> = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ body: Buffer.concat(chunks).toString(), headers: response.headers, status: response.statusCode ?? 0 }))
    })
    asking.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ body: '', headers: response.headers, status: response.statusCode ?? 0 })
    })
    asking.on('error', reject)
    asking.end(body)
  })

export const UPGRADE = {
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  upgrade: 'websocket'
} as const

/** A socket on which the test writes and reads bytes. */
export const raw = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

export interface Reading {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly frames: ReadonlyArray<string>
  readonly socket: WebSocket
}

/**
 * A reader of a websocket of the server. Rejects when it is not let in. `isStalled`: it reads nothing from the start, so that the kernel sees no reason
 * to hold more for it; what it holds for one that has read fast may be tens of megabytes.
 */
export const read = async (url: string, path: string, { isStalled = false } = {}): Promise<Reading> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { perMessageDeflate: false })
  if (isStalled) socket.once('open', () => socket.pause())
  const frames: Array<string> = []
  socket.on('message', (data: Buffer) => frames.push(data.toString()))
  const closed = new Promise<{ readonly code: number; readonly reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  socket.on('error', () => undefined)
  return { closed, frames, socket }
}
