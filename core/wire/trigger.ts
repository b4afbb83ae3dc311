/**
 * Triggers, as the knots of two generations send them.
 *
 * Source: tangled.org/core, lexicons `sh.tangled.pipeline` and `sh.tangled.git.refUpdate`. What a knot says of the repository is taken
 * down and not believed: whether it may speak for it is for the two gates to say.
 *
 * `repoDid` of a ref update has meant three things. Alone, it is the repository; beside a `repoName` it is the owner; beside an
 * `ownerDid` it is the repository again. Today the repository is called `repo`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Did, PIPELINE, REF_UPDATE, Sha, WorkflowName } from '../data/identifiers.js'
import { excerpt, wellFormed } from '../data/text.js'
import { utf8Length } from '../data/utf8.js'
import type { Cause, Manual, Pair, PullRequest, Push, RefUpdateShape, RepoClaim, Trigger, WorkflowSource } from '../model/trigger.js'
import { isObject } from './json.js'

/** Of a ref, the name of a branch or of a repository, and the key of an input. */
const NAME_MAX = 1_024
const FILES_MAX = 10_000
const WORKFLOWS_MAX = 50
const INPUTS_MAX = 100
/** Of a workflow file, in bytes. */
const TEXT_MAX = 262_144
/** Of all inputs together, keys and values, in bytes: each becomes a variable of each build. */
const INPUTS_BYTES_MAX = 65_536
const SKIP: ReadonlyArray<unknown> = ['skip-ci', 'ci-skip']

type Read<A> = E.Either<string, A>
type Fields = { readonly [key: string]: unknown }

// ---------------------------------------------------------------------------------------- fields

/** Knots leave out, send `null` or send `""` for the same thing. */
const isAbsent = (u: unknown): boolean => u === undefined || u === null || u === ''

const mapAt = (place: string, u: unknown): Read<Fields> => (isObject(u) ? E.right(u) : E.left(`${place} is not an object`))

/** What `read` makes of a field that may be left out. */
const optional =
  <A>(read: (place: string, u: unknown) => Read<A>) =>
  (place: string, u: unknown): Read<A | null> =>
    isAbsent(u) ? E.right(null) : read(place, u)

const textAt = (place: string, u: unknown): Read<string> =>
  typeof u === 'string' ? E.right(wellFormed(u)) : E.left(`${place} is not text`)

const NOT_IN_A_NAME = /[\u0000-\u0020\u007f]/

/** A name as git knows them: neither empty nor endless, without spaces and control characters. */
const nameAt = (place: string, u: unknown): Read<string> =>
  pipe(
    textAt(place, u),
    E.filterOrElse(
      (text) => text !== '' && text.length <= NAME_MAX && !NOT_IN_A_NAME.test(text),
      () => `${place} is not a name`
    )
  )

const shaAt = (place: string, u: unknown): Read<Sha> => (Sha.is(u) ? E.right(u) : E.left(`${place} is not the name of an object`))
const didAt = (place: string, u: unknown): Read<Did> => (Did.is(u) ? E.right(u) : E.left(`${place} is not a DID`))

const listAt = <A>(place: string, max: number, u: unknown, read: (place: string, u: unknown) => Read<A>): Read<ReadonlyArray<A>> => {
  if (isAbsent(u)) return E.right([])
  if (!Array.isArray(u)) return E.left(`${place} is not a list`)
  if (u.length > max) return E.left(`${place} has more than ${String(max)} items`)
  return E.traverseReadonlyArrayWithIndex((i: number, item: unknown) => read(`${place}[${String(i)}]`, item))(u)
}

const isText = (u: unknown): u is string => typeof u === 'string'

/** `null` also for what is no list of text, or too long a one: it only decides about `paths`. */
const filesIn = (u: unknown): ReadonlyArray<string> | null =>
  Array.isArray(u) && u.length <= FILES_MAX && u.every(isText) ? u.map(wellFormed) : null

const skipsCi = (u: unknown): boolean => Array.isArray(u) && u.some((option) => SKIP.includes(option))

// ---------------------------------------------------------------------------------------- sh.tangled.git.refUpdate

const claimOf = ({ ownerDid, repo, repoDid, repoName }: Fields): Read<RepoClaim> => {
  const isOwner = isAbsent(repo) && isAbsent(ownerDid) && !isAbsent(repoName)
  return pipe(
    E.Do,
    E.apS('did', isOwner ? E.right(null) : isAbsent(repo) ? optional(didAt)('repoDid', repoDid) : didAt('repo', repo)),
    E.apS('knot', E.right(null)),
    E.apS('name', optional(nameAt)('repoName', repoName)),
    E.apS('owner', isOwner ? didAt('repoDid', repoDid) : optional(didAt)('ownerDid', ownerDid)),
    // Where there is a name and no DID, there is an owner by now.
    E.filterOrElse(
      ({ did, name }) => did !== null || name !== null,
      () => 'no repository is named'
    )
  )
}

const pushOf = (place: string, fields: Fields): Read<Push> =>
  pipe(
    E.Do,
    E.apS('_tag', E.right('Push' as const)),
    E.apS('changedFiles', E.right(filesIn(fields['changedFiles']))),
    E.apS('newSha', shaAt(`${place}newSha`, fields['newSha'])),
    E.apS('oldSha', shaAt(`${place}oldSha`, fields['oldSha'])),
    E.apS('ref', nameAt(`${place}ref`, fields['ref'])),
    E.apS('skipsCi', E.right(skipsCi(fields['pushOptions'])))
  )

const shapeOf = ({ changedFiles, pushOptions, repo }: Fields): RefUpdateShape => {
  if (isAbsent(repo)) return 'bare'
  return isAbsent(changedFiles) && isAbsent(pushOptions) ? 'named' : 'detailed'
}

const refUpdate = (fields: Fields): Read<Trigger> =>
  pipe(
    E.Do,
    E.apS('actor', optional(didAt)('committerDid', fields['committerDid'])),
    E.apS('cause', pushOf('', fields)),
    E.apS('defaultBranch', E.right(null)),
    E.apS('kind', E.right('refUpdate' as const)),
    E.apS('repo', claimOf(fields)),
    E.apS('shape', E.right(shapeOf(fields))),
    E.apS('unkept', E.right([])),
    E.apS('workflows', E.right(null))
  )

// ---------------------------------------------------------------------------------------- sh.tangled.pipeline

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

/** Knots of the first generation call it `create` when a pull request is opened. */
const actionAt = (place: string, u: unknown): Read<string> =>
  pipe(
    nameAt(place, u),
    E.map((action) => (action === 'create' ? 'opened' : action))
  )

/** A fork is somebody else's repository: what is in it is not the word of anybody who may build here. */
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

const sizedAt = (max: number) => (place: string, u: unknown): Read<string> =>
  pipe(
    textAt(place, u),
    E.filterOrElse(
      (text) => utf8Length(text) <= max,
      () => `${place} has more than ${String(max)} bytes`
    )
  )

const inputAt = (place: string, u: unknown): Read<Pair> =>
  pipe(
    mapAt(place, u),
    E.chain(({ key, value }) =>
      pipe(
        nameAt(`${place}.key`, key),
        E.chain((name) =>
          pipe(
            textAt(`${place}.value`, value ?? ''),
            E.map((text): Pair => [name, text])
          )
        )
      )
    )
  )

const inputsAt = (place: string, u: unknown): Read<ReadonlyArray<Pair>> =>
  pipe(
    listAt(place, INPUTS_MAX, u, inputAt),
    E.filterOrElse(
      (inputs) => inputs.reduce((bytes, [key, value]) => bytes + utf8Length(key) + utf8Length(value), 0) <= INPUTS_BYTES_MAX,
      () => `${place} has more than ${String(INPUTS_BYTES_MAX)} bytes`
    )
  )

const manualOf = (fields: Fields): Read<Manual> =>
  pipe(
    E.Do,
    E.apS('_tag', E.right('Manual' as const)),
    E.apS('inputs', inputsAt('manual.inputs', fields['inputs'])),
    E.apS('ref', optional(nameAt)('manual.ref', fields['ref'])),
    E.apS('sha', optional(shaAt)('manual.sha', fields['sha']))
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
        E.chain((fields): Read<Cause> => manualOf(fields))
      )
    default:
      return E.left(`kind is ${typeof kind === 'string' ? excerpt(kind) : 'not text'}`)
  }
}

/** Text for a file of a name that cannot be kept, an excerpt of it: that is no reason to do without the others. */
const workflowAt = (place: string, u: unknown): Read<WorkflowSource | string> =>
  pipe(
    mapAt(place, u),
    E.chain(({ name, raw }) =>
      WorkflowName.is(name)
        ? pipe(
            sizedAt(TEXT_MAX)(`${place}.raw`, raw),
            E.map((text): WorkflowSource | string => ({ name, text }))
          )
        : E.right(typeof name === 'string' ? excerpt(name) : '')
    )
  )

const isKept = (source: WorkflowSource | string): source is WorkflowSource => typeof source !== 'string'

const pipeline = ({ triggerMetadata, workflows }: Fields): Read<Trigger> =>
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

// ---------------------------------------------------------------------------------------- both

/** The trigger, or a sentence that says why it is none. */
const either = (read: (fields: Fields) => Read<Trigger>, event: unknown): Trigger | string =>
  pipe(
    mapAt('event', event),
    E.chain(read),
    E.getOrElseW((why) => why)
  )

/**
 * What an event of kind `nsid` calls for. Total on anything.
 *
 * @returns `null` for other kinds; a sentence for what cannot be understood.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeTrigger } from 'tack/core'
 *
 * const update = { ref: 'refs/heads/main', oldSha: 'a'.repeat(40), newSha: 'b'.repeat(40), repo: 'did:plc:app' }
 * const trigger = decodeTrigger('sh.tangled.git.refUpdate', update)
 * assert(trigger !== null && typeof trigger !== 'string')
 * assert.deepStrictEqual(trigger.repo, { did: 'did:plc:app', knot: null, name: null, owner: null })
 *
 * assert.strictEqual(decodeTrigger('sh.tangled.git.refUpdate', { ...update, ref: 7 }), 'ref is not text')
 * assert.strictEqual(decodeTrigger('sh.tangled.knot.memberUpdate', update), null)
 */
export const decodeTrigger = (nsid: string, event: unknown): Trigger | string | null => {
  if (nsid === PIPELINE) return either(pipeline, event)
  if (nsid === REF_UPDATE) return either(refUpdate, event)
  return null
}
