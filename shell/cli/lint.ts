/** `tack lint FILE…`: what is wrong with workflow files, and what their author is unlikely to mean, with line and column. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { type Finding, findingsIn, type Known } from '../authoring/findings.js'
import { workflowSchema } from '../authoring/schema.js'
import { visible } from '../lib/log.js'
import { KINDS } from '../providers/index.js'
import { entriesOf } from './assemble.js'
import type { Configuration } from './configuration.js'
import { jsonText } from './text.js'

export interface LintOptions {
  readonly json?: true
  readonly schema?: true
}

/** Where Tangled looks for workflow files, in a repository. */
export const FOLDER = '.tangled/workflows'

/** The workflow files of the repository around the working folder, or a sentence. */
export const filesOr = async (files: ReadonlyArray<string>): Promise<E.Either<string, ReadonlyArray<string>>> => {
  if (files.length > 0) return E.right(files)
  const names = await readdir(FOLDER).catch((): ReadonlyArray<string> => [])
  const found = names.filter((name) => name.endsWith('.yml') || name.endsWith('.yaml')).sort()
  return found.length > 0 ? E.right(found.map((name) => join(FOLDER, name))) : E.left(`There is no workflow file in ${FOLDER}. Name one: tack lint FILE`)
}

/** What is known of providers: those of the configuration, or, without one, what kinds there are. */
export const knownIn = (configuration: Configuration | null): Known => {
  const kinds = new Map(KINDS.map(({ kind, reads }) => [kind, reads]))
  if (configuration === null) return { allow: [], kinds, providers: null }
  const providers = new Map([...entriesOf(configuration, process.env)].flatMap(([name, { kind }]) => {
    const reads = kinds.get(kind)
    return reads === undefined ? [] : [[name, reads] as const]
  }))
  return { allow: configuration.allow, kinds, providers }
}

const count = (findings: ReadonlyArray<Finding>, severity: Finding['severity']): string => {
  const { length } = findings.filter((one) => one.severity === severity)
  return `${String(length)} ${severity}${length === 1 ? '' : 's'}`
}

/** Prints the findings. Returns the exit code: 0 if nothing would fail, 1 if something would, 2 if a file cannot be read. */
export const lint = async (
  given: ReadonlyArray<string>,
  { json, schema }: LintOptions,
  configuration: Configuration | null,
  print: (text: string) => void,
  complain: (text: string) => void
): Promise<number> => {
  if (schema === true) {
    print(jsonText(workflowSchema()))
    return 0
  }
  const files = await filesOr(given)
  if (E.isLeft(files)) {
    complain(`error: ${files.left}`)
    return 2
  }
  const known = knownIn(configuration)
  const all: Array<Finding & { readonly file: string }> = []
  for (const file of files.right) {
    const bytes = await readFile(file).catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (typeof bytes === 'string') {
      complain(`error: ${visible(bytes)}`)
      return 2
    }
    const shown = relative('.', file)
    all.push(...findingsIn(basename(file), bytes, known).map((finding) => ({ file: shown, ...finding })))
  }
  if (json === true) print(jsonText(all))
  else {
    for (const { column, file, line, message, severity } of all) print(visible(`${file}:${String(line)}:${String(column)}: ${severity}: ${message}`))
    print(`${String(files.right.length)} ${files.right.length === 1 ? 'file' : 'files'}, ${count(all, 'error')}, ${count(all, 'warning')}`)
  }
  return all.some(({ severity }) => severity === 'error') ? 1 : 0
}
