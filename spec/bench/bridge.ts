/** The whole bridge on real ports, as `tack run` puts it together, but for the log: boot, consume, stop. */
import * as E from 'fp-ts/lib/Either.js'
import { initial, type TimeUs } from '../../core/index.js'
import { systemClock, systemRandom } from '../../shell/lib/clock.js'
import { jetstreamClient } from '../../shell/outbound/jetstream.js'
import { knotClient } from '../../shell/outbound/knot.js'
import { silentLog as log } from '../../shell/lib/log.js'
import { startBridge } from '../../shell/drive/runtime.js'
import { openStore } from '../../shell/store/index.js'
import { nothingElse } from '../shell/support/bridge.js'
import { bridgeJob, serve } from './jobs.js'
import { stopwatch, succeed, watch } from './measure.js'
import { config as keeping, selective } from './workload.js'

serve(bridgeJob, async (input) => {
  const { firstUs, frames, lastUs, url } = input.stream
  const config = input.keeps ? keeping : selective
  const clock = systemClock()
  const bootStart = performance.now()
  const store = await succeed(openStore({ folder: input.store, initial: () => initial(config) }))
  const bootMs = performance.now() - bootStart

  const policy = { allowLoopback: true }
  const network = {
    openJetstream: jetstreamClient({ clock, log, policy, url: new URL(url) }),
    openKnot: knotClient({ clock, isInsecure: true, log, policy })
  }
  const consume = async () => {
    const look = stopwatch()
    let arrived: () => void = () => undefined
    const last = new Promise<void>((resolve) => (arrived = resolve))
    const bridge = startBridge({ ...nothingElse, clock, log, network, random: systemRandom, store }, config, firstUs as TimeUs, ({ cursor }) => {
      if (cursor.cursor === lastUs) arrived()
    })
    await last
    const time = look()
    const ended = await bridge.stop()
    if (E.isLeft(ended)) throw new Error(ended.left)
    const taken = bridge.durable().counters.frames - store.state.counters.frames
    if (taken !== frames) throw new Error(`the bridge took ${String(taken)} of ${String(frames)} frames`)
    return time
  }

  return async () => {
    const { blockMs, result, workMs } = await watch(consume)
    return { ...result, blockMs, bootMs, workMs }
  }
})
