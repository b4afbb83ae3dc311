/**
 * What things cost in a store that holds many of one kind: a boot, one more of them, a page of builds, a snapshot; and heap. Processors are counted
 * and not the clock, since the machine may be shared, but for blocks.
 */
import { open } from 'node:fs/promises'
import { initial } from '../../core/index.js'
import { overviewOf } from '../../shell/inbound/overview.js'
import { NOTHING_SHOWN } from '../../shell/inbound/shown.js'
import { openStore } from '../../shell/store/index.js'
import { snapshotPath } from '../../shell/store/snapshot.js'
import { grownJob, serve } from './jobs.js'
import { machineFrom, MAKE } from './making.js'
import { heapBytes, median, stopwatch, succeed, watch } from './measure.js'
import { parseLines } from './parsing.js'
import { RECEIVED_US, roomy } from './workload.js'

/** How many are made, and how many pages, in each of the rounds of which the median is taken. */
const MORE = 200
const PAGES = 20
const ROUNDS = 9

const sizeOf = async (path: string): Promise<number> => {
  const file = await open(path)
  try {
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

serve(grownJob, ({ count, kept, store: folder }) =>
  Promise.resolve(async () => {
    const before = heapBytes()
    const ofBoot = stopwatch()
    const store = await succeed(openStore({ folder, initial: () => initial(roomy) }))
    const bootMs = ofBoot().cpuSeconds * 1000
    const heap = heapBytes() - before

    const ofParse = stopwatch()
    await parseLines(folder)
    const parseMs = ofParse().cpuSeconds * 1000

    const machine = machineFrom(store.state, () => undefined)
    let n = count
    const eventUs: Array<number> = []
    const pageUs: Array<number> = []
    for (let round = 0; round < ROUNDS; round++) {
      const ofEvents = stopwatch()
      for (let i = 0; i < MORE; i++) MAKE[kept](machine, n++)
      eventUs.push((ofEvents().cpuSeconds * 1e6) / MORE)
      let ofPages = 0
      for (let i = 0; i < PAGES; i++) {
        // A page of a state that nobody has looked at.
        MAKE[kept](machine, n++)
        const ofPage = stopwatch()
        JSON.stringify(overviewOf(machine.state(), { isHealthy: true, isSaving: true, nowUs: RECEIVED_US }, NOTHING_SHOWN))
        ofPages += ofPage().cpuSeconds
      }
      pageUs.push((ofPages * 1e6) / PAGES)
    }

    const ofSnapshot = stopwatch()
    const { blockMs } = await watch(() => succeed(store.snapshot(store.state)))
    const snapshotMs = ofSnapshot().cpuSeconds * 1000
    const snapshotBytes = await sizeOf(snapshotPath(folder))
    await succeed(store.close())
    return { blockMs, bootMs, eventUs: median(eventUs), heapBytes: heap, pageUs: median(pageUs), parseMs, snapshotBytes, snapshotMs }
  })
)
