/**
 * Other readers of the same stream, used as their documentation says. None of them stores anything. `ws` alone shows what the
 * server could deliver.
 */
import { JetstreamSubscription } from '@atcute/jetstream'
import { Jetstream } from '@skyware/jetstream'
import { WebSocket } from 'ws'
import { COLLECTIONS } from '../../core/index.js'
import { type Peer, peerJob, serve, type Stream } from './jobs.js'
import { stopwatch } from './measure.js'

/** Reads the whole stream. Resolves with the number of frames when the last one has been there. */
const peers: { readonly [peer in Peer]: (stream: Stream) => Promise<number> } = {
  '@atcute/jetstream': async ({ firstUs, lastUs, url }) => {
    const events = new JetstreamSubscription({
      cursor: firstUs,
      url,
      wantedCollections: [...COLLECTIONS],
      ws: { WebSocket }
    })
    let count = 0
    for await (const { time_us } of events) {
      count++
      if (time_us === lastUs) break
    }
    return count
  },

  '@skyware/jetstream': ({ firstUs, lastUs, url }) =>
    new Promise((resolve) => {
      const jetstream = new Jetstream({ cursor: firstUs, endpoint: url, wantedCollections: [...COLLECTIONS], ws: WebSocket })
      let count = 0
      jetstream.on('commit', ({ time_us }) => {
        count++
        if (time_us !== lastUs) return
        jetstream.close()
        resolve(count)
      })
      jetstream.start()
    }),

  'ws + JSON.parse': ({ firstUs, lastUs, url }) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${url}?cursor=${String(firstUs)}`, { perMessageDeflate: false })
      let count = 0
      socket.on('message', (data: Buffer) => {
        count++
        if ((JSON.parse(data.toString()) as { readonly time_us: number }).time_us !== lastUs) return
        socket.close()
        resolve(count)
      })
    }),

  ws: ({ firstUs, frames, url }) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${url}?cursor=${String(firstUs)}`, { perMessageDeflate: false })
      let count = 0
      socket.on('message', () => {
        count++
        if (count < frames) return
        socket.close()
        resolve(count)
      })
    })
}

serve(peerJob, ({ peer, stream }) =>
  Promise.resolve(async () => {
    const look = stopwatch()
    const count = await peers[peer](stream)
    const time = look()
    if (count !== stream.frames) throw new Error(`${peer} saw ${String(count)} of ${String(stream.frames)} frames`)
    return time
  })
)
