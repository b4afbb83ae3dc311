/**
 * The Jetstream server of the embedded network, with all frames in its log before anybody connects, so that it is never what is
 * waited for: a replay is written as bytes that are there, many frames at a time.
 */
import { systemClock } from '../../shell/lib/clock.js'
import { startJetstream } from '../../shell/demo-network/index.js'
import { serve, serverJob } from './jobs.js'
import { lastFrame, stampOf, world } from './workload.js'

serve(serverJob, async ({ creates, frames, rows }) => {
  const jetstream = await startJetstream({ clock: systemClock(), generation: 'v1', seed: 1 })
  const { changes, creations } = world(rows)
  const first = creates ? 0 : rows
  const last = lastFrame(first + frames - 1)
  const texts = creates ? [...creations(), ...changes(frames - rows - 1), last] : [...changes(frames - 1), last]
  for (const [n, text] of texts.entries()) jetstream.publishRaw(text, { timeUs: stampOf(first + n) })
  const bytesPerFrame = texts.reduce((sum, text) => sum + text.length, 0) / frames
  const stream = { firstUs: stampOf(first), frames, lastUs: stampOf(first + frames - 1), url: jetstream.url }
  return () => Promise.resolve({ bytesPerFrame, stream })
})
