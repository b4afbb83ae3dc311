/** The configuration under which the machine is driven: the defaults, but that whoever names us counts. */
import * as E from 'fp-ts/lib/Either.js'
import { Config, defaults, explain } from '../../../core/index.js'

/** A configuration from its written form. */
export const configOf = (written: unknown): Config => {
  const decoded = Config.decode(written)
  if (E.isLeft(decoded)) throw new Error(explain(decoded.left))
  return decoded.right
}

export const CONFIG = configOf({ ...defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }), admission: 'open' })
