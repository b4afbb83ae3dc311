/** Cases of patterns, and of `when`. The answers about patterns are those of another implementation (spec/core/glob-cases.ts). */
import type { Json } from '../../../core/index.js'
import { GLOB_CASES } from '../../core/glob-cases.js'
import { type Case, of } from './cases.js'

// ---------------------------------------------------------------------------------------- one pattern

const glob = of('T3')

const bad = (pattern: string): Json => ({ error: `${pattern} is not a pattern` })

const costly = (pattern: string): Json => ({ error: `the pattern ${pattern} takes too long` })

const outcome = (answer: string, pattern: string): Json => (answer === 'bad' ? bad(pattern) : answer === 'match')

const LONG = 'a'.repeat(1_000)

/** 180 alternatives of nothing, at the end of the name. */
const HARD = `*b{${','.repeat(179)}}`

/** A class that has to be looked through to its end. */
const RANGES = `*[b-c${'d-e'.repeat(10)}]`

/** What begins as the name goes on, at every place. */
const LITERAL = `*${'a'.repeat(50)}b`

/** For each thing that costs, a pattern, and how often the name may have the text before all of it comes to more than a hundred thousand. */
const BOUNDARIES: ReadonlyArray<readonly [what: string, pattern: string, unit: string, times: number]> = [
  ['turns', '*????b', 'a', 3_845],
  ['negated classes', '*?[!a]', 'a', 3_996],
  ['classes with many ranges', RANGES, 'a', 1_916],
  ['classes that go on after what holds', `*[a${'\\b'.repeat(5)}]?[b]`, 'a', 2_038],
  ['double stars', `**/${'?/'.repeat(7)}b`, 'a/', 1_268],
  ['long literals', LITERAL, 'a', 521]
]

export const GLOBS: ReadonlyArray<Case> = [
  ...GLOB_CASES.flatMap(({ about, rows }) =>
    rows.map(([pattern, name, answer]) => glob(`${about}: ${pattern}`, { name, pattern }, outcome(answer, pattern)))
  ),
  glob('1 000 code points', { name: LONG, pattern: LONG }, true),
  glob('1 000 code points of two code units each', { name: '😀'.repeat(1_000), pattern: '😀'.repeat(1_000) }, true),
  glob('1 001 code points', { name: LONG, pattern: `${LONG}a` }, { error: `${'a'.repeat(120)}… is not a pattern` }),
  glob('a name of 4 096 code points', { name: '😀'.repeat(4_096), pattern: '**' }, true),
  glob('a name of 4 097 code points is matched by nothing', { name: '😀'.repeat(4_097), pattern: '**' }, false),
  glob('work of a hundred thousand, but one', { name: `${'a'.repeat(3_836)}b`, pattern: HARD }, true),
  glob('work of more than that', { name: `${'a'.repeat(3_837)}b`, pattern: HARD }, { error: `the pattern *b{${','.repeat(117)}… takes too long` }),
  ...BOUNDARIES.flatMap(([what, pattern, unit, times]) => [
    glob(`the cost of ${what}: within a hundred thousand`, { name: unit.repeat(times), pattern }, false),
    glob(`the cost of ${what}: one more`, { name: unit.repeat(times + 1), pattern }, costly(pattern))
  ]),
  glob('many stars', { name: `${'a'.repeat(300)}b`, pattern: '*a'.repeat(200) }, false),
  glob('many double stars', { name: 'a/'.repeat(200), pattern: `${'**/'.repeat(100)}b` }, false),
  glob('alternatives that are equal', { name: `${'a'.repeat(199)}b`, pattern: '{a,a}'.repeat(200) }, {
    error: `the pattern ${'{a,a}'.repeat(24)}… takes too long`
  }),
  glob('braces that are wide', { name: 'x', pattern: `{${','.repeat(300)}}{${','.repeat(300)}}` }, { error: `the pattern {${','.repeat(119)}… takes too long` }),
  glob('braces that are deep', { name: 'a', pattern: `${'{'.repeat(200)}${'}'.repeat(200)}` }, false)
]

// ---------------------------------------------------------------------------------------- when

const SHA = 'a'.repeat(40)

type Fields = { readonly [key: string]: Json }

const push = (ref: string, changedFiles: ReadonlyArray<string> | null = null): Json => ({
  _tag: 'Push',
  changedFiles,
  newSha: SHA,
  oldSha: SHA,
  ref,
  skipsCi: false
})
const pull = (targetBranch: string, action: string | null = 'opened'): Json => ({
  _tag: 'PullRequest',
  action,
  sourceBranch: 'feature',
  sourceSha: SHA,
  targetBranch
})
const MANUAL: Json = { _tag: 'Manual', inputs: [], ref: null, sha: null }

const condition = (changes: Fields): Json => ({ branch: [], event: [], paths: null, tag: [], types: null, unknown: null, ...changes })

const when = (name: string, conditions: ReadonlyArray<Fields>, cause: Json, expected: Json): Case =>
  of('T3')(name, { cause, when: conditions.map(condition) }, expected)

const MAIN = push('refs/heads/main')
const TAG = push('refs/tags/v1.0')
const files = (...names: ReadonlyArray<string>): Json => push('refs/heads/main', names)

const YES = { branch: ['main'], event: ['push'] }
const NO = { branch: ['x'], event: ['push'] }
const BAD = { branch: ['['], event: ['push'] }
const PULL = { branch: ['main'], event: ['pull_request'] }

/** Files of one code point cost six each to make ready, and eight to try; the pattern, and the branch with its, cost 124. */
const WORK = { branch: ['main'], event: ['push'], paths: ['y'] }
const FEW = Array.from({ length: 4 }, () => 'x')
/** The same work by few names: one of 4 096 code points costs 24 584, so many of them and some short ones come to two million. */
const LONG_NAME = 'x'.repeat(4_096)
const MOST = [...Array.from({ length: 81 }, () => LONG_NAME), 'x'.repeat(1_418), ...FEW]

export const WHENS: ReadonlyArray<Case> = [
  when('a manual cause, whatever is asked for', [NO], MANUAL, true),
  when('a manual cause, and a bad pattern', [BAD], MANUAL, true),
  when('no conditions', [], MAIN, true),
  when('no conditions, of a push of neither branch nor tag', [], push('refs/pull/1'), true),
  when('no conditions, of a pull request that was closed', [], pull('main', 'closed'), true),
  when('the branch, and the event', [YES], MAIN, true),
  when('the event is one of several', [{ branch: ['main'], event: ['manual', 'pull_request', 'push'] }], MAIN, true),
  when('no event is named', [{ branch: ['main'] }], MAIN, false),
  when('another event is named', [PULL], MAIN, false),
  when('events count by their letters', [{ branch: ['main'], event: ['Push'] }], MAIN, false),
  when('events are no patterns', [{ branch: ['main'], event: ['*'] }], MAIN, false),
  when('a branch without patterns', [{ event: ['push'] }], MAIN, false),
  when('a branch, and patterns for tags', [{ event: ['push'], tag: ['**'] }], MAIN, false),
  when('a tag', [{ event: ['push'], tag: ['v*'] }], TAG, true),
  when('a tag, and patterns for branches', [{ branch: ['**'], event: ['push'] }], TAG, false),
  when('a tag that does not match', [{ event: ['push'], tag: ['w*'] }], TAG, false),
  when('the second of the patterns', [{ branch: ['dev', 'main'], event: ['push'] }], MAIN, true),
  when('the whole short name', [{ branch: ['ma'], event: ['push'] }], MAIN, false),
  when('the ref is not the name', [{ branch: ['refs/heads/main'], event: ['push'] }], MAIN, false),
  when('a branch whose name looks like a ref', [{ branch: ['refs/heads/x'], event: ['push'] }], push('refs/heads/refs/heads/x'), true),
  when('within a segment', [{ branch: ['release/*'], event: ['push'] }], push('refs/heads/release/1.0'), true),
  when('not across segments', [{ branch: ['release/*'], event: ['push'] }], push('refs/heads/release/1.0/x'), false),
  when('across segments', [{ branch: ['release/**'], event: ['push'] }], push('refs/heads/release/1.0/x'), true),
  when('neither branch nor tag', [{ branch: ['**'], event: ['push'], tag: ['**'] }], push('refs/pull/1'), false),
  when('a branch without a name', [{ branch: ['**'], event: ['push'], tag: ['**'] }], push('refs/heads/'), false),
  when('a ref that is not whole', [{ branch: ['**'], event: ['push'], tag: ['**'] }], push('main'), false),
  when('types are not for a push', [{ ...YES, types: ['closed'] }], MAIN, true),
  when('a pull request to the branch', [PULL], pull('main'), true),
  when('a pull request to another branch', [PULL], pull('dev'), false),
  when('the source does not count', [{ ...PULL, branch: ['feature'] }], pull('main'), false),
  when('a pull request, and patterns for tags', [{ event: ['pull_request'], tag: ['**'] }], pull('main'), false),
  when('a pull request, and a bad pattern for tags', [{ ...PULL, tag: ['['] }], pull('main'), true),
  when('reopened', [PULL], pull('main', 'reopened'), true),
  when('synchronized', [PULL], pull('main', 'synchronize'), true),
  when('closed', [PULL], pull('main', 'closed'), false),
  when('closed, and asked for', [{ ...PULL, types: ['merged', 'closed'] }], pull('main', 'closed'), true),
  when('opened, and closed asked for', [{ ...PULL, types: ['closed'] }], pull('main'), false),
  when('an empty list of types is none', [{ ...PULL, types: [] }], pull('main'), true),
  when('an action that is not known counts as opened', [PULL], pull('main', null), true),
  when('an action that is not known, closed asked for', [{ ...PULL, types: ['closed'] }], pull('main', null), false),
  when('a pull request tells no files', [{ ...PULL, paths: ['**'] }], pull('main'), false),
  when('a pull request, and a bad path, which is not tried', [{ ...PULL, paths: ['['] }], pull('main'), false),
  when('an empty list of paths is none', [{ ...PULL, paths: [] }], pull('main'), true),
  when('no file is known', [{ ...YES, paths: ['**'] }], MAIN, false),
  when('no file was changed', [{ ...YES, paths: ['**'] }], files(), false),
  when('the second file matches', [{ ...YES, paths: ['src/**'] }], files('README.md', 'src/a.ts'), true),
  when('no file matches', [{ ...YES, paths: ['src/**'] }], files('README.md', 'doc/a.md'), false),
  when('the whole path counts', [{ ...YES, paths: ['*.md'] }], files('doc/a.md'), false),
  when('a file matches, but not the branch', [{ ...NO, paths: ['**'] }], files('a'), false),
  when('files of a tag', [{ event: ['push'], paths: ['a'], tag: ['v*'] }], push('refs/tags/v1', ['a']), true),
  when('one of two, the second', [NO, YES], MAIN, true),
  when('none of two', [NO, NO], MAIN, false),
  when('an empty condition', [{}], MAIN, false),
  when('a bad one before one that holds', [BAD, YES], MAIN, bad('[')),
  when('a bad one after one that holds', [YES, BAD], MAIN, true),
  when('a bad pattern after one that matches', [{ branch: ['main', '['], event: ['push'] }], MAIN, true),
  when('a bad pattern before one that matches', [{ branch: ['[', 'main'], event: ['push'] }], MAIN, bad('[')),
  when('a bad pattern for another event', [{ branch: ['['], event: ['pull_request'] }], MAIN, bad('[')),
  when('a bad pattern for tags, of a branch', [{ ...YES, tag: ['['] }], MAIN, true),
  when('a bad pattern, of neither branch nor tag', [{ branch: ['['], event: ['push'], tag: ['['] }], push('refs/pull/1'), false),
  when('a bad path, and another branch', [{ ...NO, paths: ['['] }], files('a'), bad('[')),
  when('a bad path, and no file', [{ ...YES, paths: ['['] }], MAIN, false),
  when('a bad path after a file that matches', [{ ...YES, paths: ['a', '['] }], files('a', 'b'), true),
  when('a bad path after a file that does not', [{ ...YES, paths: ['b', '['] }], files('a', 'b'), bad('[')),
  when('a bad branch before a bad path', [{ ...BAD, paths: ['{'] }], files('a'), bad('[')),
  when('work of exactly two million', [WORK], files(...MOST), false),
  when('work of one more', [WORK], files(...MOST, ''), costly('y')),
  when('the work is that of all conditions', [WORK, WORK], files(...MOST), costly('main')),
  when('a name of 4 096 code points', [{ ...WORK, paths: ['**'] }], files(LONG_NAME), true),
  when('a name of 4 097 code points is matched by nothing', [{ ...WORK, paths: ['**'] }], files(`${LONG_NAME}x`), false)
]

// ---------------------------------------------------------------------------------------- mistakes

const mistake = (name: string, conditions: ReadonlyArray<Fields>, meant: readonly [index: number, key: string, meant: string] | null): Case =>
  of('T3')(
    name,
    { when: conditions.map(condition) },
    meant === null
      ? null
      : `when[${String(meant[0])}] has an unknown key, "${meant[1]}", so it never applies. Did you mean "${meant[2]}"?`
  )

export const MISTAKES: ReadonlyArray<Case> = [
  mistake('branches', [{ event: ['push'], unknown: 'branches' }], [0, 'branches', 'branch']),
  mistake('a branch in other letters', [{ event: ['push'], unknown: 'Branch' }], [0, 'Branch', 'branch']),
  mistake('tags', [{ event: ['push'], unknown: 'tags' }], [0, 'tags', 'tag']),
  mistake('events', [{ branch: ['main'], unknown: 'events' }], [0, 'events', 'event']),
  mistake('events of tags', [{ tag: ['v*'], unknown: 'events' }], [0, 'events', 'event']),
  mistake('of a pull request', [{ event: ['pull_request'], unknown: 'branchs' }], [0, 'branchs', 'branch']),
  mistake('of the second condition', [{}, { event: ['push'], unknown: 'branches' }], [1, 'branches', 'branch']),
  mistake('the first that may be meant', [{ event: ['push'], unknown: 'path' }, { event: ['push'], unknown: 'tags' }], [1, 'tags', 'tag']),
  mistake('two as near: the first by name', [{ event: ['push'], unknown: 'x' }], [0, 'x', 'tag']),
  mistake('no such key', [{ event: ['push'] }], null),
  mistake('no conditions', [], null),
  mistake('it applies all the same', [{ branch: ['main'], event: ['push'], unknown: 'tags' }], null),
  mistake('another condition applies', [{ event: ['push'], unknown: 'branches' }, { branch: ['main'], event: ['push'] }], null),
  mistake('it is not by this key that it never applies', [{ event: ['push'], unknown: 'path' }], null),
  mistake('nor by this one', [{ event: ['push'], unknown: 'type' }], null),
  mistake('by the clock', [{ event: ['schedule'], unknown: 'branches' }], null),
  mistake('tags of a pull request', [{ event: ['pull_request'], unknown: 'tags' }], null),
  mistake('a pull request with paths', [{ branch: ['main'], event: ['pull_request'], paths: ['**'], unknown: 'x' }], null)
]
