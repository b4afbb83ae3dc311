/** The traces: the examples, which are the tests as well, the hand-chosen runs of the minimal preset, and two long random runs. */
import type { Config, Event } from '../../../core/index.js'
import { type About, traceLines } from '../../../shell/lib/trace.js'
import { EXAMPLES } from '../../suite/examples/index.js'
import { eventOf, type Example } from '../../suite/examples/support.js'
import { configOf } from '../../suite/arbitraries/config.js'

/** A trace before it is played. */
export interface Plot extends About {
  readonly config: Config
  readonly events: ReadonlyArray<Event>
}

/** The traces of one file, by its name. */
export type Plots = ReadonlyMap<string, ReadonlyArray<Plot>>

const NUMBERED = /^(?<number>(?<rule>[A-Z]+[0-9]+)[.0-9]*) (?<about>.*)$/s

/** What the name of an example says. */
export interface Numbered {
  readonly about: string
  readonly number: string
  readonly rule: string
}

export const numbered = ({ name }: Example): Numbered => {
  const { about, number, rule } = NUMBERED.exec(name)?.groups ?? {}
  if (about === undefined || number === undefined || rule === undefined) throw new Error(`no number in the name of example ${name}`)
  return { about, number, rule }
}

/** Where several examples share a number, they are counted. */
const uniqueNames = (numbers: ReadonlyArray<string>): ReadonlyArray<string> =>
  numbers.map((number, i) =>
    numbers.filter((other) => other === number).length === 1
      ? number
      : `${number}.${String(numbers.slice(0, i + 1).filter((other) => other === number).length)}`
  )

export const ofExamples = (): Plots => {
  const names = uniqueNames(EXAMPLES.map((example) => numbered(example).number))
  const plots = EXAMPLES.map((example, i): Plot => {
    const { about, number, rule } = numbered(example)
    return {
      about,
      config: configOf(example.config),
      events: [...example.given, ...example.when].map(eventOf),
      name: names[i] ?? number,
      rules: [rule]
    }
  })
  const rules = [...new Set(plots.flatMap((plot) => plot.rules))]
  return new Map(rules.map((rule) => [rule, plots.filter((plot) => plot.rules[0] === rule)]))
}

export const linesOf = ({ config, events, ...about }: Plot): Iterable<string> => traceLines(about, { config }, events)
