/** Turns: how much is written to readers in one turn of the event loop, and who waits for whom. */
import { expect, it } from 'vitest'
import { createTurns, type Turns } from '../../../shell/inbound/readers/turns.js'

const nextTurn = (): Promise<void> => new Promise(setImmediate)

/** Something that writes as much as it may, for ever. */
const insatiable = (turns: Turns, bytes: number): { readonly written: () => number } => {
  let written = 0
  const run = (): void => {
    while (turns.hasRoom()) {
      turns.spend(bytes)
      written += bytes
    }
    turns.take(run)
  }
  turns.take(run)
  return { written: () => written }
}

it('writes as much in each turn as is allowed, and makes up for what went beyond', async () => {
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes: 10_000 })
  const { written } = insatiable(turns, 15_000)
  for (let n = 1; n <= 300; n++) {
    expect(Math.abs(written() - n * 10_000)).toBeLessThan(15_000)
    await nextTurn()
  }
})

it('writes little in a turn that has accepted a connection, and much again in the next', async () => {
  const turns = createTurns({ busyBytes: 5_000, busyWrites: 1, quietBytes: 1_000_000 })
  turns.accepted()
  const { written } = insatiable(turns, 5_000)
  for (let n = 1; n <= 100; n++) {
    expect(written()).toBe(n * 5_000)
    turns.accepted()
    await nextTurn()
  }
  await nextTurn()
  expect(written()).toBe(505_000 + 1_000_000)
})

it('counts the least of writes as 512 bytes', async () => {
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes: 5_120 })
  const { written } = insatiable(turns, 1)
  expect(written()).toBe(10)
  await nextTurn()
  expect(written()).toBe(20)
})

it('makes few writes in a turn that has accepted a connection, however small they are, and many again in the one after the next', async () => {
  const turns = createTurns({ busyBytes: 16_384, busyWrites: 4, quietBytes: 51_200 })
  turns.accepted()
  const { written } = insatiable(turns, 1)
  expect(written()).toBe(4)
  await nextTurn()
  expect(written()).toBe(8)
  await nextTurn()
  expect(written()).toBe(108)
})

it('runs whoever waits in order, each once', async () => {
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes: 2_048 })
  const ran: Array<number> = []
  const runs = Array.from({ length: 5 }, (_, n) => () => {
    ran.push(n)
    turns.spend(2_048)
  })
  for (const run of runs) turns.take(run)
  expect(ran).toEqual([0])
  await nextTurn()
  // Somebody waits for this turn, too.
  for (const run of runs.slice(0, 1)) turns.take(run)
  for (let n = 0; n < 6; n++) await nextTurn()
  expect(ran).toEqual([0, 1, 2, 3, 4, 0])
})

it('lets nobody before those who wait already, though there is room again', async () => {
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes: 1_024 })
  const ran: Array<string> = []
  const take = (name: string, bytes: number): void =>
    turns.take(() => {
      ran.push(name)
      turns.spend(bytes)
    })
  take('first', 1_024)
  turns.take(() => {
    take('last', 512)
    ran.push('second')
  })
  take('third', 512)
  await nextTurn()
  await nextTurn()
  expect(ran).toEqual(['first', 'second', 'third', 'last'])
})

it('has all its room again in the next turn, though nobody waited for it', async () => {
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes: 2_048 })
  turns.spend(1_024)
  await nextTurn()
  turns.spend(1_024)
  expect(turns.hasRoom()).toBe(true)
})

it('has no more room for a connection that is accepted late in a turn', () => {
  const turns = createTurns({ busyBytes: 2_048, busyWrites: 4, quietBytes: 4_096 })
  turns.spend(4_096)
  turns.accepted()
  expect(turns.hasRoom()).toBe(false)
})
