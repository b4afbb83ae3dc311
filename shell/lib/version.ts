/** The version of the program. It stands in package.json alone, which belongs to the program. */
import { existsSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** Two folders up from the sources, three from `dist/shell/lib`. */
const PLACES = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url))

const Manifest = t.type({ version: t.string })

const read = (): string => {
  const place = PLACES.find((url) => existsSync(url))
  const manifest = place === undefined ? null : Manifest.decode(JSON.parse(readFileSync(place, 'utf8')))
  return manifest !== null && E.isRight(manifest) ? manifest.right.version : 'unknown'
}

/** As `tack --version`, the first line of the log, the page and `/metrics` say it. */
export const VERSION = read()
