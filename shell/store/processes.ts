/** The processes of this machine, told apart from others that have had their numbers. It loads no library: the process of a build needs it, too. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { codeOf } from './disk.js'

/** A process, told apart from every other that has had its number. */
export interface Process {
  readonly hostname: string
  readonly pid: number
  /** When it began; its number may be given again. `null` where the system does not say. */
  readonly startedAt: string | null
}

/** What the lock asks the system. */
export interface Processes {
  readonly self: () => Promise<Process>
  /** Whether the process, one of this host, is certainly not there any more. */
  readonly isGone: (process: Process) => Promise<boolean>
}

/** Where fields 3 and 22 of /proc/<pid>/stat are behind field 2, a name in parentheses in which anything may stand. */
const STATE = 0
const START_TICKS = 19

const lookUp = async (pid: number): Promise<{ readonly isZombie: boolean; readonly startedAt: string } | null> => {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { isZombie: fields[STATE] === 'Z', startedAt: `${boot.trim()}/${fields[START_TICKS] ?? ''}` }
  } catch {
    return null
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return codeOf(error) !== 'ESRCH'
  }
}

/** The processes of this machine. Where there is no /proc, a number alone has to do. */
export const systemProcesses: Processes = {
  self: async () => ({ hostname: hostname(), pid: process.pid, startedAt: (await lookUp(process.pid))?.startedAt ?? null }),
  isGone: async ({ pid, startedAt }) => {
    if (!isRunning(pid)) return true
    const now = await lookUp(pid)
    // What was killed is a zombie until its parent has taken note.
    return now !== null && (now.isZombie || (startedAt !== null && now.startedAt !== startedAt))
  }
}
