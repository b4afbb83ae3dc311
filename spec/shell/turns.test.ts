/** Taking turns: whatever becomes of a job, the next one has its turn, and nothing is left that nobody waits for. */
import { expect, test } from 'vitest'
import { lanes, turns } from '../../shell/turns.js'

const failing: ReadonlyArray<readonly [string, () => Promise<void>]> = [
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new Error('no')
    }
  ]
]

test.each(failing)('a job that %s holds up neither others nor the end', async (_, job) => {
  const done: Array<string> = []
  const say = (what: string) => (): Promise<void> => Promise.resolve(void done.push(what))
  const [one, many] = [turns(1), lanes(1, 1)]
  one.take(job)
  one.take(say('after it'))
  many.take('a', job)
  many.take('a', say('of its key'))
  many.take('b', say('of another'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(done.sort()).toEqual(['after it', 'of another', 'of its key'])
  await Promise.all([one.close(), many.close()])
})
