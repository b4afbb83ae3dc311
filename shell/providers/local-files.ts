/**
 * The files of a local build: one folder per build, in which every file appears complete or not at all.
 *
 * | file | says | written by |
 * |---|---|---|
 * | `request.json` | what to build; the folder appears with it | `start` |
 * | `claim.json` | which tack prepares the build, and under which token | the process that prepares it |
 * | `cancel.json` | that the build is to end | `cancel` |
 * | `runner.json` | which process runs the steps | the runner, once: a second one exits |
 * | `result.json` | how it ended; the first one written counts | the runner, or the process that finds it dead |
 * | `log-<token>.jsonl` | the log, one entry a line | the process that prepares it, then the runner |
 * | `work-<token>/` | `source`, `home`, `tmp`; removed at the end | both |
 *
 * So both sides may be killed at any moment: the files say how far the build has come. local-records.ts reads them. This file imports no library,
 * because the process of every build loads it.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs'
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, systemDisk, withFile } from '../store/disk.js'
import type { LogLine } from './provider.js'

// ---------------------------------------------------------------------------------------- writing

/** Passes `use` the temporary name of a complete and durable file, and removes that name afterwards. */
const withAside = async <A>(folder: string, name: string, value: unknown, use: (aside: string) => Promise<A>): Promise<A> => {
  const aside = join(folder, `${name}.${randomUUID()}`)
  try {
    await withFile(systemDisk, aside, 'create', async (file) => {
      await file.append(Buffer.from(JSON.stringify(value)))
      await file.sync()
    })
    return await use(aside)
  } finally {
    // Even after a failure: on a full disk, the write is retried again and again.
    await rm(aside, { force: true })
  }
}

/** Writes the file if there is none. Resolves with whether it did. */
export const writeOnce = async (folder: string, name: string, value: unknown): Promise<boolean> => {
  const isFirst = await withAside(folder, name, value, (aside) =>
    systemDisk.link(aside, join(folder, name)).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      }
    )
  )
  await systemDisk.syncFolder(folder)
  return isFirst
}

/** Writes or replaces the file. */
export const replaceFile = async (folder: string, name: string, value: unknown): Promise<void> => {
  await withAside(folder, name, value, (aside) => systemDisk.rename(aside, join(folder, name)))
  await systemDisk.syncFolder(folder)
}

// ---------------------------------------------------------------------------------------- removing

/** Makes every folder below `path` writable: build tools leave read-only ones. Does not follow links. */
const loosen = async (path: string): Promise<void> => {
  if (!(await lstat(path)).isDirectory()) return
  await chmod(path, 0o700)
  for (const name of await readdir(path)) await loosen(join(path, name))
}

/** Removes the folder, whatever it contains. */
export const removeFolder = async (path: string): Promise<void> => {
  await rm(path, { force: true, recursive: true }).catch(async () => {
    await loosen(path)
    await rm(path, { force: true, recursive: true })
  })
}

// ---------------------------------------------------------------------------------------- the log

export const logName = (token: string): string => `log-${token}.jsonl`
export const workName = (token: string): string => `work-${token}`

interface WrittenStep {
  readonly command: string
  readonly hasFailed?: boolean
  readonly kind: 'system' | 'user'
  readonly name: string
}

export interface LogWriter {
  readonly close: () => void
  /** Starts or ends a step. */
  readonly step: (number: number, status: 'end' | 'start', what: WrittenStep) => void
  readonly text: (number: number, stream: 'stderr' | 'stdout', text: string) => void
}

/** Appends to a log at once, so that a reader sees it. After `maxBytes` of text, the log says so and records only the steps. */
export const openLog = (folder: string, token: string, maxBytes: number, nowMs: () => number): LogWriter => {
  const file = openSync(join(folder, logName(token)), 'a')
  let left = maxBytes
  const write = (line: LogLine): void => appendFileSync(file, `${JSON.stringify(line)}\n`)
  return {
    close: () => {
      fsyncSync(file)
      closeSync(file)
    },
    step: (step, status, what) => write({ _tag: 'Step', ...what, status, step, timeMs: nowMs() }),
    text: (step, stream, text) => {
      if (left < 0) return
      left -= Buffer.byteLength(text) + 1
      const shown = left < 0 ? `The log is longer than ${String(maxBytes)} bytes. The rest is left out.` : text
      write({ _tag: 'Text', step, stream, text: shown, timeMs: nowMs() })
    }
  }
}
