/**
 * Many readers of `/events`, beside a bare broadcast of the same frames by `ws`, as its documentation shows one. Both servers are in
 * this process, and take turns; the readers are in another, and do no more than count bytes, so that it is the servers that are
 * measured. The next statuses follow when all readers have the last. One at a time, as they come from a quiet spindle, is the hardest case,
 * since nothing can be written together; several are made durable at once where a push begins several builds. Some readers may lag: they
 * read nothing.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { WebSocketServer } from 'ws'
import { type BuildName, clampTimeUs, explain, initial, OrderedMap, type State, type StatusEntry, statusFrame } from '../../core/index.js'
import { systemClock } from '../../shell/lib/clock.js'
import { silentLog } from '../../shell/lib/log.js'
import { message } from '../../shell/lib/messages.js'
import { startServer } from '../../shell/inbound/server.js'
import { eventsJob, serve } from './jobs.js'
import { stopwatch } from './measure.js'
import { config } from './workload.js'

// ---------------------------------------------------------------------------------------- the readers

/** `bytes`: how many each of those who read gets of the statuses that come together. */
const Task = t.strict({ bytes: t.number, laggards: t.number, path: t.string, port: t.number, readers: t.number })
type Task = t.TypeOf<typeof Task>

const HANDSHAKE_END = '\r\n\r\n'

/** Connects. Calls `opened` once, and `got` with the number of bytes whenever some come. */
const readBytes = ({ path, port }: Task, isLaggard: boolean, opened: () => void, got: (count: number) => void): Socket => {
  const socket = connect(port, '127.0.0.1')
  let head: string | null = ''
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  )
  // The server may cut a laggard off.
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    if (head === null) return got(chunk.length)
    head += chunk.toString('latin1')
    const end = head.indexOf(HANDSHAKE_END)
    if (end < 0) return
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(head)
    head = null
    if (isLaggard) socket.pause()
    opened()
  })
  return socket
}

/** In the process of the readers: does the task that it is sent, says `ready` and, whenever all have what came together, `got`, and hangs up when it is told to. */
const beReaders = (): void => {
  let sockets: ReadonlyArray<Socket> = []
  process.on('message', (task: unknown) => {
    for (const socket of sockets) socket.destroy()
    sockets = []
    if (task === 'hang up') return void process.send?.('gone')
    const decoded = Task.decode(task)
    if (E.isLeft(decoded)) throw new Error(explain(decoded.left))
    const { bytes, laggards, readers } = decoded.right
    const bytesAtOnce = bytes * (readers - laggards)
    let toOpen = readers
    let left = bytesAtOnce
    const opened = (): void => {
      if (--toOpen === 0) process.send?.('ready')
    }
    const got = (count: number): void => {
      left -= count
      if (left > 0) return
      left += bytesAtOnce
      process.send?.('got')
    }
    sockets = Array.from({ length: readers }, (_, i) => readBytes(decoded.right, i < laggards, opened, got))
  })
  process.on('disconnect', () => process.exit())
}

/** Says something to the readers, and waits until they say that. */
const tell = async (readers: ChildProcess, what: Task | 'hang up', answer: 'ready' | 'gone'): Promise<void> => {
  readers.send(what)
  await waitForAll(readers, answer)
}

const waitForAll = async (readers: ChildProcess, expected: 'ready' | 'gone' | 'got'): Promise<void> => {
  const [heard] = (await once(readers, 'message')) as ReadonlyArray<unknown>
  if (heard !== expected) throw new Error(`the readers said ${String(heard)} instead of ${expected}`)
}

// ---------------------------------------------------------------------------------------- the statuses

const BUILD = { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' } as BuildName
const STATUSES = ['pending', 'running', 'success'] as const

const entryOf = (n: number): StatusEntry => ({
  build: BUILD,
  createdUs: clampTimeUs(1_767_225_600_000_000 + n),
  error: null,
  exitCode: null,
  status: STATUSES[n % STATUSES.length] ?? 'pending'
})

const withEntry = (state: State, entry: StatusEntry): State => ({
  ...state,
  builds: { ...state.builds, lastUs: entry.createdUs, log: OrderedMap.upsertAt(String(entry.createdUs).padStart(16, '0'), entry)(state.builds.log) }
})

// ---------------------------------------------------------------------------------------- the servers

interface Broadcaster {
  readonly close: () => Promise<void>
  readonly path: string
  readonly port: number
  readonly publish: (entries: ReadonlyArray<StatusEntry>) => void
}

const bare = async (): Promise<Broadcaster> => {
  const server = new WebSocketServer({ host: '127.0.0.1', perMessageDeflate: false, port: 0 })
  await once(server, 'listening')
  return {
    close: async () => {
      for (const client of server.clients) client.terminate()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
    path: '/',
    port: (server.address() as AddressInfo).port,
    publish: (entries) => {
      for (const entry of entries) {
        const data = Buffer.from(statusFrame(entry))
        for (const client of server.clients) if (client.readyState === client.OPEN) client.send(data, { binary: false })
      }
    }
  }
}

const events = async (readers: number): Promise<Broadcaster> => {
  let state = initial(config)
  const server = await startServer(
    {
      backlog: () => 0,
      clock: systemClock(),
      durable: () => state,
      isSaving: () => true,
      log: silentLog,
      admin: () => Promise.resolve('unsafe'),
      providers: [],
      submit: () => Promise.resolve(false)
    },
    { limits: { events: { readers } }, listen: { host: '127.0.0.1', port: 0 }, owner: config.owner }
  )
  return {
    close: server.close,
    path: '/events',
    port: server.port,
    publish: (entries) => {
      state = entries.reduce(withEntry, state)
      server.observe(
        state,
        [],
        entries.map((entry) => ({ _tag: 'PublishStatus', entry }))
      )
    }
  }
}

// ---------------------------------------------------------------------------------------- the measurement

const measure = async (
  server: Broadcaster,
  readers: ChildProcess,
  crowd: Pick<Task, 'laggards' | 'readers'>,
  entries: ReadonlyArray<StatusEntry>,
  together: number
): Promise<t.TypeOf<typeof eventsJob.output>['bare']> => {
  const [bytes = 0, ...others] = new Set(entries.map((entry) => message(statusFrame(entry)).length))
  if (others.length > 0) throw new Error('the statuses are not of one length')
  await tell(readers, { bytes: bytes * together, ...crowd, path: server.path, port: server.port }, 'ready')
  const look = stopwatch()
  for (const coming of RA.chunksOf(together)(entries)) {
    const got = waitForAll(readers, 'got')
    server.publish(coming)
    await got
  }
  const time = look()
  await tell(readers, 'hang up', 'gone')
  await server.close()
  return time
}

const SELF = fileURLToPath(import.meta.url)

if (process.argv[1] === SELF && process.argv[2] === 'readers') beReaders()
else if (process.argv[1] === SELF)
  serve(eventsJob, ({ frames, laggards, readers: count, together }) => {
    if (frames % together !== 0) throw new Error('the frames are no whole number of those that come together')
    const crowd = { laggards, readers: count }
    const readers = fork(SELF, ['readers'])
    process.on('disconnect', () => readers.disconnect())
    const entries = Array.from({ length: frames }, (_, n) => entryOf(n + 1))
    let round = 0
    return Promise.resolve(async () => {
      // Whoever comes second finds a warmer machine.
      const isBareFirst = round++ % 2 === 0
      const first = await measure(isBareFirst ? await bare() : await events(count), readers, crowd, entries, together)
      const second = await measure(isBareFirst ? await events(count) : await bare(), readers, crowd, entries, together)
      return isBareFirst ? { bare: first, events: second } : { bare: second, events: first }
    })
  })
