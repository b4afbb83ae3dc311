/** Fills a store with so many of one thing, by what makes them in the machine; a boot reads it from a snapshot, or from the journal alone. */
import { Event, initial, type State } from '../../core/index.js'
import { openStore, type Store } from '../../shell/store/index.js'
import { hoardJob, type Kept, serve } from './jobs.js'
import { COUNT, machineFrom, MAKE, must } from './making.js'
import { succeed } from './measure.js'
import { RECEIVED_US, roomy } from './workload.js'

/** How many events are made durable at once. */
const BATCH = 500

/** Fills the store, through its journal. */
const fill = async (store: Store, kept: Kept, count: number): Promise<State> => {
  let unsaved: Array<Event> = []
  const machine = machineFrom(store.state, (events) => void unsaved.push(...events))
  machine.take(must(Event.decode({ _tag: 'Started', at: RECEIVED_US, config: roomy, resumeFrom: null })))
  for (let n = 0; n < count; n++) {
    MAKE[kept](machine, n)
    if (unsaved.length < BATCH && n < count - 1) continue
    await succeed(store.append(unsaved))
    unsaved = []
  }
  const state = machine.state()
  if (COUNT[kept](state) !== count) throw new Error(`there are ${String(COUNT[kept](state))} ${kept}, and not ${String(count)}`)
  return state
}

serve(hoardJob, ({ count, isJournal, kept, store: folder }) =>
  Promise.resolve(async () => {
    const store = await succeed(openStore({ folder, initial: () => initial(roomy) }))
    const state = await fill(store, kept, count)
    if (!isJournal) await succeed(store.snapshot(state))
    await succeed(store.close())
    return {}
  })
)
