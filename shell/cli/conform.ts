/** `tack conform`: the kit that tries ports, which is a package of its own. */
import { existsSync } from 'node:fs'
import { codeOf } from '../store/disk.js'
import type { Print } from './reach.js'

/** The kit draws on the specification's own inputs, and belongs to it: it is loaded when it is asked for. */
interface Kit {
  readonly conform: (args: ReadonlyArray<string>, print: (text: string) => void, complain: (text: string) => void) => Promise<number>
}

const KIT = '@tack-ci/conform'

/** The kit that was built beside this program, as in a checkout; else that of the package; `null` where there is neither. */
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

/** Hands the arguments on to the kit. Returns the exit code: 2 where it is not there. */
export const conform = async (args: ReadonlyArray<string>, print: Print, complain: Print): Promise<number> => {
  const kit = await kitOf()
  if (kit !== null) return kit.conform(args, print, complain)
  complain(`error: vectors, traces and what plays them are a package of their own, which is not here: install ${KIT} beside tack, in the same version`)
  return 2
}
