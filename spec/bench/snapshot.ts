/** Snapshots of the state of a store. The first of them is written at the boot; each measurement writes another. */
import { initial } from '../../core/index.js'
import { openStore } from '../../shell/store/index.js'
import { serve, snapshotJob } from './jobs.js'
import { succeed, watch } from './measure.js'
import { config } from './workload.js'

serve(snapshotJob, async (input) => {
  const store = await succeed(openStore({ folder: input.store, initial: () => initial(config) }))
  return async () => {
    const { blockMs, ms, workMs } = await watch(() => succeed(store.snapshot(store.state)))
    return { blockMs, ms, workMs }
  }
})
