/** Processes of local builds: their runners, and what these leave behind. */
import { codeOf } from '../store/disk.js'
import { systemProcesses } from '../store/processes.js'
import type { Hand } from './local-records.js'

/** Signals the process, or the whole group that it leads. A missing process is not an error. */
export const signalTo = (pid: number, signal: NodeJS.Signals, whom: 'group' | 'process'): void => {
  try {
    process.kill(whom === 'group' ? -pid : pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

/** The boot of the machine during which a process started: the part before the slash of its start time. */
const bootOf = (startedAt: string | null): string | null => startedAt?.split('/')[0] ?? null

/**
 * Kills what a dead runner has left behind. Its pid is the id of the group, and is not reused while the group has members. So if there is a process
 * with that pid now, or the machine was rebooted, the group is empty.
 */
export const endGroup = async ({ process: runner }: Hand): Promise<void> => {
  const self = await systemProcesses.self()
  if (bootOf(self.startedAt) !== bootOf(runner.startedAt) || self.hostname !== runner.hostname) return
  const isThere = await systemProcesses.isGone({ ...runner, startedAt: null }).then((isGone) => !isGone)
  if (!isThere) signalTo(runner.pid, 'SIGKILL', 'group')
}

/** Whether the holder of the build is alive. */
export const isAlive = async ({ process: holder }: Hand): Promise<boolean> => !(await systemProcesses.isGone(holder))
