/** Identifies the processes of this machine, even if pids are reused. It imports no library, because the process of a build loads it, too. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { codeOf } from './disk.js'

/** A process, told apart from all others that have had its pid. */
export interface Process {
  readonly hostname: string
  readonly pid: number
  /** When it began, because its pid may be reused; `null` if the system does not say. */
  readonly startedAt: string | null
}

/** What the lock asks the system. */
export interface Processes {
  readonly self: () => Promise<Process>
  /** Whether the process, which belongs to this host, has certainly ended. */
  readonly isGone: (process: Process) => Promise<boolean>
}

/** The indexes of fields 3 and 22 of /proc/<pid>/stat after field 2, a name in parentheses that may contain anything. */
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
    // EPERM: the process exists, and belongs to somebody else.
    return codeOf(error) !== 'ESRCH'
  }
}

/** The processes of this machine. Without /proc, the pid alone has to do. */
export const systemProcesses: Processes = {
  self: async () => ({ hostname: hostname(), pid: process.pid, startedAt: (await lookUp(process.pid))?.startedAt ?? null }),
  isGone: async ({ pid, startedAt }) => {
    if (!isRunning(pid)) return true
    const now = await lookUp(pid)
    // A killed process is a zombie until its parent has reaped it.
    return now !== null && (now.isZombie || (startedAt !== null && now.startedAt !== startedAt))
  }
}
