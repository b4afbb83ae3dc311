/** Runs in which builds live and records are read, beside all others: for laws that are about the whole machine. */
import fc from 'fast-check'
import type { Run } from '../laws/run.js'
import { settled } from './backfill.js'
import { buildRuns } from './builds.js'

/** These runs, and among them some of builds and of the backfill. */
export const withBuilds = (others: fc.Arbitrary<Run>): fc.Arbitrary<Run> =>
  fc.oneof({ arbitrary: others, weight: 3 }, { arbitrary: buildRuns, weight: 2 }, { arbitrary: settled.map(({ run }) => run), weight: 1 })
