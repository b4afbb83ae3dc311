/** The command line: commands and their options. Each command loads the rest of its code when it runs. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { configurationPath, NOTHING_READ, readConfiguration } from './configuration.js'
import type { LogOptions } from './build-log.js'
import type { AdminOptions } from './control.js'
import { environmentOf } from './environment.js'
import { type Fault, inOrder, lineOf } from './faults.js'
import type { LintOptions } from './lint.js'
import type { BuildsOptions } from './list-builds.js'
import { applyTo, refusal } from './option-values.js'
import { configOption, REQUIRED, runOptions, serverOption, someOptions, storeOption, type RunOptions } from './options.js'
import { VERSION } from '../lib/version.js'
import { fileOf } from '../lib/variable-file.js'
import type { Print } from './reach.js'
import type { ReplayFlags } from './replay.js'
import type { TryOptions } from './try.js'

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const number = /^(?:0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`Allowed: a whole number, ${String(least)} to ${String(most)}.`)
  }

/** The commands that read the configuration file. */
const NEEDS_FILE = new Set(['backup', 'builds', 'cancel', 'check', 'help', 'inspect', 'lint', 'logs', 'pass-over', 'restore', 'retry', 'run', 'try'])

/** The commands that need a complete configuration, and not only a valid one. */
const RUNS = new Set(['check', 'run'])

/** The guide, wherever tack is installed. The first path is that of the sources, the second that of what is compiled. */
const GUIDE =
  ['../deploy/README.md', '../../../shell/deploy/README.md']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path)) ?? 'shell/deploy/README.md'

const FURTHER = `
In the file, options are written in camel case: "logLevel: debug" is --log-level debug. A secret can be read from a file of its own:
TACK_ADMIN_TOKEN_FILE=/run/secrets/admin reads that file, and so for every TACK_ variable. Providers and the allow-list can be set
in the file only: see ${GUIDE}.`

/**
 * Runs the command in `argv`, with the environment of this process. `argv` begins with the program and its file, as in a process. Returns the exit
 * code.
 */
export const commandLine = async (argv: ReadonlyArray<string>, print: Print, complain: Print): Promise<number> => {
  let code = 0
  const exit = (of: number): void => {
    code = of
  }

  // From here on, code reads the resolved environment.
  const environment = environmentOf(process.env)
  for (const name of Object.keys(process.env)) if (!(name in environment.variables)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, environment.variables)

  const program = new Command('tack')
    .description('Connects any CI to Tangled: follows the record stream, and listens to the knots that host its members’ repositories.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: (text) => complain(text.trimEnd()), writeOut: (text) => print(text.trimEnd()) })
    .configureHelp({ sortOptions: false })
    .addHelpText(
      'after',
      `
Options of "run" can also be set in a configuration file, or in the environment; "tack run --help" names the variables.
Flags override the environment, and the environment overrides the file.

Try it without a network:       tack demo
Check that everything is ready: tack check --config tack.yaml
Run it:                         tack run --config tack.yaml
See what it knows:              tack inspect --config tack.yaml
See what is built:              tack builds, tack logs
Check a workflow file:          tack lint ci.yml

The operator's guide: ${GUIDE}`
    )

  const command = (name: string, description: string): Command => program.command(name).description(description).exitOverride()

  const configured = NEEDS_FILE.has(argv[2] ?? '') ? configurationPath(argv, process.env) : null
  const read =
    configured === null
      ? NOTHING_READ
      : readConfiguration(configured, runOptions().map((option) => option.attributeName()).filter((name) => name !== 'config' && name !== 'cursor'))
  const file = read.configuration

  const ofFile = (): ReadonlyArray<Fault> => [
    ...read.faults,
    ...applyTo(file, runOptions()).map(({ option, sentence }) => ({ from: read.path, position: read.places(option), sentence }))
  ]

  /** Values of flags and variables that were refused. */
  const refused: Array<{ readonly option: Option; readonly sentence: string }> = []

  /** Sets values from the file as defaults of options. A refused value is kept, so that all faults are reported together. */
  const withFile = (options: ReadonlyArray<Option>): ReadonlyArray<Option> => {
    applyTo(file, options)
    for (const option of options) {
      const { parseArg } = option
      if (parseArg === undefined) continue
      option.argParser<unknown>((text, previous) => {
        try {
          return parseArg(text, previous)
        } catch (error) {
          refused.push({ option, sentence: refusal(option.attributeName(), text, error) })
          return null
        }
      })
    }
    return options
  }

  const storeWithFile = (): Option => {
    const option = storeOption()
    withFile([option])
    return option
  }

  const ofCommand = (command: Command): ReadonlyArray<Fault> =>
    refused.map(({ option, sentence }) => {
      const { envVar = '', long = '' } = option
      const isOfEnvironment = command.getOptionValueSource(option.attributeName()) === 'env'
      const file = isOfEnvironment ? fileOf(envVar, process.env) : null
      return file === null
        ? { from: isOfEnvironment ? envVar : long, position: null, sentence }
        : { from: file.variable, position: null, sentence: `${file.path}: ${sentence}` }
    })

  /** Required options that are set nowhere. */
  const missing = (command: Command): ReadonlyArray<Fault> =>
    runOptions()
      .filter((option) => REQUIRED.includes(option.attributeName()))
      .filter((option) => command.getOptionValue(option.attributeName()) === undefined && (file.options.get(option.attributeName()) ?? null) === null)
      .map((option) => {
        const [long, name] = [option.long ?? '', option.attributeName()]
        const where = read.path === '' ? 'the configuration file (--config FILE)' : 'the configuration file'
        const sentence = `"${name}" is missing: ${option.description}. Set it in ${where}, as ${long}, or as ${option.envVar ?? ''}.`
        return { from: read.path === '' ? long : read.path, position: file.options.has(name) ? read.places(name) : null, sentence }
      })

  /** Ends the program if the configuration has faults, and prints all of them, one a line. */
  program.hook('preAction', async (_, command) => {
    const name = command.name()
    const faults = [...environment.faults, ...(NEEDS_FILE.has(name) ? ofFile() : []), ...ofCommand(command), ...(RUNS.has(name) && read.isWhole ? missing(command) : [])]
    // `check` reports faults of providers as one of its findings, unless other faults end it here.
    const ofProviders = RUNS.has(name) && (name === 'run' || faults.length > 0) ? (await import('./provider-faults.js')).providerFaults(read, process.env) : []
    const all = inOrder([...faults, ...ofProviders])
    if (all.length === 0) return
    for (const fault of all) complain(`error: ${lineOf(fault)}`)
    // A missing option may have been set under another name.
    for (const sentence of (await import('./variables.js')).unknownVariables(process.env)) complain(`warning: ${sentence}`)
    throw new CommanderError(2, 'tack.configuration', '')
  })

  const runCommand = command('run', 'run the bridge until SIGINT or SIGTERM')
  for (const option of withFile(runOptions())) runCommand.addOption(option)
  runCommand.addHelpText('after', FURTHER)
  runCommand.action(async (options: RunOptions) => exit(await (await import('./run.js')).run(options, read, environment.remarks, process.stdout, complain)))

  const checkCommand = command('check', 'check everything that "run" needs, and whether Tangled would find us; same options as "run"')
  for (const option of withFile(runOptions())) checkCommand.addOption(option)
  checkCommand
    .option('--json', 'print the findings as a JSON list of {what, isFine, sentence}')
    .action(async ({ json, ...options }: RunOptions & { readonly json?: true }) => {
      const { check } = await import('./check.js')
      exit(await check(options, read, json === true, process.env, print, environment.remarks))
    })

  command('demo', 'run the bridge against an embedded network on this machine, and show what it does')
    .option('--once', 'run the script once, check the outcome, and exit: with 0 only if everything is as the script says')
    .addOption(new Option('--seed <number>', 'the seed of names and stamps').argParser(whole(0, 999_999_999)).default(1))
    .option('--config <file>', 'try this configuration there: its providers, and what it allows')
    .option('--repo <folder>', 'with --config: the git repository whose HEAD is pushed, and built (default: that of the working folder)')
    .option('--as <did/name>', 'with --config: whose repository it is there (default: one of the owner, who may use every provider)')
    .action(async ({ as, config, repo, ...options }: { readonly as?: string; readonly config?: string; readonly once?: true; readonly repo?: string; readonly seed: number }) => {
      if (config === undefined && (repo !== undefined || as !== undefined)) {
        complain('error: --repo and --as need a configuration, by which it is built: name one with --config')
        return exit(2)
      }
      if (config !== undefined) {
        const { demoOwn } = await import('./demo-own.js')
        return exit(await demoOwn({ config, once: options.once === true, repo: repo ?? '.', ...(as === undefined ? {} : { as }) }, print, complain))
      }
      const { demo } = await import('./demo.js')
      exit(await demo({ once: options.once === true, seed: options.seed }, print, complain))
    })

  command('inspect', 'show what a store holds: rows, cursor, builds, subscriptions and who holds them; works while the bridge is running')
    .addOption(configOption())
    .addOption(storeWithFile())
    .option('--json', 'print everything, as JSON')
    .action(async (options: { readonly json?: true; readonly store: string }) => {
      const { inspect } = await import('./inspect.js')
      exit(await inspect(options.store, options.json === true, print, complain))
    })

  const buildsCommand = command('builds', 'list builds, the latest changes first: from a store, even while the bridge is running, or from a running tack')
  for (const option of withFile(someOptions('config', 'store'))) buildsCommand.addOption(option)
  buildsCommand
    .addOption(withFile([serverOption('ask the tack running there, instead of reading the store')])[0] ?? serverOption())
    .addOption(new Option('--limit <number>', 'how many builds to list').argParser(whole(1, 999_999)).default(40))
    .option('--json', 'print JSON')
    .action(async (options: BuildsOptions) => exit(await (await import('./list-builds.js')).builds(options, print, complain)))

  const logsCommand = command('logs', 'show the log of a build of a running tack: what there is so far or, with -f, until the build ends')
    .argument('<knot>', 'the host name of the knot, as "tack builds" shows it')
    .argument('<rkey>', 'the key of the run')
    .argument('[workflow]', 'the file name of the workflow, like ci.yml; needed only where the run has several')
  for (const option of withFile([...someOptions('config', 'listen'), serverOption()])) logsCommand.addOption(option.helpGroup('Options:'))
  logsCommand
    .option('-f, --follow', 'follow the log until the build ends')
    .option('--json', 'print the frames as they come, one JSON object a line')
    .action(async (knot: string, rkey: string, workflow: string | undefined, options: LogOptions) => {
      const [{ showLog }, { systemClock }, { hasColour }] = await Promise.all([import('./build-log.js'), import('../lib/clock.js'), import('./text.js')])
      const terminal = { clock: systemClock(), complain, hasColour: hasColour(process.stdout, process.env), print }
      exit(await showLog({ knot, rkey, ...(workflow === undefined ? {} : { workflow }) }, options, terminal))
    })

  for (const [action, description] of [
    ['cancel', 'cancel builds of a running tack: all of a run, or that of one workflow'],
    ['retry', 'retry builds of a running tack, in a new run: all of a run, or that of one workflow']
  ] as const) {
    const controlCommand = command(action, description)
      .argument('<knot>', 'the host name of the knot, as "tack builds" shows it')
      .argument('<rkey>', 'the key of the run')
      .argument('[workflow]', 'the file name of the workflow, like ci.yml')
    for (const option of withFile([...someOptions('config', 'listen', 'adminToken'), serverOption()])) controlCommand.addOption(option.helpGroup('Options:'))
    controlCommand.action(async (knot: string, rkey: string, workflow: string | undefined, options: AdminOptions) =>
      exit(await (await import('./control.js')).control({ action, knot, rkey, ...(workflow === undefined ? {} : { workflow }) }, options, print, complain))
    )
  }

  command('backup', 'copy the store to a new folder, even while the bridge is running, and read the copy back')
    .argument('<folder>', 'a folder that does not exist yet')
    .addOption(configOption())
    .addOption(storeWithFile())
    .action(async (folder: string, options: { readonly store: string }) => exit(await (await import('./backup.js')).backup(options.store, folder, print, complain)))

  command('restore', 'restore a backup into an empty folder')
    .argument('<folder>', 'the folder that "tack backup" made')
    .addOption(configOption())
    .addOption(storeWithFile())
    .action(async (folder: string, options: { readonly store: string }) => exit(await (await import('./backup.js')).restore(folder, options.store, print, complain)))

  command('pass-over', 'pass over, once, an event whose step did not end: the next start skips it')
    .argument('<event>', 'the event, as the log and "tack inspect" name it')
    .addOption(configOption())
    .addOption(storeWithFile())
    .action(async (event: string, options: { readonly store: string }) => exit(await (await import('./pass-over.js')).passOverNext(options.store, event, print, complain)))

  command('replay', 'step through a journal or traces, and print every step')
    .argument('<file>', 'a journal of a store, or a file with traces (spec/formats.md)')
    .addOption(new Option('--json', 'print one JSON object a step').conflicts(['trace', 'html']))
    .addOption(new Option('--trace', 'print a trace, for a bug report').conflicts('html'))
    .option('--html', 'print a page that steps through it in a browser, forward and back')
    .addOption(new Option('--from <step>', 'the first step, as they are numbered in the file').argParser(whole(1, 999_999_999)))
    .addOption(new Option('--to <step>', 'the last one').argParser(whole(1, 999_999_999)))
    .action(async (file: string, flags: ReplayFlags) => {
      const { optionsOf, replay } = await import('./replay.js')
      exit(await replay(file, optionsOf(flags), print, complain))
    })

  const isConfigured = configurationPath(argv, process.env) !== null

  command('lint', 'check workflow files before they are pushed: what is wrong, and what has no effect, with line and column')
    .argument('[file...]', 'workflow files (default: all of .tangled/workflows)')
    .addOption(configOption())
    .option('--json', 'print the findings as a JSON list of {file, line, column, severity, message}')
    .option('--schema', 'print the JSON Schema of a workflow file, for an editor')
    .action(async (files: ReadonlyArray<string>, options: LintOptions) =>
      exit(await (await import('./lint.js')).lint(files, options, isConfigured ? file : null, print, complain))
    )

  command('try', 'show what an event would make of workflow files: what is built where, with which variables, or why not; builds nothing')
    .argument('[file...]', 'workflow files (default: all of .tangled/workflows)')
    .addOption(configOption())
    .addOption(new Option('--event <kind>', 'the event').choices(['push', 'pull_request', 'manual']).default('push'))
    .option('--ref <ref>', 'the branch, or the whole ref, like refs/tags/v1: what is pushed or built by hand (default: the default branch), or the source of a pull request')
    .option('--target <branch>', 'the target branch of a pull request (default: the default branch)')
    .option('--default-branch <branch>', 'the default branch of the repository', 'main')
    .option('--changed <path...>', 'the files that the push changes, for "paths"')
    .option('--skip-ci', 'the push asks to skip CI')
    .option('--action <action>', 'the action of a pull request', 'opened')
    .option('--input <name=value...>', 'the inputs of a run by hand')
    .option('--sha <commit>', 'the commit', '0123456789abcdef0123456789abcdef01234567')
    .option('--repo <did/name>', 'whose repository it is, for the allow-list (default: one of the owner, who may use every provider)')
    .option('--json', 'print JSON')
    .action(async (files: ReadonlyArray<string>, options: TryOptions) =>
      exit(await (await import('./try.js')).tryFiles(files, options, isConfigured ? file : null, print, complain))
    )

  command('conform', 'test a port of the machine, in any language, and show where it is wrong')
    .usage('[options] -- COMMAND [ARGS…]')
    // The kit parses its own arguments.
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .addHelpText('after', '\nIts options: tack conform --help')
    .action(async () => exit(await (await import('./conform.js')).conform(argv.slice(argv.indexOf('conform') + 1), print, complain)))

  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    // Commander has printed its one line. Asking for help is not an error; any other end is bad usage.
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}
