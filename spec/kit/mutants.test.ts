/** Each law's mutant, and each misreading, is killed by the trace or the vectors that it names; and each law has one, or a reason why not. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadChanged } from './changed-core.js'
import { EXEMPT, MISREADINGS, MUTANTS } from './mutants.js'
import type { Mutation } from './mutate.js'

/** What a core is asked: where it departs from what has that name. */
type Check = (name: string) => string | null

const checkWith = (mutation: Mutation | null): Check => (loadChanged(mutation, 'check.js') as { readonly check: Check }).check

test('every mutant is killed by what it names', () => {
  const survivors = MUTANTS.filter((mutant) => checkWith(mutant)(mutant.killedBy) === null)
  expect(survivors.map(({ killedBy, laws }) => `${laws.join(' ')} by ${killedBy}`)).toEqual([])
})

test('every misreading of a rule is killed by what it names', () => {
  const survivors = MISREADINGS.filter((misreading) => checkWith(misreading)(misreading.killedBy) === null)
  expect(survivors.map(({ killedBy, reading }) => `${reading}: ${killedBy}`)).toEqual([])
})

test('no killer kills the unmutated core', () => {
  const check = checkWith(null)
  expect([...new Set([...MUTANTS, ...MISREADINGS].map(({ killedBy }) => killedBy))].flatMap((name) => check(name) ?? [])).toEqual([])
})

test('every law has a mutant, or a reason why it has none', () => {
  const laws = [...readFileSync(new URL('../laws.md', import.meta.url), 'utf8').matchAll(/^- \*\*([A-Z]+-[0-9]+)\*\*/gm)].map(([, id]) => id)
  const known = new Set([...MUTANTS.flatMap((mutant) => mutant.laws), ...Object.keys(EXEMPT)])
  expect([...known].sort()).toEqual([...laws].sort())
})
