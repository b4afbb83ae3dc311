/** The version of the program, from its package.json, the only place where it is written. */
import { existsSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** Two folders above the sources, three above `dist/shell/lib`. */
const PLACES = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url))

const Manifest = t.type({ version: t.string })

const read = (): string => {
  const place = PLACES.find((url) => existsSync(url))
  const manifest = place === undefined ? null : Manifest.decode(JSON.parse(readFileSync(place, 'utf8')))
  return manifest !== null && E.isRight(manifest) ? manifest.right.version : 'unknown'
}

/** The version, as `tack --version`, the first line of the log, the page and `/metrics` show it. */
export const VERSION = read()
