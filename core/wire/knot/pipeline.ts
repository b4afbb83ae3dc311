/**
 * `sh.tangled.pipeline`: a push, a pull request or a manual request, with the workflow files, as older knots send it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { WorkflowName } from '../../data/identifiers.js'
import { excerpt } from '../../data/text.js'
import { utf8Length } from '../../data/utf8.js'
import type { Cause, PullRequest, RepoClaim, Trigger, WorkflowSource } from '../../model/trigger.js'
import { WORKFLOW_BYTES_MAX, WORKFLOWS_MAX } from '../../model/workflow.js'
import {
  didAt,
  type Fields,
  isAbsent,
  isText,
  listAt,
  mapAt,
  nameAt,
  optional,
  type Read,
  shaAt,
  textAt
} from '../fields.js'
import { manualOf } from '../manual.js'
import { pushOf } from './push.js'

const repoOf = (fields: Fields): Read<RepoClaim> =>
  pipe(
    E.Do,
    E.apS('did', optional(didAt)('repo.repoDid', fields['repoDid'])),
    E.apS('knot', nameAt('repo.knot', fields['knot'])),
    E.apS('name', optional(nameAt)('repo.repo', fields['repo'])),
    E.apS('owner', optional(didAt)('repo.did', fields['did'])),
    E.filterOrElse(
      ({ did, name, owner }) => did !== null || (name !== null && owner !== null),
      () => 'no repository is named'
    )
  )

/** Knots of the first generation say `create` for a pull request that is opened. */
const actionAt = (place: string, u: unknown): Read<string> =>
  pipe(
    nameAt(place, u),
    E.map((action) => (action === 'create' ? 'opened' : action))
  )

/** Pull requests from forks are refused: a fork belongs to somebody else, who may have no right to build here. */
const pullRequestOf = (repo: RepoClaim, fields: Fields): Read<PullRequest> => {
  const { sourceRepo } = fields
  const isOwn = isAbsent(sourceRepo) || sourceRepo === repo.did
  return pipe(
    isOwn ? E.right(fields) : E.left('pull requests from forks are not built'),
    E.chain(({ action, sourceBranch, sourceSha, targetBranch }) =>
      pipe(
        E.Do,
        E.apS('_tag', E.right('PullRequest' as const)),
        E.apS('action', optional(actionAt)('pullRequest.action', action)),
        E.apS('sourceBranch', nameAt('pullRequest.sourceBranch', sourceBranch)),
        E.apS('sourceSha', shaAt('pullRequest.sourceSha', sourceSha)),
        E.apS('targetBranch', nameAt('pullRequest.targetBranch', targetBranch))
      )
    )
  )
}

const sizedAt =
  (max: number) =>
  (place: string, u: unknown): Read<string> =>
    pipe(
      textAt(place, u),
      E.filterOrElse(
        (text) => utf8Length(text) <= max,
        () => `${place} has more than ${String(max)} bytes`
      )
    )

const causeOf = ({ kind, manual, pullRequest, push }: Fields, repo: RepoClaim): Read<Cause> => {
  switch (kind) {
    case 'push':
      return pipe(
        mapAt('push', push),
        E.chain((fields): Read<Cause> => pushOf('push.', fields))
      )
    case 'pull_request':
      return pipe(
        mapAt('pullRequest', pullRequest),
        E.chain((fields): Read<Cause> => pullRequestOf(repo, fields))
      )
    case 'manual':
      return pipe(
        mapAt('manual', manual ?? {}),
        E.chain((fields): Read<Cause> => manualOf('manual.', fields))
      )
    default:
      return E.left(`kind is ${typeof kind === 'string' ? kind : 'not text'}`)
  }
}

/** For a file whose name cannot be kept, an excerpt of the name: the other files still count. */
const workflowAt = (place: string, u: unknown): Read<WorkflowSource | string> =>
  pipe(
    mapAt(place, u),
    E.chain(({ name, raw }) =>
      WorkflowName.is(name)
        ? pipe(
            sizedAt(WORKFLOW_BYTES_MAX)(`${place}.raw`, raw),
            E.map((text): WorkflowSource | string => ({ name, text }))
          )
        : E.right(typeof name === 'string' ? excerpt(name) : '')
    )
  )

const isKept = (source: WorkflowSource | string): source is WorkflowSource => typeof source !== 'string'

export const pipeline = ({ triggerMetadata, workflows }: Fields): Read<Trigger> =>
  pipe(
    E.Do,
    E.apS('metadata', mapAt('triggerMetadata', triggerMetadata)),
    E.bind('fields', ({ metadata }) => mapAt('repo', metadata['repo'])),
    E.bind('repo', ({ fields }) => repoOf(fields)),
    E.bind('cause', ({ metadata, repo }) => causeOf(metadata, repo)),
    E.bind('defaultBranch', ({ fields }) => optional(nameAt)('repo.defaultBranch', fields['defaultBranch'])),
    E.apS('sources', listAt('workflows', WORKFLOWS_MAX, workflows, workflowAt)),
    E.map(({ cause, defaultBranch, repo, sources }) => ({
      actor: null,
      cause,
      defaultBranch,
      kind: 'pipeline' as const,
      repo,
      shape: null,
      unkept: sources.filter(isText),
      workflows: sources.filter(isKept)
    }))
  )
