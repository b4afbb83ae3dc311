/** `tack try FILE… --event push`: what would be built where if something happened, with which variables, and why not. Nothing is built. */
import * as E from 'fp-ts/lib/Either.js'
import { type Allowed, Cause, Did, excerpt, explain, isWorkflowFile, type Plan, shortName, type Workflow, WorkflowName } from '../../core/index.js'
import { type Circumstances, type Outcome, tryWorkflows } from '../authoring/trial.js'
import { whyNot } from '../authoring/why-not.js'
import { visible } from '../lib/log.js'
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
  /** Of a push or a run by hand; of a pull request its source. */
  readonly ref?: string
  readonly repo?: string
  readonly sha: string
  readonly skipCi?: true
  readonly target?: string
}

/** The commit that the ref was at. */
const BEFORE = 'f'.repeat(40)

const OWNER = 'did:web:owner.example'

/** A ref as people write it, a branch by its name alone. */
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

/** `did:plc:…/name`; without one, a repository of the owner, who may use every provider. */
const repositoryOf = (text: string | undefined, spindleOwner: string): E.Either<string, Circumstances['repository']> => {
  if (text === undefined) return E.right({ name: 'repository', owner: spindleOwner })
  const [owner = '', name = '', ...more] = text.split('/')
  return Did.is(owner) && name !== '' && more.length === 0
    ? E.right({ name, owner })
    : E.left(`"${excerpt(text)}" is no repository: write did:plc:ewvi7nxzyoun6zhxrhs64oiz/name`)
}

const circumstancesOf = (options: TryOptions, configuration: Configuration | null, workflows: ReadonlyArray<Workflow>): E.Either<string, Circumstances> => {
  const cause = causeOf(options)
  if (E.isLeft(cause)) return cause
  const named = configuration?.options.get('owner')
  const spindleOwner = typeof named === 'string' && Did.is(named) ? named : OWNER
  const repository = repositoryOf(options.repo, spindleOwner)
  if (E.isLeft(repository)) return repository
  const { allow, providers } = knownIn(configuration)
  // Without a configuration every provider is taken to be there, and for everybody.
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

// ---------------------------------------------------------------------------------------- what is printed

const planLines = ({ pipeline, provider, settings, steps, variables }: Plan): ReadonlyArray<string> => [
  `  provider   ${provider}`,
  ...(pipeline === '' ? [] : [`  pipeline   ${pipeline}`]),
  ...settings.map(([name, value]) => `  setting    ${name}=${JSON.stringify(value)}`),
  ...steps.map(({ name }) => `  step       ${name}`),
  ...variables.map(([name, value]) => `  variable   ${name}=${value}`)
]

const linesOf = (file: string, workflow: Workflow, outcome: Outcome, cause: Cause): ReadonlyArray<string> => {
  switch (outcome._tag) {
    case 'Built':
      return [`${file}: would be built`, ...planLines(outcome.plan)]
    case 'Failed':
      return [`${file}: would fail: ${outcome.error}`]
    case 'Nothing':
      return outcome.reason === null
        ? [`${file}: does not apply`, ...whyNot(workflow.when ?? [], cause).map((why) => `  ${why}`)]
        : [`${file}: would not be built: ${outcome.reason}`]
  }
}

/** What programs read. */
const written = (file: string, { when }: Workflow, outcome: Outcome, cause: Cause) =>
  outcome._tag === 'Nothing' ? { file, ...outcome, why: whyNot(when ?? [], cause) } : { file, ...outcome }

/** Prints what would become of the files. Returns the exit code: 0; 1 if one would fail; 2 if something cannot be read, or the trigger makes no sense. */
export const tryFiles = async (
  given: ReadonlyArray<string>,
  options: TryOptions,
  configuration: Configuration | null,
  print: (text: string) => void,
  complain: (text: string) => void
): Promise<number> => {
  const refuse = (sentence: string): 2 => {
    complain(`error: ${visible(sentence)}`)
    return 2
  }
  const files = await readFiles(given)
  if (E.isLeft(files)) return refuse(files.left)
  const shown = new Map<WorkflowName, string>()
  const workflows: Array<Workflow> = []
  for (const { bytes, name, path } of files.right) {
    if (!isWorkflowFile(name) || !WorkflowName.is(name)) return refuse(`${path} is no workflow file: its name must end in .yml or .yaml`)
    if (shown.has(name)) return refuse(`two files are called ${name}: try them one by one`)
    shown.set(name, path)
    workflows.push(parseWorkflow({ bytes, name }))
  }
  const circumstances = circumstancesOf(options, configuration, workflows)
  if (E.isLeft(circumstances)) return refuse(circumstances.left)
  const tried = tryWorkflows(circumstances.right, workflows)
  if (E.isLeft(tried)) {
    print(visible(`Nothing would be built: ${tried.left}.`))
    return 0
  }
  const { cause } = circumstances.right
  if (options.json === true) print(jsonText(tried.right.map(([workflow, outcome]) => written(shown.get(workflow.name) ?? '', workflow, outcome, cause))))
  else
    for (const [workflow, outcome] of tried.right)
      for (const line of linesOf(shown.get(workflow.name) ?? '', workflow, outcome, cause)) print(visible(line))
  return tried.right.some(([, { _tag }]) => _tag === 'Failed') ? 1 : 0
}
