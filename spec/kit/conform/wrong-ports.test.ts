/** The kit passes what is right, and finds what is wrong: for the right reason, and small. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadChanged } from '../changed-core.js'
import type { Answer, Request } from '../format.js'
import type { Mutation } from '../mutate.js'
import type { Port } from './client.js'
import { type Case, isChosen, load } from './load.js'
import { judgeVector, playTrace, questionOf } from './play.js'
import { Restarting, searchInputs, searchSteps } from './random-runs.js'
import type { Outcome } from './result.js'
import { changed, conformWith, inFolder, RUNNER, TACK } from './support.js'
import { WRONG_PORTS } from './wrong-ports.js'

/** The traces of a rule, or the vectors of a subject. */
const fileOf = (shown: string): string => {
  const at = (folder: string): string => join('spec/data', folder, `${shown}.jsonl`)
  return existsSync(at('traces')) ? at('traces') : at('vectors')
}

const pathsOf = (outcome: Outcome): ReadonlyArray<string> => (outcome._tag === 'failed' ? outcome.failure.differences.map(({ path }) => path) : [])

const played = (port: Restarting, one: Case): Promise<Outcome> =>
  port.attempt(async (present) =>
    one._tag === 'trace' ? playTrace(present, one.trace) : judgeVector(one.subject, one.vector, await present.ask(questionOf(one.subject, one.vector.input, one.name).question, one.name))
  )

/** However busy the machine is: the test alone says how long anything may take. */
const UNHURRIED_MS = 86_400_000

/** The reference with one place of it changed, in this process: what the protocol and processes add is tried by the tests of those. */
const wrong = (mutation: Mutation): Port => {
  const { createPort } = loadChanged(mutation, 'port.js') as { readonly createPort: () => (request: Request) => Answer | null }
  const answer = createPort()
  let ids = 0
  return {
    ask: (question) => Promise.resolve(JSON.parse(JSON.stringify(answer({ ...question, id: ids++ } as Request))) as Answer),
    name: 'wrong',
    stop: () => Promise.resolve()
  }
}

test('the reference passes everything, random runs included', async () => {
  const { code, text } = await conformWith(RUNNER, '--random', '2000', '--seed', '1')
  expect(text).not.toMatch(/failed|errored|skipped|not reached/)
  expect(text).toContain('steps: 2000, all as the reference has them')
  expect(text).toContain('inputs: 500, all as the reference has them')
  expect(code).toBe(0)
})

describe('a wrong port', () => {
  for (const { by, mutation, name, path, shown } of WRONG_PORTS)
    test(name, async () => {
      const port = new Restarting(() => Promise.resolve(wrong(mutation)))

      const paths: Array<string> = []
      for (const one of load(fileOf(shown)).filter((some) => isChosen(some, [shown]))) {
        paths.push(...pathsOf(await played(port, one)))
        if (paths.some((some) => path.test(some))) break
      }
      expect(paths).toContainEqual(expect.stringMatching(path))

      const search = { seed: 1, shrinkMs: UNHURRIED_MS }
      const { found, outcome } = await (by === 'steps' ? searchSteps(port, search, 20_000, '') : searchInputs(port, search, 500, ''))
      expect(outcome._tag).toBe('failed')
      if (found?._tag === 'trace') expect(found.trace.steps.length).toBeLessThanOrEqual(10)
      else expect(found?._tag).toBe('vector')
    })

  test('fails again when its written failure is played, which the reference passes', () =>
    inFolder({}, async (folder) => {
      const out = join(folder, 'failure.jsonl')
      const port = changed(WRONG_PORTS[0]?.mutation ?? {})
      expect(await conformWith(port, '--no-recorded', '--random', '1000', '--out', out)).toMatchObject({ code: 1 })
      expect(await conformWith(port, '--from', out)).toMatchObject({ code: 1 })
      expect(await conformWith(RUNNER, '--from', out)).toMatchObject({ code: 0 })
      expect(await replayed(out)).toBe(0)
    }))
})

/** The exit code of `tack replay`. */
const replayed = async (file: string): Promise<unknown> => {
  const [code] = (await once(spawn(process.execPath, [TACK, 'replay', file], { stdio: 'ignore' }), 'exit')) as ReadonlyArray<unknown>
  return code
}
