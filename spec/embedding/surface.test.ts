/**
 * The public surface of the core is written down in `spec/embedding/surface.txt`, so that it cannot change by accident. Where a change is
 * meant, write it anew, and say in the CHANGELOG what became of it:
 *
 *     npx vitest run --config spec/vitest.config.ts spec/embedding/surface.test.ts -u
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { surface } from './surface.js'

const entries = surface()

describe('the public surface', () => {
  test('is what spec/embedding/surface.txt says (rerun with -u if the change is meant)', async () => {
    const text = `${entries.map(({ line }) => line).join('\n')}\n`
    await expect(text).toMatchFileSnapshot(fileURLToPath(new URL('./surface.txt', import.meta.url)))
  })

  test('is documented, name by name', () => expect(entries.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name)).toEqual([]))

  test('has an example for every function that is exported by itself, for those of the map, and for every reducer', () => {
    const functions = entries.filter(({ isFunction, name }) => isFunction && /^(?:OrderedMap\.)?\w+$|\.reduce$/.test(name))
    expect(functions.length).toBeGreaterThan(40)
    expect(functions.filter(({ hasExample }) => !hasExample).map(({ name }) => name)).toEqual([])
  })

  test('lets no `any` through', () => expect(entries.filter(({ line }) => /\bany\b/.test(line))).toEqual([]))
})
