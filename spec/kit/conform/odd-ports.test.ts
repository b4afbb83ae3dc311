/** What the kit says of ports that do not keep to the protocol, or do not live long enough. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { traceOf } from '../../../shell/lib/trace.js'
import { configWith } from '../../suite/arbitraries/config.js'
import type { TimeUs } from '../../../core/index.js'
import { fileOf } from './random-runs.js'
import { conformWith, inFolder, odd, RUNNER, TACK } from './support.js'

const TRACE = traceOf({ about: 'nothing much', name: 'T1', rules: [] }, { config: configWith({}) }, [{ _tag: 'StopRequested', at: 1 as TimeUs }])

const FILES = { 'one.jsonl': fileOf({ _tag: 'trace', about: '', file: '', line: 1, name: 'T1', rules: [], trace: TRACE }) }

const told = (command: ReadonlyArray<string>, ...options: ReadonlyArray<string>) =>
  inFolder(FILES, (folder) => conformWith(command, '--from', folder, ...options))

/** Each way to go wrong, and what must be said of it. */
const WAYS: ReadonlyArray<readonly [way: string, said: ReadonlyArray<string>]> = [
  ['answers twice', ['its answer is wrong: it carries the id 1', 'line 3 of its output: {"_tag":"skipped","id":1,"reason":"twice"}', 'asked: step 1 of 1 of the trace T1']],
  ['breaks a line off', ['it ended early, with exit code 0, in the middle of a line: {"_tag":"ste', 'asked: init of the trace T1']],
  ['closes its output', ['it has closed its output, and goes on running', 'asked: init of the trace T1']],
  ['crashes', ['it ended early, with exit code 7', 'asked: init of the trace T1', '"_tag":"init"', 'KeyError: passedUs']],
  ['crashes at the start', ['a port that did not start', 'it ended early, with exit code 1', 'asked: start', 'no module named tack']],
  ['does not end', ['it did not end within 10 s after stop']],
  ['ends with 3', ['it ended with exit code 3 after stop']],
  ['errors at everything', ['the port answered errored: not today', '0 passed, 1 errored']],
  ['gives a tag that there is not', ['its answer is wrong: its _tag is "okay", which is no answer\'s', 'expected: done {hash}, skipped {reason} or errored {message}, with id 1']],
  ['gives another id', ['its answer is wrong: it carries the id 2', 'expected: done {hash}, skipped {reason} or errored {message}, with id 1']],
  ['gives another tag', ['its answer is wrong: stepped is no answer to init']],
  ['gives no hash', ['its answer is wrong: at hash: expected Hash, found undefined', 'line 2 of its output: {"_tag":"done","id":1}']],
  ['gives no object', ['its answer is wrong: it is no JSON object', 'line 2 of its output: []']],
  ['gives no tag', ['its answer is wrong: it has no _tag']],
  ['gives what is nested deep', ['its answer is wrong: it is nested too deep']],
  ['leaves a child behind', ['skipped, 1 time: not written yet']],
  ['hangs', ['it did not answer within 10 s', 'asked: init of the trace T1']],
  ['hangs at the start', ['a port that did not start', 'it did not answer within 10 s', 'asked: start']],
  ['is killed', ['it ended early, with signal SIGKILL', 'asked: init of the trace T1']],
  ['prints what is no JSON', ['its answer is wrong: it is no JSON', 'line 2 of its output: DEBUG: init', 'asked: init of the trace T1']],
  ['prints what is no UTF-8', ['its answer is wrong: it is no UTF-8']],
  ['refuses version 3', ['it refused to start with version 3: this port speaks version 4, not 3']],
  ['skips everything', ['skipped, 1 time: not written yet', 'nothing was found to be right', '0 passed, 1 skipped']],
  ['floods standard error', ['skipped, 1 time: not written yet']],
  ['speaks version 4', ['it speaks version 4, and the kit version 3']]
]

/** Those that are waited for. */
const SLOW = new Set(['does not end', 'hangs', 'hangs at the start'])

describe('a port that', () => {
  for (const [way, said] of WAYS)
    test.concurrent(way, async () => {
      const { code, text } = await told(odd(way), ...(SLOW.has(way) ? ['--timeout', '10'] : []))
      for (const words of said) expect(text).toContain(words)
      expect(code).toBe(1)
    })

  test.concurrent('is not there', async () => {
    const { code, text } = await told(['/nowhere/port'])
    expect(text).toContain('it could not be started: spawn /nowhere/port ENOENT')
    expect(code).toBe(1)
  })

  test.concurrent('breaks down halfway: the rest is not reached', async () => {
    const { text } = await inFolder(
      { ...FILES, 'two.jsonl': FILES['one.jsonl'].replace('"T1"', '"T2"') },
      (folder) => conformWith(odd('crashes'), '--from', folder)
    )
    expect(text).toContain('0 passed, 1 broke the port, 1 not reached')
  })

  test.concurrent('crashes at random steps: the run that breaks it is shrunk', () =>
    inFolder({}, async (folder) => {
      const { code, text } = await conformWith(odd('crashes'), '--no-recorded', '--random', '50', '--out', `${folder}/out.jsonl`)
      expect(text).toContain('and has 0 now')
      expect(text).toContain('it ended early, with exit code 7')
      expect(code).toBe(1)
    })
  )
})

describe('tack conform', () => {
  test.concurrent.each([
    [[], "missing required argument 'command'", []],
    [['port'], 'nothing matches no such thing', ['--only', 'no such thing']],
    [['port'], "unknown option '--nonsense'", ['--nonsense']],
    [['port'], 'Allowed: a number of seconds, more than 0.', ['--timeout', '0']],
    [['port'], 'Allowed: a whole number', ['--random', 'x']],
    [['port'], '--no-recorded leaves nothing to do without --random', ['--no-recorded']],
    [['port'], '/nowhere: there is no such file or folder', ['--from', '/nowhere']]
  ])('of %j says: %s', async (command, words, options) => {
    const { code, text } = await conformWith(command, ...options)
    expect(text).toContain(words)
    expect(code).toBe(2)
  })
})

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('tack conform as a program', () => {
  const tack = (...args: ReadonlyArray<string>) => {
    const child = spawn(process.execPath, [TACK, 'conform', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (text += chunk.toString()))
    const closed = once(child, 'close').then(() => ({ code: child.exitCode, text }))
    return { child, closed }
  }

  test('passes the reference with exit code 0', () =>
    inFolder(FILES, async (folder) => {
      const { code, text } = await tack('--from', folder, '--', ...RUNNER).closed
      expect(text).toContain('1 passed')
      expect(code).toBe(0)
    }))

  test('ends with 2 when it is called wrongly', async () => {
    const { code, text } = await tack('--timeout', '1').closed
    expect(text).toContain("missing required argument 'command'")
    expect(code).toBe(2)
  })

  test('shows its options', async () => {
    const { code, text } = await tack('--help').closed
    expect(text).toContain('--random <steps>')
    expect(code).toBe(0)
  })

  test('takes the port with it when it is interrupted', () =>
    inFolder(FILES, async (folder) => {
      const file = join(folder, 'pid')
      // A port that neither reads nor ends, and says which process it is.
      const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => undefined, 60_000)`
      const { child, closed } = tack('--from', join(folder, 'one.jsonl'), '--', process.execPath, '-e', script)
      await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+$/)
      const pid = Number(readFileSync(file, 'utf8'))
      child.kill('SIGINT')
      expect((await closed).code).toBe(130)
      await expect.poll(() => isThere(pid)).toBe(false)
    }))
})
