/** What the gate of the shell is told: `spec/kit/gate/shell.conf.json`. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { readFileSync } from 'node:fs'

export const Configuration = t.strict(
  {
    /** The score, in per cent, below which the gate fails. */
    break: t.number,
    /** The sources that are not mutated, or folders of them, and why. */
    leftOut: t.record(t.string, t.string),
    /** After so many minutes no further mutant is tried. What a run comes to that ends so is said by those that were. */
    minutes: t.number,
    /** How many mutants a run tries. */
    mutants: t.number,
    /** The tests that are not run, as `FILE > NAME`, and why. */
    notRun: t.record(t.string, t.string),
    /** The file that remembers which mutants have been caught. */
    record: t.string,
    /** The sources, and the tests that each is tried with. */
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
