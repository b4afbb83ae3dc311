/** Processes of local builds: their runners, and what these have left behind. */
import { codeOf } from '../store/disk.js'
import { systemProcesses } from '../store/processes.js'
import type { Hand } from './local-records.js'

/** Signals the process, or the whole group that it leads. A missing one is no error. */
export const signalTo = (pid: number, signal: NodeJS.Signals, whom: 'group' | 'process'): void => {
  try {
    process.kill(whom === 'group' ? -pid : pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

/** The boot of the machine that a process belongs to: the part before the slash of its start time. */
const bootOf = (startedAt: string | null): string | null => startedAt?.split('/')[0] ?? null

/**
 * Ends what a dead runner has left behind. Its number is that of the group, and is not given again while anybody is in the group: if
 * there is a process of that number now, or the machine was started again, nobody is.
 */
export const endGroup = async ({ process: runner }: Hand): Promise<void> => {
  const self = await systemProcesses.self()
  if (bootOf(self.startedAt) !== bootOf(runner.startedAt) || self.hostname !== runner.hostname) return
  const isThere = await systemProcesses.isGone({ ...runner, startedAt: null }).then((isGone) => !isGone)
  if (!isThere) signalTo(runner.pid, 'SIGKILL', 'group')
}

/** Whether whoever holds the build is alive. */
export const isAlive = async ({ process: holder }: Hand): Promise<boolean> => !(await systemProcesses.isGone(holder))
