/** Of how many repositories it is known who may push, when accounts claim more of them than that. */
import * as O from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { Access, Config, type Did, Event, type HostName, OrderedMap as M, type Rkey } from '../../../core/index.js'
import { at, CONFIG, must, OWNER } from '../../suite/examples/support.js'

const MEMBERS = Array.from({ length: 5 }, (_, i) => `did:plc:member${String(i)}` as Did)
const STRANGER = 'did:plc:stranger' as Did

const claims = (did: Did, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const name = `${did.slice(8)}-${String(i)}`
    return { _tag: 'ClaimMade' as const, did, knot: 'knot.example' as HostName, repo: `did:plc:${name}`, rkey: name as Rkey }
  })

const CONFIGURED = must(Config.decode({ ...CONFIG, collaborators: 'knots' }))
const NAMED = MEMBERS.reduce((named, did) => M.upsertAt<string, number>(did, 1)(named), M.empty<string, number>())
const PASSES = must(Event.decode({ _tag: 'PassedOver', about: '', at: at(1), of: '' }))

const after = (state: Access.AccessState, made: ReturnType<typeof claims>) => {
  const answer = Access.reduce(state, PASSES, { claims: made, commits: { named: NAMED }, config: CONFIGURED, isStopped: false, told: [] })
  return O.isSome(answer) ? answer.value : expect.fail('it is nothing')
}

test('members who claim too much on one knot take no room of the owner, and strangers have none beside 25 000', () => {
  const [crowded, outcomes] = after(Access.initial, MEMBERS.flatMap((did) => claims(did, 6_000)))
  expect(M.toEntries(crowded.ofAccounts)).toEqual(MEMBERS.map((did) => [did, 5_000]))
  expect(outcomes.filter(({ _tag }) => _tag === 'Report')).toHaveLength(5_000)
  expect(after(crowded, claims(STRANGER, 1))[1].map(({ _tag }) => _tag)).toEqual(['Report'])
  const [state] = after(crowded, claims(OWNER as Did, 5_000))
  expect(M.size(state.entries)).toBe(30_000)
})
