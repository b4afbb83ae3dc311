/** Which versions of Node tack runs on. It imports nothing, and says it in a language that old versions understand. */

const LEAST_MAJOR = 20
const LEAST_MINOR = 19

/** A sentence where `version`, like `18.20.4`, is too old; else `null`. */
export const tooOld = (version: string): string | null => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST_MAJOR || (major === LEAST_MAJOR && minor >= LEAST_MINOR)) return null
  return `tack needs Node ${String(LEAST_MAJOR)}.${String(LEAST_MINOR)} or later, and this is ${version}: https://nodejs.org/en/download`
}
