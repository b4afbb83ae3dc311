/** `tack conform`: runs the conformance kit for ports, which is a package of its own. */
import { existsSync } from 'node:fs'
import { codeOf } from '../store/disk.js'
import type { Print } from './reach.js'

/** The kit needs the specification's own inputs, and belongs to the specification, so it is loaded on demand. */
interface Kit {
  readonly conform: (args: ReadonlyArray<string>, print: (text: string) => void, complain: (text: string) => void) => Promise<number>
}

const KIT = '@tack-ci/conform'

/** The kit beside this program, as in a checkout; otherwise that of the package; `null` if there is neither. */
const kitOf = async (): Promise<Kit | null> => {
  const built = new URL('../../spec/kit/conform/main.js', import.meta.url)
  if (existsSync(built)) return (await import(built.href)) as Kit
  try {
    return (await import(KIT)) as Kit
  } catch (error) {
    if (codeOf(error) === 'ERR_MODULE_NOT_FOUND' && error instanceof Error && error.message.includes(`'${KIT}'`)) return null
    throw error
  }
}

/** Passes the arguments to the kit. Returns its exit code, or 2 if the kit is missing. */
export const conform = async (args: ReadonlyArray<string>, print: Print, complain: Print): Promise<number> => {
  const kit = await kitOf()
  if (kit !== null) return kit.conform(args, print, complain)
  complain(`error: vectors, traces and what plays them are a package of their own, which is not here: install ${KIT} beside tack, in the same version`)
  return 2
}
