/** Which local build gets a place. */
import { describe, expect, test } from 'vitest'
import { createPlaces, type Places } from '../../../shell/providers/local-builds.js'
import { settle } from '../support/bridge.js'

const opened = (concurrent: number) => {
  const begun: Array<string> = []
  const places = createPlaces(concurrent, () => false, (id) => begun.push(id), () => undefined)
  const enqueue = (...ids: ReadonlyArray<string>): void => ids.forEach((id) => places.enqueue(id, id.slice(0, 1)))
  return { begun, enqueue, places }
}

describe('a free place', () => {
  test('goes round the accounts, however many builds one of them has waiting', () => {
    const { begun, enqueue, places } = opened(1)
    enqueue('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
    for (let i = 0; i < 5; i++) places.leave(begun[i] ?? '')
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  test('is for the account with the fewest builds under way', () => {
    const { begun, enqueue, places } = opened(3)
    enqueue('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1')
    places.leave('a1')
    places.leave('a2')
    places.leave('a3')
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4'])
  })

  test('is for one account alone, if no other waits', () => {
    const { begun, enqueue, places } = opened(2)
    enqueue('a1', 'a2', 'a3')
    places.leave('a2')
    expect([begun, places.isAnyWaiting()]).toEqual([['a1', 'a2', 'a3'], false])
  })
})

describe('a build', () => {
  test.each([
    ['gets a place', (places: Places) => places.leave('a1')],
    ['ends before', (places: Places) => places.vacate('a2')],
    ['is not to begin any more, at a close', (places: Places) => places.close()]
  ])('a build that waits is seen to when it %s, and by all who follow it', async (_, act) => {
    const { enqueue, places } = opened(1)
    enqueue('a1', 'a2', 'a3')
    let seen = 0
    for (let i = 0; i < 2; i++) void places.whenBegun('a2').then(() => (seen += 1))
    await settle()
    expect(seen).toBe(0)
    act(places)
    await settle()
    expect(seen).toBe(2)
  })

  test('waiting for a build that needs no place is over at once', async () => {
    const { enqueue, places } = opened(1)
    enqueue('a1')
    await places.whenBegun('a1')
    await places.whenBegun('a2')
    const closing = createPlaces(0, () => true, () => undefined, () => undefined)
    closing.enqueue('b1', 'b')
    await closing.whenBegun('b1')
  })

  test('waits once, and has one place', () => {
    const { begun, enqueue, places } = opened(1)
    enqueue('a1', 'a1', 'a2', 'a2')
    expect(['a1', 'a2', 'a3'].map(places.isWaiting)).toEqual([false, true, false])
    places.leave('a1')
    places.leave('a2')
    expect([begun, places.active.size]).toEqual([['a1', 'a2'], 0])
  })

  test('a build that ends before it has a place waits no more', () => {
    const { begun, enqueue, places } = opened(1)
    enqueue('a1', 'a2')
    places.leave('a2')
    places.leave('a1')
    expect([begun, places.isAnyWaiting()]).toEqual([['a1'], false])
  })

  test('a build that was under way before counts as one of its account', () => {
    const { begun, enqueue, places } = opened(2)
    places.occupy('a1', 'a')
    places.occupy('c1', 'c')
    enqueue('a2', 'b1')
    places.leave('c1')
    expect(begun).toEqual(['b1'])
  })
})
