/** What a job is told, and that a workflow cannot tell it otherwise. */
import { describe, expect, test } from 'vitest'
import { Cause, HostName, type Pair, pipelineUri, Repository, Rkey, variablesOf, withReserved } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const SHA = 'a'.repeat(40)
const OLD = 'b'.repeat(40)
const OWNER = 'did:plc:alice'

const of = (cause: unknown, did = '', defaultBranch: string | null = null, knot = 'knot.example') =>
  variablesOf({
    cause: must(Cause.decode(cause)),
    defaultBranch,
    knot: must(HostName.decode(knot)),
    repository: must(Repository.decode({ did, name: 'app', owner: OWNER, rkey: 'self' })),
    rkey: must(Rkey.decode('3mbd3542k2222'))
  })

const push = (ref: string) => ({ _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: OLD, ref, skipsCi: false })
const pull = (action: string | null) => ({ _tag: 'PullRequest', action, sourceBranch: 'f/x', sourceSha: SHA, targetBranch: 'main' })
const manual = (inputs: ReadonlyArray<Pair>, ref: string | null = null, sha: string | null = null) => ({ _tag: 'Manual', inputs, ref, sha })

const ALWAYS: ReadonlyArray<Pair> = [
  ['CI', 'true'],
  ['TANGLED_PIPELINE_ID', 'at://did:web:knot.example/sh.tangled.pipeline/3mbd3542k2222'],
  ['TANGLED_REPO_DID', OWNER],
  ['TANGLED_REPO_KNOT', 'knot.example'],
  ['TANGLED_REPO_NAME', 'app'],
  ['TANGLED_REPO_URL', `https://knot.example/${OWNER}/app`]
]

const rising = (pairs: ReadonlyArray<Pair>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1))

describe('the environment of a build', () => {
  const rows: ReadonlyArray<readonly [what: string, cause: unknown, beyond: ReadonlyArray<Pair>]> = [
    [
      'a push of a branch',
      push('refs/heads/f/x'),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'push'],
        ['TANGLED_REF', 'refs/heads/f/x'],
        ['TANGLED_REF_NAME', 'f/x'],
        ['TANGLED_REF_TYPE', 'branch'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    [
      'a push of a tag',
      push('refs/tags/v1'),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'push'],
        ['TANGLED_REF', 'refs/tags/v1'],
        ['TANGLED_REF_NAME', 'v1'],
        ['TANGLED_REF_TYPE', 'tag'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    [
      'a push of neither',
      push('refs/pull/1'),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'push'],
        ['TANGLED_REF', 'refs/pull/1'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    [
      'a pull request',
      pull('opened'),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'pull_request'],
        ['TANGLED_PR_ACTION', 'opened'],
        ['TANGLED_PR_SOURCE_BRANCH', 'f/x'],
        ['TANGLED_PR_SOURCE_SHA', SHA],
        ['TANGLED_PR_TARGET_BRANCH', 'main'],
        ['TANGLED_REF', 'refs/heads/f/x'],
        ['TANGLED_REF_NAME', 'f/x'],
        ['TANGLED_REF_TYPE', 'branch'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    [
      'a pull request of which no action is known',
      pull(null),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'pull_request'],
        ['TANGLED_PR_SOURCE_BRANCH', 'f/x'],
        ['TANGLED_PR_SOURCE_SHA', SHA],
        ['TANGLED_PR_TARGET_BRANCH', 'main'],
        ['TANGLED_REF', 'refs/heads/f/x'],
        ['TANGLED_REF_NAME', 'f/x'],
        ['TANGLED_REF_TYPE', 'branch'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    ['somebody who says nothing', manual([]), [['TANGLED_PIPELINE_KIND', 'manual']]],
    [
      'somebody who says which commit',
      manual([], 'refs/tags/v1', SHA),
      [
        ['TANGLED_COMMIT_SHA', SHA],
        ['TANGLED_PIPELINE_KIND', 'manual'],
        ['TANGLED_REF', 'refs/tags/v1'],
        ['TANGLED_REF_NAME', 'v1'],
        ['TANGLED_REF_TYPE', 'tag'],
        ['TANGLED_SHA', SHA]
      ]
    ],
    [
      'inputs',
      manual([
        ['z', ''],
        ['azAZ09_', '1'],
        ['log-level', '2'],
        ['LOG_LEVEL', '3'],
        ['ünïx 😀', '4'],
        ['', '5']
      ]),
      [
        ['TANGLED_INPUT_', '5'],
        ['TANGLED_INPUT_AZAZ09_', '1'],
        ['TANGLED_INPUT_LOG_LEVEL', '2'],
        ['TANGLED_INPUT_Z', ''],
        ['TANGLED_INPUT__N_X__', '4'],
        ['TANGLED_PIPELINE_KIND', 'manual']
      ]
    ]
  ]
  test.each(rows)('%s', (_, cause, beyond) => expect(of(cause)).toEqual(rising([...ALWAYS, ...beyond])))

  test('has the DID of the repository and its default branch, where they are known', () => {
    const kind: Pair = ['TANGLED_PIPELINE_KIND', 'manual']
    expect(of(manual([]), 'did:plc:app', 'trunk')).toEqual(
      rising([...ALWAYS, kind, ['TANGLED_REPO_DEFAULT_BRANCH', 'trunk'], ['TANGLED_REPO_REPO_DID', 'did:plc:app']])
    )
    expect(of(manual([]), '', '')).toEqual(rising([...ALWAYS, kind]))
  })
})

test('a port is escaped in a DID, and nowhere else', () => {
  const pairs = new Map(of(manual([]), '', null, 'localhost:5555'))
  expect(pairs.get('TANGLED_PIPELINE_ID')).toBe('at://did:web:localhost:5555/sh.tangled.pipeline/3mbd3542k2222')
  expect(pairs.get('TANGLED_REPO_KNOT')).toBe('localhost:5555')
  expect(pairs.get('TANGLED_REPO_URL')).toBe(`https://localhost:5555/${OWNER}/app`)
  expect(pipelineUri(must(HostName.decode('a.b')), must(Rkey.decode('self')))).toBe('at://did:web:a.b/sh.tangled.pipeline/self')
})

describe('a workflow’s own variables', () => {
  const reserved: ReadonlyArray<Pair> = [
    ['TANGLED_SHA', SHA],
    ['CI', 'true']
  ]
  const rows: ReadonlyArray<readonly [name: string, isKept: boolean]> = [
    ['A', true],
    ['a', true],
    ['_', true],
    ['_9', true],
    ['aZ_09', true],
    ['CIX', true],
    ['XCI', true],
    ['ci', true],
    ['TANGLED', true],
    ['tangled_x', true],
    ['XTANGLED_X', true],
    ['TACK', true],
    ['tack_x', true],
    ['XTACK_X', true],
    ['PATH', true],
    ['CI', false],
    ['TANGLED_', false],
    ['TANGLED_SHA', false],
    ['TANGLED_NEW', false],
    ['TACK_', false],
    ['TACK_OWNER_DID', false],
    ['', false],
    ['9', false],
    ['9A', false],
    ['A-B', false],
    ['A B', false],
    ['A=B', false],
    ['A\n', false],
    ['\nA', false],
    [' A', false],
    ['É', false],
    ['A.B', false]
  ]
  test.each(rows)('%j: %s', (name, isKept) =>
    expect(withReserved([[name, 'mine']], reserved)).toEqual(
      rising([...reserved, ...(isKept ? ([[name, 'mine']] as const) : [])])
    )
  )

  test('may repeat a name, of which the first counts', () => {
    expect(withReserved([['B', '1'], ['A', '2'], ['B', '3']], [])).toEqual([['A', '2'], ['B', '1']])
  })

  test('give way to reserved names, however spelled', () => {
    expect(withReserved([['X', 'mine']], [['X', 'ours'], ['x-y', 'ours']])).toEqual([['X', 'ours'], ['x-y', 'ours']])
  })
})
