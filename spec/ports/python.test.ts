/** The port in Python passes all there is, and agrees at random. Skipped where there is no `python3`. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { conformWith } from '../kit/conform/support.js'

const hasPython = spawnSync('python3', ['--version']).status === 0
const PORT = ['python3', fileURLToPath(new URL('python/tack.py', import.meta.url))]

test.skipIf(!hasPython)('the port in Python passes all vectors and traces, and 5 000 random steps', async () => {
  const { code, text } = await conformWith(PORT, '--random', '5000', '--seed', '7', '--timeout', '60')
  expect(text).toMatch(/\n\d+ passed, in /)
  expect(code).toBe(0)
})
