/** The record: which mutants have been caught, by source, each with the test that caught it. A line each, so that changes are easy to read. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Mutant } from './instrument.js'

/** For each source, by the keys of its mutants: the file of the test that caught it, `#`, and the short hash of the test's name. */
export type Record = ReadonlyMap<string, ReadonlyMap<string, string>>

/** How a test is named in the record. Loading a file has the name `''`. */
export const mark = (file: string, test: string): string => `${file}#${createHash('sha256').update(test).digest('base64url').slice(0, 6)}`

/** The file that the test was in. */
export const fileOf = (by: string): string => by.slice(0, Math.max(0, by.indexOf('#')))

/** Whether that is the test: its file may have another name by now. */
export const isMarked = (by: string, test: string): boolean => by.slice(by.indexOf('#')) === mark('', test)

export const readRecord = (path: string): Record => {
  if (!existsSync(path)) return new Map()
  const sources = JSON.parse(readFileSync(path, 'utf8')) as { readonly [source: string]: { readonly [key: string]: string } }
  return new Map(Object.entries(sources).map(([source, caught]) => [source, new Map(Object.entries(caught))]))
}

/**
 * What the record says of a mutant: by which test it was caught. What has left a source of the record, and is found in another source now, has
 * moved there, and is still the same.
 */
export const caughtBy = (record: Record, mutants: ReadonlyArray<Mutant>): ((mutant: Mutant) => string | undefined) => {
  const present = new Set(mutants.map(({ file, key }) => JSON.stringify([file, key])))
  const left = new Map([...record].flatMap(([file, caught]) => [...caught].filter(([key]) => !present.has(JSON.stringify([file, key])))))
  return ({ file, key }) => record.get(file)?.get(key) ?? left.get(key)
}

const sorted = <A>(map: ReadonlyMap<string, A>): ReadonlyArray<readonly [string, A]> => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

export const writeRecord = (path: string, record: Record): void => {
  const sources = sorted(record).filter(([, caught]) => caught.size > 0)
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(sources.map(([source, caught]) => [source, Object.fromEntries(sorted(caught))])), null, 1)}\n`)
}
