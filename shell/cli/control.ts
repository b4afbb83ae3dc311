/** `tack cancel` and `tack retry`: send admin requests to the running tack, with the admin token. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { excerpt } from '../../core/index.js'
import { escapeInvisible } from '../lib/log.js'
import { hostOf, kindOf } from '../outbound/guard.js'
import { decodeText } from '../store/json.js'
import { asking, baseOf, type Print, type ServerOptions, unreachable } from './reach.js'

export interface AdminRequest {
  readonly action: 'cancel' | 'retry'
  readonly knot: string
  readonly rkey: string
  /** All workflows of the run by default. */
  readonly workflow?: string
}

export interface AdminOptions extends ServerOptions {
  readonly adminToken?: string
}

const Refused = t.type({ reason: t.string }, 'refusal')

/** Sends an admin request. Returns the exit code: 0 if it was accepted, 1 if not, 2 if it could not be sent. */
export const control = async ({ action, knot, rkey, workflow }: AdminRequest, options: AdminOptions, print: Print, complain: Print): Promise<number> => {
  const { adminToken } = options
  if (adminToken === undefined) {
    complain('error: admin token required: use --admin-token, TACK_ADMIN_TOKEN, or "adminToken" in the configuration file')
    return 2
  }
  const base = baseOf(options)
  const path = ['builds', knot, rkey, ...(workflow === undefined ? [] : [workflow]), action].map(encodeURIComponent).join('/')
  const { protocol } = new URL(base)
  const host = hostOf(new URL(base))
  if (protocol === 'http:' && host !== 'localhost' && kindOf(host) !== 'loopback')
    complain(`warning: the admin token is sent to ${host} unencrypted; use https://`)
  const what = [knot, rkey, ...(workflow === undefined ? [] : [workflow])].join(' ')
  return asking(async (fetch) => {
    try {
      const response = await fetch(`${base}/${path}`, { headers: { authorization: `Bearer ${adminToken}` }, method: 'POST' })
      // Read the body: the connection is busy until then.
      const answer = await response.text()
      switch (response.status) {
        case 202:
          print(`${action} of ${what} accepted. Follow it with: tack builds`)
          return 0
        case 401:
          complain(`error: ${base} rejected the admin token: the tack there was started with another one; use that, with --admin-token, TACK_ADMIN_TOKEN or TACK_ADMIN_TOKEN_FILE`)
          return 1
        case 409: {
          const refused = decodeText(Refused, answer)
          complain(`error: ${action} of ${what} refused: ${E.isRight(refused) ? escapeInvisible(excerpt(refused.right.reason)) : 'no reason given'}`)
          return 1
        }
        case 503:
          complain(`error: ${base} cannot save now, and may have missed this: check "tack builds" before you repeat it`)
          return 1
        case 404:
          complain(`error: ${base} has no ${workflow === undefined ? 'run' : 'build'} ${what}, or was started without an admin token; "tack builds" lists builds`)
          return 1
        default:
          complain(`error: ${base} answered ${String(response.status)}; is that the address of tack? Set it with --server`)
          return 1
      }
    } catch (error) {
      complain(unreachable(base, error))
      return 1
    }
  })
}
