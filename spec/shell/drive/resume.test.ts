/** Resuming, with the client and the server that there are: a server of the newer make, that numbers its frames. */
import * as E from 'fp-ts/lib/Either.js'
import { Config, type State } from '../../../core/index.js'
import { expect, test } from 'vitest'
import { systemClock } from '../../../shell/lib/clock.js'
import { jetstreamClient, serverOf } from '../../../shell/outbound/jetstream.js'
import { silentLog } from '../../../shell/lib/log.js'
import { startBridge } from '../../../shell/drive/runtime.js'
import { startJetstream, type JetstreamServer } from '../../../shell/demo-network/jetstream-server.js'
import { BEGIN, config, fakeNetwork, fakeStore, ports } from '../support/bridge.js'
import { eventually } from '../support/sockets.js'

const clock = systemClock()

const start = (port: number): Promise<JetstreamServer> => startJetstream({ clock, generation: 'v2', port, seed: 1 })

const publish = (server: JetstreamServer, n: number): void => {
  const record = { $type: 'sh.tangled.repo', name: `app ${String(n)}`, knot: '', spindle: '', createdAt: '' }
  server.publishCommit({
    did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
    operations: [{ collection: 'sh.tangled.repo', operation: 'create', record, rkey: `key${String(n)}` }],
    timeUs: BEGIN + n * 1_000_000
  })
}

/** A bridge that follows the server, with pauses as short as can be. */
const follow = (server: JetstreamServer) => {
  const url = new URL(server.url)
  const made = Config.decode({ ...config, jetstream: serverOf(url), jetstreamBackoff: { baseMs: 1, capMs: 1, healthyAfterMs: 0 } })
  if (E.isLeft(made)) throw new Error('the configuration is not valid')
  const network = { ...fakeNetwork().network, openJetstream: jetstreamClient({ clock, log: silentLog, policy: { allowLoopback: true }, url }) }
  return startBridge(ports(clock, network, fakeStore()), made.right)
}

const rowsIn = ({ commits }: State): number => commits.accounts.root?.value.repos.root?.size ?? 0

const cursorsAsked = (server: JetstreamServer): ReadonlyArray<string | null> => server.connections().map(({ asked }) => asked.cursor)

test('a bridge resumes at the number of the last frame, and by time where the server counts anew', async () => {
  const server = await start(0)
  const bridge = follow(server)
  const port = Number(new URL(server.url).port)
  let second: JetstreamServer | null = null
  try {
    await eventually(() => expect(server.connections().some(({ isOpen }) => isOpen)).toBe(true))
    for (const n of [1, 2, 3]) publish(server, n)
    await eventually(() => expect(rowsIn(bridge.durable())).toBe(3))
    server.dropConnections()
    publish(server, 4)
    await eventually(() => expect(rowsIn(bridge.durable())).toBe(4))
    expect(cursorsAsked(server)).toEqual([null, '3'])

    // Another one of the same address, which was there before and has heard more.
    await server.stop()
    second = await start(port)
    for (const n of [-3, -2, -1, 1, 2, 3, 4, 5]) publish(second, n)
    await eventually(() => expect(rowsIn(bridge.durable())).toBe(6))
    expect(cursorsAsked(second).slice(-2)).toEqual(['4', String(BEGIN - 1_000_000)])
    // What comes from before the beginning are rows as well; a number that was believed would have left out the fifth.
    expect(bridge.durable().counters.reports.root).toBeNull()
  } finally {
    await bridge.stop()
    await server.stop()
    await second?.stop()
  }
})
