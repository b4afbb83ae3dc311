/** The inbox: how much waits to be folded, and how much of it makes a batch. */
import { expect, test } from 'vitest'
import type { Event } from '../../../core/index.js'
import { createInbox } from '../../../shell/drive/inbox.js'
import { defaultLimits } from '../../../shell/drive/limits.js'

const at = 1_767_225_600_000_000
/** Its step may take long, and one whose step does not. */
const LONG = { _tag: 'RetryRequested', at, knot: 'knot.example', rkey: 'k', workflow: null } as unknown as Event
const SHORT = { _tag: 'StopRequested', at } as Event

const opened = (changes: Partial<typeof defaultLimits> = {}) => {
  let isPaused = false
  let pauses = 0
  const sources = {
    pause: () => {
      isPaused = true
      pauses += 1
    },
    resume: () => {
      isPaused = false
    }
  }
  const inbox = createInbox({ ...defaultLimits, ...changes }, sources)
  const add = (event: Event, count: number): void => {
    for (let n = 0; n < count; n++) inbox.add(event, 0)
  }
  return { add, inbox, isPaused: () => isPaused, pauses: () => pauses }
}

test('pauses all connections once, however much more comes of what they have read', () => {
  const { add, pauses } = opened({ inboxEvents: 2 })
  add(SHORT, 5)
  expect(pauses()).toBe(1)
})

test('a few events whose steps may take long fill it, and what was taken does not count', () => {
  const { add, inbox, isPaused } = opened({ batchLong: 4, inboxLong: 10 })
  add(SHORT, 100)
  add(LONG, 9)
  expect(isPaused()).toBe(false)
  add(LONG, 1)
  expect(isPaused()).toBe(true)
  inbox.take()
  inbox.readOn()
  expect(isPaused()).toBe(true)
  inbox.take()
  inbox.readOn()
  expect(isPaused()).toBe(false)
})

test('a batch has only so many of them, in order, with what comes before and between', () => {
  const { add, inbox } = opened({ batchEvents: 8, batchLong: 2 })
  const rounds = [SHORT, LONG, SHORT, LONG, SHORT, LONG, LONG, LONG, ...Array<Event>(10).fill(SHORT)]
  for (const event of rounds) add(event, 1)
  const taken: Array<ReadonlyArray<Event>> = []
  while (inbox.size() > 0) taken.push(inbox.take())
  expect(taken.flat()).toEqual(rounds)
  expect(taken.map(({ length }) => length)).toEqual([5, 2, 8, 3])
})

test('what was put back counts again', () => {
  const { add, inbox, isPaused } = opened({ batchLong: 10, inboxLong: 10 })
  add(LONG, 10)
  const taken = inbox.take()
  inbox.putBack(taken.slice(2))
  inbox.readOn()
  expect([isPaused(), inbox.size()]).toEqual([true, 8])
  inbox.putBack(inbox.take().slice(3))
  inbox.readOn()
  expect([isPaused(), inbox.take().length]).toEqual([false, 5])
})

test('much text fills it, and it is read on once all of that has been taken', () => {
  const { inbox, isPaused } = opened({ batchEvents: 2, inboxChars: 1_000 })
  for (const chars of [400, 400, 199]) inbox.add(SHORT, chars)
  expect(isPaused()).toBe(false)
  inbox.add(SHORT, 1)
  expect(isPaused()).toBe(true)
  inbox.take()
  inbox.putBack([])
  inbox.readOn()
  expect(isPaused()).toBe(true)
  inbox.take()
  inbox.putBack([])
  inbox.readOn()
  expect(isPaused()).toBe(false)
})
