/**
 * The bodies of calls: `sh.tangled.ci.triggerPipeline` and `sh.tangled.ci.cancelPipeline`.
 *
 * Source: tangled.org/core, the lexicons of these names, and `sh.tangled.ci.trigger`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { isZeroSha, Tid, WorkflowName } from '../data/identifiers.js'
import type { Call } from '../model/call.js'
import type { Manual } from '../model/trigger.js'
import { WORKFLOWS_MAX } from '../model/workflow.js'
import { isObject, parseJson } from './json.js'
import { didAt, type Fields, isAbsent, listAt, mapAt, type Read, shaAt } from './fields.js'
import { manualOf } from './manual.js'

/** The methods whose calls change something. */
export const CALLED = ['sh.tangled.ci.cancelPipeline', 'sh.tangled.ci.triggerPipeline'] as const
/** One of these methods. */
export type CalledMethod = (typeof CALLED)[number]

const MANUAL = 'sh.tangled.ci.trigger#manual'

const workflowAt = (place: string, u: unknown): Read<WorkflowName> =>
  WorkflowName.is(u) ? E.right(u) : E.left(`${place} is not the name of a workflow`)

/** An empty list counts as absent: all workflows are meant. */
const workflowsIn = ({ workflows }: Fields): Read<ReadonlyArray<WorkflowName> | null> =>
  pipe(
    listAt('workflows', WORKFLOWS_MAX, workflows, workflowAt),
    E.map((names) => (names.length === 0 ? null : names))
  )

const pipelineAt = (u: unknown): Read<Tid> =>
  Tid.is(u) ? E.right(u) : E.left('pipeline is not the id of a pipeline, a TID')

/** Clients see a commit of zeros for a pipeline that built the head, and send it back to have that built again. */
const causeIn = (repo: string, { trigger }: Fields): Read<Manual> =>
  pipe(
    mapAt('trigger', trigger),
    E.filterOrElse(
      ({ $type }) => $type === MANUAL,
      () => `trigger is not of the kind "${MANUAL}", and others are not built by a call`
    ),
    E.filterOrElse(
      ({ sourceRepo }) => isAbsent(sourceRepo) || sourceRepo === repo,
      () => 'trigger.sourceRepo is another repository, and what is in a fork is not built'
    ),
    E.chainFirst(({ sha }) => shaAt('trigger.sha', sha)),
    E.chain((fields) => manualOf('trigger.', fields)),
    E.map((cause) => ({ ...cause, sha: cause.sha === null || isZeroSha(cause.sha) ? null : cause.sha }))
  )

const callIn = (method: CalledMethod, fields: Fields): Read<Call> =>
  pipe(
    E.Do,
    E.bind('repo', () => didAt('repo', fields['repo'])),
    E.bind('workflows', () => workflowsIn(fields)),
    E.chain(({ repo, workflows }) =>
      method === 'sh.tangled.ci.cancelPipeline'
        ? pipe(
            pipelineAt(fields['pipeline']),
            E.map((pipeline): Call => ({ _tag: 'CancelPipeline', pipeline, repo, workflows }))
          )
        : pipe(
            causeIn(repo, fields),
            E.map((cause): Call => ({ _tag: 'TriggerPipeline', cause, repo, workflows }))
          )
    )
  )

/**
 * What the body of a call asks for. Total: any string gives a call, or a sentence that says what is wrong with it.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeCall } from '@tack-ci/core'
 *
 * const body = '{"repo":"did:plc:app","pipeline":"3mbd3542k2222"}'
 * assert.deepStrictEqual(decodeCall('sh.tangled.ci.cancelPipeline')(body), {
 *   _tag: 'Right',
 *   right: { _tag: 'CancelPipeline', pipeline: '3mbd3542k2222', repo: 'did:plc:app', workflows: null }
 * })
 * assert.deepStrictEqual(decodeCall('sh.tangled.ci.cancelPipeline')('[]'), {
 *   _tag: 'Left',
 *   left: 'the body is not a JSON object'
 * })
 */
export const decodeCall =
  (method: CalledMethod) =>
  (text: string): E.Either<string, Call> =>
    pipe(
      parseJson(text),
      O.filter(isObject),
      E.fromOption(() => 'the body is not a JSON object'),
      E.chain((fields) => callIn(method, fields))
    )
