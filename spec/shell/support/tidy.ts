/**
 * Tests leave nothing behind. All temporary folders of a run are made in one, which must be empty at the end; and no process may be left that
 * was started with the environment of the run, works in that folder, or has it on its command line (builds get an environment of their own).
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MARK = 'TESTS_OF'

/** What `read` gives; the empty text for a process that has just ended, or is somebody else's. */
const ofProcess = (read: () => string): string => {
  try {
    return read()
  } catch {
    return ''
  }
}

const processes = (): ReadonlyArray<string> => {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    // A system without it: nothing is said there about processes.
    return []
  }
}

/** The processes of the run, but for this one, with their commands. */
const running = (folder: string): ReadonlyArray<string> =>
  processes().flatMap((pid) => {
    const about = (name: string): string => ofProcess(() => readFileSync(`/proc/${pid}/${name}`, 'latin1'))
    const command = about('cmdline').replaceAll('\0', ' ').trim()
    const isOurs =
      about('environ').split('\0').includes(`${MARK}=${folder}`) ||
      command.includes(folder) ||
      ofProcess(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(folder)
    return isOurs && pid !== String(process.pid) ? [`${pid}: ${command}`] : []
  })

/** How often, and how far apart, it is looked whether those who are ending have ended. */
const LOOKS = 600
const PAUSE_MS = 100

const setup = (): (() => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-tests-'))
  process.env['TMPDIR'] = folder
  process.env[MARK] = folder
  return async () => {
    let left = running(folder)
    for (let looks = 0; left.length > 0 && looks < LOOKS; looks++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      left = running(folder)
    }
    const files = readdirSync(folder)
    rmSync(folder, { force: true, recursive: true })
    const faults = [
      ...left.map((one) => `process ${one}`),
      ...files.map((name) => `file ${name}`)
    ]
    if (faults.length === 0) return
    // What a teardown throws is only printed.
    process.exitCode = 1
    throw new Error(`tests have left something behind:\n${faults.join('\n')}`)
  }
}

export default setup
