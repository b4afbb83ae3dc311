/** The processes that a trial starts, directly or not: how long they wait for a processor, and how all of them are ended. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

interface Process {
  readonly group: number
  readonly parent: number
  readonly pid: number
}

const text = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** All processes of the machine; none where there is no /proc. */
const processes = (): ReadonlyArray<Process> => {
  let names: ReadonlyArray<string> = []
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names.flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = text(`/proc/${name}/stat`)
    // The name of the program stands in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = '', parent, group] = fields
    // One that has ended, and whose parent has not taken note, is gone.
    return state === '' || state === 'Z' ? [] : [{ group: Number(group), parent: Number(parent), pid: Number(name) }]
  })
}

/** The process, its group, and all that descend from them. */
const familyOf = (pid: number, all: ReadonlyArray<Process>): ReadonlyArray<Process> => {
  const pids = new Set([pid])
  for (let grew = true; grew; ) {
    grew = false
    for (const one of all)
      if (!pids.has(one.pid) && (one.group === pid || pids.has(one.parent))) {
        pids.add(one.pid)
        grew = true
      }
  }
  return all.filter((one) => pids.has(one.pid))
}

/** For how long the threads of a process have waited for a processor while others ran, in milliseconds. */
const waitedOf = (pid: number): number => {
  let threads: ReadonlyArray<string> = []
  try {
    threads = readdirSync(`/proc/${String(pid)}/task`)
  } catch {
    // It has ended.
  }
  return threads.reduce((sum, thread) => sum + Number(text(`/proc/${String(pid)}/task/${thread}/schedstat`).split(' ')[1] ?? 0) / 1_000_000, 0)
}

/**
 * For how long a process, and all that descends from it, has waited for a processor since this was made or was asked to begin anew. What a
 * trial has waited, on a machine that is busy with other things, does not count against its time. The more often it is asked, the less it
 * misses of processes that end in between.
 */
export const createWaiting = (pid: number): { readonly again: () => void; readonly ms: () => number } => {
  let before = new Map<number, number>()
  let now = new Map<number, number>()
  const look = (): void => {
    for (const one of familyOf(pid, processes())) now.set(one.pid, Math.max(now.get(one.pid) ?? 0, waitedOf(one.pid)))
  }
  return {
    again: () => {
      // Others than the first process have mostly begun since: what they waited is counted in full.
      before = new Map([[pid, waitedOf(pid)]])
      now = new Map()
    },
    ms: () => {
      look()
      return [...now].reduce((sum, [one, ms]) => sum + ms - (before.get(one) ?? 0), 0)
    }
  }
}

/** How much time of a processor this process, and all of its that have ended, have taken so far, in seconds. */
export const usedSeconds = (): number => {
  const stat = text('/proc/self/stat')
  // After the name: utime, stime, cutime and cstime, in hundredths.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0)
}

/** A process that has left its family may still be told by where it works, what it was started with, or what it was told. */
const worksIn = (pid: number, folder: string): boolean => {
  const at = `/proc/${String(pid)}`
  let cwd = ''
  try {
    cwd = readlinkSync(`${at}/cwd`)
  } catch {
    // It has ended, or is somebody else's.
  }
  return `${cwd}/`.startsWith(`${folder}/`) || text(`${at}/cmdline`).includes(folder) || text(`${at}/environ`).includes(folder)
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** Ends the process with all that it has started, and whatever works in the folder: the one that only this trial has. */
export const killAll = async (pid: number, folder: string): Promise<void> => {
  kill(-pid)
  for (let round = 0; round < 100; round++) {
    const all = processes()
    const family = new Set(familyOf(pid, all).map((one) => one.pid))
    const left = all.filter((one) => one.pid !== process.pid && (family.has(one.pid) || worksIn(one.pid, folder)))
    if (left.length === 0) return
    for (const one of left) kill(one.pid)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
