import { defineConfig } from 'vitest/config'

const PURE = ['spec/{core,suite}/**/*.test.ts']

/** All tests. Those of the core come from one place each, those of the shell need sockets, files and processes. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    pool: 'forks',
    // Most of the time tests of the shell wait for sockets and processes: one worker less than there are cores would leave half of two idle.
    maxWorkers: 2,
    // No test is judged by the clock. This is for one that hangs, and leaves room for a machine that has twenty other things to do.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 840_000 } },
    projects: [
      // Their files share processes, each of which loads the core once: nothing of what they try can be changed.
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'shell', include: ['spec/**/*.test.ts'], exclude: PURE, globalSetup: ['spec/shell/support/tidy.ts'] } }
    ]
  }
})
