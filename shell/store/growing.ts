/**
 * The growing parts of a snapshot's head: one line for each entry, so that no line grows with the number of knots, readings, mistakes or tokens.
 *
 *     ["access","knot.example/did:plc:…",{"access":null,…}],
 *     ["mistaken","did:plc:…/…"],
 *     ["readings","did:plc:…",{"collection":"sh.tangled.repo",…}],
 *     ["sources","knot.example",{"details":true,…}],
 *     ["spent","3mbd…",{"actor":null,…}],
 *     ["subscriptions","knot.example",{"connection":{…},…}]
 *     ["tokens","did:plc:… 3f6a…",1767225660000000]
 *
 * A spent key belongs to the source before it.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { Access, Backfill, Builds, explain, type Head, headOf, Knots, OrderedMap, type State, TimeUs } from '../../core/index.js'
import type { Fault } from './accounts.js'

/** The lists, in the order in which they are written. */
const LISTS = ['access', 'mistaken', 'readings', 'sources', 'spent', 'subscriptions', 'tokens'] as const
type List = (typeof LISTS)[number]

const textOf = (value: unknown): string => JSON.stringify(value)

/** The lines, without the separators. Entries are plain JSON already, except for the spent keys of a source. */
export function* linesOfGrowing({ access, backfill, builds, knots }: State): Generator<string, void, undefined> {
  for (const [repository, entry] of OrderedMap.entriesFrom(access.entries, '')) yield textOf(['access', repository, entry])
  for (const key of builds.mistaken) yield textOf(['mistaken', key])
  for (const [did, reading] of OrderedMap.entriesFrom(backfill.accounts, '')) yield textOf(['readings', did, reading])
  for (const [knot, { spent, ...source }] of OrderedMap.entriesFrom(builds.sources, '')) {
    yield textOf(['sources', knot, source])
    for (const [rkey, told] of OrderedMap.entriesFrom(spent, '')) yield textOf(['spent', rkey, told])
  }
  for (const [knot, subscription] of OrderedMap.entriesFrom(knots.subscriptions, '')) yield textOf(['subscriptions', knot, subscription])
  for (const [token, untilUs] of OrderedMap.entriesFrom(builds.tokens, '')) yield textOf(['tokens', token, untilUs])
}

/** The head without its growing parts. */
export const fixedHead = (state: State): Head => {
  const { access, backfill, builds, knots, ...rest } = headOf({
    ...state,
    builds: { ...state.builds, mistaken: [], sources: OrderedMap.empty(), tokens: OrderedMap.empty() },
    knots: { ...state.knots, subscriptions: OrderedMap.empty() }
  })
  return { ...rest, access: { ...access, entries: OrderedMap.empty() }, backfill: { ...backfill, accounts: OrderedMap.empty() }, builds, knots }
}

type Fields = { readonly [field: string]: unknown }

const fieldsOf = (u: unknown): Fields => (typeof u === 'object' && u !== null ? { ...u } : {})

const isFields = (u: unknown): u is Fields => typeof u === 'object' && u !== null && !Array.isArray(u)

export interface GrowingReader {
  /** Takes the value of the next line. @returns what is wrong with it. */
  readonly take: (json: unknown, line: number) => E.Either<Fault, void>
  /** Puts the entries back into the head, ready to be decoded. @returns what is wrong if the head already has entries. */
  readonly joined: (head: unknown) => E.Either<string, unknown>
}

/** The decoder for a line of each list, without the list's name and, except in `mistaken`, without the key. */
const VALUES: { readonly [list in List]: t.Decoder<unknown, unknown> } = {
  access: Access.Entry,
  mistaken: t.string,
  readings: Backfill.Reading,
  sources: Builds.Source,
  spent: t.union([Builds.RememberedPush, t.null]),
  subscriptions: Knots.Subscription,
  tokens: TimeUs
}

/** Where in the head each list belongs. Spent keys belong to their sources. */
const PLACES = {
  access: ['access', 'entries'],
  mistaken: ['builds', 'mistaken'],
  readings: ['backfill', 'accounts'],
  sources: ['builds', 'sources'],
  subscriptions: ['knots', 'subscriptions'],
  tokens: ['builds', 'tokens']
} as const

const isList = (u: unknown): u is List => LISTS.some((list) => list === u)

/** Reads the growing parts back. */
export const growingReader = (): GrowingReader => {
  const rows: { readonly [list in keyof typeof PLACES]: Array<unknown> } = {
    access: [],
    mistaken: [],
    readings: [],
    sources: [],
    subscriptions: [],
    tokens: []
  }
  /** The spent keys of the last source. */
  let spent: Array<unknown> | null = null

  return {
    joined: (head) => {
      let whole = fieldsOf(head)
      for (const list of LISTS) {
        if (list === 'spent') continue
        const [slice, field] = PLACES[list]
        const part = fieldsOf(whole[slice])
        const there = part[field]
        if (!Array.isArray(there) || there.length > 0) return E.left(`at head.${slice}.${field}: what grows has lines of its own`)
        whole = { ...whole, [slice]: { ...part, [field]: rows[list] } }
      }
      return E.right(whole)
    },
    take: (json, line) => {
      const [list, key, said] = Array.isArray(json) ? (json as ReadonlyArray<unknown>) : []
      if (!Array.isArray(json) || !isList(list) || json.length !== (list === 'mistaken' ? 2 : 3)) return E.left({ line, why: 'not a row of the head' })
      if (list === 'sources' && (!isFields(said) || 'spent' in said)) return E.left({ line, why: 'not a source without its spent keys' })
      const keys: Array<unknown> = []
      const value = list === 'mistaken' ? key : list === 'sources' ? { ...fieldsOf(said), spent: keys } : said
      const read = VALUES[list].decode(value)
      if (E.isLeft(read)) return E.left({ line, why: explain(read.left) })
      if (list === 'spent') {
        if (spent === null) return E.left({ line, why: 'a spent key before any source' })
        spent.push([key, value])
        return E.right(undefined)
      }
      if (list === 'sources') spent = keys
      rows[list].push(list === 'mistaken' ? value : [key, value])
      return E.right(undefined)
    }
  }
}
