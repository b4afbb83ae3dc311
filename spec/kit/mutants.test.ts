/** Each law's mutant is killed by the trace or the vectors that it names; and each law has one, or a reason why not. */
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import { expect, test } from 'vitest'
import { EXEMPT, MUTANTS } from './mutants.js'
import { type Mutation, replacementOf } from './mutate.js'

const CORE = new URL('../../dist/core/', import.meta.url)
const CHECK = new URL('../../dist/spec/kit/check.js', import.meta.url)

/** What a core is asked: where it departs from what has that name. */
type Check = (name: string) => string | null

/** All of check.js as one script, on the core with a mutation in it, or as it is: to start a process for each takes ten times as long. */
const bundled = async (mutation: Mutation | null): Promise<string> => {
  const changed = mutation === null ? null : replacementOf(mutation, CORE)
  const { outputFiles } = await build({
    bundle: true,
    define: { 'import.meta.url': JSON.stringify(CHECK.href) },
    entryPoints: [fileURLToPath(CHECK)],
    format: 'cjs',
    logLevel: 'silent',
    packages: 'external',
    platform: 'node',
    plugins: [
      {
        name: 'mutation',
        setup: (plugin) => {
          plugin.onLoad({ filter: /\.js$/ }, ({ path }) => (changed !== null && path === fileURLToPath(changed.url) ? { contents: changed.source } : null))
        }
      }
    ],
    write: false
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

const REQUIRE = createRequire(CHECK)

const checkOf = (script: string): Check => {
  const load = compileFunction(script, ['require', 'module']) as (require: NodeJS.Require, module: { readonly exports: object }) => void
  const module = { exports: {} as { readonly check: Check } }
  load(REQUIRE, module)
  return module.exports.check
}

test('every mutant is killed by what it names', async () => {
  const survivors: Array<string> = []
  for (const mutant of MUTANTS) {
    const check = checkOf(await bundled(mutant))
    if (check(mutant.killedBy) === null) survivors.push(`${mutant.laws.join(' ')} by ${mutant.killedBy}`)
  }
  expect(survivors).toEqual([])
})

test('no killer kills the unmutated core', async () => {
  const check = checkOf(await bundled(null))
  expect([...new Set(MUTANTS.map(({ killedBy }) => killedBy))].flatMap((name) => check(name) ?? [])).toEqual([])
})

test('every law has a mutant, or a reason why it has none', () => {
  const laws = [...readFileSync(new URL('../laws.md', import.meta.url), 'utf8').matchAll(/^- \*\*([A-Z]+-[0-9]+)\*\*/gm)].map(([, id]) => id)
  const known = new Set([...MUTANTS.flatMap((mutant) => mutant.laws), ...Object.keys(EXEMPT)])
  expect([...known].sort()).toEqual([...laws].sort())
})
