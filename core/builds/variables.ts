/**
 * The variables of a job: those that Tangled's own spindle sets, under the same names, and those of the workflow.
 *
 * Source: tangled.org/core, `spindle/models/pipeline_env.go`.
 */
import { sortedPairs } from '../data/ascending.js'
import type { HostName } from '../data/host-name.js'
import { pipelineUri, type Rkey } from '../data/identifiers.js'
import type { Repository } from '../model/build.js'
import type { Cause, Pair } from '../model/trigger.js'
import { shortName } from './when.js'

/** The facts from which the variables of a job are made. */
export interface JobFacts {
  readonly cause: Cause
  /** `null` if it is not known. */
  readonly defaultBranch: string | null
  readonly knot: HostName
  readonly repository: Repository
  /** The key of the trigger. */
  readonly rkey: Rkey
}

/** The pairs by name, ascending; if several have one name, the first. */
const named = (pairs: ReadonlyArray<Pair>): ReadonlyArray<Pair> => {
  const sorted = sortedPairs(pairs)
  return sorted.filter(([name], i) => name !== sorted[i - 1]?.[0])
}

const ofRef = (ref: string): ReadonlyArray<Pair> => {
  const short = shortName(ref)
  return short === null
    ? [['TANGLED_REF', ref]]
    : [
        ['TANGLED_REF', ref],
        ['TANGLED_REF_NAME', short.name],
        ['TANGLED_REF_TYPE', short.kind]
      ]
}

const ofSha = (sha: string): ReadonlyArray<Pair> => [
  ['TANGLED_COMMIT_SHA', sha],
  ['TANGLED_SHA', sha]
]

/** The variable for an input. Only ASCII letters become upper case. */
const inputName = (key: string): string =>
  `TANGLED_INPUT_${key.replace(/[a-z]/g, (letter) => letter.toUpperCase()).replace(/[^A-Z0-9_]/gu, '_')}`

const ofCause = (cause: Cause): ReadonlyArray<Pair> => {
  switch (cause._tag) {
    case 'Push':
      return [['TANGLED_PIPELINE_KIND', 'push'], ...ofRef(cause.ref), ...ofSha(cause.newSha)]
    case 'PullRequest':
      return [
        ['TANGLED_PIPELINE_KIND', 'pull_request'],
        ...ofRef(`refs/heads/${cause.sourceBranch}`),
        ...ofSha(cause.sourceSha),
        ['TANGLED_PR_SOURCE_BRANCH', cause.sourceBranch],
        ['TANGLED_PR_SOURCE_SHA', cause.sourceSha],
        ['TANGLED_PR_TARGET_BRANCH', cause.targetBranch],
        ...known('TANGLED_PR_ACTION', cause.action)
      ]
    case 'Manual':
      return [
        ['TANGLED_PIPELINE_KIND', 'manual'],
        ...(cause.ref === null ? [] : ofRef(cause.ref)),
        ...(cause.sha === null ? [] : ofSha(cause.sha)),
        ...cause.inputs.map(([key, value]): Pair => [inputName(key), value])
      ]
  }
}

/** The variable of a fact, if it is known. */
const known = (name: string, value: string | null): ReadonlyArray<Pair> =>
  value === null || value === '' ? [] : [[name, value]]

/**
 * The variables that a workflow cannot set: what is built, and why. By name, ascending; what is unknown is left out.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, Cause, Repository, Rkey, variablesOf } from '@tack-ci/core'
 *
 * const knot = canonicalHost({ defaultPort: 443, loopback: false, ports: false })('knot.example')
 * const rkey = Rkey.decode('3mbd3542k2222')
 * const repository = Repository.decode({ did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' })
 * const cause = Cause.decode({ _tag: 'Manual', inputs: [['log-level', 'debug']], ref: null, sha: null })
 * assert(knot._tag === 'Some' && rkey._tag === 'Right' && repository._tag === 'Right' && cause._tag === 'Right')
 *
 * assert.deepStrictEqual(
 *   variablesOf({
 *     cause: cause.right,
 *     defaultBranch: null,
 *     knot: knot.value,
 *     repository: repository.right,
 *     rkey: rkey.right
 *   }),
 *   [
 *     ['CI', 'true'],
 *     ['TANGLED_INPUT_LOG_LEVEL', 'debug'],
 *     ['TANGLED_PIPELINE_ID', 'at://did:web:knot.example/sh.tangled.pipeline/3mbd3542k2222'],
 *     ['TANGLED_PIPELINE_KIND', 'manual'],
 *     ['TANGLED_REPO_DID', 'did:plc:alice'],
 *     ['TANGLED_REPO_KNOT', 'knot.example'],
 *     ['TANGLED_REPO_NAME', 'app'],
 *     ['TANGLED_REPO_URL', 'https://knot.example/did:plc:alice/app']
 *   ]
 * )
 */
export const variablesOf = ({ cause, defaultBranch, knot, repository, rkey }: JobFacts): ReadonlyArray<Pair> =>
  named([
    ['CI', 'true'],
    ['TANGLED_PIPELINE_ID', pipelineUri(knot, rkey)],
    ['TANGLED_REPO_DID', repository.owner],
    ['TANGLED_REPO_KNOT', knot],
    ['TANGLED_REPO_NAME', repository.name],
    ['TANGLED_REPO_URL', `https://${knot}/${repository.owner}/${repository.name}`],
    ...known('TANGLED_REPO_REPO_DID', repository.did),
    ...known('TANGLED_REPO_DEFAULT_BRANCH', defaultBranch),
    ...ofCause(cause)
  ])

const IS_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const IS_RESERVED = /^(?:CI$|TANGLED_|TACK_)/

/**
 * The variables of a workflow together with the reserved ones, by name, ascending. A workflow's variable is dropped if
 * its name is reserved or no shell would accept it; if several have one name, the first counts.
 *
 * @example
 * import assert from 'node:assert'
 * import { withReserved } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(
 *   withReserved(
 *     [
 *       ['TANGLED_SHA', 'mine'],
 *       ['B', '2'],
 *       ['a-b', '3']
 *     ],
 *     [['CI', 'true']]
 *   ),
 *   [
 *     ['B', '2'],
 *     ['CI', 'true']
 *   ]
 * )
 */
export const withReserved = (own: ReadonlyArray<Pair>, reserved: ReadonlyArray<Pair>): ReadonlyArray<Pair> =>
  named([...reserved, ...own.filter(([name]) => IS_NAME.test(name) && !IS_RESERVED.test(name))])
