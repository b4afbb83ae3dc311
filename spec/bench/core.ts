/**
 * Text → decode → step at so many rows, beside `JSON.parse` alone over the same texts: the two take turns, so that both meet the
 * same machine. Every measurement begins with the same state, which costs nothing, because it cannot change.
 */
import * as E from 'fp-ts/lib/Either.js'
import { decodeFrame, initial, type Natural, type State, step } from '../../core/index.js'
import { openStore } from '../../shell/store/index.js'
import { coreJob, serve } from './jobs.js'
import { heapBytes, succeed } from './measure.js'
import { config, RECEIVED_US, world } from './workload.js'

/** How many frames one of the two takes before the other has its turn. */
const TURN = 1_000

const decode = decodeFrame({ at: RECEIVED_US, connection: 0 as Natural })

const stepAll = (start: State, texts: Iterable<string>): State => {
  let state = start
  for (const text of texts) state = step(state, E.toUnion(decode(text)))[0]
  return state
}

/** The sum of something in every text, so that no parse can be left out. */
const parseAll = (texts: ReadonlyArray<string>): number => {
  let sum = 0
  for (const text of texts) sum += (JSON.parse(text) as { readonly time_us: number }).time_us
  return sum
}

serve(coreJob, async ({ frames, rows, store }) => {
  const { changes, creations } = world(rows)
  const before = heapBytes()
  const filled = stepAll(initial(config), creations())
  const bytesPerRow = (heapBytes() - before) / rows
  if (store !== null) await succeed((await succeed(openStore({ folder: store, initial: () => filled }))).close())

  const texts = [...changes(frames)]
  const turns = Array.from({ length: Math.ceil(frames / TURN) }, (_, turn) => texts.slice(turn * TURN, (turn + 1) * TURN))
  const bytesPerFrame = texts.reduce((sum, text) => sum + text.length, 0) / frames

  return () => {
    let state = filled
    let sum = 0
    let parseMs = 0
    let stepMs = 0
    for (const turn of turns) {
      const t0 = performance.now()
      sum += parseAll(turn)
      const t1 = performance.now()
      state = stepAll(state, turn)
      stepMs += performance.now() - t1
      parseMs += t1 - t0
    }
    if (state.counters.frames !== rows + frames || !(sum > 0)) throw new Error('not every frame was taken')
    return Promise.resolve({ bytesPerFrame, bytesPerRow, parseUs: (parseMs * 1000) / frames, stepUs: (stepMs * 1000) / frames })
  }
})
