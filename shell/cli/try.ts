/** `tack try FILE… --event push`: what would be built, where, and with which variables, or why not. Builds nothing. */
import * as E from 'fp-ts/lib/Either.js'
import { type Allowed, Cause, Did, excerpt, explain, isWorkflowFile, type Plan, shortName, type Workflow, WorkflowName } from '../../core/index.js'
import { missingSettings } from '../authoring/findings.js'
import { type Circumstances, type Outcome, tryWorkflows } from '../authoring/trial.js'
import { whyNot } from '../authoring/why-not.js'
import { escapeInvisible } from '../lib/log.js'
import { parseWorkflow } from '../outbound/workflows.js'
import type { Configuration } from './configuration.js'
import { jsonText } from './text.js'
import { knownIn, readFiles } from './workflow-files.js'

export interface TryOptions {
  readonly action: string
  readonly changed?: ReadonlyArray<string>
  readonly defaultBranch: string
  readonly event: 'manual' | 'pull_request' | 'push'
  readonly input?: ReadonlyArray<string>
  readonly json?: true
  /** The ref of a push or of a run by hand; the source of a pull request. */
  readonly ref?: string
  readonly repo?: string
  readonly sha: string
  readonly skipCi?: true
  readonly target?: string
}

/** The commit that the ref pointed to before. */
const BEFORE = 'f'.repeat(40)

const OWNER = 'did:web:owner.example'

/** A ref as people write it: a branch by its name alone. */
const refOf = (text: string): string => (text.startsWith('refs/') ? text : `refs/heads/${text}`)

const inputOf = (text: string): readonly [string, string] => {
  const [name = '', ...value] = text.split('=')
  return [name, value.join('=')]
}

const causeOf = ({ action, changed, defaultBranch, event, input = [], ref, sha, skipCi, target }: TryOptions): E.Either<string, Cause> => {
  const written = (): unknown => {
    switch (event) {
      case 'push':
        return { _tag: 'Push', changedFiles: changed ?? null, newSha: sha, oldSha: BEFORE, ref: refOf(ref ?? defaultBranch), skipsCi: skipCi === true }
      case 'pull_request': {
        const source = refOf(ref ?? 'feature')
        return { _tag: 'PullRequest', action, sourceBranch: shortName(source)?.name ?? source, sourceSha: sha, targetBranch: target ?? defaultBranch }
      }
      case 'manual':
        return { _tag: 'Manual', inputs: input.map(inputOf), ref: refOf(ref ?? defaultBranch), sha }
    }
  }
  return E.mapLeft(explain)(Cause.decode(written()))
}

/** Parses `did:plc:…/name`. Without a text, a repository of the owner, who may use every provider. */
const repositoryOf = (text: string | undefined, spindleOwner: string): E.Either<string, Circumstances['repository']> => {
  if (text === undefined) return E.right({ name: 'repository', owner: spindleOwner })
  const [owner = '', name = '', ...more] = text.split('/')
  return Did.is(owner) && name !== '' && more.length === 0
    ? E.right({ name, owner })
    : E.left(`"${excerpt(text)}" is not a repository: write did:plc:ewvi7nxzyoun6zhxrhs64oiz/name`)
}

const circumstancesOf = (options: TryOptions, configuration: Configuration | null, workflows: ReadonlyArray<Workflow>): E.Either<string, Circumstances> => {
  const cause = causeOf(options)
  if (E.isLeft(cause)) return cause
  const named = configuration?.options.get('owner')
  const spindleOwner = typeof named === 'string' && Did.is(named) ? named : OWNER
  const repository = repositoryOf(options.repo, spindleOwner)
  if (E.isLeft(repository)) return repository
  const { allow, providers } = knownIn(configuration)
  // Without a configuration, assume that every provider exists and is open to everybody.
  const all = workflows.flatMap((one) => (one._tag === 'Defined' ? one.targets.map(({ provider }) => provider) : []))
  const anybody: ReadonlyArray<Allowed> = all.map((provider) => ({ pipelines: '**', provider, repos: '**' }))
  return E.right({
    allow: configuration === null ? anybody : allow,
    cause: cause.right,
    defaultBranch: options.defaultBranch,
    providers: providers === null ? all : [...providers.keys()],
    repository: repository.right,
    spindleOwner
  })
}

/** A workflow file, and its name in messages. */
export interface Given {
  readonly bytes: Buffer
  readonly name: string
  readonly path: string
}

/** What would become of one file. */
export interface Tried {
  readonly cause: Cause
  readonly file: string
  readonly outcome: Outcome
  readonly workflow: Workflow
}

/** Why a workflow does not apply, condition by condition. */
export const reasonsOf = ({ cause, workflow }: Tried): ReadonlyArray<string> => whyNot(workflow.when ?? [], cause)

/**
 * What would become of the files, in the order in which a run takes them. `Left` with a sentence if the options make no sense. The inner `Left` says
 * why nothing would be built, whatever is in the files.
 */
export const trialOf = (
  files: ReadonlyArray<Given>,
  options: TryOptions,
  configuration: Configuration | null
): E.Either<string, E.Either<string, ReadonlyArray<Tried>>> => {
  const shown = new Map<WorkflowName, string>()
  const workflows: Array<Workflow> = []
  for (const { bytes, name, path } of files) {
    if (!isWorkflowFile(name) || !WorkflowName.is(name)) return E.left(`${path} is not a workflow file: its name must end in .yml or .yaml`)
    if (shown.has(name)) return E.left(`two files are named ${name}: try them one at a time`)
    shown.set(name, path)
    workflows.push(parseWorkflow({ bytes, name }))
  }
  const circumstances = circumstancesOf(options, configuration, workflows)
  if (E.isLeft(circumstances)) return circumstances
  const { cause } = circumstances.right
  const known = knownIn(configuration)
  // The machine hands such a build to its provider, which refuses it.
  const refused = (workflow: Workflow): Outcome | null => {
    const lacks = workflow._tag === 'Defined' ? missingSettings(workflow, known) : []
    return lacks.length === 0 ? null : { _tag: 'Failed', error: lacks.join(' ') }
  }
  return E.right(
    E.map((tried: ReadonlyArray<readonly [Workflow, Outcome]>) =>
      tried.map(([workflow, outcome]): Tried => ({
        cause,
        file: shown.get(workflow.name) ?? '',
        outcome: (outcome._tag === 'Built' ? refused(workflow) : null) ?? outcome,
        workflow
      }))
    )(tryWorkflows(circumstances.right, workflows))
  )
}

// ---------------------------------------------------------------------------------------- what is printed

const planLines = ({ pipeline, provider, settings, steps, variables }: Plan): ReadonlyArray<string> => [
  `  provider   ${provider}`,
  ...(pipeline === '' ? [] : [`  pipeline   ${pipeline}`]),
  ...settings.map(([name, value]) => `  setting    ${name}=${JSON.stringify(value)}`),
  ...steps.map(({ name }) => `  step       ${name}`),
  ...variables.map(([name, value]) => `  variable   ${name}=${value}`)
]

const linesOf = (tried: Tried): ReadonlyArray<string> => {
  const { file, outcome } = tried
  switch (outcome._tag) {
    case 'Built':
      return [`${file}: would be built`, ...planLines(outcome.plan)]
    case 'Failed':
      return [`${file}: would fail: ${outcome.error}`]
    case 'Nothing':
      return outcome.reason === null
        ? [`${file}: does not apply`, ...reasonsOf(tried).map((why) => `  ${why}`)]
        : [`${file}: would not be built: ${outcome.reason}`]
  }
}

/** The output for programs. */
const written = (tried: Tried) => {
  const { file, outcome } = tried
  return outcome._tag === 'Nothing' ? { file, ...outcome, why: reasonsOf(tried) } : { file, ...outcome }
}

/**
 * Prints what would become of the files. Returns the exit code: 0; 1 if one would fail; 2 if something cannot be read, or the trigger makes no sense.
 */
export const tryFiles = async (
  given: ReadonlyArray<string>,
  options: TryOptions,
  configuration: Configuration | null,
  print: (text: string) => void,
  complain: (text: string) => void
): Promise<number> => {
  const files = await readFiles(given)
  const trial = E.isLeft(files) ? files : trialOf(files.right, options, configuration)
  if (E.isLeft(trial)) {
    complain(`error: ${escapeInvisible(trial.left)}`)
    return 2
  }
  const tried = trial.right
  if (E.isLeft(tried)) {
    print(escapeInvisible(`Nothing would be built: ${tried.left}.`))
    return 0
  }
  if (options.json === true) print(jsonText(tried.right.map(written)))
  else for (const line of tried.right.flatMap(linesOf)) print(escapeInvisible(line))
  return tried.right.some(({ outcome }) => outcome._tag === 'Failed') ? 1 : 0
}
