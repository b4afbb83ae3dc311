/** Who waits for an event of which number, when numbers move because others have come between. */
import { expect, test } from 'vitest'
import type { State } from '../../../core/index.js'
import { createCallers } from '../../../shell/drive/callers.js'
import { CONFIG, initialOf } from '../../suite/examples/support.js'

const before: State = initialOf(CONFIG)

/** Three who wait, and what each was told. */
const three = () => {
  const callers = createCallers()
  const told: Array<string> = []
  const waits = [1, 2, 3].map((number) => callers.wait(number).then((isSafe) => told.push(`${String(number)} ${String(isSafe)}`)))
  return { callers, told, waits }
}

test('each caller whose event is safe is answered once, and the others go on waiting', async () => {
  const { callers, told, waits } = three()
  callers.answer(true, 2)
  await Promise.all(waits.slice(0, 2))
  expect([told, callers.isWaiting()]).toEqual([['1 true', '2 true'], true])
  callers.answer(false, 3)
  await Promise.all(waits)
  expect([told, callers.isWaiting()]).toEqual([['1 true', '2 true', '3 false'], false])
})

test('numbers move behind the event after which others have come, not at it', async () => {
  const { callers, told, waits } = three()
  callers.move(1, 10)
  callers.answer(true, 11)
  await waits[0]
  expect(told).toEqual(['1 true'])
  callers.answer(true, 12)
  await waits[1]
  expect([told, callers.isWaiting()]).toEqual([['1 true', '2 true'], true])
  callers.answer(true, 13)
  await Promise.all(waits)
})

test('an event is judged in the state before it, once, wherever its number has moved', () => {
  const callers = createCallers()
  const judged: Array<string> = []
  expect(callers.nextJudged()).toBeNull()
  callers.judge(4, () => judged.push('four'))
  callers.judge(5, (state) => judged.push(`five ${String(state === before)}`))
  callers.judge(5, () => judged.push('five again'))
  callers.move(4, 2)
  expect(callers.nextJudged()).toBe(4)
  callers.show(4, before)
  expect([judged, callers.nextJudged()]).toEqual([['four'], 7])
  callers.show(7, before)
  expect([judged, callers.nextJudged()]).toEqual([['four', 'five true', 'five again'], null])
})
