/**
 * Stores of number 2 in which a knot has a name that is none any more: they open, the rows stay without a knot, and nothing else is left of it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { canonical, type Json, OrderedMap as M, State, wantedKnots } from '../../../core/index.js'
import { openStore } from '../../../shell/store/index.js'
import { CONFIG, initialOf, K1, K2 } from '../../suite/examples/support.js'
import { type Image, simulatedDisk } from '../support/disk.js'

/** Comes where `K2` comes. */
const FORMER = 'xn--a.example'

const hexOf = (crc: number): string => crc.toString(16).padStart(8, '0')

/** The text of a snapshot or of a journal with another name in it, and the checksums that it then has. */
const respelled = (name: string, text: string, from: string, to: string): string => {
  const changed = text.replaceAll(from, to)
  if (name === 'state.json') {
    const content = changed.slice(0, changed.lastIndexOf('],"crc":"'))
    return `${content}],"crc":"${hexOf(crc32(content))}"}\n`
  }
  // A line of a store of number 2 carries no number.
  const lines = changed.split('\n').filter((line) => line !== '')
  return lines
    .map((line) => {
      const content = line.slice(0, line.lastIndexOf(',"crc":"'))
      return `${content},"crc":"${hexOf(crc32(content))}"}\n`
    })
    .join('')
}

const imageOf = async (fixture: string, from: string, to: string): Promise<Image> => {
  const folder = new URL(`../fixtures/${fixture}/`, import.meta.url)
  const names = (await readdir(folder)).filter((name) => name !== 'frames.jsonl')
  return new Map(await Promise.all(names.map(async (name) => [name, Buffer.from(respelled(name, await readFile(new URL(name, folder), 'utf8'), from, to))] as const)))
}

const opened = async (fixture: string, from: string, to: string): Promise<E.Either<string, State>> => {
  const disk = simulatedDisk({ from: await imageOf(fixture, from, to), seed: 1 })
  const processes = { isGone: () => Promise.resolve(true), self: () => Promise.resolve({ hostname: 'host', pid: 1, startedAt: null }) }
  const store = await openStore({ disk, folder: '/store', initial: () => initialOf(CONFIG), processes })()
  return E.isRight(store) ? E.right(store.right.state) : E.left(store.left.message)
}

const must = (read: E.Either<string, State>): State => (E.isRight(read) ? read.right : expect.fail(read.left))

const written = (state: State): string => canonical(State.encode(state) as Json)

/** What the rows are, with the names of their knots. */
const rows = (state: State) =>
  M.toEntries(state.commits.accounts).flatMap(([did, { repos }]) => M.toEntries(repos).map(([rkey, { record }]) => [did, rkey, record?.name, record?.knot ?? null] as const))

const K3 = 'knot3.example'

/** What there is to tell of the runs of a knot: all but the numbers of what is asked about them. */
const runsOf = (state: State, knot: string) =>
  M.toEntries(state.builds.runs)
    .filter(([key]) => key.startsWith(`${knot}/`))
    .map(([key, { builds, cause, phase }]) => [
      key,
      cause,
      phase._tag,
      M.toEntries(builds).map(([name, { error, phase, status, statusUs }]) => [
        name,
        'request' in phase ? [phase.request.attempt, phase.request.phase] : null,
        error,
        phase._tag,
        'external' in phase ? phase.external : null,
        status,
        statusUs
      ])
    ])

describe('a knot whose name is no longer valid', () => {
  test.each(['store-v2', 'store-v2-both', 'store-v2-journal', 'store-v2-open', 'store-v2-stopped'])('%s: rows stay, without the knot, and nothing else of it does', async (fixture) => {
    for (const [gone, other] of [[K1, K2], [K2, K1]] as const) {
      const before = must(await opened(fixture, 'nothing', 'nothing'))
      const after = must(await opened(fixture, gone, FORMER))
      // A report repeats what was written in a record, whatever it was.
      expect(written(after).replaceAll(/\{"_tag":"KnotRefused"[^}]*\}/g, '')).not.toContain(FORMER)
      expect(rows(after)).toEqual(rows(before).map(([did, rkey, name, knot]) => [did, rkey, name, knot === gone ? null : knot]))
      expect(wantedKnots(after)).toEqual(wantedKnots(before).filter((knot) => knot !== gone))
      // What the other knots had brought about is all there, and as far as it was, whatever numbers the journal tells it by.
      for (const knot of [other, K3]) expect(runsOf(after, knot)).toEqual(runsOf(before, knot))
    }
  })

  test('is distinguished from a name that never was valid, which is damage and refused', async () => {
    for (const name of ['-a.example', 'k_ot.example', 'Xn--a.example'])
      expect(E.isLeft(await opened('store-v2', K1, name))).toBe(true)
  })
})
