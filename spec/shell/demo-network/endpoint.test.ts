/** Connections of the embedded network that break: nothing else does. */
import { once } from 'node:events'
import * as E from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Endpoint, type EndpointOptions, startEndpoint } from '../../../shell/demo-network/endpoint.js'
import { manualClock } from '../support/bridge.js'
import { eventually } from '../support/sockets.js'

const started = async (admit: EndpointOptions<null>['admit']): Promise<{ readonly endpoint: Endpoint<null>; readonly url: string }> => {
  const endpoint = await startEndpoint({ admit, blockedMs: 1_000, clock: manualClock(), path: '/events', pingMs: 1_000, pingsWhileBusy: false, port: 0 })
  onTestFinished(() => endpoint.controls.stop())
  return { endpoint, url: `ws://127.0.0.1:${String(endpoint.port)}/events` }
}

test('a client whose message is too long loses its connection, and no other does', async () => {
  const { endpoint, url } = await started(() => E.right({ asked: () => null, receive: () => null, next: () => null }))
  const clients = [new WebSocket(url), new WebSocket(url)] as const
  await Promise.all(clients.map((client) => once(client, 'open')))
  clients[1].send('x'.repeat(2 ** 20 + 1))
  await once(clients[1], 'close')
  await eventually(() => expect(endpoint.controls.connections().filter(({ isOpen }) => isOpen)).toHaveLength(1))
  expect(clients[0].readyState).toBe(WebSocket.OPEN)
})

test('a connection that breaks while it is refused breaks nothing else', async () => {
  const { url } = await started((_, request) => {
    request.socket.destroy(new Error('broken'))
    return E.left({ reason: 'no', status: 503 })
  })
  await once(new WebSocket(url), 'error')
})
