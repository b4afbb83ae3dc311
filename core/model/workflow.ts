/**
 * Workflows: what a file of `.tangled/workflows` asks for, as plain data. The shell parses YAML; wire/workflow-file.ts
 * decides what the parsed value means, and builds/when.ts whether it applies.
 */
import * as t from 'io-ts'
import { WorkflowName } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import { Pair } from './trigger.js'

/** One item of `when`: everything that it names must hold. An empty list counts as not given. */
export const Condition = t.readonly(
  t.strict({
    /** Patterns for the short name of a branch. */
    branch: t.readonlyArray(t.string),
    /** `push`, `pull_request`, `manual`. */
    event: t.readonlyArray(t.string),
    /** Patterns for changed files; `null` if not given. */
    paths: t.union([t.readonlyArray(t.string), t.null]),
    /** Patterns for the short name of a tag. */
    tag: t.readonlyArray(t.string),
    /** Actions of a pull request; `null` if not given, which means `opened`, `reopened`, `synchronize`. */
    types: t.union([t.readonlyArray(t.string), t.null]),
    /** The first unknown key, as an excerpt; `null` if there is none. */
    unknown: t.union([t.string, t.null])
  }),
  'Condition'
)
export type Condition = t.TypeOf<typeof Condition>

/** A command of a workflow that is run on this machine. */
export const Step = t.readonly(
  t.strict({ command: t.string, environment: t.readonlyArray(Pair), name: t.string }),
  'Step'
)
export type Step = t.TypeOf<typeof Step>

/** How the repository is to be checked out. `depth` 0: all of its history. */
export const Clone = t.readonly(t.strict({ depth: Natural, skip: t.boolean, submodules: t.boolean }), 'Clone')
export type Clone = t.TypeOf<typeof Clone>

/** The pipeline and provider that a workflow names, and its settings for that provider. */
export const Target = t.readonly(
  t.strict({
    /**
     * The provider's own name for what is built: a slug, a workflow file, a builder. May be empty if there is only one.
     */
    pipeline: t.string,
    /** The name of a provider in the operator's configuration. */
    provider: t.string,
    settings: t.readonlyArray(Pair)
  }),
  'Target'
)
export type Target = t.TypeOf<typeof Target>

/** A workflow file. If it is for another engine, or for none, only `when` is read: the rest is as in an empty file. */
export const Workflow = t.union(
  [
    t.readonly(
      t.strict({
        _tag: t.literal('Defined'),
        clone: Clone,
        /** A digest of this content of the file. */
        content: t.string,
        /** `null` if it names none. */
        engine: t.union([t.string, t.null]),
        environment: t.readonlyArray(Pair),
        name: WorkflowName,
        steps: t.readonlyArray(Step),
        /** The providers that its `tack:` block names: one, if the file is valid. */
        targets: t.readonlyArray(Target),
        /** How much of the room of a run it would take: everything that a build may need of it, in units. */
        units: Natural,
        when: t.readonlyArray(Condition)
      })
    ),
    /** The file cannot be understood; `when` is there if that much of it can be, because it is looked at first. */
    t.readonly(
      t.strict({
        _tag: t.literal('Faulty'),
        content: t.string,
        error: t.string,
        name: WorkflowName,
        when: t.union([t.readonlyArray(Condition), t.null])
      })
    )
  ],
  'Workflow'
)
export type Workflow = t.TypeOf<typeof Workflow>

/** How many workflow files of a trigger count: as many as a pipeline of Tangled may have. */
export const WORKFLOWS_MAX = 50

/** How long a workflow file may be, in bytes. */
export const WORKFLOW_BYTES_MAX = 262_144

/**
 * Workflows, or their files, in the order in which they are judged: by name, ascending; of each name the first.
 *
 * @example
 * import assert from 'node:assert'
 * import { byName, WorkflowSource } from '@tack-ci/core'
 *
 * const sources = ['b.yml', 'a.yml', 'b.yml'].map((name, i) => WorkflowSource.decode({ name, text: String(i) }))
 * const files = sources.flatMap((source) => (source._tag === 'Right' ? [source.right] : []))
 * assert.deepStrictEqual(byName(files), [{ name: 'a.yml', text: '1' }, { name: 'b.yml', text: '0' }])
 */
export const byName = <A extends { readonly name: WorkflowName }>(workflows: ReadonlyArray<A>): ReadonlyArray<A> =>
  M.toEntries(
    workflows.reduce<M.OrderedMap<WorkflowName, A>>(
      (acc, workflow) => (M.has(workflow.name)(acc) ? acc : M.upsertAt(workflow.name, workflow)(acc)),
      M.empty()
    )
  ).map(([, workflow]) => workflow)

/** The `engine` of the workflows that tack builds. */
export const ENGINE = 'tack'

/**
 * Whether a file of that name, in the folder of workflows, is a workflow file.
 *
 * @example
 * import assert from 'node:assert'
 * import { isWorkflowFile } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(['ci.yml', 'ci.yaml', 'README.md'].map(isWorkflowFile), [true, true, false])
 */
export const isWorkflowFile = (name: string): boolean => name.endsWith('.yml') || name.endsWith('.yaml')
