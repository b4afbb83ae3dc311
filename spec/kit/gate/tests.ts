/**
 * What the tests of the core take from Vitest, without Vitest: `describe` and `test` make a list of tests, and `expect` is Vitest's own.
 */
import { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, chai } from '@vitest/expect'
import { format } from 'node:util'

/** A test, by its full name: those of the blocks that it stands in, and its own. */
export interface Test {
  readonly body: () => unknown
  readonly name: string
}

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

const expect: unknown = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT),
  { unreachable: (message?: string) => chai.assert.fail(message) }
)

/** `%s`, `%i` and `%j` in the name stand for the items of a row, `$key` for a property of its first. */
const nameOf = (name: string, row: ReadonlyArray<unknown>): string =>
  format(name, ...row.slice(0, name.match(/%[ijs]/g)?.length ?? 0)).replace(/\$(\w+)/g, (_, key: string) => String(Reflect.get(Object(row[0]), key)))

/** The module that stands for `vitest` while test files are loaded, and the list that they fill. */
export const listing = (): { readonly tests: ReadonlyArray<Test>; readonly vitest: unknown } => {
  const tests: Array<Test> = []
  let blocks: ReadonlyArray<string> = []

  const describe = (name: string, body: () => void): void => {
    const outer = blocks
    blocks = [...outer, name]
    body()
    blocks = outer
  }

  const test = (name: string, body: () => unknown): void => {
    tests.push({ body, name: [...blocks, name].join(' > ') })
  }

  const each =
    (rows: ReadonlyArray<unknown>) =>
    (name: string, body: (...row: ReadonlyArray<unknown>) => unknown): void => {
      for (const row of rows.map((value): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value]))) test(nameOf(name, row), () => body(...row))
    }

  return { tests, vitest: { describe, expect, test: Object.assign(test, { each }) } }
}
