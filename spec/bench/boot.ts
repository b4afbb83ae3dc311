/**
 * What a boot takes: the store is opened, and the first step made and durable. In a process of its own each, as a boot is: nothing is compiled
 * yet.
 */
import * as E from 'fp-ts/lib/Either.js'
import { initial } from '../../core/index.js'
import { startBridge } from '../../shell/drive/runtime.js'
import { systemClock, systemRandom } from '../../shell/lib/clock.js'
import { silentLog as log } from '../../shell/lib/log.js'
import { openStore } from '../../shell/store/index.js'
import { fakeNetwork, nothingElse } from '../shell/support/bridge.js'
import { bootJob, serve } from './jobs.js'
import { stopwatch, succeed } from './measure.js'
import { guarded, roomy } from './workload.js'

serve(bootJob, ({ isGuarded, store: folder }) =>
  Promise.resolve(async () => {
    const config = isGuarded ? guarded : roomy
    const look = stopwatch()
    const store = await succeed(openStore({ folder, initial: () => initial(config) }))
    const { network } = fakeNetwork()
    let started: () => void = () => undefined
    const hasStarted = new Promise<void>((resolve) => (started = resolve))
    const bridge = startBridge({ ...nothingElse, clock: systemClock(), log, network, random: systemRandom, store }, config, null, started)
    await hasStarted
    const time = look()
    const ended = await bridge.stop()
    if (E.isLeft(ended)) throw new Error(ended.left)
    return time
  })
)
