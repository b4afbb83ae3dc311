/** Parses the key of a build back into its name: a CI returns the key that it was given. */
import * as E from 'fp-ts/lib/Either.js'
import { BuildName, buildKey } from '../../core/index.js'

/** Decodes a segment of a key, if it is encoded. */
const unescaped = (segment: string): string =>
  Buffer.from(
    segment.replace(/=([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1'
  ).toString()

/** The build of a key: the inverse of `buildKey`. `null` if it is not a key; no two builds share a key. */
export const buildOfKey = (key: string): BuildName | null => {
  const [knot, rkey, workflow] = key.split('/').map(unescaped)
  const name = BuildName.decode({ knot, rkey, workflow })
  return E.isRight(name) && buildKey(name.right) === key ? name.right : null
}
