/** One reading of a running log for all who follow it: each gets every line from the first on, and the provider is let go by the last. */
import { describe, expect, it } from 'vitest'
import { type BuildName, buildKey } from '../../../core/index.js'
import type { Job, LogLine, Provider } from '../../../shell/providers/provider.js'
import { createSharedLogs } from '../../../shell/inbound/readers/shared-logs.js'
import { eventually, fakeProvider, type FakeProvider } from './support.js'

const said = (n: number, length = 0): LogLine => ({ _tag: 'Text', step: 0, stream: 'stdout', text: `${String(n)}${'.'.repeat(length)}`, timeMs: 0 })

const build = { knot: 'knot.example', rkey: 'a', workflow: 'ci.yml' } as BuildName
const job: Job = {
  build,
  key: buildKey(build),
  plan: {
    clone: { depth: 1 as Job['plan']['clone']['depth'], skip: false, submodules: false },
    pipeline: '',
    provider: 'fake',
    ref: null,
    repository: { did: '', name: 'app', owner: 'did:plc:a' as Job['plan']['repository']['owner'], rkey: 'a' as Job['plan']['repository']['rkey'] },
    settings: [],
    sha: null,
    steps: [],
    variables: []
  }
}

const shared = (keptChars = 1_000_000, keptOfAllChars = 1_000_000) => createSharedLogs(({ status }) => status === 'success', { keptChars, keptOfAllChars })

type Shared = ReturnType<typeof shared>

interface Reader {
  readonly ended: Promise<unknown>
  readonly leave: () => void
  readonly lines: Array<string>
  /** Lets it take so many more lines. */
  readonly take: (count: number) => void
}

/** A reader that takes as many lines as it is let. */
const reader = (logs: Shared, provider: Provider, count = Infinity, status: 'running' | 'success' = 'running'): Reader => {
  const gone = new AbortController()
  const lines: Array<string> = []
  let left = count
  let wake: () => void = () => undefined
  const read = async (): Promise<void> => {
    for await (const line of logs.read(provider, job, { status }, 'n1', gone.signal)) {
      while (left === 0 && !gone.signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      left--
      if (line._tag === 'Text') lines.push(line.text.replaceAll('.', ''))
    }
  }
  return {
    ended: read().then(
      () => 'ended',
      (error: unknown) => error
    ),
    leave: () => {
      gone.abort()
      wake()
    },
    lines,
    take: (more) => {
      left += more
      wake()
    }
  }
}

const upTo = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, n) => String(n))

const saying = (count: number, length = 0): FakeProvider => {
  const provider = fakeProvider()
  provider.say(...upTo(count).map((n) => said(Number(n), length)))
  return provider
}

describe('readers of a running log', () => {
  it('share one reading, whenever they come', async () => {
    const logs = shared()
    const provider = saying(3)
    const first = reader(logs, provider)
    await eventually(() => expect(first.lines).toEqual(upTo(3)))
    const second = reader(logs, provider)
    await eventually(() => expect(second.lines).toEqual(upTo(3)))
    provider.say(said(3), null)
    expect([await first.ended, await second.ended]).toEqual(['ended', 'ended'])
    expect([first.lines, second.lines, provider.asked, provider.reading()]).toEqual([upTo(4), upTo(4), ['n1'], 0])
  })

  it('are read for no faster than the fastest of them takes', async () => {
    const logs = shared()
    let given = 0
    const provider: Provider = {
      ...fakeProvider(),
      async *logs() {
        for (;;) {
          await Promise.resolve()
          yield said(given++)
        }
      }
    }
    const [slow, fast] = [reader(logs, provider, 1), reader(logs, provider, 5)]
    await eventually(() => expect(given).toBe(6))
    expect([slow.lines.length, fast.lines.length]).toEqual([1, 5])
    slow.take(3)
    await eventually(() => expect(slow.lines).toEqual(upTo(4)))
    expect(given).toBe(6)
    slow.leave()
    fast.leave()
    await Promise.all([slow.ended, fast.ended])
  })

  it('leave one by one, and the last lets the provider go', async () => {
    const logs = shared()
    const provider = saying(1)
    const [first, second] = [reader(logs, provider), reader(logs, provider)]
    await eventually(() => expect(second.lines).toEqual(['0']))
    first.leave()
    await first.ended
    expect(provider.reading()).toBe(1)
    provider.say(said(1))
    await eventually(() => expect(second.lines).toEqual(['0', '1']))
    second.leave()
    await second.ended
    await eventually(() => expect(provider.reading()).toBe(0))
    const third = reader(logs, provider)
    await eventually(() => expect(third.lines).toEqual(['0', '1']))
    expect(provider.asked).toEqual(['n1', 'n1'])
    third.leave()
    await third.ended
  })

  it('hear when it breaks off, all of them', async () => {
    const logs = shared()
    const error = new Error('gone')
    const provider: Provider = {
      ...fakeProvider(),
      async *logs() {
        yield said(0)
        await Promise.resolve()
        throw error
      }
    }
    const [first, second] = [reader(logs, provider), reader(logs, provider)]
    expect([await first.ended, await second.ended]).toEqual([error, error])
    expect([first.lines, second.lines]).toEqual([['0'], ['0']])
  })

  it.each([
    ['of one log', 2_000, 1_000_000],
    ['of all logs', 1_000_000, 2_000]
  ])('readers of a running log that come late, or fall behind what is kept %s, have a reading of their own, and miss nothing', async (_, kept, ofAll) => {
    const logs = shared(kept, ofAll)
    const provider = saying(20, 200)
    const slow = reader(logs, provider, 2)
    const fast = reader(logs, provider)
    await eventually(() => expect(fast.lines).toEqual(upTo(20)))
    expect(provider.asked).toEqual(['n1'])
    const late = reader(logs, provider)
    await eventually(() => expect(late.lines).toEqual(upTo(20)))
    slow.take(Infinity)
    await eventually(() => expect(slow.lines).toEqual(upTo(20)))
    provider.say(null)
    expect([await slow.ended, await fast.ended, await late.ended, provider.asked]).toEqual(['ended', 'ended', 'ended', ['n1', 'n1', 'n1']])
  })

  it('leave less room to each other, those included whose reading nobody can join any more', async () => {
    const logs = shared(10_000, 10_000)
    const provider = saying(60, 200)
    const slow = reader(logs, provider, 50)
    const others = [reader(logs, provider)]
    for (let late = 1; late <= 4; late++) {
      await eventually(() => expect(others.at(-1)?.lines).toEqual(upTo(60)))
      expect(provider.asked).toHaveLength(late)
      if (late < 4) others.push(reader(logs, provider))
    }
    slow.take(Infinity)
    await eventually(() => expect(slow.lines).toEqual(upTo(60)))
    // What it had yet to take of the first reading was given up for the others.
    expect(provider.asked).toHaveLength(5)
    provider.say(null)
    await Promise.all([slow, ...others].map(({ ended }) => ended))
    expect(provider.reading()).toBe(0)
  })
})

describe('a reading that is over', () => {
  const left = async (one: Reader): Promise<void> => {
    one.leave()
    await one.ended
  }

  it('takes no room from those that follow', async () => {
    const logs = shared(10_000, 10_000)
    const provider = saying(20, 200)
    for (let n = 0; n < 4; n++) {
      const before = reader(logs, provider)
      await eventually(() => expect(before.lines).toEqual(upTo(20)))
      await left(before)
    }
    const [fast, late] = [reader(logs, provider), reader(logs, provider, 0)]
    await eventually(() => expect(fast.lines).toEqual(upTo(20)))
    late.take(Infinity)
    await eventually(() => expect(late.lines).toEqual(upTo(20)))
    expect(provider.asked).toHaveLength(5)
    await Promise.all([left(fast), left(late)])
  })

  it('is not taken for the one that has come in its place', async () => {
    const logs = shared(2_000)
    const provider = saying(20, 200)
    const first = reader(logs, provider)
    await eventually(() => expect(first.lines).toEqual(upTo(20)))
    const second = reader(logs, provider, 2)
    await eventually(() => expect(second.lines).toEqual(upTo(2)))
    await left(first)
    const third = reader(logs, provider, 2)
    await eventually(() => expect(third.lines).toEqual(upTo(2)))
    expect(provider.asked).toHaveLength(2)
    await Promise.all([left(second), left(third)])
  })

  it('is not joined where it broke off: the provider is asked again', async () => {
    const logs = shared()
    let asked = 0
    const provider: Provider = {
      ...fakeProvider(),
      async *logs() {
        asked++
        yield said(0)
        await Promise.resolve()
        if (asked === 1) throw new Error('gone')
        yield said(1)
      }
    }
    const [slow, fast] = [reader(logs, provider, 0), reader(logs, provider)]
    expect(await fast.ended).toEqual(new Error('gone'))
    const late = reader(logs, provider)
    expect([await late.ended, late.lines]).toEqual(['ended', ['0', '1']])
    await left(slow)
  })

  it('may fail to end, of which nobody hears', async () => {
    const logs = shared()
    let ends = 0
    const provider: Provider = {
      ...fakeProvider(),
      async *logs() {
        try {
          for (;;) {
            await Promise.resolve()
            yield said(0)
          }
        } finally {
          ends++
          // A rejection that nobody handles would end the tests.
          await Promise.reject(new Error('cannot end'))
        }
      }
    }
    const one = reader(logs, provider, 1)
    await eventually(() => expect(one.lines).toEqual(['0']))
    await left(one)
    await eventually(() => expect(ends).toBe(1))
  })
})

it('a log that is as long as it will be is read by each at their own pace', async () => {
  const logs = shared()
  const provider = saying(2)
  provider.say(null)
  const readers = [reader(logs, provider, Infinity, 'success'), reader(logs, provider, Infinity, 'success')]
  expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual(['ended', 'ended'])
  expect(provider.asked).toEqual(['n1', 'n1'])
})
