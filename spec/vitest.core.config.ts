import { defineConfig } from 'vitest/config'

/** The tests of the core alone: fast, and the same on every run. The mutation gate runs these. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['spec/examples/**/*.test.ts', 'spec/properties/**/*.test.ts', 'spec/core/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    env: { TACK_RUNS: '40', TACK_SEED: '20261124' }
  }
})
