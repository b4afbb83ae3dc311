/**
 * What is wrong with a workflow file, and what its author is unlikely to mean, before it is pushed. What a spindle would say is said in the core's
 * words; beyond that: keys that mean nothing, conditions that never hold, and what the provider does not look at.
 */
import * as E from 'fp-ts/lib/Either.js'
import {
  type Allowed,
  type Condition,
  inside,
  isList,
  isMap,
  isWorkflowFile,
  matchGlob,
  mayHold,
  mistakeIn,
  nearest,
  withReserved,
  type Workflow,
  WorkflowName,
  type Yaml
} from '../../core/index.js'
import { parseWorkflow } from '../outbound/workflows.js'
import { parseSpelled } from '../outbound/yaml.js'
import type { Reads } from '../providers/provider.js'
import { placeOfKey, type Places, placesIn, type Position, START } from './positions.js'
import { type Circumstances, tryWorkflows } from './trial.js'
import { ELSEWHERE, EVENTS, FILE, FOREIGN, type Key, type Shape } from './vocabulary.js'

/** `error`: a spindle would fail the workflow, or build nothing. `warning`: something has no effect. */
export interface Finding extends Position {
  readonly message: string
  readonly severity: 'error' | 'warning'
}

/** The providers that there are. */
export interface Known {
  readonly allow: ReadonlyArray<Allowed>
  /** By name; `null`: nobody knows, and every name is taken to be one. */
  readonly providers: ReadonlyMap<string, Reads> | null
  /** What kinds of providers there are: without a configuration, a provider has the name of its kind, if it has one of them. */
  readonly kinds: ReadonlyMap<string, Reads>
}

/** A finding whose message begins with its place in the file. */
interface Said {
  readonly message: string
  readonly severity: Finding['severity']
}

const error = (message: string): Said => ({ message, severity: 'error' })
const warning = (message: string): Said => ({ message, severity: 'warning' })

// ---------------------------------------------------------------------------------------- keys that mean nothing

/** The word that is meant; `null` if none is as near as half of the text would be. */
const guessed = (words: ReadonlyArray<string>, text: string): string | null => {
  const half = text.slice(0, Math.ceil(text.length / 2))
  const [first = half, ...others] = words
  const guess = nearest([first, ...others, half])(text)
  return words.includes(guess) ? guess : null
}

const unknownKey = (place: string, key: string, keys: ReadonlyArray<Key>): Said => {
  const there = placeOfKey(place, key)
  const elsewhere = place === '' ? ELSEWHERE.get(key) : undefined
  if (elsewhere !== undefined) return warning(`${there} is ${elsewhere}.`)
  const words = keys.map((one) => one.key)
  const foreign = FOREIGN.get(key)
  const guess = foreign !== undefined && words.includes(foreign) ? foreign : guessed(words, key)
  return warning(`${there} has no meaning here. ${guess === null ? `Allowed: ${words.join(', ')}.` : `Did you mean "${guess}"?`}`)
}

/** Keys that are not in the vocabulary, whatever their values are. */
const unknownKeys = (place: string, u: Yaml, shape: Shape): ReadonlyArray<Said> => {
  switch (shape._tag) {
    case 'Map':
      if (!isMap(u)) return []
      return u.map.flatMap(([key, value]) => {
        const known = shape.keys.find((one) => one.key === key)
        return known === undefined ? [unknownKey(place, key, shape.keys)] : unknownKeys(placeOfKey(place, key), value, known.shape)
      })
    case 'MapOrList':
      return isList(u) ? u.flatMap((item, i) => unknownKeys(`${place}[${String(i)}]`, item, shape.map)) : unknownKeys(place, u, shape.map)
    case 'List':
      return isList(u) ? u.flatMap((item, i) => unknownKeys(`${place}[${String(i)}]`, item, shape.item)) : []
    case 'Boolean':
    case 'Entries':
    case 'Natural':
    case 'Scalar':
    case 'ScalarOrList':
    case 'Texts':
      return []
  }
}

// ---------------------------------------------------------------------------------------- conditions

/** Names by which a malformed pattern is told: it is checked only as far as a name leads into it. */
const faultIn = (pattern: string): string | null => {
  for (const name of ['', 'a', 'a/a', pattern]) {
    const matched = matchGlob(pattern)(name)
    if (E.isLeft(matched)) return matched.left
  }
  return null
}

const neverHolds = (place: string, condition: Condition): ReadonlyArray<Said> => {
  const { branch, event, paths, tag, types } = condition
  const nothing = { ...condition, branch: [], event: [], paths: null, tag: [] }
  const said: Array<Said> = []
  if (event.length === 0) said.push(warning(`${place} has no event, so it never holds.`))
  if (event.includes('push') && !mayHold({ ...nothing, branch, event: ['push'], tag }))
    said.push(warning(`${place} never holds for a push: it needs branch or tag. Every branch is branch: ["**"].`))
  if (event.includes('pull_request') && !mayHold({ ...nothing, branch, event: ['pull_request'] }))
    said.push(warning(`${place} never holds for a pull request: it needs branch, the one to be merged into.`))
  else if (event.includes('pull_request') && paths !== null)
    said.push(warning(`${place}.paths is ignored for pull requests: which files they change is not known.`))
  if (types !== null && !event.includes('pull_request')) said.push(warning(`${place}.types is for pull requests only, and event does not name them.`))
  return said
}

/** What a pattern can only be meant to say, and does not; `null` if nothing. */
const misunderstood = (pattern: string): string | null => {
  const [, kind] = /^refs\/(heads|tags)\//.exec(pattern) ?? []
  if (kind !== undefined) return `"${pattern}" matches nothing: names come without refs/${kind}/`
  return pattern.startsWith('!') ? `"${pattern}" excludes nothing: patterns name what is built, and ! is a letter` : null
}

const conditionFindings = (place: string, condition: Condition): ReadonlyArray<Said> => {
  const { branch, event, paths, tag } = condition
  const events = event.filter((one) => !EVENTS.includes(one))
  return [
    ...events.map((one) => warning(`${place}.event names "${one}", which is not an event. Did you mean "${nearest(['push', 'pull_request', 'manual'])(one)}"?`)),
    ...Object.entries({ branch, paths: paths ?? [], tag }).flatMap(([key, patterns]) =>
      patterns.flatMap((pattern) => {
        const fault = faultIn(pattern)
        if (fault !== null) return [error(`${place}.${key}: ${fault}.`)]
        const meant = misunderstood(pattern)
        return meant === null ? [] : [warning(`${place}.${key}: ${meant}.`)]
      })
    ),
    ...(events.length === 0 ? neverHolds(place, condition) : [])
  ]
}

/** Whether `when` is a single condition, and not a list: its places are written so. */
const isSingle = (file: Yaml): boolean => isMap(file) && file.map.some(([key, value]) => key === 'when' && isMap(value))

const cronFindings = (file: Yaml): ReadonlyArray<Said> => {
  const when = isMap(file) ? (file.map.find(([key]) => key === 'when')?.[1] ?? null) : null
  const hasCron = (u: Yaml): boolean => isMap(u) && u.map.some(([key]) => key === 'cron')
  const said = (place: string): Said => warning(`${place}.cron has no effect: tack does not build on a schedule.`)
  return isList(when) ? when.flatMap((one, i) => (hasCron(one) ? [said(`when[${String(i)}]`)] : [])) : hasCron(when) ? [said('when')] : []
}

// ---------------------------------------------------------------------------------------- what is built

type Defined = Extract<Workflow, { readonly _tag: 'Defined' }>

/** Whether no build gets a variable of that name from a workflow. */
const isDropped = (name: string): boolean => withReserved([[name, '']], []).length === 0

const environmentFindings = ({ environment, steps }: Defined): ReadonlyArray<Said> =>
  [{ environment, place: 'environment' }, ...steps.map((step, i) => ({ environment: step.environment, place: `steps[${String(i)}].environment` }))].flatMap(
    ({ environment, place }) =>
      environment
        .filter(([name]) => isDropped(name))
        .map(([name]) => warning(`${inside(place, name)} has no effect: CI, names that begin with TANGLED_ or TACK_, and names that a shell does not allow are left out.`))
  )

/** Expressions of other systems, which nobody replaces here. */
const EXPRESSION = /\$\{\{[^}]*\}\}/

const expressionFindings = ({ environment, steps }: Defined): ReadonlyArray<Said> => {
  const texts = [
    ...environment.map(([name, value]) => [inside('environment', name), value] as const),
    ...steps.flatMap((step, i) => {
      const place = `steps[${String(i)}]`
      return [
        [`${place}.command`, step.command] as const,
        ...step.environment.map(([name, value]) => [inside(`${place}.environment`, name), value] as const)
      ]
    })
  ]
  return texts.flatMap(([place, text]) =>
    EXPRESSION.test(text) ? [warning(`${place}: \${{ … }} is not replaced here. Variables are written $NAME, and secrets come from your CI.`)] : []
  )
}

const readsOf = (provider: string, { kinds, providers }: Known): Reads | undefined => (providers === null ? kinds : providers).get(provider)

/** What the provider needs, and the file does not say: it refuses the build. */
export const missingSettings = ({ steps, targets }: Defined, known: Known): ReadonlyArray<string> =>
  targets.flatMap(({ pipeline, provider }) => {
    const reads = readsOf(provider, known)
    const place = inside('tack', provider)
    return [
      ...(reads?.pipeline === 'required' && pipeline === '' ? [`${place} names no pipeline.`] : []),
      ...(reads?.steps === 'required' && steps.length === 0 ? [`${place} has nothing to run: there are no steps.`] : [])
    ]
  })

/** A provider may have any name; one that is nearly that of a kind is more likely mistyped. */
const nameFindings = (provider: string, { kinds, providers }: Known): ReadonlyArray<Said> => {
  const guess = providers === null ? guessed([...kinds.keys()], provider) : null
  return guess === null ? [] : [warning(`${inside('tack', provider)} needs a spindle with a provider of that name. Did you mean "${guess}"?`)]
}

const providerFindings = (workflow: Defined, known: Known): ReadonlyArray<Said> => [
  ...missingSettings(workflow, known).map(error),
  ...workflow.targets.flatMap(({ provider, settings }): ReadonlyArray<Said> => {
    const reads = readsOf(provider, known)
    if (reads === undefined) return nameFindings(provider, known)
    const place = inside('tack', provider)
    const words = reads.settings ?? []
    const guess = (name: string): string => (reads.pipeline === 'ignored' ? '' : ` Did you mean "${nearest(['pipeline', ...words])(name)}"?`)
    const unknown = reads.settings === null ? [] : settings.map(([name]) => name).filter((name) => !words.includes(name))
    return [
      ...unknown.map((name) => warning(`${inside(place, name)} has no meaning for ${provider}.${guess(name)}`)),
      ...(reads.steps === 'ignored' && workflow.steps.length > 0 ? [warning(`steps have no effect: ${provider} runs its own pipeline.`)] : [])
    ]
  })
]

const ANYBODY = 'did:web:owner.example'

/** What a spindle would say of the file if somebody asked for it by hand, when every workflow applies. */
const refusal = (workflow: Workflow, { allow, providers }: Known): ReadonlyArray<Said> => {
  const named = workflow._tag === 'Defined' ? workflow.targets.map(({ provider }) => provider) : []
  const circumstances: Circumstances = {
    allow,
    cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
    defaultBranch: 'main',
    providers: providers === null ? named : [...providers.keys()],
    repository: { name: 'repository', owner: ANYBODY },
    spindleOwner: ANYBODY
  }
  const tried = tryWorkflows(circumstances, [workflow])
  if (E.isLeft(tried)) return [error(tried.left)]
  return tried.right.flatMap(([, outcome]) => {
    switch (outcome._tag) {
      case 'Built':
        return []
      case 'Failed':
        return [error(outcome.error)]
      case 'Nothing':
        return [error('The workflow names no engine. It needs "engine: tack".')]
    }
  })
}

// ---------------------------------------------------------------------------------------- all of a file

/** How it is written, where the core says only what it is not. */
const EXAMPLES: ReadonlyArray<readonly [RegExp, string]> = [
  [/^when(?:\[[0-9]+\])? is not a (?:map|list)$/, 'Write "- event: push", with "branch: [main]" below it.'],
  [/^steps is not a list$/, 'Begin each step with "- command:".'],
  [/^steps\[[0-9]+\] is not a map$/, 'Write "- command: make".'],
  [/^steps\[[0-9]+\]\.command is (?:missing|not text)$/, 'Write what a shell is to run; several lines as a block (|).'],
  [/environment is not a map$/, 'Write "NAME: value" below it, a line each, without "- ".'],
  [/^tack is not a map$/, 'Write the name of the provider below it, like "local: {}".'],
  [/^clone\.depth is not a whole number$/, 'For all of the history, write 0.']
]

const withExample = (message: string): string => {
  const example = EXAMPLES.find(([said]) => said.test(message))?.[1]
  return example === undefined ? message : `${message}. ${example}`
}

/** The place of what does not begin with one: what the engine and the provider are told is under their keys. */
const placeOf = (places: Places, { message }: Said): Position => {
  const line = /^line ([1-9][0-9]*) /.exec(message)
  if (line !== null) return { column: 1, line: Number(line[1]) }
  const found = places(message)
  if (found !== START || !/provider|engine/.test(message)) return found
  return places(/engine/.test(message) ? 'engine' : 'tack')
}

const byPosition = (a: Finding, b: Finding): number => a.line - b.line || a.column - b.column

const definedFindings = (workflow: Workflow, file: Yaml, known: Known): ReadonlyArray<Said> => {
  const when = workflow.when ?? []
  const mistake = mistakeIn(when)
  const placed = (i: number): string => (isSingle(file) ? 'when' : `when[${String(i)}]`)
  return [
    ...(mistake === null ? [] : [error(mistake)]),
    ...unknownKeys('', file, FILE),
    ...cronFindings(file),
    ...when.flatMap((condition, i) => conditionFindings(placed(i), condition)),
    ...(workflow._tag === 'Defined' ? [...environmentFindings(workflow), ...expressionFindings(workflow), ...providerFindings(workflow, known)] : [])
  ]
}

/** The findings in the file of that name, by their position. A file that is no workflow has one. */
export const findingsIn = (name: string, bytes: Buffer, known: Known): ReadonlyArray<Finding> => {
  if (!isWorkflowFile(name) || !WorkflowName.is(name))
    return [{ ...START, message: 'Not a workflow file: its name must end in .yml or .yaml and have at most 100 characters.', severity: 'error' }]
  const text = bytes.toString()
  const workflow = parseWorkflow({ bytes, name })
  const file = parseSpelled(text, bytes.length)
  const places = E.isLeft(file) ? () => START : placesIn(text)
  const said = [...refusal(workflow, known), ...(E.isLeft(file) ? [] : definedFindings(workflow, file.right, known))]
  const unique = said.filter(({ message }, i) => said.findIndex((other) => other.message === message) === i)
  return unique.map((one) => ({ ...one, message: withExample(one.message), ...placeOf(places, one) })).sort(byPosition)
}
