/**
 * Answers and frames as their lexicons have them, `sh.tangled.ci.*`, for validators of another make. Names of commits have 40 characters there; those of a
 * repository with SHA-256 have 64, as git has them.
 */
import * as v from '@atcute/lexicons/validations'
import type { Verdict } from './law.js'

const commit = v.constrain(v.string(), [v.stringLength(40, 64)])

const push = v.object({ $type: v.literal('sh.tangled.ci.trigger#push'), newSha: commit, oldSha: commit, ref: v.string() })

const pullRequest = v.object({
  $type: v.literal('sh.tangled.ci.trigger#pullRequest'),
  action: v.optional(v.string()),
  pull: v.optional(v.resourceUriString()),
  sourceBranch: v.optional(v.string()),
  sourceRepo: v.optional(v.didString()),
  sourceSha: commit,
  targetBranch: v.string()
})

const manual = v.object({
  $type: v.literal('sh.tangled.ci.trigger#manual'),
  inputs: v.optional(v.array(v.object({ key: v.string(), value: v.string() }))),
  ref: v.optional(v.string()),
  sha: commit,
  sourceRepo: v.optional(v.didString())
})

const workflow = v.object({
  error: v.optional(v.string()),
  finishedAt: v.optional(v.datetimeString()),
  id: v.string(),
  name: v.constrain(v.string(), [v.stringGraphemes(1, 40)]),
  startedAt: v.optional(v.datetimeString()),
  status: v.literalEnum(['pending', 'running', 'failed', 'timeout', 'cancelled', 'success'])
})

const pipeline = v.object({
  commit: v.string(),
  createdAt: v.optional(v.datetimeString()),
  id: v.tidString(),
  repo: v.optional(v.didString()),
  sourceRepo: v.optional(v.didString()),
  trigger: v.variant([push, pullRequest, manual]),
  workflows: v.constrain(v.array(workflow), [v.arrayLength(1, 50)])
})

const page = v.object({ cursor: v.optional(v.string()), pipelines: v.array(pipeline), total: v.integer() })

const definition = v.object({ derived: v.boolean(), hash: v.optional(v.string()), workflows: v.optional(v.array(v.string())) })

const triggered = v.object({ pipeline: v.resourceUriString() })

const failure = v.object({ error: v.constrain(v.string(), [v.stringLength(1, 100)]), message: v.constrain(v.string(), [v.stringLength(1, 1_000)]) })

const control = v.object({
  command: v.optional(v.string()),
  content: v.string(),
  kind: v.optional(v.literalEnum(['system', 'user'])),
  status: v.optional(v.literalEnum(['start', 'end'])),
  step: v.integer(),
  time: v.datetimeString(),
  workflow: v.string()
})

const data = v.object({ content: v.string(), step: v.integer(), stream: v.literalEnum(['stdout', 'stderr']), time: v.datetimeString(), workflow: v.string() })

const frame = v.variant([
  v.object({ $type: v.literal('#control'), body: control, op: v.literal(1) }),
  v.object({ $type: v.literal('#data'), body: data, op: v.literal(1) })
])

type Schema = typeof control | typeof data | typeof definition | typeof failure | typeof frame | typeof page | typeof pipeline | typeof triggered

const fits =
  (schema: Schema) =>
  (value: unknown): Verdict => {
    // As it goes over the wire.
    const result = v.safeParse(schema, JSON.parse(JSON.stringify(value)))
    return result.ok || result.message
  }

/** Whether it is an answer of `getPipeline`. */
export const isPipelineOutput = fits(pipeline)

/** Whether it is an answer of `queryPipelines`. */
export const isQueryOutput = fits(page)

/** Whether it is an answer of `describeWorkflowDefinition`. */
export const isDefinitionOutput = fits(definition)

/** Whether it is an answer of `triggerPipeline`. */
export const isTriggerOutput = fits(triggered)

/** Whether it is an error of any method. */
export const isErrorOutput = fits(failure)

/** Whether the two maps of a message are a frame of `subscribePipelineLogs`. */
export const isLogFrame = (header: unknown, body: unknown): Verdict => {
  const { op, t, ...others } = header as { readonly op?: unknown; readonly t?: unknown }
  return Object.keys(others).length === 0 ? fits(frame)({ $type: t, body, op }) : 'the header has more than op and t'
}
