/** The interpreter on simulated ports: who is read when, and which effect goes where. */
import { describe, expect, test } from 'vitest'
import type { Effect, Event, HostName, Natural, TimeUs } from '../../../core/index.js'
import { createInterpreter } from '../../../shell/drive/interpreter.js'
import type { Link } from '../../../shell/ports.js'
import { BEGIN, type Dial, fakeNetwork, fakeStore, manualClock, nothingElse, ports, settle } from '../support/bridge.js'
import { rememberingLog } from '../support/sockets.js'

const open = (dial: Dial): void =>
  dial.deliver(
    dial.host === null
      ? { _tag: 'JetstreamOpened', at: BEGIN, connection: dial.connection }
      : { _tag: 'KnotOpened', at: BEGIN, connection: dial.connection, host: dial.host }
  )

const last = (dials: ReadonlyArray<Dial>): Dial => {
  const dial = dials.at(-1)
  if (dial === undefined) throw new Error('nothing was dialled')
  return dial
}

describe('the interpreter', () => {
  /** One whose connections note what is done to them, and end when they are told to. */
  const interpreting = () => {
    const done: Array<string> = []
    const ends = new Map<string, () => void>()
    const closing = (name: string) => (): Promise<void> => new Promise((resolve) => void ends.set(name, resolve))
    const openJetstream = (connection: number): Link => {
      const name = `stream ${String(connection)}`
      const gone = closing(name)()
      return { close: () => (done.push(`close ${name}`), gone), gone, pause: () => void done.push(`pause ${name}`), resume: () => void done.push(`resume ${name}`) }
    }
    const interpreter = createInterpreter(
      {
        ...ports(manualClock(), { ...fakeNetwork().network, openJetstream }, fakeStore()),
        access: { ...nothingElse.access, close: closing('access') },
        builder: { ...nothingElse.builder, close: closing('builder') },
        records: { ...nothingElse.records, close: closing('records') },
        workflows: { ...nothingElse.workflows, close: closing('workflows') }
      },
      () => undefined
    )
    const open = (connection: number): void => interpreter.execute({ _tag: 'OpenJetstream', connection: connection as Natural, cursor: null, ordinal: null })
    return { done, end: (name: string) => (ends.get(name) ?? expect.unreachable())(), interpreter, open }
  }

  test('reads on from whoever was quiet first, so that nobody is kept from being heard by those that fill every turn', async () => {
    const { dials, network } = fakeNetwork()
    const heard: Array<Event> = []
    const interpreter = createInterpreter(ports(manualClock(), network, fakeStore()), (event) => void heard.push(event))
    const subscribe = (host: string): Dial => {
      interpreter.execute({ _tag: 'SubscribeKnot', connection: 1 as Natural, cursor: null, host: host as HostName })
      return last(dials)
    }
    interpreter.execute({ _tag: 'OpenJetstream', connection: 1 as Natural, cursor: null, ordinal: null })
    const all = [last(dials), subscribe('loud.example'), subscribe('louder.example'), subscribe('quiet.example')] as const
    const [stream, loud, louder, quiet] = all
    const say = (...said: ReadonlyArray<Dial>): void => said.forEach(open)
    const isHeard = (): ReadonlyArray<boolean> => all.map(({ isPaused }) => !isPaused)
    const nextTurn = (): Promise<void> => new Promise(setImmediate)

    say(stream, loud, louder)
    interpreter.pause()
    interpreter.resume()
    expect(isHeard()).toEqual([false, false, false, true])
    await nextTurn()
    expect(isHeard()).toEqual([true, true, true, true])

    // They are put off for as long as others have something to say, and the stream every other time.
    say(stream, loud, louder)
    interpreter.pause()
    interpreter.resume()
    expect(isHeard()).toEqual([true, false, false, true])
    say(quiet)
    interpreter.pause()
    await nextTurn()
    expect(isHeard()).toEqual([false, false, false, false])
    interpreter.resume()
    expect(isHeard()).toEqual([true, true, true, true])

    // A turn that came to nothing is no turn.
    say(loud)
    interpreter.pause()
    interpreter.resume()
    interpreter.pause()
    interpreter.resume()
    expect(isHeard()).toEqual([true, false, true, true])
    await nextTurn()
    expect(isHeard()).toEqual([true, true, true, true])
    expect(heard).toHaveLength(8)
  })

  test('passes what a recipient answers on to who asked', () => {
    const heard: Array<string> = []
    const answer = (name: string) => (_: unknown, deliver: (event: Event) => void) => deliver({ _tag: name } as unknown as Event)
    const interpreter = createInterpreter(
      {
        ...ports(manualClock(), fakeNetwork().network, fakeStore()),
        access: { ...nothingElse.access, read: answer('access') },
        builder: { ...nothingElse.builder, cancel: answer('cancel'), find: answer('find'), follow: answer('follow'), start: answer('start') },
        records: { ...nothingElse.records, read: answer('records') },
        workflows: { ...nothingElse.workflows, read: answer('workflows') }
      },
      ({ _tag }) => void heard.push(_tag)
    )
    for (const _tag of ['ReadAccess', 'CancelBuild', 'FindBuild', 'FollowBuild', 'StartBuild', 'ReadRecords', 'ReadWorkflows']) interpreter.execute({ _tag } as unknown as Effect)
    expect(heard).toEqual(['access', 'cancel', 'find', 'follow', 'start', 'records', 'workflows'])
  })

  test('asks a stream that numbers its frames by the number', () => {
    const { dials, network } = fakeNetwork()
    const interpreter = createInterpreter(ports(manualClock(), network, fakeStore()), () => undefined)
    interpreter.execute({ _tag: 'OpenJetstream', connection: 1 as Natural, cursor: BEGIN, ordinal: 7 as Natural })
    expect(dials.map(({ cursor }) => cursor)).toEqual([7])
  })

  test('passes each effect to its recipient, and to nobody else', () => {
    const done: Array<string> = []
    const link = (name: string): Link => ({
      close: () => Promise.resolve(void done.push(`close ${name}`)),
      gone: new Promise(() => undefined),
      pause: () => undefined,
      resume: () => undefined
    })
    const told = (name: string) => (effect: Effect) => void done.push(`${name} ${effect._tag}`)
    const log = rememberingLog()
    const interpreter = createInterpreter(
      {
        ...ports(manualClock(), fakeNetwork().network, fakeStore()),
        builder: { cancel: told('cancel'), close: () => Promise.resolve(), find: told('find'), follow: told('follow'), start: told('start'), unfollow: told('unfollow') },
        log,
        network: {
          openJetstream: (connection, cursor) => (done.push(`stream ${String(connection)} from ${String(cursor)}`), link('stream')),
          openKnot: (connection, host, cursor) => (done.push(`${host} ${String(connection)} from ${String(cursor)}`), link(host))
        },
        records: { close: () => Promise.resolve(), read: told('read') },
        workflows: { close: () => Promise.resolve(), read: told('read') }
      },
      () => undefined
    )
    // What is handed on is handed on whole: the rest of these is nothing to the interpreter.
    const effects = [
      { _tag: 'OpenJetstream', connection: 1 as Natural, cursor: 5 as never },
      { _tag: 'SubscribeKnot', connection: 2 as Natural, cursor: null, host: 'a.example' as HostName },
      { _tag: 'SubscribeKnot', connection: 3 as Natural, cursor: 7 as never, host: 'b.example' as HostName },
      { _tag: 'CloseJetstream', connection: 1 as Natural },
      { _tag: 'UnsubscribeKnot', connection: 3 as Natural, host: 'b.example' as HostName },
      // There is no such connection, and none of another number is taken for it.
      { _tag: 'UnsubscribeKnot', connection: 4 as Natural, host: 'a.example' as HostName },
      { _tag: 'ReadRecords' },
      { _tag: 'ReadWorkflows' },
      { _tag: 'StartBuild' },
      { _tag: 'FindBuild' },
      { _tag: 'FollowBuild' },
      { _tag: 'UnfollowBuild' },
      { _tag: 'CancelBuild' },
      { _tag: 'PublishPipeline' },
      { _tag: 'PublishStatus' },
      { _tag: 'Report', report: { _tag: 'Gap', askedUs: 1 as TimeUs, at: 3 as TimeUs, gotUs: 2 as TimeUs } }
    ] as ReadonlyArray<Effect>
    for (const effect of effects) interpreter.execute(effect)
    expect(done).toEqual([
      'stream 1 from 5',
      'a.example 2 from null',
      'b.example 3 from 7',
      'close stream',
      'close b.example',
      'read ReadRecords',
      'read ReadWorkflows',
      'start StartBuild',
      'find FindBuild',
      'follow FollowBuild',
      'unfollow UnfollowBuild',
      'cancel CancelBuild'
    ])
    expect(log.lines.map(({ fields }) => fields['_tag'])).toEqual(['Gap'])
  })

  test('has no more to do with a connection that is gone', async () => {
    const { done, end, interpreter, open } = interpreting()
    open(1)
    open(2)
    end('stream 1')
    await settle()
    interpreter.pause()
    interpreter.resume()
    expect(done).toEqual(['pause stream 2', 'resume stream 2'])
  })

  test('keeps no timer that has fired', async () => {
    const armed: Array<() => void> = []
    const cancelled: Array<number> = []
    const clock = { after: (_: number, then: () => void) => (armed.push(then), ((n) => () => void cancelled.push(n))(armed.length)), now: manualClock().now }
    const interpreter = createInterpreter(ports(clock, fakeNetwork().network, fakeStore()), () => undefined)
    const timer = { _tag: 'JetstreamTimer', connection: 1 as Natural } as const
    for (let n = 0; n < 3; n++) interpreter.execute({ _tag: 'WakeAfter', highMs: 10 as Natural, lowMs: 10 as Natural, timer })
    armed[0]?.()
    armed[2]?.()
    await interpreter.close()
    expect(cancelled).toEqual([2])
  })

  test('draws when it wakes, within the given range', async () => {
    const clock = manualClock()
    const woken: Array<Event> = []
    const interpreter = createInterpreter(
      { ...ports(clock, fakeNetwork().network, fakeStore()), random: { between: (low, high) => low * 2 + high } },
      (event) => void woken.push(event)
    )
    const timer = { _tag: 'JetstreamTimer', connection: 1 as Natural } as const
    interpreter.execute({ _tag: 'WakeAfter', highMs: 20 as Natural, lowMs: 10 as Natural, timer })
    clock.advance(39)
    expect(woken).toEqual([])
    clock.advance(1)
    expect(woken).toEqual([{ _tag: 'TimerFired', at: BEGIN + 40_000, timer }])
    await interpreter.close()
  })

  test.each([0, 1, 2, 3, 4, 5])('is closed when everything that it acts on is closed, whichever is last (%i)', async (first) => {
    const { done, end, interpreter, open } = interpreting()
    const all = ['stream 1', 'stream 2', 'access', 'builder', 'records', 'workflows']
    let isClosed = false
    open(1)
    open(2)
    void interpreter.close().then(() => (isClosed = true))
    expect(done).toEqual(['close stream 1', 'close stream 2'])
    for (const name of [...all.slice(first), ...all.slice(0, first)]) {
      await settle()
      expect([name, isClosed]).toEqual([name, false])
      end(name)
    }
    await settle()
    expect(isClosed).toBe(true)
  })
})
