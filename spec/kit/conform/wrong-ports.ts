/**
 * Ports that are wrong in one thing each, as porters get it wrong. Made of the reference by changing one place of the compiled core,
 * so each says also where in the core the thing is decided.
 */
import type { Mutation } from '../mutate.js'

export interface WrongPort {
  readonly mutation: Mutation
  readonly name: string
  /** A place that must be among the differences of some failure. */
  readonly path: RegExp
  /** What must fail, as `--only` names it: the rule of traces, the subject of vectors, a part of a name. */
  readonly shown: string
  /** Whether random steps or random inputs find it. */
  readonly by: 'inputs' | 'steps'
}

const FLOOR = 'passesFloor(floor, rev) &&'
const NEWS = '!isNewsAt(before, slot, rev, event.timeUs)'

export const WRONG_PORTS: ReadonlyArray<WrongPort> = [
  {
    name: 'no rewind',
    by: 'steps',
    shown: 'S4',
    path: /^effects\[\d\]\.cursor$/,
    mutation: { file: 'cursor/position.js', from: 'usBefore(position, config.rewindUs)', to: 'position' }
  },
  {
    name: 'a rewind that goes below 0',
    by: 'steps',
    shown: 'S4',
    path: /^effects\[\d\]\.cursor$/,
    mutation: {
      file: 'cursor/position.js',
      from: 'return laterOf(passed, usBefore(position, config.rewindUs))',
      to: 'return passed > 0 ? laterOf(passed, position - config.rewindUs) : position - config.rewindUs'
    }
  },
  {
    name: '<= in the rev gate',
    by: 'steps',
    shown: 'D3',
    path: /^accounts\[.*\]\.timeUs$/,
    mutation: { file: 'commits/gates.js', from: 'slot.rev === null || rev > slot.rev', to: 'slot.rev === null || rev >= slot.rev' }
  },
  {
    name: 'a floor that a commit of its own microsecond passes',
    by: 'steps',
    shown: 'D5',
    path: /^accounts\[.*\]/,
    mutation: { file: 'commits/gates.js', from: 'isTidAfter(rev, floor.timeUs, 0)', to: 'isTidAfter(rev, floor.timeUs - 1, 0)' }
  },
  {
    name: 'a floor that asks for time_us instead of the rev',
    by: 'steps',
    shown: 'D5',
    path: /^accounts\[.*\]/,
    mutation: { file: 'commits/gates.js', from: FLOOR, to: '(floor === null || timeUs > floor.timeUs) &&' }
  },
  {
    name: 'no floor',
    by: 'steps',
    shown: 'D5',
    path: /^accounts\[.*\]/,
    mutation: { file: 'commits/gates.js', from: FLOOR, to: '' }
  },
  {
    name: 'a gate for each DID instead of each record',
    by: 'steps',
    shown: 'D3',
    path: /^accounts\[.*\]/,
    mutation: {
      file: 'commits/commit.js',
      from: NEWS,
      to: `${NEWS} || (rev !== null && [before.repos, before.members, before.collaborators].some((map) => M.toEntries(map).some(([, known]) => known.rev !== null && rev <= known.rev)))`
    }
  },
  {
    name: 'no tombstones',
    by: 'steps',
    shown: 'D3',
    path: /^accounts\[.*\]/,
    mutation: {
      file: 'commits/commit.js',
      from: 'return M.upsertAt(rkey, written)(map);',
      to: 'return record === null ? M.deleteAt(rkey)(map) : M.upsertAt(rkey, written)(map);'
    }
  },
  {
    name: 'a member is gone with the first of two records',
    by: 'steps',
    shown: 'D7',
    path: /^effects|^head\.knots/,
    mutation: { file: 'data/tally.js', from: 'count === 0 ?', to: 'more < 0 ?' }
  },
  {
    name: 'effects in the order in which they came about',
    by: 'steps',
    shown: 'D4',
    path: /^effects\[\d\]/,
    mutation: { file: 'knots/reconcile.js', from: 'ascending(holds.map((change) => change.knot))', to: 'holds.map((change) => change.knot)' }
  },
  {
    name: 'nanoseconds compared as doubles',
    by: 'steps',
    shown: 'random-open',
    path: /^head\.knots\.subscriptions\[.*\]\.cursor$/,
    mutation: { file: 'data/identifiers.js', from: 'nanosBefore = (a, b) => digitsBefore(a, b)', to: 'nanosBefore = (a, b) => Number(a) < Number(b)' }
  },
  {
    name: 'nanoseconds read as doubles',
    by: 'inputs',
    shown: 'knot',
    path: /^output\.created$/,
    mutation: {
      file: 'wire/knot/frame.js',
      from: 'O.fromPredicate(Nanos.is)(source)',
      to: 'O.map((nanos) => String(BigInt(Number(nanos))))(O.fromPredicate(Nanos.is)(source))'
    }
  },
  {
    name: 'the key __proto__ is lost',
    by: 'steps',
    shown: 'D13',
    path: /\[__proto__\]/,
    mutation: { file: 'commits/commit.js', from: 'const written = slot === null', to: "if (rkey === '__proto__') return map;\n    const written = slot === null" }
  },
  {
    name: 'unsubscribes with the first holder that goes',
    by: 'steps',
    shown: 'S13',
    path: /^effects/,
    mutation: { file: 'data/multimap.js', from: 'M.isEmpty(rest) ?', to: 'true ?' }
  },
  {
    name: 'never unsubscribes',
    by: 'steps',
    shown: 'S13',
    path: /^effects/,
    mutation: {
      file: 'knots/reconcile.js',
      from: 'const released = touched.filter((host) => !M.has(host)(state.holders) && M.has(host)(state.subscriptions))',
      to: 'const released = []'
    }
  },
  {
    // It shows after twenty reports only: the trace begins at a state.
    name: 'keeps the last 19 reports',
    by: 'steps',
    shown: 'random-open',
    path: /^head\.counters\.recent/,
    mutation: { file: 'counters/index.js', from: 'const RECENT = 20', to: 'const RECENT = 19' }
  }
]
