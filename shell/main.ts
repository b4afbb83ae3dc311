#!/usr/bin/env node
/** The command line: which command, with which options, on the real world. Everything else is elsewhere. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { applyTo, type Configuration, configurationPath, NO_CONFIGURATION, readConfiguration } from './cli/configuration.js'
import { demo } from './cli/demo.js'
import { inspect } from './cli/inspect.js'
import { configOption, runOptions, storeOption, type RunOptions } from './cli/options.js'
import { replay } from './cli/replay.js'
import { run } from './cli/run.js'

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

const exit = (code: number): void => {
  process.exitCode = code
}

const seed = (text: string): number => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Allowed: a whole number, 0 to 999999999.')
}

const program = new Command('tack')
  .description('Stitches any CI into Tangled: follows the record stream, and listens to the knots that its members’ repositories live on.')
  .version('0.1.0')
  .exitOverride()
  .showSuggestionAfterError(false)
  .configureHelp({ sortOptions: false })
  .addHelpText(
    'after',
    `
Every option of "run" can come from the environment instead; "tack run --help" names the variables.

Try it without any network:     tack demo
Run it for ci.example.com:      tack run --hostname ci.example.com --owner did:plc:…
See what it knows, any time:    tack inspect`
  )

const command = (name: string, description: string): Command => program.command(name).description(description).exitOverride()

/** What the configuration file says. A bad one ends the program with one line that names the place. */
const configuration = (): Configuration => {
  const path = configurationPath(process.argv, process.env)
  const names = runOptions().map((option) => option.attributeName())
  const read = path === null ? E.right(NO_CONFIGURATION) : readConfiguration(path, names.filter((name) => name !== 'config' && name !== 'cursor'))
  if (E.isRight(read)) return read.right
  complain(`error: ${read.left}`)
  process.exit(2)
}

/** The options, with what the file says as their defaults. */
const withFile = (options: ReadonlyArray<Option>, file: Configuration): ReadonlyArray<Option> => {
  try {
    applyTo(file, options)
  } catch (error) {
    complain(`error: ${configurationPath(process.argv, process.env) ?? ''}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(2)
  }
  return options
}

const file = configuration()

const runCommand = command('run', 'run the bridge until SIGINT or SIGTERM')
for (const option of withFile(runOptions(), file)) runCommand.addOption(option)
runCommand.action(async (options: RunOptions) => exit(await run(options, file, process.stdout, complain)))

command('demo', 'run the bridge against an embedded network on this machine, and show what it does')
  .option('--once', 'run the script once, check the outcome, and end: exit code 0 only if everything is as the script says')
  .addOption(new Option('--seed <number>', 'another seed makes other names and stamps').argParser(seed).default(1))
  .action(async (options: { readonly once?: true; readonly seed: number }) => exit(await demo({ once: options.once === true, seed: options.seed }, print, complain)))

command('inspect', 'show what a store holds: rows, cursor, subscriptions and who holds them; also while the bridge is running')
  .addOption(configOption())
  .addOption(withFile([storeOption()], file)[0] ?? storeOption())
  .option('--json', 'everything, as JSON')
  .action(async (options: { readonly json?: true; readonly store: string }) => exit(await inspect(options.store, options.json === true, print, complain)))

command('replay', 'step through a journal or traces, and print every step')
  .argument('<file>', 'a journal of a store, or a file with traces (spec/formats.md)')
  .addOption(new Option('--json', 'one JSON object a step').conflicts('trace'))
  .option('--trace', 'as a trace, for a bug report')
  .action(async (file: string, { json, trace }: { readonly json?: true; readonly trace?: true }) =>
    exit(await replay(file, json === true ? 'json' : trace === true ? 'trace' : 'text', print, complain))
  )

/** The kit draws on the specification's own inputs, and belongs to it: it is loaded when it is asked for. */
interface Kit {
  readonly conform: (args: ReadonlyArray<string>, print: (text: string) => void, complain: (text: string) => void) => Promise<number>
}

command('conform', 'tell a port of the machine in any language where it is wrong')
  .usage('[options] -- COMMAND [ARGS…]')
  // It reads its own arguments, as they were written.
  .allowUnknownOption()
  .allowExcessArguments()
  .helpOption(false)
  .addHelpText('after', '\nIts options: tack conform --help')
  .action(async () => {
    const kit = (await import(new URL('../spec/kit/conform/main.js', import.meta.url).href)) as Kit
    exit(await kit.conform(process.argv.slice(process.argv.indexOf('conform') + 1), print, complain))
  })

try {
  await program.parseAsync()
} catch (error) {
  // Commander has printed its one line. Asking for help is no error; everything else it ends with is bad usage.
  if (!(error instanceof CommanderError)) throw error
  exit(error.exitCode === 0 ? 0 : 2)
}
