/** Checks the version of Node. It imports nothing and uses syntax that old versions understand, so that they can report the problem. */

const LEAST_MAJOR = 20
const LEAST_MINOR = 19

/** A sentence if `version`, for example `18.20.4`, is too old; `null` otherwise. */
export const tooOld = (version: string): string | null => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST_MAJOR || (major === LEAST_MAJOR && minor >= LEAST_MINOR)) return null
  return `tack needs Node ${String(LEAST_MAJOR)}.${String(LEAST_MINOR)} or later; this is ${version}: https://nodejs.org/en/download`
}
