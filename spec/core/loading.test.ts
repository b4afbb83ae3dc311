/**
 * Some mistakes show as soon as a module is loaded. A test file that imports it then has no tests, rather than tests that
 * fail, and whoever counts failed tests, as the mutation gate does, sees nothing. This file imports nothing that can fail.
 */
import { expect, test } from 'vitest'

const outcome = await import('../../core/index.js').then(
  () => 'loaded',
  (reason: unknown) => String(reason)
)

test('the core can be loaded', () => expect(outcome).toBe('loaded'))
