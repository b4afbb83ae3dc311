/** The input of `tack lint` and `tack try`: workflow files, and the providers that a workflow may name. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Known } from '../authoring/findings.js'
import { KINDS } from '../providers/index.js'
import { entriesOf } from './assemble.js'
import type { Configuration } from './configuration.js'
import { whyUnread } from './faults.js'

/** Where Tangled looks for workflow files in a repository. */
const FOLDER = '.tangled/workflows'

export interface FileRead {
  readonly bytes: Buffer
  /** Without its folder. */
  readonly name: string
  /** For display: relative to the working folder. */
  readonly path: string
}

/** Files that are meant as workflows: a name that ends in capitals is reported, as Tangled does not look at it. */
const isMeant = (name: string): boolean => /\.ya?ml$/i.test(name)

/** Reads the files that are named, or all workflow files of the repository around the working folder; `Left` with a sentence. */
export const readFiles = async (named: ReadonlyArray<string>): Promise<E.Either<string, ReadonlyArray<FileRead>>> => {
  const names = await readdir(FOLDER).catch((): ReadonlyArray<string> => [])
  const paths = named.length > 0 ? named : names.filter(isMeant).sort().map((name) => join(FOLDER, name))
  if (paths.length === 0) return E.left(`There is no workflow file in ${FOLDER}. Name one: tack lint FILE`)
  const files: Array<FileRead> = []
  for (const path of paths) {
    const bytes = await readFile(path).catch((error: unknown) => whyUnread(error, { absent: 'name another one', folder: ': name the files in it' }))
    if (typeof bytes === 'string') return E.left(`${path} cannot be read: ${bytes}`)
    files.push({ bytes, name: basename(path), path: relative('.', path) })
  }
  return E.right(files)
}

/** The known providers: those of the configuration or, without one, all kinds. */
export const knownIn = (configuration: Configuration | null): Known => {
  const kinds = new Map(KINDS.map(({ kind, reads }) => [kind, reads]))
  if (configuration === null) return { allow: [], kinds, providers: null }
  const providers = new Map([...entriesOf(configuration, process.env)].flatMap(([name, { kind }]) => {
    const reads = kinds.get(kind)
    return reads === undefined ? [] : [[name, reads] as const]
  }))
  return { allow: configuration.allow, kinds, providers }
}
