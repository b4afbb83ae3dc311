/** The rows of a store, saved by lowdb as it comes: one JSON document, made at once. What the store's own way is compared with. */
import { Low } from 'lowdb'
import { JSONFile } from 'lowdb/node'
import { State } from '../../core/index.js'
import { readStore } from '../../shell/store/index.js'
import { lowdbJob, serve } from './jobs.js'
import { succeed, watch } from './measure.js'

serve(lowdbJob, async ({ path, store }) => {
  const { state } = await succeed(readStore(store))
  const db = new Low<unknown>(new JSONFile(path), State.encode(state))
  return async () => {
    const { blockMs, ms, workMs } = await watch(() => db.write())
    return { blockMs, ms, workMs }
  }
})
