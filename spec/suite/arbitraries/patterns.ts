/** Patterns and names from few pieces, so that they meet: braces, classes and stars in each other, malformed ones among them. */
import fc from 'fast-check'
import type { Condition, Sha } from '../../../core/index.js'
import { weighted } from './data.js'

const plain = { noNullPrototype: true }

const pieces = weighted(
  [6, 'a'],
  [4, 'b'],
  [4, '/'],
  [5, '*'],
  [3, '**'],
  [3, '**/'],
  [2, '?'],
  [2, '{a,b}'],
  [3, '{'],
  [3, ','],
  [3, '}'],
  [2, '[ab]'],
  [1, '[!a]'],
  [1, '[a-'],
  [2, '['],
  [2, ']'],
  [1, '^'],
  [1, '-'],
  [2, '\\'],
  [1, 'é'],
  [1, '😀']
)

export const patterns: fc.Arbitrary<string> = fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join(''))

export const pathNames: fc.Arbitrary<string> = fc
  .array(weighted([6, 'a'], [4, 'b'], [4, '/'], [1, '{'], [1, '}'], [1, ']'], [1, '-'], [1, ','], [1, '\\'], [1, 'é'], [1, '😀']), { maxLength: 10 })
  .map((parts) => parts.join(''))

const listOf = (items: fc.Arbitrary<string>): fc.Arbitrary<ReadonlyArray<string>> => fc.array(items, { maxLength: 3 })

const conditions: fc.Arbitrary<Condition> = fc.record(
  {
    branch: listOf(patterns),
    event: listOf(weighted([4, 'push'], [2, 'pull_request'], [1, 'manual'])),
    paths: fc.option(fc.array(patterns, { maxLength: 3, minLength: 1 }), { nil: null }),
    tag: listOf(patterns),
    types: fc.option(fc.array(fc.constantFrom('opened', 'closed'), { maxLength: 2, minLength: 1 }), { nil: null }),
    unknown: weighted<string | null>([3, null], [1, 'branches'], [1, 'tags'], [1, 'evnt'], [1, ''])
  },
  plain
)

export const whens: fc.Arbitrary<ReadonlyArray<Condition>> = fc.array(conditions, { maxLength: 3 })

const SHA = 'a'.repeat(40) as Sha

/** What conditions are tried on. */
export const causes = fc.oneof(
  fc.record(
    {
      _tag: fc.constant('Push' as const),
      changedFiles: fc.option(fc.array(pathNames, { maxLength: 3 }), { nil: null }),
      newSha: fc.constant(SHA),
      oldSha: fc.constant(SHA),
      ref: fc.tuple(weighted([4, 'refs/heads/'], [3, 'refs/tags/'], [1, 'refs/notes/'], [1, '']), pathNames).map((parts) => parts.join('')),
      skipsCi: fc.boolean()
    },
    plain
  ),
  fc.record(
    {
      _tag: fc.constant('PullRequest' as const),
      action: weighted<string | null>([2, null], [2, 'opened'], [1, 'closed'], [1, 'synchronize']),
      sourceBranch: pathNames,
      sourceSha: fc.constant(SHA),
      targetBranch: pathNames
    },
    plain
  )
)
