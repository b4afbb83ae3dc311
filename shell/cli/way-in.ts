/** What to do when the public name does not lead to tack, by what came back from there. */
import { urlOf } from './reach.js'
import type { RunOptions } from './options.js'

type Where = Pick<RunOptions, 'hostname' | 'listen'>

const ADVICE: ReadonlyArray<readonly [RegExp, (where: Where) => string]> = [
  [/certificate|altnames/i, ({ hostname }) => `Tangled needs a certificate for ${hostname} that everybody trusts: Caddy gets one by itself, certbot gets one for nginx.`],
  [/EPROTO|SSL routines/, () => 'There is no TLS at this port: the reverse proxy must serve HTTPS.'],
  [/ECONNREFUSED/, () => 'Nothing listens there: start the reverse proxy.'],
  [/no answer within|timed out|EHOSTUNREACH|ENETUNREACH/, () => 'Is it the address of the reverse proxy, and does the firewall let connections through?'],
  [/answered 50[234]/, ({ listen }) => `The reverse proxy reaches nobody behind it: make it forward to ${urlOf(listen)}.`],
  [/answered 40[13]/, () => 'The reverse proxy wants a login, or keeps others out: Tangled must get through without.'],
  [/redirects/, () => 'Tangled calls this very address: have it served, not redirected.']
]

/** The advice about `error`, which a request to the public name met. */
export const adviceOnWayIn = (error: string, where: Where): string =>
  ADVICE.find(([met]) => met.test(error))?.[1](where) ?? `Make the reverse proxy forward it to ${urlOf(where.listen)}, where tack listens.`

/** Errors of a handshake that a server answered, or let wait, because the upgrade did not reach tack. */
const NOT_UPGRADED = /Unexpected server response: (?:[23]|40[04]|426)|timed out|hang up/

export const adviceOnUpgrade = (error: string, where: Where): string =>
  NOT_UPGRADED.test(error)
    ? 'The reverse proxy must pass on the headers Upgrade and Connection (shell/deploy/README.md).'
    : adviceOnWayIn(error.replace('Unexpected server response:', 'answered'), where)
