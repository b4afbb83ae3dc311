/** Checks the allow-list: whether each line can ever match. */
import { excerpt } from '../../core/index.js'
import { type ReadConfiguration } from './configuration.js'
import { placeText } from './faults.js'
import { type Finding, fine, wrong } from './finding.js'
import type { Configuration } from './parts.js'
import { unknownProviders } from './provider-faults.js'

/** The position of a place in the configuration, as the beginning of a sentence. */
export type At = (place: string) => string

export const whereIn =
  ({ path, places }: ReadConfiguration): At =>
  (place) =>
    path === '' ? '' : `${placeText(path, places(place))}: `

/** The DID methods in use. Others may be well-formed, but belong to nobody. */
const PERSON = /^did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.:%-]+)$/

/** The literal beginning of a pattern. */
const LITERAL = /^[^*?[{\\/]*/

/**
 * Why the pattern can match no repository; `null` if it can. Repositories are named `<DID of the owner>/<name>`. This finds the usual mistakes, not
 * all.
 */
export const neverMatches = (pattern: string): string | null => {
  const [literal = ''] = LITERAL.exec(pattern) ?? []
  const rest = pattern.slice(literal.length)
  if (!'did:'.startsWith(literal) && !literal.startsWith('did:')) return 'repositories are named by their owner’s DID, not by a handle or a host'
  if (rest.startsWith('/') && !PERSON.test(literal)) return `${literal === '' ? 'nothing' : literal} is not a did:plc or did:web`
  if (!pattern.includes('/') && !pattern.includes('{') && pattern !== '**') return 'it has no slash, and * does not match a slash'
  return null
}

/** Lines that are valid but can never match. `at` gives the position of a place in the file. */
export const checkPatterns = ({ allow }: Configuration, at: At): ReadonlyArray<Finding> =>
  allow.flatMap(({ repos }, i) => {
    const what = `allow[${String(i)}]`
    const never = neverMatches(repos)
    return never === null ? [] : [wrong(what, `${at(`${what}.repos`)}"${excerpt(repos)}" never matches: ${never}. Write did:plc:…/name, or did:plc:…/*.`)]
  })

export const checkAllowed = (read: ReadConfiguration, providers: ReadonlyArray<string>): ReadonlyArray<Finding> => {
  const { allow } = read.configuration
  const unknown = unknownProviders(read, providers).map(({ line, sentence }) => wrong(`allow[${String(line)}]`, `${whereIn(read)(`allow[${String(line)}].provider`)}${sentence}`))
  const faults = [...unknown, ...checkPatterns(read.configuration, whereIn(read))]
  if (faults.length > 0) return faults
  return [
    fine(
      'allow-list',
      allow.length === 0
        ? 'Empty: only repositories of the owner are built.'
        : `Besides the owner’s repositories, those that match its lines are built (${String(allow.length)}).`
    )
  ]
}
