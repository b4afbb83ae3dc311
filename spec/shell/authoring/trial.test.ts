/** What would become of a workflow: what the machine does of it, with every kind of trigger. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { applies, Cause, type Workflow, WorkflowName } from '../../../core/index.js'
import { type Circumstances, type Outcome, tryWorkflows } from '../../../shell/authoring/trial.js'
import { whyNot } from '../../../shell/authoring/why-not.js'
import { parseWorkflow } from '../../../shell/outbound/workflows.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const SHA = '0123456789abcdef0123456789abcdef01234567'

const causeOf = (written: unknown): Cause => {
  const cause = Cause.decode(written)
  if (E.isLeft(cause)) throw new Error('no cause')
  return cause.right
}

const push = (ref = 'refs/heads/main', changedFiles: ReadonlyArray<string> | null = null, more = {}): Cause =>
  causeOf({ _tag: 'Push', changedFiles, newSha: SHA, oldSha: 'f'.repeat(40), ref, skipsCi: false, ...more })
const pullRequest = (targetBranch = 'main', action: string | null = 'opened'): Cause =>
  causeOf({ _tag: 'PullRequest', action, sourceBranch: 'feature', sourceSha: SHA, targetBranch })
const byHand: Cause = causeOf({ _tag: 'Manual', inputs: [['level', '3']], ref: 'refs/heads/main', sha: SHA })

const workflow = (text: string, name = 'ci.yml'): Workflow => {
  if (!WorkflowName.is(name)) throw new Error('no name')
  return parseWorkflow({ bytes: Buffer.from(text), name })
}

const circumstances = (cause: Cause, more: Partial<Circumstances> = {}): Circumstances => ({
  allow: [],
  cause,
  defaultBranch: 'main',
  providers: ['local', 'buildkite'],
  repository: { name: 'app', owner: OWNER },
  spindleOwner: OWNER,
  ...more
})

const REST = 'engine: tack\ntack: {local: {}}\nsteps: [{command: make}]\n'

const triedWith = (given: Circumstances, ...files: ReadonlyArray<Workflow>): ReadonlyArray<Outcome> | string => {
  const tried = tryWorkflows(given, files)
  return E.isLeft(tried) ? tried.left : tried.right.map(([, outcome]) => outcome)
}

const tried = (cause: Cause, ...texts: ReadonlyArray<string>) => triedWith(circumstances(cause), ...texts.map((text, i) => workflow(text, `${String(i)}.yml`)))

const variablesOf = (cause: Cause) => {
  const [outcome] = tried(cause, REST)
  return typeof outcome === 'object' && outcome._tag === 'Built' ? outcome.plan.variables : []
}

// ---------------------------------------------------------------------------------------- what becomes of files

describe('what would become of a workflow', () => {
  test.each([
    ['a push', push(), 'push'],
    ['a push of a tag', push('refs/tags/v1'), 'push'],
    ['a pull request', pullRequest(), 'pull_request'],
    ['a run by hand', byHand, 'manual']
  ])('a workflow of %s has the plan that its provider gets', (_, cause, kind) => {
    expect(tried(cause, REST)).toMatchObject([{ _tag: 'Built', plan: { provider: 'local', sha: SHA, steps: [{ command: 'make' }] } }])
    expect(variablesOf(cause)).toContainEqual(['TANGLED_PIPELINE_KIND', kind])
  })

  test('has the inputs of a run by hand, and the default branch', () => {
    expect(variablesOf(byHand)).toEqual(expect.arrayContaining([['TANGLED_INPUT_LEVEL', '3'], ['TANGLED_REPO_DEFAULT_BRANCH', 'main']]))
  })

  test('is told of each file by itself', () => {
    const files = [REST, 'engine: other', 'steps: [{command: make}]', `when: {event: pull_request, branch: main}\n${REST}`, 'engine: tack']
    expect(tried(push(), ...files)).toMatchObject([
      { _tag: 'Built' },
      { _tag: 'Failed', error: 'This spindle builds workflows of engine "tack", and this one names "other".' },
      { _tag: 'Nothing', reason: 'the workflow names no engine' },
      { _tag: 'Nothing', reason: null },
      { _tag: 'Failed', error: 'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".' }
    ])
  })

  test('is up to the allow-list, where the repository is not the owner’s', () => {
    const repository = { name: 'app', owner: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' }
    const allow = [{ pipelines: '**', provider: 'local', repos: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/*' }]
    expect(triedWith(circumstances(push(), { repository }), workflow(REST))).toMatchObject([{ _tag: 'Failed' }])
    expect(triedWith(circumstances(push(), { allow, repository }), workflow(REST))).toMatchObject([{ _tag: 'Built' }])
  })

  test.each([
    ['that asks for no CI', push('refs/heads/main', null, { skipsCi: true }), 'the push asks to skip CI (skip-ci)'],
    ['that deletes a branch', push('refs/heads/main', null, { newSha: '0'.repeat(40) }), 'the push deletes the ref: there is nothing to build'],
    ['that moves nothing', push('refs/heads/main', null, { oldSha: SHA }), 'the push does not move the ref'],
    ['of neither a branch nor a tag', push('refs/notes/x'), 'only branches and tags are built: give a ref like refs/heads/main or refs/tags/v1']
  ])('is nothing of a push %s', (_, cause, sentence) => {
    expect(tried(cause, REST)).toBe(sentence)
  })
})

// ---------------------------------------------------------------------------------------- as the core says

const patterns = fc.array(fc.constantFrom('main', 'v*', '**', 'src/**', 'rel/{a,b}'), { maxLength: 2 })
const condition = fc.record({
  branch: patterns,
  event: fc.array(fc.constantFrom('push', 'pull_request', 'manual'), { maxLength: 2 }),
  paths: patterns,
  tag: patterns,
  types: fc.array(fc.constantFrom('opened', 'closed'), { maxLength: 1 })
})
const cause = fc.oneof(
  fc.tuple(fc.constantFrom('refs/heads/main', 'refs/heads/rel/a', 'refs/tags/v1'), fc.constantFrom(null, [], ['src/a.ts'], ['README.md'])).map(([ref, files]) => push(ref, files)),
  fc.tuple(fc.constantFrom('main', 'rel/b'), fc.constantFrom('opened', 'closed', null)).map(([branch, action]) => pullRequest(branch, action)),
  fc.constant(byHand)
)

test('a workflow is built just when the core says that it applies; else each condition has its reason', () => {
  const seen = { built: 0, nothing: 0 }
  fc.assert(
    fc.property(fc.array(condition, { maxLength: 3 }), cause, (when, given) => {
      const file = workflow(`when: ${JSON.stringify(when)}\n${REST}`)
      // A ready-made pipeline of a knot has been chosen by it: paths are not looked at again.
      const chosen = given._tag === 'PullRequest' ? (file.when ?? []).map((one) => ({ ...one, paths: null })) : (file.when ?? [])
      const verdict = applies(chosen, given)
      const [outcome] = triedWith(circumstances(given), file)
      if (E.isRight(verdict) && verdict.right) {
        seen.built += 1
        expect(outcome).toMatchObject({ _tag: 'Built' })
        return
      }
      seen.nothing += 1
      expect(outcome).toEqual({ _tag: 'Nothing', reason: null })
      expect(whyNot(file.when ?? [], given)).toHaveLength(when.length)
    }),
    { numRuns: 150 }
  )
  expect(seen.built).toBeGreaterThan(20)
  expect(seen.nothing).toBeGreaterThan(20)
})

describe('why a workflow does not apply', () => {
  test.each([
    ['{event: pull_request, branch: main}', push(), 'when[0] is for pull_request, not for push'],
    ['{branch: main}', push(), 'when[0] is for no event, not for push'],
    ['{event: push, branch: next}', push(), 'when[0] does not match the branch main'],
    ['{event: push, branch: "**"}', push('refs/tags/v1'), 'when[0] does not match the tag v1'],
    ['{event: push, branch: "**", tag: "*"}', push('refs/notes/x'), 'when[0] does not match the ref refs/notes/x'],
    ['{event: push, branch: main, paths: "src/**"}', push(), 'when[0].paths needs to know which files the push changed, and that is not said'],
    ['{event: push, branch: main, paths: "src/**"}', push('refs/heads/main', ['a']), 'when[0].paths does not match what the push changed'],
    ['{event: pull_request, branch: next}', pullRequest(), 'when[0] does not match the target branch main'],
    ['{event: pull_request, branch: main}', pullRequest('main', 'closed'), 'when[0] is not for the action closed'],
    ['{event: pull_request, branch: main, types: closed}', pullRequest('main', null), 'when[0] is not for the action opened']
  ])('%s is said in a sentence', (when, given, sentence) => {
    expect(whyNot(workflow(`when: ${when}\n${REST}`).when ?? [], given)).toEqual([sentence])
  })
})
