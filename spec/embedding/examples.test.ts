/** The examples in the documentation compile and hold, and every function that is public has one. */
import { describe, expect, test } from 'vitest'
import { allExamples, inComments, onPage, runExample, typeErrors } from './examples.js'
import { surface } from './surface.js'

const examples = allExamples()

describe('the examples', () => {
  test('compile', () => expect(typeErrors(examples)).toEqual([]))

  for (const example of examples)
    test(`${example.file}:${String(example.line)} holds`, () => expect(() => runExample(example)).not.toThrow())

  test('exist for every function that is exported by itself, for those of the map, and for every reducer', () => {
    const functions = surface().filter(({ isFunction, name }) => isFunction && /^(?:OrderedMap\.)?\w+$|\.reduce$/.test(name))
    expect(functions.length).toBeGreaterThan(40)
    expect(functions.filter(({ hasExample }) => !hasExample).map(({ name }) => name)).toEqual([])
  })
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
    expect(() => runExample(wrong)).toThrow(/^core\/x\.ts:8: AssertionError.*2 == 3/s)
  })

  test('by compiling it', () => {
    const wrong = only("import { excerpt } from 'tack/core'", 'const shown: number = excerpt(1)', 'export { shown }')
    expect(typeErrors([wrong]).map((said) => said.slice(0, 13))).toEqual(['core/x.ts:6: ', 'core/x.ts:6: '])
  })

  test('on a page of prose', () => {
    const lines = ['Text', '```ts', assert, '```', '```sh', 'ls', '```', '```ts', 'assert.equal(1, 2)', '```']
    const page = onPage('page.md', lines.join('\n'))
    expect(() => runExample(page)).toThrow(/^page\.md:9: /)
  })
})
