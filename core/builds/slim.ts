/**
 * Events as the journal holds them, without what the step did not use. A trigger may bring a megabyte, and most
 * triggers begin nothing.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as M from '../data/ordered-map.js'
import type { Effect } from '../effect.js'
import type { Event, KnotReceived, WorkflowsRead } from '../event.js'
import type { Cause, Trigger, WorkflowSource } from '../model/trigger.js'
import type { Workflow } from '../model/workflow.js'
import type { BuildsState } from './model.js'
import { runOf } from './runs.js'
import { withoutChanges } from './selection.js'

/**
 * `event` without what its step did not use: from the same state, stepping it has the same result.
 *
 * @param before The builds before the step.
 * @param after The builds after it.
 * @param effects What the step has caused.
 */
export const slim = (event: Event, before: BuildsState, after: BuildsState, effects: ReadonlyArray<Effect>): Event => {
  switch (event._tag) {
    case 'KnotReceived':
      return slimFrame(event, before, after)
    case 'WorkflowsRead':
      return slimFiles(event, after, effects)
    default:
      return event
  }
}

/** What a trigger brought is needed only if it began a run. */
const slimFrame = (event: KnotReceived, before: BuildsState, after: BuildsState): KnotReceived => {
  const { host, payload, rkey } = event
  if (payload._tag !== 'Trigger') return event
  const { trigger } = payload
  const begins = runOf(before, host, rkey) === null && runOf(after, host, rkey) !== null
  const kept = begins ? { ...trigger, cause: withoutChanges(trigger.kind, trigger.cause) } : bare(trigger)
  return { ...event, payload: { _tag: 'Trigger', trigger: kept } }
}

const bare = (trigger: Trigger): Trigger => ({
  ...trigger,
  cause: bareCause(trigger.cause),
  unkept: [],
  workflows: trigger.workflows === null ? null : []
})

const bareCause = (cause: Cause): Cause => {
  switch (cause._tag) {
    case 'Push':
      return { ...cause, changedFiles: null }
    case 'PullRequest':
      return cause
    case 'Manual':
      return { ...cause, inputs: [] }
  }
}

/** For a workflow without a plan, only what led to that is needed; of the files, only what was announced. */
const slimFiles = (event: WorkflowsRead, after: BuildsState, effects: ReadonlyArray<Effect>): WorkflowsRead => {
  const { knot, rkey, sources, workflows } = event
  const run = runOf(after, knot, rkey)
  const isPlanned = ({ name }: Workflow): boolean =>
    run !== null && O.exists(({ recipe }: { readonly recipe: unknown }) => recipe !== null)(M.lookup(name)(run.builds))
  const told = effects.flatMap((effect) => (effect._tag === 'PublishPipeline' ? effect.entry.workflows : []))
  const isTold = (file: WorkflowSource): boolean =>
    file.text !== '' && told.some(({ name, text }) => name === file.name && text === file.text)
  return {
    ...event,
    sources: sources === null ? null : sources.filter(isTold),
    workflows: workflows.map((workflow) => (isPlanned(workflow) ? workflow : bareWorkflow(workflow)))
  }
}

const bareWorkflow = (workflow: Workflow): Workflow =>
  workflow._tag === 'Faulty'
    ? workflow
    : {
        ...workflow,
        environment: [],
        steps: [],
        targets: workflow.targets.map((target) => ({ ...target, settings: [] }))
      }
