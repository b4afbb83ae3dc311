/** `tack lint FILE…`: prints faults of workflow files, and what their author is unlikely to mean, with line and column. */
import * as E from 'fp-ts/lib/Either.js'
import { type Finding, findingsIn } from '../authoring/findings.js'
import { workflowSchema } from '../authoring/schema.js'
import { escapeInvisible } from '../lib/log.js'
import type { Configuration } from './configuration.js'
import { jsonText } from './text.js'
import { knownIn, readFiles } from './workflow-files.js'

export interface LintOptions {
  readonly json?: true
  readonly schema?: true
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
  const files = await readFiles(given)
  if (E.isLeft(files)) {
    complain(`error: ${escapeInvisible(files.left)}`)
    return 2
  }
  const known = knownIn(configuration)
  const all = files.right.flatMap(({ bytes, name, path }) => findingsIn(name, bytes, known).map((finding) => ({ file: path, ...finding })))
  if (json === true) print(jsonText(all))
  else {
    for (const { column, file, line, message, severity } of all) print(escapeInvisible(`${file}:${String(line)}:${String(column)}: ${severity}: ${message}`))
    print(`${String(files.right.length)} ${files.right.length === 1 ? 'file' : 'files'}, ${count(all, 'error')}, ${count(all, 'warning')}`)
  }
  return all.some(({ severity }) => severity === 'error') ? 1 : 0
}
