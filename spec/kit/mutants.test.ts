/** Each law's mutant is killed by the trace or the vectors that it names; and each law has one, or a reason why not. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EXEMPT, type Mutant, MUTANTS } from './mutants.js'

const KIT = new URL('../../dist/spec/kit/', import.meta.url)

interface Ended {
  readonly code: number | string | null
  readonly text: string
}

/** How check.js ends on the mutant: 3 when it departs from the trace or the vectors. */
const tried = ({ file, from, killedBy, to }: Mutant): Promise<Ended> =>
  new Promise((resolve) => {
    const module = fileURLToPath(new URL('mutate.js', KIT))
    const args = [module, JSON.stringify({ file, from, to }), 'check.js', killedBy]
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), text: stdout + stderr })
    })
  })

const WORKERS = 2

/** All of them, so many at a time. */
const all = async (mutants: ReadonlyArray<Mutant>): Promise<ReadonlyArray<readonly [Mutant, Ended]>> => {
  const queue = [...mutants]
  const results: Array<readonly [Mutant, Ended]> = []
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push([next, await tried(next)])
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return results
}

const DEPARTS = 3

test('every mutant is killed by what it names', { timeout: 120_000 }, async () => {
  const survivors = (await all(MUTANTS)).filter(([, { code }]) => code !== DEPARTS)
  expect(survivors.map(([{ killedBy, laws }, { text }]) => `${laws.join(' ')} by ${killedBy}: ${text === '' ? 'survives' : text}`)).toEqual([])
})

test('every law has a mutant, or a reason why it has none', () => {
  const laws = [...readFileSync(new URL('../laws.md', import.meta.url), 'utf8').matchAll(/^- \*\*([A-Z]+-[0-9]+)\*\*/gm)].map(([, id]) => id)
  const known = [...MUTANTS.flatMap((mutant) => mutant.laws), ...Object.keys(EXEMPT)]
  expect([...known].sort()).toEqual([...laws].sort())
})
