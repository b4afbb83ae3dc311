/** The kit passes what is right, and finds what is wrong: for the right reason, and small. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { casesIn } from './load.js'
import { changed, conformWith, inFolder, RUNNER, TACK } from './support.js'
import { WRONG_PORTS } from './wrong-ports.js'

interface Result {
  readonly outcome: { readonly _tag: string; readonly failure?: { readonly differences: ReadonlyArray<{ readonly path: string }> } }
}

interface Report {
  readonly random: { readonly inputs: { readonly outcome: Result['outcome'] }; readonly steps: { readonly outcome: Result['outcome'] } }
  readonly results: ReadonlyArray<Result>
}

/** The traces of a rule, or the vectors of a subject. */
const fileOf = (shown: string): string => {
  const at = (folder: string): string => join('spec/data', folder, `${shown}.jsonl`)
  return existsSync(at('traces')) ? at('traces') : at('vectors')
}

const pathsOf = ({ failure }: Result['outcome']): ReadonlyArray<string> => (failure?.differences ?? []).map(({ path }) => path)

test('the reference passes everything, random runs included', async () => {
  const { code, text } = await conformWith(RUNNER, '--random', '2000', '--seed', '1')
  expect(text).not.toMatch(/failed|errored|skipped|not reached/)
  expect(text).toContain('steps: 2000, all as the reference has them')
  expect(text).toContain('inputs: 500, all as the reference has them')
  expect(code).toBe(0)
})

describe('a wrong port', () => {
  for (const { by, mutation, name, path, shown } of WRONG_PORTS)
    test(name, () =>
      inFolder({}, async (folder) => {
        const [json, out] = [join(folder, 'results.json'), join(folder, 'failure.jsonl')]
        const steps = by === 'steps' ? '20000' : '2000'
        const { code } = await conformWith(changed(mutation), '--from', fileOf(shown), '--only', shown, '--random', steps, '--seed', '1', '--json', json, '--out', out)
        expect(code).toBe(1)

        const report = JSON.parse(readFileSync(json, 'utf8')) as Report
        expect(report.results.flatMap(({ outcome }) => pathsOf(outcome))).toContainEqual(expect.stringMatching(path))
        expect(report.random[by].outcome._tag).toBe('failed')

        const written = by === 'steps' ? out : join(folder, 'failure-input.jsonl')
        const [one] = casesIn(written, readFileSync(written, 'utf8'))
        if (one?._tag === 'trace') expect(one.trace.steps.length).toBeLessThanOrEqual(10)
        else expect(one?._tag).toBe('vector')
      })
    )

  test('fails again when its written failure is played, which the reference passes', () =>
    inFolder({}, async (folder) => {
      const out = join(folder, 'failure.jsonl')
      const wrong = changed(WRONG_PORTS[0]?.mutation ?? {})
      await conformWith(wrong, '--no-recorded', '--random', '1000', '--out', out)
      expect(await conformWith(wrong, '--from', out)).toMatchObject({ code: 1 })
      expect(await conformWith(RUNNER, '--from', out)).toMatchObject({ code: 0 })
      expect(await replayed(out)).toBe(0)
    }))
})

/** The exit code of `tack replay`. */
const replayed = async (file: string): Promise<unknown> => {
  const [code] = (await once(spawn(process.execPath, [TACK, 'replay', file], { stdio: 'ignore' }), 'exit')) as ReadonlyArray<unknown>
  return code
}
