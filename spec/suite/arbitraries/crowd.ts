/** Accounts that claim about as many repositories as there is room for, and knots that name about as many people. */
import fc from 'fast-check'
import { ACCOUNTS, type Claiming, type Crowd, isStranger, type Listing, ROOM } from '../laws/crowd.js'
import { weighted } from './data.js'

const who = fc.nat(ACCOUNTS.length - 1)

const claimings = (countOf: (who: number) => fc.Arbitrary<number>): fc.Arbitrary<Claiming> =>
  who.chain((those) =>
    fc.record(
      {
        count: countOf(those),
        from: weighted([4, 0], [1, 1], [1, 400], [1, 3_000]),
        isMade: weighted([5, true], [1, false]),
        isShared: weighted([2, false], [1, true]),
        who: fc.constant(those)
      },
      { noNullPrototype: true }
    )
  )

const roomOf = (one: number): number => (isStranger(one) ? ROOM.stranger : ROOM.named).entries

/** Claims, each of about as many as there is room for. */
export const claimCrowds: fc.Arbitrary<Crowd> = fc.record(
  { turns: fc.array(claimings((one) => weighted([2, 1], [2, 300], [2, roomOf(one)], [1, roomOf(one) + 1], [1, 2 * roomOf(one)])), { maxLength: 7, minLength: 1 }) },
  { noNullPrototype: true }
)

/** Claims of what is asked about, which all claim at first. */
const turnings: fc.Arbitrary<Claiming> = fc.record(
  { count: weighted([1, 1], [3, 110]), from: fc.constant(0), isMade: fc.boolean(), isShared: fc.boolean(), who },
  { noNullPrototype: true }
)

const listings: fc.Arbitrary<Listing> = who.chain((those) =>
  fc.record(
    {
      count: weighted([2, 1], [2, 9], [2, 60], [1, 101]),
      from: weighted([4, 0], [1, 1]),
      isShared: fc.boolean(),
      owner: fc.oneof({ arbitrary: fc.constant(those), weight: 4 }, { arbitrary: who, weight: 1 }),
      people: weighted([1, 0], [1, 1], [2, 200], [5, 500], [1, 501]),
      who: fc.constant(those)
    },
    { noNullPrototype: true }
  )
)

/** Lists of about as many people as there is room for. */
export const listCrowds: fc.Arbitrary<Crowd> = fc
  .array(fc.oneof({ arbitrary: listings, weight: 2 }, { arbitrary: turnings, weight: 1 }), { maxLength: 12, minLength: 1 })
  .map((turns) => ({
    // Everybody claims something first: a knot is asked about nothing else.
    turns: [...ACCOUNTS.flatMap((_, one) => [false, true].map((isShared) => ({ count: 110, from: 0, isMade: true, isShared, who: one }))), ...turns]
  }))
