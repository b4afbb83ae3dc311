/** What strangers leave behind where only members are admitted: the heap and the disk after so many records of theirs, through the store as the bridge fills it. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { decodeFrame, type Event, fold, initial, OrderedMap, REPO } from '../../core/index.js'
import { commitBody, frameText, plc, seeded, tid } from '../../shell/demo-network/frames.js'
import { openStore } from '../../shell/store/index.js'
import { strangersJob, serve } from './jobs.js'
import { heapBytes, succeed } from './measure.js'
import { guarded, RECEIVED_US, stampOf } from './workload.js'

/** How many frames are folded at once, and how many may have moved the cursor before that is written. */
const BATCH = 500
const LAZY = 10_000

const sizeOf = async (folder: string): Promise<number> => {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

const ONE = plc(seeded(0))

serve(strangersJob, ({ records, rows, store: folder, writers }) =>
  Promise.resolve(async () => {
    const store = await succeed(openStore({ folder, initial: () => initial(guarded) }))
    let state = store.state
    let unsaved: ReadonlyArray<Event> = []
    let waiting = 0

    const take = async (batch: ReadonlyArray<Event>): Promise<void> => {
      const { events, isLazy, state: after } = fold(state, batch)
      state = after
      // One event stands for all that only moved the cursor, as where the bridge saves.
      unsaved = isLazy ? events : [...unsaved, ...events]
      waiting += batch.length
      if (isLazy && waiting < LAZY) return
      await succeed(store.append(unsaved))
      unsaved = []
      waiting = 0
    }

    const written = (n: number, did: string): Event => {
      const record = { $type: REPO, createdAt: '', knot: 'localhost:1', name: `project-${String(n)}`, spindle: guarded.hostname }
      const change = { collection: REPO, operation: 'create', record, rkey: tid(stampOf(n)) } as const
      const text = frameText(commitBody(did, tid(stampOf(n)), change), stampOf(n))
      return E.toUnion(decodeFrame({ at: RECEIVED_US, connection: state.cursor.connection.number })(text))
    }

    const write = async (from: number, count: number, didOf: (n: number) => string): Promise<void> => {
      for (let n = from; n < from + count; n += BATCH)
        await take(Array.from({ length: Math.min(BATCH, from + count - n) }, (_, i) => written(n + i, didOf(n + i))))
    }

    await take([{ _tag: 'Started', at: RECEIVED_US, config: guarded, resumeFrom: null }])
    await take([{ _tag: 'JetstreamOpened', at: RECEIVED_US, connection: state.cursor.connection.number }])
    await write(0, rows, () => guarded.owner)
    if (writers !== 'nobody') await write(rows, records, (n) => (writers === 'one' ? ONE : plc(seeded(n))))
    if (unsaved.length > 0) await succeed(store.append(unsaved))
    const accounts = OrderedMap.toEntries(state.commits.accounts)
    const kept = accounts.reduce((sum, [, { repos }]) => sum + OrderedMap.size(repos), 0)
    if (kept !== rows) throw new Error(`there are ${String(kept)} rows of ${String(accounts.length)} accounts, and not ${String(rows)}`)
    await succeed(store.snapshot(state))
    const heap = heapBytes()
    await succeed(store.close())
    return { diskBytes: await sizeOf(folder), heapBytes: heap }
  })
)
