/**
 * Host names of knots: the canonical spelling of what a stranger wrote, or none.
 *
 * Two spellings of one host must never be two subscriptions, and no spelling may lead anywhere but to a name that the
 * resolver is asked about (behaviour D6, fine print 5). Hence: ASCII letters are lowered and one trailing dot is
 * dropped; everything else that is not already canonical is refused, not repaired.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { decodePunycode } from './punycode.js'

const isPort = (u: unknown): u is number => typeof u === 'number' && Number.isInteger(u) && u >= 1 && u <= 65_535

/** A port: an integer from 1 to 65 535. */
export const Port = new t.Type<number>(
  'Port',
  isPort,
  (u, context) => (isPort(u) ? t.success(u) : t.failure(u, context)),
  t.identity
)

/** What host names a bridge accepts. Public networks: `{ defaultPort: 443, loopback: false, ports: false }`. */
export const HostPolicy = t.readonly(
  t.strict({
    /** The port that is meant when none is written, and is dropped when it is: 443 for `wss`, 80 for `ws`. */
    defaultPort: Port,
    /** Whether `localhost` and `*.localhost` are names like others. */
    loopback: t.boolean,
    /** Whether `host:port` is accepted. */
    ports: t.boolean
  }),
  'HostPolicy'
)
export type HostPolicy = t.TypeOf<typeof HostPolicy>

export interface HostNameBrand {
  readonly HostName: unique symbol
}

const NAME_MAX = 253
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const NAME = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`)
/** A last label of digits, or one that looks like hexadecimal, makes an address of a name. */
const NUMERIC_END = /(?:^|\.)(?:[0-9]+|0x[^.]*)$/
const LOOPBACK = /(?:^|\.)localhost$/
const PORT = /^[1-9][0-9]{0,4}$/

const UPPER = /[A-Z]/
const EVERY_UPPER = /[A-Z]/g

/** (Most names are lower already, and to look costs less than to replace nothing.) */
const lowerAscii = (text: string): string =>
  UPPER.test(text) ? text.replace(EVERY_UPPER, (letter) => letter.toLowerCase()) : text

/** What a label begins with that stands for text beyond ASCII. */
const ENCODED = 'xn--'

/** The control characters beyond ASCII. */
const isControl = (point: number): boolean => point >= 0x80 && point <= 0x9f

/**
 * Whether a label `xn--…` stands for text, without control characters beyond ASCII. (There is always something beyond
 * ASCII in it: a label does not end with a hyphen, so that there is a number.) Whether a registry would allow it is not
 * asked: that would take tables.
 */
const standsForText = (label: string): boolean => {
  const points = decodePunycode(label.slice(ENCODED.length))
  return points !== null && !points.some(isControl)
}

/** (Most names have no such label, and to look costs less than to split them.) */
const areLabelsText = (name: string): boolean =>
  !name.includes(ENCODED) || name.split('.').every((label) => !label.startsWith(ENCODED) || standsForText(label))

const nameHolds = (name: string, loopback: boolean): boolean =>
  name.length <= NAME_MAX &&
  NAME.test(name) &&
  !NUMERIC_END.test(name) &&
  (loopback || !LOOPBACK.test(name)) &&
  areLabelsText(name)

const portHolds = (port: string): boolean => PORT.test(port) && Number(port) <= 65_535

const canonical = (policy: HostPolicy, text: string): string | null => {
  const colon = text.indexOf(':')
  const host = lowerAscii(colon < 0 ? text : text.slice(0, colon))
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  if (!nameHolds(name, policy.loopback)) return null
  if (colon < 0) return name
  const port = text.slice(colon + 1)
  if (!policy.ports || !portHolds(port)) return null
  return Number(port) === policy.defaultPort ? name : `${name}:${port}`
}

/** Allows whatever any policy allows; no port is the default one. */
const ANY: HostPolicy = { defaultPort: 0, loopback: true, ports: true }

/** A canonical host name of a knot, with a port where it is not the default one. */
export const HostName = t.brand(
  t.string,
  (s): s is t.Branded<string, HostNameBrand> => canonical(ANY, s) === s,
  'HostName'
)
export type HostName = t.TypeOf<typeof HostName>

/**
 * The canonical form of `text`. Idempotent: what comes out goes in and comes out the same.
 *
 * @returns `None` for address literals in any spelling, userinfo, paths, non-ASCII text, labels that are too long or
 *   that stand for no text (`xn--…`), the empty string, and whatever `policy` does not allow.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost } from '@tack-ci/core'
 *
 * const hostOf = canonicalHost({ defaultPort: 443, loopback: false, ports: false })
 * assert.deepStrictEqual(hostOf('Knot.Example.'), { _tag: 'Some', value: 'knot.example' })
 * assert.deepStrictEqual(hostOf('127.1'), { _tag: 'None' })
 * assert.deepStrictEqual(hostOf('knot.example:443'), { _tag: 'None' })
 */
export const canonicalHost =
  (policy: HostPolicy) =>
  (text: string): O.Option<HostName> => {
    const name = canonical(policy, text)
    return name === null ? O.none : O.some(name as HostName)
  }
