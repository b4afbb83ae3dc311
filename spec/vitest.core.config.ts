import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Their tests go to limits, or through all the days there are. */
const THOROUGH = /\/(?:builds|examples|glob|json|ordered-map|status|when|workflow)\.test\.js$/

/** First what failed last time, which often finds the next mutant, too; then what takes least. */
class QuickFirst extends BaseSequencer {
  override sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const failed = ({ moduleId, project }: TestSpecification): boolean =>
      this.ctx.cache.getFileTestResults(`${project.name}:${relative(this.ctx.config.root, moduleId)}`)?.failed ?? false
    const rank = (file: TestSpecification): number => (failed(file) ? 0 : THOROUGH.test(file.moduleId) ? 2 : 1)
    return Promise.resolve([...files].sort((a, b) => rank(a) - rank(b)))
  }
}

/**
 * The tests of the core that draw nothing: fast, and the same on every run. The mutation gate runs them, bundled (stryker.conf.json),
 * because half of the time that a mutant takes is loading.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    cache: false,
    include: ['bundle/**/*.test.js'],
    isolate: false,
    pool: 'threads',
    sequence: { sequencer: QuickFirst },
    server: { deps: { external: [/\/bundle\//] } },
    // What has a limit is tried at the limit. In the gate's first run, which counts every branch, that takes seconds.
    testTimeout: 60_000
  }
})
