/** What is said of a workflow file before it is pushed: to the line, and in the words of the guide. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { dump } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { decodeWorkflow, WorkflowName } from '../../../core/index.js'
import { type Finding, findingsIn } from '../../../shell/authoring/findings.js'
import { ELSEWHERE, FILE, type Key, type Shape } from '../../../shell/authoring/vocabulary.js'
import { knownIn } from '../../../shell/cli/workflow-files.js'
import { NO_CONFIGURATION } from '../../../shell/cli/configuration.js'
import { parseSpelled } from '../../../shell/outbound/yaml.js'

const GUIDE = readFileSync(new URL('../../../shell/deploy/workflows.md', import.meta.url), 'utf8')

const kinds = knownIn(null)

const lint = (text: string, known = kinds): ReadonlyArray<Finding> => findingsIn('ci.yml', Buffer.from(text), known)

const said = (text: string): ReadonlyArray<string> => lint(text).map(({ message }) => message)

// ---------------------------------------------------------------------------------------- the guide

const blocks = [...GUIDE.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)

const rowsUnder = (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const part = GUIDE.slice(GUIDE.indexOf(`## ${heading}`)).split(/\n## /)[0] ?? ''
  const rows = [...part.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
  return rows.filter(([first = '']) => !first.startsWith('---'))
}

/** The file of the guide's row: what the row shows, and the rest as it should be. */
const fileWith = (shown: string): string => {
  const rest = { engine: 'tack', steps: [{ command: 'make' }], tack: { local: {} } }
  if (shown.startsWith('no ')) return dump(Object.fromEntries(Object.entries(rest).filter(([key]) => key !== shown.slice(4, -1))))
  const text = shown.slice(1, -1)
  const key = text.slice(0, text.indexOf(':'))
  return `${text}\n${dump(Object.fromEntries(Object.entries(rest).filter(([other]) => other !== key)))}`
}

describe('the guide to workflows', () => {
  test('shows files of which nothing is said', () => {
    expect(blocks).toHaveLength(2)
    expect(blocks.flatMap(said)).toEqual([])
  })

  const conditions = rowsUnder('When').filter(([, when = '']) => when.startsWith('`- {'))

  test('shows conditions of which nothing is said', () => {
    expect(conditions).toHaveLength(5)
    for (const [, when = ''] of conditions) expect(said(`when:\n  ${when.slice(1, -1)}\n${fileWith('`environment: {A: 1}`')}`)).toEqual([])
  })

  const mistakes = rowsUnder('Mistakes').slice(1)

  test('lists twenty-six mistakes', () => expect(mistakes).toHaveLength(26))

  test.each(mistakes)('quotes what is said of a file with %s', (shown = '', sentence = '') => {
    expect(said(fileWith(shown))).toContain(sentence.slice(1, -1))
  })

  test('names every key, and every provider', () => {
    const named = (shape: Shape): ReadonlyArray<string> => {
      switch (shape._tag) {
        case 'Map':
          return shape.keys.flatMap(({ key, shape: inner }) => [key, ...named(inner)])
        case 'MapOrList':
          return named(shape.map)
        case 'List':
          return named(shape.item)
        default:
          return []
      }
    }
    const words = new Set([...GUIDE.matchAll(/[a-z]+/g)].map(([word]) => word))
    expect([...named(FILE), ...kinds.kinds.keys()].filter((word) => !words.has(word))).toEqual([])
  })
})

// ---------------------------------------------------------------------------------------- the vocabulary, and the core

describe('the vocabulary of workflow files', () => {
  const NAME = WorkflowName.decode('ci.yml')
  const errorOf = (text: string): string => {
    const value = parseSpelled(text, 1_000)
    if (E.isLeft(NAME) || E.isLeft(value)) throw new Error('not a file')
    const workflow = decodeWorkflow(NAME.right, '', value.right)
    return workflow._tag === 'Faulty' ? workflow.error : ''
  }
  /** What no value may be. */
  const WRONG = '[[[]]]'

  const keysOf = (place: string, keys: ReadonlyArray<Key>): ReadonlyArray<readonly [place: string, key: string]> =>
    keys.flatMap(({ key, shape }) => {
      const inner = shape._tag === 'MapOrList' ? shape.map : shape._tag === 'List' ? shape.item : shape
      return [[place, key] as const, ...(inner._tag === 'Map' ? keysOf(key, inner.keys) : [])]
    })
  const places = keysOf('', FILE.keys)
  const within = (place: string, key: string): string => {
    const entry = place === 'steps' ? `[{command: a, ${key}: ${WRONG}}]`.replace('command: a, command', 'command') : `{${key}: ${WRONG}}`
    return place === '' ? `engine: tack\n${key}: ${WRONG}`.replace('engine: tack\nengine', 'engine') : `engine: tack\n${place}: ${entry}`
  }

  test('has the keys that the core reads', () => {
    expect(places).toHaveLength(18)
    const unread = places.filter(([place, key]) => !errorOf(within(place, key)).includes(key))
    // Only Tangled knows it.
    expect(unread).toEqual([['when', 'cron']])
  })

  test('does not have keys that the core passes over, and knows some of them from elsewhere', () => {
    expect([...ELSEWHERE.keys(), 'services'].map((key) => errorOf(`engine: tack\n${key}: ${WRONG}`))).toEqual(['', '', '', ''])
    expect(ELSEWHERE.size).toBe(3)
  })
})

// ---------------------------------------------------------------------------------------- where, and how bad

describe('a finding', () => {
  test('has line and column of what it is about, or of what is around that', () => {
    const text = [
      '# the file of a tired author',
      'when:',
      '  - event: push',
      '    branches: main',
      '  - event: [push, merge]',
      '    branch: ["main", "rel{ease"]',
      'engine: tack',
      'tack:',
      '  local:',
      '    org: acme',
      'steps:',
      '  - nam: Test',
      '    command: make',
      'clone: {depth: -1}'
    ].join('\n')
    expect(lint(text).map(({ column, line, message, severity }) => `${String(line)}:${String(column)} ${severity} ${message.split(' ')[0] ?? ''}`)).toEqual([
      '3:5 warning when[0]',
      '4:5 warning when[0].branches',
      '5:5 warning when[1].event',
      '6:5 error when[1].branch:',
      '12:5 warning steps[0].nam',
      '14:9 error clone.depth'
    ])
  })

  test('a finding of a file that is not YAML, or not UTF-8, has the line', () => {
    expect(lint('engine: tack\nsteps: [\n')).toMatchObject([{ line: 3, severity: 'error' }])
    expect(findingsIn('ci.yml', Buffer.from([0x61, 0x0a, 0xff]), kinds)).toMatchObject([{ line: 2, message: 'line 2 is not UTF-8', severity: 'error' }])
  })

  test('a finding about the provider points at the provider', () => {
    const ours = knownIn({ ...NO_CONFIGURATION, providers: new Map([['ours', { kind: 'local', settings: {} }]]) })
    expect(lint('engine: tack\ntack:\n  local: {}\n', ours)).toEqual([
      { column: 1, line: 2, message: 'There is no provider "local" here. There are: ours.', severity: 'error' }
    ])
    expect(lint('engine: tack\ntack:\n  ours: {}\n', ours)).toEqual([
      { column: 3, line: 3, message: 'tack.ours has nothing to run: there are no steps.', severity: 'error' }
    ])
    expect(lint('engine: tack\ntack: {theirs: {x: 1}}\n')).toEqual([])
  })

  test.each([
    ['a tag by its full name', 'when: [{event: push, tag: refs/tags/v1}]\nengine: tack\ntack: {buildkite: {pipeline: a}}', 1],
    ['an expression in a variable', 'engine: tack\ntack: {buildkite: {pipeline: a}}\nenvironment: {A: "x ${{ secrets.A }}"}', 3],
    ['a provider that runs what its own pipeline says', 'engine: tack\ntack: {buildkite: {pipeline: a}}\nsteps: [{command: b}]', 3],
    ['types without pull requests', 'when: {event: push, branch: a, types: [opened]}\nengine: tack\ntack: {buildkite: {pipeline: a}}', 1],
    ['paths of pull requests', 'when:\n  event: pull_request\n  branch: a\n  paths: b\nengine: tack\ntack: {buildkite: {pipeline: a}}', 4],
    ['a condition without event', 'when: [{branch: a}]\nengine: tack\ntack: {buildkite: {pipeline: a}}', 1],
    ['a pull request without branch', 'when: [{event: pull_request}]\nengine: tack\ntack: {buildkite: {pipeline: a}}', 1],
    ['a variable of ours in a step', 'engine: tack\ntack: {local: {}}\nsteps:\n  - command: a\n    environment: {TANGLED_SHA: b}', 5]
  ])('warns of %s', (_, text, line) => {
    expect(lint(text)).toMatchObject([{ line, severity: 'warning' }])
  })

  test('is the only one where the file is no workflow', () => {
    expect(findingsIn('README.md', Buffer.from('a: ['), kinds)).toMatchObject([{ column: 1, line: 1, severity: 'error' }])
  })

  test('comes once, whoever says it', () => {
    const messages = said('when: [{event: push, branches: main}]\nengine: tack\ntack: {local: {}}\nsteps: [{command: a}]')
    expect(new Set(messages).size).toBe(messages.length)
  })

  test('is made of deep and of self-referring files without end', () => {
    expect(said(`engine: tack\nx: ${'['.repeat(20_000)}${']'.repeat(20_000)}`).length).toBeGreaterThan(0)
    expect(said('engine: tack\ntack: &a {local: *a}\nsteps: [{command: a}]').length).toBeGreaterThan(0)
  })
})

test('the providers of a configuration count, under the names and kinds that they have there', () => {
  const providers = new Map([['ours', { kind: 'webhook', settings: {} }]])
  const known = knownIn({ ...NO_CONFIGURATION, providers })
  expect([...(known.providers ?? [])]).toEqual([['ours', { pipeline: 'optional', settings: null, steps: 'optional' }]])
})

test('a key that is like no other gets no guess, but the list of those that there are', () => {
  const clone = (key: string): ReadonlyArray<string> => said(`engine: tack\ntack: {local: {}}\nsteps: [{command: make}]\nclone: {${key}: 3}\n`)
  expect(clone('zzz')).toEqual(['clone.zzz has no meaning here. Allowed: depth, skip, submodules.'])
  expect(clone('submodule')).toEqual(['clone.submodule has no meaning here. Did you mean "submodules"?'])
})

test('a provider whose name is unlike that of every kind may be anybody’s', () => {
  const named = (provider: string): ReadonlyArray<string> => said(`engine: tack\ntack: {${provider}: {}}\nsteps: [{command: make}]\n`)
  expect(named('ours')).toEqual([])
  expect(named('builkdite')).toEqual(['tack.builkdite needs a spindle with a provider of that name. Did you mean "buildkite"?'])
})
