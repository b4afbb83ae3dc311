/** Follows the logs of local builds as their files grow. */
import * as E from 'fp-ts/lib/Either.js'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeText } from '../store/json.js'
import { wordsOf } from './common.js'
import { idOf, type LocalBuilds, LOOK_MS } from './local-builds.js'
import { logName } from './local-files.js'
import { Hand, RecordedLine, readFileOf, Request, Result } from './local-records.js'
import type { Job, LogLine } from './provider.js'

/** Reads `size` bytes from `at` on. Returns the complete lines, and where they end. */
const linesSince = async (
  path: string,
  at: number,
  size = 262_144
): Promise<{ readonly at: number; readonly lines: ReadonlyArray<LogLine> }> => {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, at)
    const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1
    // The line is longer than `size`: that of a step contains its whole command.
    if (end === 0 && bytesRead === size) return await linesSince(path, at, 2 * size)
    const lines = buffer
      .subarray(0, end)
      .toString()
      .split('\n')
      .map((line) => decodeText(RecordedLine, line))
    return { at: at + end, lines: lines.flatMap((line) => (E.isRight(line) ? [line.right] : [])) }
  } finally {
    await file.close()
  }
}

/** The token under which the build was started; `null` while it is queued. */
const tokenOf = async (folder: string): Promise<string | null> =>
  (await readFileOf(Hand, folder, 'runner.json'))?.token ?? (await readFileOf(Hand, folder, 'claim.json'))?.token ?? null

/** @param ready - resolves when the builds on disk have been recovered */
export const createLocalLogs = ({ folderOf, work }: LocalBuilds, ready: Promise<void>): ((job: Job, signal: AbortSignal) => AsyncGenerator<LogLine>) => {
  const { nowMs, say } = work
  return async function* (job, signal): AsyncGenerator<LogLine> {
    const id = idOf(job.key)
    const isOver = (): boolean => signal.aborted || work.signal.aborted
    const openSteps = new Map<number, LogLine & { readonly _tag: 'Step' }>()
    let steps = 0
    let at = 0
    await ready
    while (!isOver()) {
      try {
        if ((await readFileOf(Request, folderOf(id), 'request.json')) === null) return yield* work.note(steps, 'The log is gone: the build was removed.')
        // Check for the result first: what is read after the build has ended is complete.
        const hasResult = (await readFileOf(Result, folderOf(id), 'result.json')) !== null
        const token = await tokenOf(folderOf(id))
        const path = token === null ? null : join(folderOf(id), logName(token))
        let isAll = path === null || !existsSync(path)
        while (path !== null && !isAll && !isOver()) {
          const read = await linesSince(path, at)
          isAll = read.at === at
          at = read.at
          for (const line of read.lines) {
            if (line._tag === 'Step') {
              steps = Math.max(steps, line.step + 1)
              if (line.status === 'start') openSteps.set(line.step, line)
              else openSteps.delete(line.step)
            }
            yield line
          }
        }
        if (isOver()) return
        if (hasResult) {
          // A killed runner could not end its step.
          for (const step of openSteps.values()) yield { ...step, status: 'end', timeMs: nowMs() }
          if (steps === 0) yield* work.note(0, 'The build ended before it started.')
          return
        }
      } catch (error) {
        return yield* work.note(steps, `The log cannot be read: ${say(wordsOf(error))}`)
      }
      await work.pause(LOOK_MS, signal)
    }
  }
}
