/** Of how many repositories it is known who may push, when knots have more of them than that. */
import * as O from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { Access, Config, type Did, Event, type HostName, OrderedMap as M, type Rkey } from '../../../core/index.js'
import { at, CONFIG, must, OWNER } from '../../suite/examples/support.js'

const claim = (i: number) => ({ _tag: 'ClaimMade' as const, did: OWNER as Did, knot: `knot${String(i % 6)}.example` as HostName, repo: `did:plc:${String(i)}`, rkey: String(i) as Rkey })

test('there is room for 10 000 repositories of a knot, and for 50 000 in all', () => {
  const given = { claims: Array.from({ length: 72_000 }, (_, i) => claim(i)), config: must(Config.decode({ ...CONFIG, collaborators: 'knots' })), isStopped: false, told: [] }
  const answer = Access.reduce(Access.initial, must(Event.decode({ _tag: 'PassedOver', about: '', at: at(1), of: '' })), given)
  const [state, outcomes] = O.isSome(answer) ? answer.value : expect.fail('it is nothing')
  expect(M.size(state.entries)).toBe(50_000)
  expect(M.toEntries(state.ofKnots).map(([, count]) => count)).toEqual(Array.from({ length: 5 }, () => 10_000))
  expect(outcomes.filter(({ _tag }) => _tag === 'Report')).toHaveLength(22_000)
})
