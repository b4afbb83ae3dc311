/** What a boot is measured against. */
import { systemDisk } from '../../shell/store/disk.js'
import { linesOf } from '../../shell/store/lines.js'
import { snapshotPath } from '../../shell/store/snapshot.js'

/** Reads the snapshot in that folder with `JSON.parse`, line by line. @returns how many lines have a value. */
export const parseLines = async (folder: string): Promise<number> => {
  const file = await systemDisk.open(snapshotPath(folder), 'read')
  let found = 0
  for await (const { bytes } of linesOf(file)) {
    const text = bytes.toString()
    if (!text.startsWith('[')) continue
    const value: unknown = JSON.parse(text.endsWith(',') ? text.slice(0, -1) : text)
    if (value !== null) found += 1
  }
  await file.close()
  return found
}
