/** What the gate of the shell is told: `spec/kit/gate/shell.conf.json`. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const Configuration = t.strict(
  {
    /** The score, in per cent, below which the gate fails. */
    break: t.number,
    /** The sources that are not mutated, or folders of them (which end with `/`), and why. */
    leftOut: t.record(t.string, t.string),
    /** After so many minutes no further mutant is tried. What a run comes to that ends so is said by those that were. */
    minutes: t.number,
    /** How many mutants a run tries. */
    mutants: t.number,
    /** The tests that are not run, as `FILE > NAME`, and why. */
    notRun: t.record(t.string, t.string),
    /** The file that remembers which mutants have been caught. */
    record: t.string,
    /** The sources that are mutated, or folders of them, and the tests that each is tried with. */
    tests: t.record(t.string, t.array(t.string))
  },
  'Configuration'
)
export type Configuration = t.TypeOf<typeof Configuration>

export const readConfiguration = (path: string): Configuration => {
  const read = Configuration.decode(JSON.parse(readFileSync(path, 'utf8')))
  if (E.isLeft(read)) throw new Error(`${path}: ${PathReporter.report(read).join('; ')}`)
  return read.right
}

/** The longest of the names that say something of the source: its own, or that of a folder around it. */
export const nameFor = (source: string, names: ReadonlyArray<string>): string | null =>
  names
    .filter((name) => source === name || (name.endsWith('/') && source.startsWith(name)))
    .sort((a, b) => a.length - b.length)
    .at(-1) ?? null

/** All sources in `folder`, by their paths from the root, in order. */
export const sourcesIn = (root: string, folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`
      return entry.isDirectory() ? sourcesIn(root, name) : name.endsWith('.ts') ? [name] : []
    })
    .sort()

/** The sources that are mutated, each with its tests: of the names that fit a source, the longest decides. */
export const testsOf = (root: string, { leftOut, tests }: Configuration): { readonly [source: string]: ReadonlyArray<string> } => {
  const names = [...Object.keys(tests), ...Object.keys(leftOut)]
  const roots = new Set(Object.keys(tests).map((name) => name.slice(0, name.indexOf('/'))))
  return Object.fromEntries(
    [...roots].flatMap((folder) => sourcesIn(root, folder)).flatMap((source) => {
      const own = tests[nameFor(source, names) ?? '']
      return own === undefined ? [] : [[source, own]]
    })
  )
}
