import { defineConfig } from 'vitest/config'

/** The tests of the core that draw nothing: fast, and the same on every run. The mutation gate runs these. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['spec/examples/**/*.test.ts', 'spec/core/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    // What has a limit is tried at the limit. In the gate's first run, which counts every branch, that takes seconds.
    testTimeout: 60_000
  }
})
