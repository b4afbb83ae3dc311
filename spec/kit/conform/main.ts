/**
 * `tack conform -- COMMAND ARGS…`: tells a port in any language where it is wrong.
 *
 * The command is started as it is, without a shell, and asked by the protocol of spec/formats.md to play the vectors and traces.
 */
import { writeFileSync } from 'node:fs'
import { Command as Options, CommanderError, InvalidArgumentError } from 'commander'
import { type Command, startPort } from './client.js'
import { jsonOf, junitOf } from './export.js'
import { BadFile, type Case, isChosen, load, ownData } from './load.js'
import { playAll } from './play.js'
import { fileOf, Restarting, searchInputs, searchSteps } from './random-runs.js'
import { reportLines } from './report.js'
import { isGood, type Run } from './result.js'

type Print = (text: string) => void

/** Something is wrong with how the kit was called, or with its files; not with the port. */
const USAGE = 2

// ---------------------------------------------------------------------------------------- options

interface Settings {
  readonly all?: true
  readonly from?: string
  readonly json?: string
  readonly junit?: string
  readonly only: ReadonlyArray<string>
  readonly out: string
  readonly random?: number
  readonly recorded: boolean
  readonly seed: number
  readonly shrink: number
  readonly timeout: number
}

const seconds = (text: string): number => {
  const number = Number(text)
  if (number > 0 && number <= 86_400) return number
  throw new InvalidArgumentError('Allowed: a number of seconds, more than 0.')
}

const whole = (text: string): number => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Allowed: a whole number, 0 to 999999999.')
}

const also = (pattern: string, patterns: ReadonlyArray<string>): ReadonlyArray<string> => [...patterns, pattern]

const options = (print: Print, complain: Print): Options =>
  new Options('tack conform')
    .description('Plays the vectors and traces of the specification on a port, and shows where it differs.')
    .usage('[options] -- COMMAND [ARGS…]')
    .argument('<command...>', 'the port: a program that speaks the protocol of spec/formats.md on its standard input and output')
    .option('--from <path>', 'a file of traces or vectors, or a folder of them, instead of those of the specification')
    .option('--only <pattern>', 'only those with this in their name, this rule, or this subject; can be given again', also, [])
    .option('--all', 'show every failure, not only the first ten')
    .option('--random <steps>', 'compare so many random steps, and a quarter as many inputs of decoders, with the reference', whole)
    .option('--seed <number>', 'another seed makes other random ones', whole, 1)
    .option('--shrink <seconds>', 'how long a random failure is made smaller', seconds, 60)
    .option('--no-recorded', 'no vectors and traces, only what is random')
    .option('--out <file>', 'where a random failure is written, as a trace or a vector', 'tack-conform-failure.jsonl')
    .option('--timeout <seconds>', 'how long an answer may take', seconds, 10)
    .option('--json <file>', 'write the results as JSON, too')
    .option('--junit <file>', 'write the results as JUnit XML, too')
    .addHelpText('after', '\nExit code: 0 when something was played and all of it is right, 1 when not, 2 for bad usage or a bad file.')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ sortOptions: false })
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => complain(text.trimEnd()) })

// ---------------------------------------------------------------------------------------- running

/** What cannot be given together, or gives nothing to do. */
class BadUsage extends Error {}

/** An input that fails stands beside a trace that does. */
const besides = (file: string): string => (file.endsWith('.jsonl') ? file.replace(/\.jsonl$/, '-input.jsonl') : `${file}-input`)

const chosen = ({ from, only, recorded }: Settings): ReadonlyArray<Case> => {
  if (!recorded) return []
  const cases = load(from ?? ownData()).filter((one) => isChosen(one, only))
  if (cases.length === 0) throw new BadUsage(`nothing matches ${only.join(', ')}`)
  return cases
}

const search = async (port: Restarting, steps: number, { out, seed, shrink }: Settings): Promise<NonNullable<Run['random']>> => ({
  seed,
  steps: await searchSteps(port, { seed, shrinkMs: shrink * 1000 }, steps, out),
  inputs: await searchInputs(port, { seed, shrinkMs: shrink * 1000 }, Math.ceil(steps / 4), besides(out))
})

const run = async (command: Command, settings: Settings, end: AbortSignal): Promise<Run> => {
  if (!settings.recorded && settings.random === undefined) throw new BadUsage('--no-recorded leaves nothing to do without --random')
  const began = Date.now()
  const cases = chosen(settings)
  const start = () => startPort(command, settings.timeout * 1000, end)
  const { breakdown, name, outcomes } = await playAll(start, cases)
  // What does not start, or has just hung, is not asked for more.
  const isDone = settings.random === undefined || breakdown !== null
  const random = isDone ? null : await search(new Restarting(start), settings.random, settings)
  const played = cases.flatMap((one, i) => {
    const outcome = outcomes[i]
    return outcome === undefined ? [] : [{ one, outcome }]
  })
  return { breakdown, command, name, played, random, seconds: (Date.now() - began) / 1000 }
}

const write = (file: string, text: string): void => {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new BadUsage(`${file} cannot be written: ${String(error)}`)
  }
}

/** Writes what was found at random, and what else was asked for. */
const writeFiles = (found: Run, { json, junit }: Settings): void => {
  const cases = found.random === null ? [] : [found.random.steps.found, found.random.inputs.found]
  for (const one of cases) if (one !== null) write(one.file, fileOf(one))
  if (json !== undefined) write(json, jsonOf(found))
  if (junit !== undefined) write(junit, junitOf(found))
}

const SHOWN_FAILURES = 10

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Runs with these arguments. The exit code: 0 when everything that was played is right, 1 when not, 2 for bad usage. */
export const conform = async (args: ReadonlyArray<string>, print: Print, complain: Print): Promise<number> => {
  const signals = Object.keys(SIGNALS) as ReadonlyArray<keyof typeof SIGNALS>
  const ports = new AbortController()
  const interrupted = (signal: keyof typeof SIGNALS): void => {
    ports.abort()
    process.exit(SIGNALS[signal])
  }
  for (const signal of signals) process.on(signal, interrupted)
  try {
    const parsed = options(print, complain).parse(args, { from: 'user' })
    const [file = '', ...rest] = parsed.args
    const settings = parsed.opts<Settings>()
    const found = await run([file, ...rest], settings, ports.signal)
    for (const line of reportLines(found, settings.all === true ? Infinity : SHOWN_FAILURES)) print(line)
    writeFiles(found, settings)
    return isGood(found) ? 0 : 1
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    if (!(error instanceof BadFile || error instanceof BadUsage)) throw error
    complain(error.message)
    return USAGE
  } finally {
    for (const signal of signals) process.off(signal, interrupted)
    ports.abort()
  }
}
