/**
 * A process that has a store and can be killed: it appends batches as fast as it can, takes snapshots in between, and says on
 * its standard output how many have been acknowledged, one number a line. The n-th batch moves the cursor to n.
 *
 *     node dist/spec/shell/support/store-child.js write FOLDER
 */
import { writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import {
  Config,
  defaults,
  initial,
  type Natural,
  type State,
  step,
  type StreamAdvanced,
  type TimeUs
} from '../../../core/index.js'
import { openStore } from '../../../shell/store.js'

const fail = (message: string): never => {
  writeSync(2, `${message}\n`)
  process.exit(1)
}

const config = Config.decode(defaults({ hostname: 'spindle.example', owner: 'did:plc:ownerownerownerownerowne' }))

/** The state that it begins with. */
export const begin = (): State => (E.isRight(config) ? initial(config.right) : fail('the configuration is not valid'))

/** The n-th batch. */
export const advance = (n: number): StreamAdvanced => ({
  _tag: 'StreamAdvanced',
  at: n as TimeUs,
  connection: 0 as Natural,
  count: 1 as Natural,
  firstUs: n as TimeUs,
  lastUs: n as TimeUs,
  ordinal: null
})

const SNAPSHOT_BYTES = 3_000

const main = async (folder: string): Promise<never> => {
  const opened = await openStore({ folder, initial: begin })()
  if (E.isLeft(opened)) return fail(`${opened.left._tag} ${opened.left.path}: ${opened.left.message}`)
  const store = opened.right
  let state: State = store.state
  let snapshot: Promise<void> | null = null
  for (let n = (state.cursor.cursor ?? 0) + 1; ; n++) {
    const saved = await store.append([advance(n)])()
    if (E.isLeft(saved)) return fail(saved.left.message)
    writeSync(1, `${String(n)}\n`)
    state = step(state, advance(n))[0]
    if (snapshot === null && store.journalBytes() > SNAPSHOT_BYTES)
      snapshot = store
        .snapshot(state)()
        .then((taken) => {
          if (E.isLeft(taken)) fail(taken.left.message)
          snapshot = null
        })
  }
}

const [, , command, folder] = process.argv
if (command === 'write') void main(folder ?? fail('which folder?'))
