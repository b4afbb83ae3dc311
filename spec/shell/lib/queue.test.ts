/** Queues: whatever becomes of a job, the next one runs, and nothing is left that nobody waits for. */
import { queryObjects } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairQueue, createKeyedQueue, createQueue } from '../../../shell/lib/queue.js'

const failing: ReadonlyArray<readonly [string, () => Promise<void>]> = [
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new Error('no')
    }
  ]
]

test.each(failing)('a job that %s holds up neither others nor the close', async (_, job) => {
  const done: Array<string> = []
  const say = (what: string) => (): Promise<void> => Promise.resolve(void done.push(what))
  const [one, many] = [createQueue(1), createKeyedQueue(1, 1)]
  one.add(job)
  one.add(say('after it'))
  many.add('a', job)
  many.add('a', say('of its key'))
  many.add('b', say('of another'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(done.sort()).toEqual(['after it', 'of another', 'of its key'])
  await Promise.all([one.close(), many.close()])
})

/** Jobs that end when they are told to, and what has begun of them. */
const held = () => {
  const begun: Array<string> = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    end: async (name: string): Promise<void> => {
      ends.get(name)?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
    job: (name: string) => (): Promise<void> => {
      begun.push(name)
      return new Promise((resolve) => ends.set(name, resolve))
    }
  }
}

test('a limited number runs at a time, in order of arrival; none begins after the close', async () => {
  const { begun, end, job } = held()
  const two = createQueue(2)
  for (const name of ['a', 'b', 'c', 'd', 'e']) two.add(job(name))
  expect(begun).toEqual(['a', 'b'])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  const closed = two.close()
  two.add(job('f'))
  await end('a')
  await end('c')
  await closed
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('fewer run of one key, with a rest after each; a job that waits for its key holds up no other', async () => {
  const { begun, end, job } = held()
  const rests: Array<() => void> = []
  const three = createKeyedQueue(3, 1, () => new Promise((resolve) => rests.push(resolve)))
  for (const [key, name] of [['a', 'a1'], ['a', 'a2'], ['b', 'b1'], ['a', 'a3'], ['c', 'c1'], ['d', 'd1']] as const) three.add(key, job(name))
  expect(begun).toEqual(['a1', 'b1', 'c1'])
  await end('a1')
  expect(begun).toEqual(['a1', 'b1', 'c1', 'd1'])
  await end('d1')
  expect(begun).toHaveLength(4)
  rests.shift()?.()
  await end('')
  expect(begun).toEqual(['a1', 'b1', 'c1', 'd1', 'a2'])
  // It is the turn of another of that key only after this one, also when it comes later.
  three.add('a', job('a4'))
  await end('b1')
  expect(begun).toHaveLength(5)
  for (const name of ['a2', 'c1']) await end(name)
  const closed = three.close()
  for (const rest of rests) rest()
  await closed
  await end('')
  for (const [key, name] of [['a', 'a5'], ['e', 'e1']] as const) three.add(key, job(name))
  await end('')
  expect(begun).toHaveLength(5)
})

test('nothing is left of the keys whose jobs are over: strangers choose them', async () => {
  const sets = (): number => queryObjects(Set, { format: 'count' })
  const many = createKeyedQueue(4, 1)
  const before = sets()
  const host = (n: number): Promise<void> =>
    new Promise((done) => {
      many.add(`host${String(n)}`, () => {
        done()
        return Promise.resolve()
      })
    })
  await Promise.all(Array.from({ length: 5_000 }, (_, n) => host(n)))
  await new Promise((resolve) => setImmediate(resolve))
  // A queue has a set of what runs.
  expect(sets() - before).toBeLessThan(500)
  await many.close()
})

test('accounts take turns: many jobs of one, on whatever keys, keep no other waiting for more than a turn', async () => {
  const { begun, end, job } = held()
  const queue = createFairQueue(1, 1)
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) queue.add(name, name.slice(0, 1), job(name))
  for (let i = 0; i < 6; i++) await end(begun[i] ?? '')
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  await end('a4')
})

test('jobs of one account run in order, as far as their keys have room', async () => {
  const { begun, end, job } = held()
  const queue = createFairQueue(3, 1)
  for (const [key, name] of [['k', '1'], ['k', '2'], ['l', '3'], ['k', '4'], ['m', '5'], ['n', '6']] as const) queue.add(key, 'a', job(name))
  expect(begun).toEqual(['1', '3', '5'])
  await end('3')
  expect(begun).toEqual(['1', '3', '5', '6'])
  await end('1')
  expect(begun).toEqual(['1', '3', '5', '6', '2'])
  for (const name of ['2', '5', '6', '4']) await end(name)
  expect(begun).toEqual(['1', '3', '5', '6', '2', '4'])
})

test.each(failing)('a job that %s holds up nobody who takes turns; none begins after the close, which waits for those under way', async (_, job) => {
  const { begun, end, job: other } = held()
  const queue = createFairQueue(1, 1)
  queue.add('k', 'a', job)
  queue.add('k', 'a', other('next'))
  queue.add('k', 'b', other('waits'))
  await new Promise((resolve) => setImmediate(resolve))
  let isClosed = false
  const closed = queue.close().then(() => (isClosed = true))
  queue.add('k', 'c', other('late'))
  await new Promise((resolve) => setImmediate(resolve))
  expect([begun, isClosed]).toEqual([['next'], false])
  await end('next')
  await closed
  expect(begun).toEqual(['next'])
})

/** A job is added, or one that runs ends (the one at that place), or one key that rests is free again. */
const moves = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ account: fc.constantFrom('a', 'b', 'c', 'd'), key: fc.constantFrom('k', 'l', 'm') }), weight: 3 },
    { arbitrary: fc.record({ end: fc.nat(7) }), weight: 2 },
    { arbitrary: fc.record({ rest: fc.nat(7) }), weight: 2 }
  ),
  { maxLength: 80 }
)

test('whatever comes and ends, places and keys are used as far as there is room, and no account is let in twice before another whose key has room', async () => {
  await fc.assert(
    fc.asyncProperty(moves, fc.integer({ max: 4, min: 1 }), fc.integer({ max: 2, min: 1 }), async (all, max, perKey) => {
      interface Job {
        readonly account: string
        readonly key: string
        readonly number: number
        /** Who was let in since it came, while its key had room. */
        readonly overtaken: Set<string>
      }
      const rests: Array<{ readonly key: string; readonly over: () => void }> = []
      const running: Array<{ readonly end: () => void; readonly job: Job }> = []
      const waiting: Job[] = []
      const faults: string[] = []
      let last = ''
      const queue = createFairQueue(max, perKey, () => new Promise((over) => rests.push({ key: last, over })))
      const used = (key: string): number => [...running.map(({ job }) => job.key), ...rests.map((rest) => rest.key)].filter((one) => one === key).length
      const begin = (job: Job) => (): Promise<void> => {
        if (waiting.some(({ account, key, number }) => account === job.account && number < job.number && used(key) < perKey)) faults.push(`${job.account} is out of order`)
        waiting.splice(waiting.indexOf(job), 1)
        for (const other of waiting) {
          if (other.account === job.account || used(other.key) >= perKey) continue
          if (other.overtaken.has(job.account)) faults.push(`${job.account} is let in twice before ${other.account}`)
          other.overtaken.add(job.account)
        }
        return new Promise((end) => running.push({ end, job }))
      }
      for (const [number, move] of all.entries()) {
        if ('key' in move) {
          const job = { ...move, number, overtaken: new Set<string>() }
          waiting.push(job)
          queue.add(move.key, move.account, begin(job))
        } else if ('end' in move) {
          const [over] = running.splice(move.end % Math.max(1, running.length), 1)
          last = over?.job.key ?? ''
          over?.end()
        } else rests.splice(move.rest % Math.max(1, rests.length), 1)[0]?.over()
        await new Promise((resolve) => setImmediate(resolve))
        expect(faults).toEqual([])
        expect(running.length).toBeLessThanOrEqual(max)
        for (const key of ['k', 'l', 'm']) expect(used(key)).toBeLessThanOrEqual(perKey)
        if (running.length < max) expect(waiting.filter(({ key }) => used(key) < perKey)).toEqual([])
      }
      for (const { end } of running) end()
      await queue.close()
    }),
    { numRuns: 300 }
  )
})

test('a hundred thousand jobs of an account that wait for one key cost little: what is added is not searched for', async () => {
  const { begun, end, job } = held()
  const queue = createFairQueue(2, 1)
  for (let n = 0; n < 100_000; n++) queue.add('k', 'a', job(`a${String(n)}`))
  queue.add('k', 'b', job('b'))
  queue.add('l', 'b', job('free'))
  expect(begun).toEqual(['a0', 'free'])
  await end('a0')
  expect(begun).toEqual(['a0', 'free', 'a1'])
  await end('a1')
  expect(begun).toEqual(['a0', 'free', 'a1', 'b'])
  const closed = queue.close()
  for (const name of ['b', 'free']) await end(name)
  await closed
})
