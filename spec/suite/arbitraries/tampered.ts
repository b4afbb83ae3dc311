/** States as they are written, with something in them that no state has; and JSON that may be anything. */
import fc from 'fast-check'
import type { Json } from '../../../core/index.js'
import type { Tampered } from '../laws/codec.js'
import { end, textOf, type Run } from '../laws/run.js'
import { buildRuns } from './builds.js'
import { pick } from './data.js'
import { jsons } from './json.js'
import { runs } from './script.js'

type Mutable = null | boolean | number | string | Array<Mutable> | { [key: string]: Mutable }

interface Written {
  accounts: Array<[string, { [key: string]: Mutable }]>
  runs: Array<[string, { [key: string]: Mutable }]>
  statuses: Array<{ createdUs: number }>
  head: {
    builds: { lastUs: number; next: number }
    cursor: { [key: string]: Mutable }
    knots: { next: number; subscriptions: Array<[host: string, { connection: { [key: string]: Mutable }; cursor: Mutable; since: Mutable }]> }
  }
}

const writtenOf = (run: Run): Written => JSON.parse(textOf(end(run))) as Written

type Subscribed = Written['head']['knots']['subscriptions'][number]

const IDLE = { attempt: 0, number: 0, phase: { _tag: 'Idle' } }

/** What is done to a written state, by the words for what is wrong with it then. `false`: there is nothing to do it to. */
const TAMPERINGS: ReadonlyArray<readonly [what: string, tamper: (written: Written) => boolean]> = [
  [
    'a subscription that nothing calls for',
    ({ head }) => {
      const none: Subscribed = ['zzz.example', { connection: { ...IDLE }, cursor: null, since: '0' }]
      return head.knots.subscriptions.push(none) > 0
    }
  ],
  ['a subscription that is missing', ({ head }) => head.knots.subscriptions.shift() !== undefined],
  [
    'an account that is there twice',
    ({ accounts }) => {
      const [first] = accounts
      return first !== undefined && accounts.unshift(first) > 0
    }
  ],
  ['accounts that fall', ({ accounts }) => accounts.reverse().length > 1],
  [
    'an account without anything',
    ({ accounts }) => {
      const empty = { active: true, asOfUs: 0, collaborators: [], floor: null, members: [], repos: [] }
      return accounts.push(['did:zzz:z', empty]) > 0
    }
  ],
  [
    'a connection whose number was never issued',
    ({ head: { knots } }) => {
      knots.next = Math.max(0, ...knots.subscriptions.map(([, { connection }]) => Number(connection['number'])))
      return knots.subscriptions.length > 0
    }
  ],
  [
    'a cursor that is no stamp',
    ({ head }) => {
      head.cursor['cursor'] = -1
      return true
    }
  ],
  [
    'a run that is there twice',
    ({ runs }) => {
      const [first] = runs
      return first !== undefined && runs.unshift(first) > 0
    }
  ],
  [
    'a status that is there twice',
    ({ statuses }) => {
      const [first] = statuses
      return first !== undefined && statuses.unshift(first) > 0
    }
  ],
  [
    'a status that is later than the last',
    ({ head: { builds }, statuses }) => {
      builds.lastUs = Math.max(0, (statuses.at(-1)?.createdUs ?? 0) - 1)
      return statuses.length > 0
    }
  ],
  [
    'a request about builds whose number was never issued',
    ({ head: { builds }, runs }) => {
      builds.next = 0
      return runs.length > 0
    }
  ],
  [
    'a name that is no DID',
    ({ accounts }) => {
      const [first] = accounts
      if (first !== undefined) first[0] = 'did'
      return first !== undefined
    }
  ]
]

/** The words for all of them. */
export const tamperings: ReadonlyArray<string> = TAMPERINGS.map(([what]) => what)

/** Written states that must be refused; at least the first of the tamperings can always be done. */
export const tampered: fc.Arbitrary<Tampered> = fc
  .record({ run: fc.oneof(runs({ about: 'knots', length: 10 }), buildRuns), which: fc.nat(TAMPERINGS.length - 1) })
  .map(({ run, which }) => {
    const written = writtenOf(run)
    const [what, tamper] = pick(TAMPERINGS, which)
    if (tamper(written)) return { what, written: asJson(written) }
    const [instead, always] = pick(TAMPERINGS, 0)
    const other = writtenOf(run)
    always(other)
    return { what: instead, written: asJson(other) }
  })

const asJson = (written: Written): Json => JSON.parse(JSON.stringify(written)) as Json

/** The value with what stands at some place in it replaced. */
const replaced = (value: Json, path: ReadonlyArray<number>, by: Json): Json => {
  const [first, ...rest] = path
  if (first === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  const key = keys[first % Math.max(1, keys.length)]
  if (key === undefined) return by
  if (isArray(value)) return value.map((item, i) => (String(i) === key ? replaced(item, rest, by) : item))
  return { ...value, [key]: replaced(value[key] ?? null, rest, by) }
}

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** Anything a state file may hold: a state, a state with one place of it replaced, any JSON. */
export const stateFiles: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: jsons, weight: 1 },
  {
    arbitrary: fc
      .record({
        by: fc.oneof(jsons, fc.nat(3)),
        path: fc.array(fc.nat(7), { maxLength: 8, minLength: 1 }),
        run: runs({ length: 15 })
      })
      .map(({ by, path, run }) => replaced(JSON.parse(textOf(end(run))) as Json, path, by)),
    weight: 3
  },
  { arbitrary: runs({ length: 15 }).map((run) => JSON.parse(textOf(end(run))) as Json), weight: 1 }
)
