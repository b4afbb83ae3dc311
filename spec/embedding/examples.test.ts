/** The examples in the documentation compile and hold. That every function that is public has one is in surface.test.ts. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { allExamples, inComments, onPage, runExample, typeErrors } from './examples.js'

const examples = allExamples()

const [wrong, ...more] = inComments(
  'core/x.ts',
  ['/**', ' * A function.', ' *', ' * @example', " * import { excerpt } from '@tack-ci/core'", ' * const shown: number = excerpt(1)', ' * export { shown }', ' */'].join('\n')
)
if (wrong === undefined || more.length > 0) throw new Error('not one example')

// The wrong one is compiled with the others: most of the time goes into what all of them import.
const errors = typeErrors([...examples, wrong])

describe('the examples', () => {
  test('compile', () => expect(errors.filter((said) => !said.startsWith(wrong.file))).toEqual([]))

  for (const example of examples)
    test(`${example.file}:${String(example.line)} holds`, () => runExample(example))
})

describe('a wrong example is found, with file and line', () => {
  const comment = (...lines: ReadonlyArray<string>): string =>
    ['/**', ' * A function.', ' *', ' * @example', ...lines.map((line) => ` * ${line}`), ' * @returns nothing', ' */'].join('\n')
  const only = (...lines: ReadonlyArray<string>) => {
    const [example, ...more] = inComments('core/x.ts', comment(...lines))
    if (example === undefined || more.length > 0) throw new Error('not one example')
    return example
  }
  const assert = "import assert from 'node:assert'"

  test('by running it', () => {
    const wrong = only(assert, 'interface Ignored { readonly x: number }', '', 'assert.equal(1 + 1, 3)')
    return expect(runExample(wrong)).rejects.toThrow(/^core\/x\.ts:8: AssertionError.*2 == 3/s)
  })

  test('by compiling it', () => expect(errors.filter((said) => said.startsWith(wrong.file)).map((said) => said.slice(0, 13))).toEqual(['core/x.ts:6: ', 'core/x.ts:6: ']))

  test('on a page of prose', () => {
    const lines = ['Text', '```ts', assert, '```', '```sh', 'ls', '```', '```ts', 'assert.equal(1, 2)', '```']
    const page = onPage('page.md', lines.join('\n'))
    return expect(runExample(page)).rejects.toThrow(/^page\.md:9: /)
  })
})

describe('the loop', () => {
  /** The lines of the loop on a page, without comments and what stands around them. */
  const loopOn = (file: string): ReadonlyArray<string> => {
    const lines = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n').map((line) => line.replace(/^ \*/, '').replace(/ *\/\/ .*$/, '').trim())
    const start = lines.indexOf('for await (const batch of arrived()) {')
    return lines.slice(start, lines.indexOf('}', start) + 1)
  }

  test.each(['README.md', 'core/index.ts'])('of %s is the one that runs in embedding.md', (file) => {
    const runs = loopOn('spec/embedding.md')
    expect(runs).toHaveLength(6)
    expect(loopOn(file)).toEqual(runs)
  })
})
