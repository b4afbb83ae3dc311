/** Between the core and providers: each request has exactly one answer, and a build is followed once. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { type Did, Effect, type Event } from '../../../core/index.js'
import { createBuilder } from '../../../shell/drive/builder.js'
import type { Job, Progress, Provider } from '../../../shell/providers/provider.js'
import { BEGIN, manualClock, settle } from '../support/bridge.js'

const NAME = { knot: 'knot.example', rkey: 'k', workflow: 'ci.yml' }

const PLAN = {
  clone: { depth: 1, skip: false, submodules: false },
  pipeline: 'p',
  provider: 'ci',
  ref: null,
  repository: { did: '', name: 'app', owner: 'did:plc:owner', rkey: 'app' },
  settings: [],
  sha: null,
  steps: [],
  variables: []
}

type Request = Extract<Effect, { readonly _tag: 'CancelBuild' | 'FindBuild' | 'FollowBuild' | 'StartBuild' | 'UnfollowBuild' }>
type Of<Tag> = Extract<Request, { readonly _tag: Tag }>

const request = <Tag extends Request['_tag']>(_tag: Tag, provider = 'ci', workflow = 'ci.yml'): Of<Tag> =>
  E.getOrElse<t.Errors, Effect>(() => {
    throw new Error('not an effect')
  })(Effect.decode({ _tag, build: { ...NAME, workflow }, external: '7', number: 3, plan: { ...PLAN, provider } })) as Of<Tag>

/** A provider that does as the test says, and remembers who follows what. */
const setUp = (answers: Partial<Provider> = {}) => {
  const events: Array<Event> = []
  const follows: Array<{ readonly external: string; readonly report: (progress: Progress) => void; stops: number }> = []
  let closes = 0
  const never = () => new Promise<never>(() => undefined)
  const provider = {
    name: 'ci',
    settleMs: 249.5,
    cancel: never,
    close: () => {
      closes += 1
      return Promise.resolve()
    },
    find: never,
    follow: (_job: unknown, external: string, report: (progress: Progress) => void) => {
      const follow = { external, report, stops: 0 }
      follows.push(follow)
      return () => {
        follow.stops += 1
      }
    },
    start: never,
    ...answers
  } as unknown as Provider
  const builder = createBuilder([provider], manualClock())
  return { builder, closes: () => closes, deliver: (event: Event) => void events.push(event), events, follows }
}

const progress = (status: Progress['status'], changes: Partial<Progress> = {}): Progress => ({ error: null, exitCode: null, external: '7', status, ...changes })

const answered = async (answer: () => Promise<unknown>, ask: 'cancel' | 'find' | 'start'): Promise<ReadonlyArray<Event>> => {
  const { builder, deliver, events } = setUp({ [ask]: answer })
  if (ask === 'cancel') builder.cancel(request('CancelBuild'), deliver)
  else if (ask === 'find') builder.find(request('FindBuild'), deliver)
  else builder.start(request('StartBuild'), deliver)
  await settle()
  return events
}

const about = { at: BEGIN, build: NAME, number: 3 }

const failed = (error: string, waitMs = 0) => ({ _tag: 'RequestFailed', at: BEGIN, error, isFinal: false, number: 3, requested: { _tag: 'Build', build: NAME }, waitMs })

describe('requests to a provider', () => {
  const ofOwner = (owner: string, workflow: string, provider = 'ci') => {
    const start = request('StartBuild', provider, workflow)
    return { ...start, plan: { ...start.plan, repository: { ...start.plan.repository, owner: owner as Did } } }
  }

  test('are made in turns of accounts, so that nobody waits for the thousands of another', async () => {
    const asked: Array<string> = []
    const answers: Array<() => void> = []
    const start: Provider['start'] = ({ build }) => {
      asked.push(build.workflow)
      return new Promise((resolve) => answers.push(() => resolve({ _tag: 'Accepted', external: 'x' })))
    }
    const { builder, deliver, events } = setUp({ start })
    for (let n = 0; n < 1_000; n++) builder.start(ofOwner('did:plc:mallory', String(n)), deliver)
    builder.start(ofOwner('did:plc:alice', 'alice'), deliver)
    builder.start(ofOwner('did:plc:bob', 'bob'), deliver)
    await settle()
    // There is room for others, however many one account has.
    expect([asked.length, asked.includes('alice'), asked.includes('bob')]).toEqual([26, true, true])
    for (let n = 0; n < 6; n++) builder.start(ofOwner('did:plc:carol', `carol ${String(n)}`), deliver)
    for (let n = 0; n < 3; n++) builder.start(ofOwner('did:plc:dave', `dave ${String(n)}`), deliver)
    await settle()
    expect(asked).toHaveLength(32)
    for (const answer of answers.slice(0, 2)) answer()
    await settle()
    expect(asked.slice(-2)).toEqual(['24', 'dave 0'])
    for (let done = 2; done < answers.length; ) {
      for (const answer of answers.slice(done)) answer()
      done = answers.length
      await settle()
    }
    expect(new Set(asked).size).toBe(1_011)
    expect(events.filter(({ _tag }) => _tag === 'BuildAccepted')).toHaveLength(1_011)
  })

  test('wait for those to the same provider alone, and are not made any more after a close', async () => {
    const asked: Array<string> = []
    const provider = (name: string) => ({ ...silent, name, start: ({ build }: Job) => (asked.push(build.workflow), new Promise<never>(() => undefined)) })
    const silent = { close: () => Promise.resolve(), settleMs: 0 }
    const builder = createBuilder([provider('ci'), provider('other')] as unknown as ReadonlyArray<Provider>, manualClock())
    for (let n = 0; n < 100; n++) builder.start(ofOwner('did:plc:mallory', String(n)), () => undefined)
    builder.start(ofOwner('did:plc:mallory', 'elsewhere', 'other'), () => undefined)
    await settle()
    expect([asked.length, asked.at(-1)]).toEqual([25, 'elsewhere'])
    await builder.close()
    builder.start(ofOwner('did:plc:alice', 'late'), () => undefined)
    await settle()
    expect(asked).toHaveLength(25)
  })
})

describe('a request to a provider', () => {
  test.each<readonly ['cancel' | 'find' | 'start', object, object]>([
    ['start', { _tag: 'Accepted', external: 'x' }, { _tag: 'BuildAccepted', ...about, external: 'x' }],
    ['start', { _tag: 'Refused', error: 'no' }, { ...failed('no'), isFinal: true }],
    ['find', { _tag: 'Missing' }, { _tag: 'BuildMissing', ...about, settleMs: 250 }],
    ['cancel', { _tag: 'Acknowledged' }, { _tag: 'CancelAcknowledged', ...about }],
    ['find', { _tag: 'Uncertain', error: 'e', waitMs: 10.2 }, failed('e', 11)],
    ['find', { _tag: 'Uncertain', error: 'e', waitMs: -1 }, failed('e')],
    ['find', { _tag: 'Uncertain', error: 'e', waitMs: NaN }, failed('e')],
    ['find', { _tag: 'Uncertain', error: 'e', waitMs: 1e12 }, failed('e', 86_400_000)]
  ])('a request to %s is answered: %j', async (ask, answer, event) => {
    expect(await answered(() => Promise.resolve(answer), ask)).toEqual([event])
  })

  test('is uncertain when the provider throws', async () => {
    expect(await answered(() => Promise.reject(new Error('x')), 'start')).toEqual([failed('Error: x')])
  })

  test('is uncertain when there is no such provider', async () => {
    const { builder, deliver, events } = setUp()
    builder.start(request('StartBuild', 'other'), deliver)
    await settle()
    expect(events).toEqual([failed('there is no provider other')])
  })
})

describe('following a build', () => {
  test('passes on each report with the provider’s name for the build, and leaves out an invalid exit code', () => {
    const { builder, deliver, events, follows } = setUp()
    builder.follow(request('FollowBuild'), deliver)
    expect(follows.map(({ external }) => external)).toEqual(['7'])
    follows[0]?.report(progress('running', { external: '8' }))
    follows[0]?.report(progress('failed', { error: 'e', exitCode: 1.5 }))
    const told = { _tag: 'BuildReported', at: BEGIN, build: NAME, exitCode: null, provider: 'ci' }
    expect(events).toEqual([
      { ...told, error: null, external: '8', status: 'running' },
      { ...told, error: 'e', external: '7', status: 'failed' }
    ])
  })

  test('ends when the core says so, and not by itself; only once', async () => {
    const { builder, deliver, events, follows } = setUp()
    builder.follow(request('FollowBuild'), deliver)
    builder.follow(request('FollowBuild', 'ci', 'other.yml'), deliver)
    follows[0]?.report(progress('success', { external: '8' }))
    follows[0]?.report(progress('success'))
    expect([events.length, follows.map(({ stops }) => stops)]).toEqual([2, [0, 0]])
    builder.unfollow(request('UnfollowBuild'))
    builder.unfollow(request('UnfollowBuild'))
    expect(follows.map(({ stops }) => stops)).toEqual([1, 0])
    // It is forgotten: the end of all has nothing to stop any more.
    await builder.close()
    expect(follows.map(({ stops }) => stops)).toEqual([1, 1])
  })

  test('replaces an earlier following of the same build alone', () => {
    const { builder, deliver, follows } = setUp()
    builder.follow(request('FollowBuild'), deliver)
    builder.follow(request('FollowBuild', 'ci', 'other.yml'), deliver)
    builder.follow(request('FollowBuild'), deliver)
    expect(follows.map(({ stops }) => stops)).toEqual([1, 0, 0])
  })
})

test('a close closes the providers and ends all following; nothing is passed on or requested after it', async () => {
  let accept: (answer: { readonly _tag: 'Accepted'; readonly external: string }) => void = () => undefined
  const { builder, closes, deliver, events, follows } = setUp({ start: () => new Promise((resolve) => (accept = resolve)) })
  builder.follow(request('FollowBuild'), deliver)
  builder.start(request('StartBuild'), deliver)
  await builder.close()
  accept({ _tag: 'Accepted', external: 'x' })
  follows[0]?.report(progress('running'))
  builder.follow(request('FollowBuild', 'ci', 'other.yml'), deliver)
  await settle()
  expect([closes(), follows.map(({ stops }) => stops), events]).toEqual([1, [1], []])
})

test('a close is over when the last provider has closed', async () => {
  const closing: Array<() => void> = []
  const provider = (name: string) => ({ close: () => new Promise<void>((resolve) => closing.push(resolve)), name, settleMs: 0 })
  const builder = createBuilder([provider('ci'), provider('other')] as unknown as ReadonlyArray<Provider>, manualClock())
  let isOver = false
  const closed = builder.close().then(() => (isOver = true))
  await settle()
  closing[0]?.()
  await settle()
  expect([closing.length, isOver]).toEqual([2, false])
  closing[1]?.()
  await closed
})

test('a provider that throws instead of answering leaves the result uncertain', async () => {
  const { builder, deliver, events } = setUp({
    start: () => {
      throw new Error('out of order')
    }
  })
  builder.start(request('StartBuild'), deliver)
  await settle()
  expect(events).toMatchObject([{ _tag: 'RequestFailed', error: 'Error: out of order' }])
})
