/** Which workflows a trigger calls for (formats, `when`, rules 1 to 6). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { budgetOf } from '../../core/data/glob.js'
import { appliesWithin, WHEN_COST_MAX } from '../../core/builds/when.js'
import { applies, Cause, type Condition, mayHold, mistakeIn, nearest, shortName } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const SHA = 'a'.repeat(40)

const push = (ref: string, changedFiles: ReadonlyArray<string> | null = null) =>
  must(Cause.decode({ _tag: 'Push', changedFiles, newSha: SHA, oldSha: SHA, ref, skipsCi: false }))
const pull = (targetBranch: string, action: string | null = 'opened') =>
  must(Cause.decode({ _tag: 'PullRequest', action, sourceBranch: 'feature', sourceSha: SHA, targetBranch }))
const manual = must(Cause.decode({ _tag: 'Manual', inputs: [], ref: null, sha: null }))

const NOTHING: Condition = { branch: [], event: [], paths: null, tag: [], types: null, unknown: null }
const when = (...conditions: ReadonlyArray<Partial<Condition>>): ReadonlyArray<Condition> =>
  conditions.map((condition) => ({ ...NOTHING, ...condition }))

const MAIN = push('refs/heads/main')
const TAG = push('refs/tags/v1.0')
const BAD = '[ is not a pattern'

type Row = readonly [what: string, when: ReadonlyArray<Condition>, cause: Cause, answer: boolean | string]

const table = (rows: ReadonlyArray<Row>): void => {
  for (const [what, conditions, cause, answer] of rows)
    test(what, () =>
      expect(applies(conditions, cause)).toEqual(typeof answer === 'string' ? E.left(answer) : E.right(answer))
    )
}

describe('always', () => {
  table([
    ['manual, whatever is asked for', when({ event: ['push'], branch: ['x'] }), manual, true],
    ['manual, of an empty condition', when({}), manual, true],
    ['manual, of a bad pattern', when({ event: ['push'], branch: ['['] }), manual, true],
    ['manual, of none', [], manual, true],
    ['a push, of none', [], MAIN, true],
    ['a push of no branch, of none', [], push('refs/pull/1'), true],
    ['a pull request, of none', [], pull('main', 'closed'), true]
  ])
})

describe('the event', () => {
  table([
    ['is named', when({ event: ['push'], branch: ['main'] }), MAIN, true],
    ['is one of those named', when({ event: ['manual', 'pull_request', 'push'], branch: ['main'] }), MAIN, true],
    ['is not named', when({ branch: ['main'] }), MAIN, false],
    ['is another', when({ event: ['pull_request'], branch: ['main'] }), MAIN, false],
    ['is another one still', when({ event: ['manual'], branch: ['main'] }), MAIN, false],
    ['counts by its letters', when({ event: ['Push'], branch: ['main'] }), MAIN, false],
    ['is no pattern', when({ event: ['*'], branch: ['main'] }), MAIN, false],
    ['is unknown', when({ event: ['refUpdate'], branch: ['main'] }), MAIN, false],
    ['of a pull request is named', when({ event: ['pull_request'], branch: ['main'] }), pull('main'), true],
    ['of a pull request is another', when({ event: ['push'], branch: ['main'] }), pull('main'), false],
    ['of a pull request is not named', when({ branch: ['main'] }), pull('main'), false]
  ])
})

describe('a push', () => {
  table([
    ['of a branch without patterns', when({ event: ['push'] }), MAIN, false],
    ['of a branch with patterns for tags', when({ event: ['push'], tag: ['**'] }), MAIN, false],
    ['of a tag without patterns', when({ event: ['push'] }), TAG, false],
    ['of a tag with patterns for branches', when({ event: ['push'], branch: ['**'] }), TAG, false],
    ['of a tag', when({ event: ['push'], tag: ['v*'] }), TAG, true],
    ['of a tag that does not match', when({ event: ['push'], tag: ['w*'] }), TAG, false],
    ['of a branch and a tag asked for', when({ event: ['push'], branch: ['x'], tag: ['v*'] }), TAG, true],
    ['of a branch that does not match', when({ event: ['push'], branch: ['dev'] }), MAIN, false],
    ['of the second of the patterns', when({ event: ['push'], branch: ['dev', 'main'] }), MAIN, true],
    ['of the whole short name', when({ event: ['push'], branch: ['ma'] }), MAIN, false],
    ['of no ref name', when({ event: ['push'], branch: ['refs/heads/main'] }), MAIN, false],
    ['within a segment', when({ event: ['push'], branch: ['release/*'] }), push('refs/heads/release/1.0'), true],
    ['not across segments', when({ event: ['push'], branch: ['release/*'] }), push('refs/heads/release/1.0/x'), false],
    ['across segments', when({ event: ['push'], branch: ['release/**'] }), push('refs/heads/release/1.0/x'), true],
    ['of neither branch nor tag', when({ event: ['push'], branch: ['**'], tag: ['**'] }), push('refs/pull/1'), false],
    ['of a ref that is not whole', when({ event: ['push'], branch: ['**'], tag: ['**'] }), push('main'), false],
    ['with types, which are not for it', when({ event: ['push'], branch: ['main'], types: ['closed'] }), MAIN, true]
  ])
})

describe('a pull request', () => {
  const main = { event: ['pull_request'], branch: ['main'] }
  table([
    ['to the branch', when(main), pull('main'), true],
    ['to another branch', when(main), pull('dev'), false],
    ['from the branch', when({ ...main, branch: ['feature'] }), pull('main'), false],
    ['without patterns', when({ event: ['pull_request'] }), pull('main'), false],
    ['with patterns for tags', when({ event: ['pull_request'], tag: ['**'] }), pull('main'), false],
    ['with a bad pattern for tags', when({ ...main, tag: ['['] }), pull('main'), true],
    ['opened', when(main), pull('main', 'opened'), true],
    ['reopened', when(main), pull('main', 'reopened'), true],
    ['synchronized', when(main), pull('main', 'synchronize'), true],
    ['closed', when(main), pull('main', 'closed'), false],
    ['merged', when(main), pull('main', 'merged'), false],
    ['of an action not known', when(main), pull('main', null), true],
    ['of an action not known, closed asked for', when({ ...main, types: ['closed'] }), pull('main', null), false],
    ['of an action not known, opened asked for', when({ ...main, types: ['opened'] }), pull('main', null), true],
    ['closed, and asked for', when({ ...main, types: ['merged', 'closed'] }), pull('main', 'closed'), true],
    ['opened, and not asked for', when({ ...main, types: ['closed'] }), pull('main', 'opened'), false],
    ['opened, and asked for by an empty list', when({ ...main, types: [] }), pull('main', 'opened'), true],
    ['of a pattern for types', when({ ...main, types: ['*'] }), pull('main', 'opened'), false],
    ['with paths', when({ ...main, paths: ['**'] }), pull('main'), false],
    ['with a bad path, of which no file is known', when({ ...main, paths: ['['] }), pull('main'), false],
    ['with an empty list of paths', when({ ...main, paths: [] }), pull('main'), true]
  ])
})

describe('paths', () => {
  const paths = (...patterns: ReadonlyArray<string>) => when({ event: ['push'], branch: ['main'], paths: patterns })
  const files = (...names: ReadonlyArray<string>) => push('refs/heads/main', names)
  table([
    ['no file is known', paths('**'), MAIN, false],
    ['no file was changed', paths('**'), files(), false],
    ['a file matches', paths('src/**'), files('src/a/b.ts'), true],
    ['the second file matches', paths('src/**'), files('README.md', 'src/a.ts'), true],
    ['no file matches', paths('src/**'), files('README.md', 'doc/a.md'), false],
    ['the second pattern matches', paths('*.rs', '*.md'), files('README.md'), true],
    ['the whole path', paths('*.md'), files('doc/a.md'), false],
    ['none asked for', paths(), files(), true],
    ['a file matches, but not the branch', when({ event: ['push'], branch: ['x'], paths: ['**'] }), files('a'), false],
    ['a file matches, but not the event', when({ event: ['pull_request'], branch: ['main'], paths: ['**'] }), files('a'), false],
    ['of a tag', when({ event: ['push'], tag: ['v*'], paths: ['a'] }), push('refs/tags/v1', ['a']), true],
    ['of a tag, none known', when({ event: ['push'], tag: ['v*'], paths: ['a'] }), TAG, false]
  ])
})

describe('conditions', () => {
  const no = { event: ['push'], branch: ['x'] }
  const yes = { event: ['push'], branch: ['main'] }
  const bad = { event: ['push'], branch: ['['] }
  table([
    ['one of two, the first', when(yes, no), MAIN, true],
    ['one of two, the second', when(no, yes), MAIN, true],
    ['none of two', when(no, no), MAIN, false],
    ['an empty one', when({}), MAIN, false],
    ['an empty one, of a pull request', when({}), pull('main'), false],
    ['a bad one before one that holds', when(bad, yes), MAIN, BAD],
    ['a bad one after one that holds', when(yes, bad), MAIN, true],
    ['a bad one after one that does not hold', when(no, bad), MAIN, BAD],
    ['a bad pattern after one that matches', when({ event: ['push'], branch: ['main', '['] }), MAIN, true],
    ['a bad pattern before one that matches', when({ event: ['push'], branch: ['[', 'main'] }), MAIN, BAD],
    ['a bad pattern for another event', when({ event: ['pull_request'], branch: ['['] }), MAIN, BAD],
    ['a bad pattern for no event', when({ branch: ['['] }), pull('main'), BAD],
    ['a bad pattern for tags, of a branch', when({ ...yes, tag: ['['] }), MAIN, true],
    ['a bad pattern for branches, of a tag', when({ event: ['push'], branch: ['['], tag: ['v*'] }), TAG, true],
    ['a bad pattern, of no branch', when({ event: ['push'], branch: ['['], tag: ['['] }), push('refs/pull/1'), false],
    ['a bad path', when({ ...yes, paths: ['['] }), push('refs/heads/main', ['a']), BAD],
    ['a bad path, and another branch', when({ ...no, paths: ['['] }), push('refs/heads/main', ['a']), BAD],
    ['a bad path, and no file', when({ ...yes, paths: ['['] }), MAIN, false],
    ['a bad path after a file that matches', when({ ...yes, paths: ['a', '['] }), push('refs/heads/main', ['a', 'b']), true],
    ['a bad path after a file that does not match', when({ ...yes, paths: ['b', '['] }), push('refs/heads/main', ['a', 'b']), BAD],
    ['a bad branch before a bad path', when({ ...bad, paths: ['{'] }), push('refs/heads/main', ['a']), BAD]
  ])
})

describe('an unknown key', () => {
  const told = (unknown: string, meant: string, i = 0): string =>
    `when[${String(i)}] has an unknown key, "${unknown}", so it never applies. Did you mean "${meant}"?`
  const of = (unknown: string, condition: Partial<Condition> = {}): Partial<Condition> => ({ event: ['push'], ...condition, unknown })
  test.each<readonly [string, ReadonlyArray<Partial<Condition>>, string | null]>([
    ['one letter too many', [of('branchs')], told('branchs', 'branch')],
    ['two letters too many', [of('branches')], told('branches', 'branch')],
    ['one letter missing', [of('brnch')], told('brnch', 'branch')],
    ['one letter changed', [of('brunch')], told('brunch', 'branch')],
    ['another case', [of('BRANCH', { branch: [] })], told('BRANCH', 'branch')],
    ['plural of tag', [of('tags')], told('tags', 'tag')],
    ['letters in another order', [of('tga')], told('tga', 'tag')],
    ['events', [of('events', { branch: ['main'], event: [] })], told('events', 'event')],
    ['on', [of('on', { branch: ['main'], event: [] })], null],
    ['nothing like any', [of('x')], told('x', 'tag')],
    ['paths, which would not help', [of('path')], null],
    ['the first that would help', [of('path'), of('branchs'), of('tags')], told('branchs', 'branch', 1)],
    ['where it applies to pushes of branches', [of('branchs', { branch: ['main'] })], null],
    ['where it applies to pushes of tags', [of('branchs', { tag: ['*'] })], null],
    ['where another condition applies', [of('branchs'), { branch: ['main'], event: ['push'] }], null],
    ['where it applies to pull requests', [of('tags', { branch: ['main'], event: ['pull_request'] })], null],
    ['pull requests without a branch', [of('branchs', { event: ['pull_request'] })], told('branchs', 'branch')],
    ['pull requests with paths', [of('branchs', { event: ['pull_request'], paths: ['a'] })], null],
    ['pull requests with an empty list of paths', [of('branchs', { event: ['pull_request'], paths: [] })], told('branchs', 'branch')],
    ['no key of that kind', [{ event: ['push'] }], null]
  ])('%s', (_, conditions, sentence) => expect(mistakeIn(when(...conditions))).toBe(sentence))
})

describe('the work of matching', () => {
  const of = (most: number, files: ReadonlyArray<string>, ...conditions: ReadonlyArray<Partial<Condition>>) =>
    appliesWithin(budgetOf(most), when(...conditions), push('refs/heads/m', files))
  /** The branch: a code point of each made ready, a try of it, and a turn. */
  const BRANCH = 8 + 6 + 8 + 1 + 32 + 4
  const condition = { event: ['push'], branch: ['m'], paths: ['y'] }
  const TOO_LONG = E.left('the pattern y takes too long')

  test('is that of each file by each pattern', () => {
    // A file of one code point: that made ready, and a try that is over at once.
    const files = ['x', 'x', 'x']
    expect(of(BRANCH + 8 + 14 * 3, files, condition)).toEqual(E.right(false))
    expect(of(BRANCH + 8 + 14 * 3 - 1, files, condition)).toEqual(TOO_LONG)
  })

  test('is shared by all conditions', () => {
    expect(of(2 * (BRANCH + 8 + 14), ['x'], condition, condition)).toEqual(E.right(false))
    expect(of(2 * (BRANCH + 8 + 14) - 1, ['x'], condition, condition)).toEqual(TOO_LONG)
  })

  test('counts names that match nothing', () => {
    // A try of nothing, and what is left of the pattern.
    expect(of(BRANCH + 8 + 41, [''], condition)).toEqual(E.right(false))
    expect(of(BRANCH + 8 + 40, [''], condition)).toEqual(TOO_LONG)
  })

  test('ends at a file name longer than any system allows, which nothing matches', () => {
    expect(of(WHEN_COST_MAX, ['x'.repeat(4_096)], { ...condition, paths: ['**'] })).toEqual(E.right(true))
    expect(of(WHEN_COST_MAX, ['x'.repeat(4_097)], { ...condition, paths: ['**'] })).toEqual(E.right(false))
  })
})

describe('the short name', () => {
  const rows: ReadonlyArray<readonly [ref: string, kind: string | null, name: string]> = [
    ['refs/heads/main', 'branch', 'main'],
    ['refs/heads/a/b', 'branch', 'a/b'],
    ['refs/heads/refs/heads/x', 'branch', 'refs/heads/x'],
    ['refs/tags/v1', 'tag', 'v1'],
    ['refs/tags/heads/x', 'tag', 'heads/x'],
    ['refs/heads/', null, ''],
    ['refs/tags/', null, ''],
    ['refs/heads', null, ''],
    ['refs/pull/1', null, ''],
    ['xrefs/heads/main', null, ''],
    ['main', null, ''],
    ['', null, '']
  ]
  test.each(rows)('%j', (ref, kind, name) => expect(shortName(ref)).toEqual(kind === null ? null : { kind, name }))
})

describe('the nearest word', () => {
  test.each([
    ['branches', 'branch'],
    ['evnt', 'event'],
    ['', 'tag'],
    ['tat', 'tag'],
    ['xxx', 'tag']
  ])('to "%s" is %s', (text, word) => expect(nearest(['branch', 'event', 'tag', 'tap'])(text)).toBe(word))
})

describe('a condition may hold', () => {
  const NOTHING: Condition = { branch: [], event: [], paths: null, tag: [], types: null, unknown: null }
  test.each([
    [{ event: ['push'] }, false],
    [{ branch: ['a'], event: ['push'] }, true],
    [{ event: ['push'], tag: ['a'] }, true],
    [{ event: ['pull_request'], tag: ['a'] }, false],
    [{ branch: ['a'], event: ['pull_request'] }, true],
    [{ branch: ['a'], event: ['pull_request'], paths: [] }, true],
    [{ branch: ['a'], event: ['pull_request'], paths: ['a'] }, false],
    [{ branch: ['a'], event: ['manual'] }, false]
  ])('%j: %s', (part, may) => expect(mayHold({ ...NOTHING, ...part })).toBe(may))
})
