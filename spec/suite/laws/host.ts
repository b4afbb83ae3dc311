/** HOST: one host has one name here, and no name leads anywhere else. The words are in laws.md. */
import { isIP } from 'node:net'
import { domainToUnicode } from 'node:url'
import * as O from 'fp-ts/lib/Option.js'
import { canonicalHost, HostName, type HostPolicy } from '../../../core/index.js'
import { pure } from './fence.js'
import { all, because, equal, type Laws, type Verdict, when } from './law.js'

/** A spelling, and who reads it. */
export interface Spelling {
  readonly policy: HostPolicy
  readonly text: string
}

export interface Spellings {
  readonly one: string
  readonly other: string
  readonly policy: HostPolicy
}

/** A label `xn--…`: the code points for which it was written, and whether they are text. */
export interface Encoded {
  readonly isText: boolean
  readonly label: string
  readonly points: ReadonlyArray<number>
}

export const keyOf = ({ policy, text }: Spelling): string | null => O.toNullable(pure(() => canonicalHost(policy)(text)))

/**
 * Where a client that is given the name would connect to, by the platform's own parser of addresses: host and port, `null` when
 * it will not have it at all. The scheme is the one whose default port the policy names.
 */
export const targetOf = ({ policy, text }: Spelling): { readonly host: string; readonly port: number } | null => {
  try {
    const { hash, hostname, password, pathname, port, search, username } = new URL(
      `${policy.defaultPort === 80 ? 'ws' : 'wss'}://${text}`
    )
    if (pathname !== '/' || hash + search + username + password !== '') return null
    return {
      host: hostname.endsWith('.') ? hostname.slice(0, -1) : hostname,
      port: port === '' ? policy.defaultPort : Number(port)
    }
  } catch {
    return null
  }
}

/** Such a label ends with a hyphen, which some platforms let pass. */
const isAscii = (points: ReadonlyArray<number>): boolean => points.every((point) => point < 0x80)

export const HOST = {
  'HOST-1': (spelling: Spelling): Verdict => {
    const key = keyOf(spelling)
    return when(key !== null, () =>
      all(
        equal('again', keyOf({ ...spelling, text: key ?? '' }), key),
        because(HostName.is(key), () => `${String(key)} is no host name`),
        because(/^[a-z0-9.:-]+$/.test(key ?? ''), () => `${String(key)} has other characters`)
      )
    )
  },

  'HOST-2': ({ one, other, policy }: Spellings): Verdict => {
    const [a, b] = [keyOf({ policy, text: one }), keyOf({ policy, text: other })]
    const [to, too] = [targetOf({ policy, text: one }), targetOf({ policy, text: other })]
    return when(a !== null && b !== null && to !== null && too !== null, () =>
      because((a === b) === (to?.host === too?.host && to?.port === too?.port), () => `${String(a)} and ${String(b)}`)
    )
  },

  'HOST-3': (spelling: Spelling): Verdict => {
    const key = keyOf(spelling)
    const target = targetOf({ policy: spelling.policy, text: key ?? '' })
    return when(key !== null && target !== null, () =>
      all(
        equal('host', target?.host, key?.replace(/:.*/, '')),
        equal('address', isIP(target?.host ?? ''), 0),
        because(spelling.policy.ports || !key?.includes(':'), () => 'a port is not allowed'),
        because(
          spelling.policy.loopback || !/(?:^|\.)localhost$/.test(target?.host ?? ''),
          () => 'a loopback name is not allowed'
        )
      )
    )
  },

  'HOST-4': ({ isName, policy, text }: Spelling & { readonly isName: boolean }): Verdict =>
    equal(text, keyOf({ policy, text }) !== null, isName),

  'HOST-5': ({ isText, label, points }: Encoded): Verdict => {
    const name = `${label}.example`
    const policy = { defaultPort: 443, loopback: false, ports: false }
    const known = targetOf({ policy, text: name })?.host === name ? domainToUnicode(label) : ''
    return all(
      equal('a name', keyOf({ policy, text: name }), isText ? name : null),
      because(known === '' || ((isText || isAscii(points)) && known === String.fromCodePoint(...points)), () => `to the platform it is ${known}`)
    )
  }
} satisfies Laws
