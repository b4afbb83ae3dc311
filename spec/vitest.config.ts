import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { loadedByNode } from './loaded-by-node.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Where sources lie compiled for the tests. */
const COMPILED = 'dist/tests'

const PURE = ['spec/{core,suite}/**/*.test.ts']

/** Small files that take long: where nothing is known of a run before, the largest would be the first. Whoever begins last should not be one of them. */
const LONG = /\/spec\/(?:kit|embedding|ports)\/|\/(?:hang|operator|store-crash|first-run)\.test\.ts$/

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    return [...sorted.filter(({ moduleId }) => LONG.test(moduleId)), ...sorted.filter(({ moduleId }) => !LONG.test(moduleId))]
  }
}

/** All tests. Those of the core come from one place each, those of the shell need sockets, files and processes. */
export default defineConfig({
  root: ROOT,
  plugins: [loadedByNode(ROOT, COMPILED)],
  test: {
    server: { deps: { external: [new RegExp(`/${COMPILED}/`)] } },
    pool: 'forks',
    // Tests of the shell wait for a third of their time, for sockets, processes and timers: with one worker for each core, a third of a machine is idle.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongestFirst },
    // No test is judged by the clock. This is for one that hangs, where nothing it waits for says so sooner; it leaves room for a machine that has
    // twenty other things to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    projects: [
      // Their files share processes, each of which loads the core once: nothing of what they try can be changed. They compute much.
      {
        extends: true,
        test: { name: 'pure', include: PURE, isolate: false }
      },
      {
        extends: true,
        test: { name: 'shell', include: ['spec/**/*.test.ts'], exclude: PURE, globalSetup: ['spec/shell/support/tidy.ts'] }
      }
    ]
  }
})
