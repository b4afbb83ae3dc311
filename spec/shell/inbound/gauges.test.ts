/** How many rows there are: of every kind, and, where there are many, as of now and then. */
import { describe, expect, it } from 'vitest'
import { createGauges } from '../../../shell/inbound/gauges.js'
import { manualClock, settle } from '../support/bridge.js'
import { createWorld, HOSTNAME, OWNER, type World } from './support.js'

const put = ({ apply, clock, state }: World, collection: string, rkey: string, record: unknown): void =>
  void apply({
    _tag: 'CommitReceived',
    at: clock.now(),
    collection,
    connection: state().cursor.connection.number,
    did: OWNER,
    ordinal: null,
    record,
    rev: null,
    rkey,
    timeUs: clock.now()
  })

const RECORDS = {
  'sh.tangled.repo': { createdAt: '', knot: 'knot.example', name: 'app', repoDid: '', spindle: HOSTNAME },
  'sh.tangled.repo.collaborator': { createdAt: '', repo: '', repoDid: `did:plc:${'r'.repeat(24)}`, subject: OWNER },
  'sh.tangled.spindle.member': { createdAt: '', instance: HOSTNAME, subject: `did:plc:${'m'.repeat(24)}` }
} as const

const started = () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  world.openStream()
  return { gauges: createGauges(clock, world.state), clock, world }
}

/** Accounts with a repository each: more than are counted at once. */
const crowd = ({ publishRepo }: World, count: number): void => {
  for (let n = 0; n < count; n++) publishRepo({ owner: `did:plc:${'a'.repeat(24)}${String(n)}` })
}

describe('the gauges', () => {
  it('tell each kind of record from the others, and from deleted ones', () => {
    const { gauges, clock, world } = started()
    const counts = { collaborators: 0, members: 0, repos: 0, tombstones: 0 }
    for (const [collection, kind, n] of [
      ['sh.tangled.repo', 'repos', 2],
      ['sh.tangled.repo.collaborator', 'collaborators', 3],
      ['sh.tangled.spindle.member', 'members', 4]
    ] as const) {
      for (let rkey = 0; rkey <= n; rkey++) put(world, collection, String(rkey), RECORDS[collection])
      clock.advance(1)
      put(world, collection, '0', null)
      counts[kind] = n
      counts.tombstones++
      expect(gauges.rows()).toEqual(counts)
    }
  })

  it('the gauges of many accounts are computed again and again, but not too often', async () => {
    const { gauges, clock, world } = started()
    crowd(world, 2_500)
    const repos = async (): Promise<number> => {
      gauges.rows()
      await settle()
      return gauges.rows().repos
    }
    expect(gauges.rows().repos).toBe(0)
    expect(await repos()).toBe(2_500)
    for (const count of [2_501, 2_502]) {
      world.publishRepo({ name: String(count) })
      clock.advance(29_999)
      expect(await repos()).toBe(count - 1)
      clock.advance(1)
      expect(await repos()).toBe(count)
    }
    gauges.close()
    expect(clock.armed()).toBe(0)
  })

  it('are not computed twice at once, and leave nothing when closed halfway', async () => {
    const { gauges, clock, world } = started()
    crowd(world, 2_500)
    gauges.rows()
    gauges.rows()
    await settle()
    expect(clock.armed()).toBe(1)
    clock.advance(30_000)
    world.publishRepo()
    gauges.rows()
    gauges.close()
    await settle()
    expect([clock.armed(), gauges.rows().repos]).toEqual([0, 2_500])
  })
})
