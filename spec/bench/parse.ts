/** The snapshot of a store read by `JSON.parse`, line by line. In a process of its own each, as a boot is: nothing is compiled yet. */
import { parseJob, serve } from './jobs.js'
import { stopwatch } from './measure.js'
import { parseLines } from './parsing.js'

serve(parseJob, ({ rows, store }) =>
  Promise.resolve(async () => {
    const look = stopwatch()
    const found = await parseLines(store)
    const time = look()
    if (found < rows) throw new Error(`there are ${String(found)} lines for ${String(rows)} rows`)
    return time
  })
)
