/**
 * `tack conform -- COMMAND ARGS…`: tells a port in any language where it is wrong.
 *
 * The command is started as it is, without a shell, and asked by the protocol of spec/formats.md to play the vectors and traces.
 */
import { Command as Options, CommanderError, InvalidArgumentError } from 'commander'
import { type Command, killAll, type Port, startPort } from './client.js'
import { BadFile, isChosen, load, ownSpec } from './load.js'
import { playAll } from './play.js'
import { breakdownLines, failureSections, fileLines, skippedLines, totalsText } from './report.js'
import { totalsOf } from './result.js'

type Print = (text: string) => void

/** Something is wrong with how the kit was called, or with its files; not with the port. */
const USAGE = 2

interface Settings {
  readonly all?: true
  readonly from?: string
  readonly only: ReadonlyArray<string>
  readonly timeout: number
}

const seconds = (text: string): number => {
  const number = Number(text)
  if (number > 0 && number <= 86_400) return number
  throw new InvalidArgumentError('Allowed: a number of seconds, more than 0.')
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
    .option('--timeout <seconds>', 'how long an answer may take', seconds, 10)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ sortOptions: false })
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => complain(text.trimEnd()) })

const SHOWN_FAILURES = 10

const play = async (command: Command, settings: Settings, print: Print, complain: Print): Promise<number> => {
  const start = (): Promise<Port> => startPort(command, settings.timeout * 1000)
  const began = Date.now()
  const cases = load(settings.from ?? ownSpec()).filter((one) => isChosen(one, settings.only))
  if (cases.length === 0) {
    complain(`nothing matches ${settings.only.join(', ')}`)
    return USAGE
  }
  const { breakdown, name, outcomes } = await playAll(start, cases)
  const played = cases.flatMap((one, i) => {
    const outcome = outcomes[i]
    return outcome === undefined ? [] : [{ one, outcome }]
  })
  const totals = totalsOf(outcomes)
  print(`${name ?? 'a port that did not start'}: ${command.join(' ')}`)
  for (const line of fileLines(played)) print(line)
  for (const line of failureSections(played, settings.all === true ? Infinity : SHOWN_FAILURES)) print(line)
  print('')
  for (const line of skippedLines(played)) print(line)
  if (breakdown !== null && totals.broken === 0) for (const line of breakdownLines(breakdown)) print(line)
  if (totals.passed === 0) print('nothing was found to be right')
  print(`${totalsText(totals)}, in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  return breakdown === null && totals.passed > 0 && totals.failed + totals.errored === 0 ? 0 : 1
}

/** Runs with these arguments. The exit code: 0 when everything that was played is right, 1 when not, 2 for bad usage. */
export const conform = async (args: ReadonlyArray<string>, print: Print, complain: Print): Promise<number> => {
  try {
    const parsed = options(print, complain).parse(args, { from: 'user' })
    const [file = '', ...rest] = parsed.args
    return await play([file, ...rest], parsed.opts<Settings>(), print, complain)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
    if (!(error instanceof BadFile)) throw error
    complain(error.message)
    return USAGE
  } finally {
    killAll()
  }
}
