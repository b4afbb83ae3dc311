/**
 * Two long random runs of rows, stream and knots, and many shorter ones of builds and of the backfill. They are drawn as the laws' inputs are (spec/suite/arbitraries/script.ts), from a seed that is fixed, and few names,
 * so that the state stays small; many short scripts are played one after the other on one machine.
 */
import fc from 'fast-check'
import { longAccessRuns } from '../../suite/arbitraries/access.js'
import { settled } from '../../suite/arbitraries/backfill.js'
import { buildRuns, callRuns } from '../../suite/arbitraries/builds.js'
import { configWith } from '../../suite/arbitraries/config.js'
import { ALICE, EPOCH_US, OWNER } from '../../suite/arbitraries/data.js'
import { play, type Script, scripts } from '../../suite/arbitraries/script.js'
import type { Run } from '../../suite/laws/run.js'
import { minimal } from './presets.js'
import type { Plot, Plots } from './traces.js'

const STEPS = 10_000
/** What the scripts are about, by turns. */
const ABOUT = ['knots', 'everything', 'knots', 'rows', 'knots', 'stream'] as const
/** How many of each are drawn: more than enough. */
const SCRIPTS = 600

type Command = Script['commands'][number]

/** In a short run our clock may be set back by minutes. In a long one that would sooner or later make every frame one from the future. */
const isOnTime = ({ passUs }: Command): boolean => passUs >= 0

/**
 * What ends much at once, each only so often as a short run needs it: in a long one, which nobody settles anew, there would hardly be
 * a member or a connection otherwise.
 */
const ONE_OF: { readonly [tag in Command['act']['_tag']]?: number } = { Account: 6, Start: 4, Stop: 6 }

const thinned = (commands: ReadonlyArray<Command>): ReadonlyArray<Command> => {
  const counts = new Map<string, number>()
  return commands.filter(({ act }) => {
    const count = counts.get(act._tag) ?? 0
    counts.set(act._tag, count + 1)
    return count % (ONE_OF[act._tag] ?? 1) === 0
  })
}

/** A run that changes between the two configurations at its starts. */
const plot = (name: string, about: string, seed: number, configs: Script['configs']): Plot => {
  const drawn = ABOUT.map((topic) => fc.sample(scripts({ about: topic }), { numRuns: SCRIPTS, seed }))
  const all = Array.from({ length: SCRIPTS }, (_, i) => drawn.flatMap((list) => list[i]?.commands ?? [])).flat()
  const commands = thinned(all.filter(isOnTime)).slice(0, STEPS)
  const { events } = play({ commands, configs, epochUs: EPOCH_US, isSettled: true, isStarted: true, third: 'localhost' })
  return { about, config: configs[0], events: events.slice(0, STEPS), name, rules: [] }
}

const EVERY_HOST = { defaultPort: 443, loopback: true, ports: true }

/** Runs on machines of their own, the longest of many: short ones have little in them. */
const shorter = (name: string, about: string, seed: number, runs: fc.Arbitrary<Run>, count = RUNS, drawn = DRAWN): ReadonlyArray<Plot> =>
  fc
    .sample(runs, { numRuns: drawn, seed })
    .sort((a, b) => b.events.length - a.events.length)
    .slice(0, count)
    .map(({ config, events }, i) => ({ about, config, events, name: `${name}.${String(i + 1)}`, rules: [] }))

const DRAWN = 500
const RUNS = 80

/** Runs in which knots say who may push. */
export const accessPlots = (): ReadonlyArray<Plot> => shorter('random-access', 'a random run in which knots say who may push', 6, longAccessRuns, 12, 40)

export const randomPlots = (): Plots =>
  new Map([
    ['random-builds', shorter('random-builds', 'a random run of builds', 3, buildRuns)],
    ['random-access', accessPlots()],
    ['random-calls', shorter('random-calls', 'a random run of calls from pages', 5, callRuns, 16)],
    ['random-backfill', shorter('random-backfill', 'a random run of the backfill beside the stream', 4, settled.map(({ run }) => run))],
    [
      'random-members',
      [
        plot('random-members', 'a long random run with admission by membership', 1, [
          configWith({ admission: 'members' }),
          configWith({ admission: 'members', hosts: EVERY_HOST, owner: ALICE })
        ])
      ]
    ],
    [
      'random-open',
      [
        plot('random-open', 'a long random run with open admission', 2, [
          configWith({ admission: 'open' }),
          configWith({ ...minimal({ admission: 'open' }), hosts: EVERY_HOST, owner: OWNER })
        ])
      ]
    ]
  ])
