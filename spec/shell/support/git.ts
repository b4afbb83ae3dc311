/** Whether there is git on this machine: without it, what needs it is reported as skipped. */
import { spawnSync } from 'node:child_process'

export const hasGit = spawnSync('git', ['--version']).status === 0

/** What the name of a skipped test says besides. */
export const WITHOUT_GIT = hasGit ? '' : ' (skipped: there is no git)'
