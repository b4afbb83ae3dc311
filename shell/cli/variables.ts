/** Finds unknown variables that begin with `TACK_`: a misspelled setting would otherwise be ignored silently. */
import { nearest } from '../../core/index.js'
import { KINDS } from '../providers/index.js'
import { fileOf } from '../lib/variable-file.js'
import { runOptions, serverOption } from './options.js'

/** Variables that Kubernetes sets in every container for a service named tack (`TACK_SERVICE_HOST`, `TACK_PORT_8080_TCP_ADDR`). */
const OF_A_SERVICE = /^TACK_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)/

/** The known variables; each also exists with `_FILE`. */
export const knownVariables = (): ReadonlyArray<string> =>
  [...[...runOptions(), serverOption()].map(({ envVar }) => envVar ?? ''), ...KINDS.flatMap(({ variables }) => variables)].filter((name) => name !== '')

/** Whether the variable names the file of another one. If that means nothing, one sentence is enough. */
const isOfFile = (name: string, environment: NodeJS.ProcessEnv): boolean => name.endsWith('_FILE') && name.slice(0, -'_FILE'.length) in environment

/** A sentence for each variable that is ignored, as it was set. */
export const unknownVariables = (environment: NodeJS.ProcessEnv): ReadonlyArray<string> => {
  const known = knownVariables()
  return Object.keys(environment)
    .filter((name) => name.startsWith('TACK_') && !known.includes(name) && !OF_A_SERVICE.test(name) && !isOfFile(name, environment))
    .sort()
    .map((name) => {
      const end = fileOf(name, environment) === null ? '' : '_FILE'
      return `${name}${end} is not a setting, and is ignored. Did you mean ${nearest(['TACK_CONFIG', ...known])(name)}${end}?`
    })
}
