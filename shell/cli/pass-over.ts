/** `tack pass-over`: makes the next process that opens the store pass over, once, an event whose step did not end. */
import { systemDisk } from '../store/disk.js'
import { lastHung, eventName, writeHung } from '../store/steps.js'

/** Returns the exit code: 0 if the event will be passed over, 1 if not. */
export const passOverNext = async (folder: string, name: string, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  try {
    const hung = await lastHung(systemDisk, folder)
    if (hung === null || eventName(hung) !== name) {
      const why =
        hung === null
          ? 'there is no hung step; is this the right store? Name it with --store or TACK_DB_PATH'
          : `the hung step is "${eventName(hung)}": name that`
      complain(`error: ${folder}: ${why}`)
      return 1
    }
    if (hung.of === 'Started') {
      complain(`error: ${folder}: a start cannot be passed over: please report this (shell/deploy/troubleshooting.md, "Report a bug")`)
      return 1
    }
    await writeHung(systemDisk, folder, { ...hung, isPassedOver: true })
    print(`${name}: will be passed over once, at the next start of tack`)
    return 0
  } catch (error) {
    complain(`error: ${folder}: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}
