/** Resolves the environment of the process: empty variables of tack count as absent, and a variable may be in a file of its own. */
import * as E from 'fp-ts/lib/Either.js'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { type Fault, whyUnread } from './faults.js'

const FROM_FILE = /^(TACK_[A-Z0-9_]+)_FILE$/
const SECRET_BYTES = 65_536

/** Where container runtimes put secrets. Who may read them there is the runtime's decision. */
const GIVEN = /^\/(?:var\/)?run\/secrets\//

/** The permission bit that lets everybody on this machine read a file. */
const OTHERS_READ = 0o004

export interface Environment {
  readonly faults: ReadonlyArray<Fault>
  /** Warnings about files with secrets that others can read as well. */
  readonly remarks: ReadonlyArray<string>
  readonly variables: NodeJS.ProcessEnv
}

/** The warning about a file with secrets that others can read; `null` if there is none. */
export const exposure = (path: string, mode: number): string | null =>
  (mode & OTHERS_READ) === 0 || GIVEN.test(path) ? null : `${path} holds a secret, and every user of this machine can read it: chmod o= ${path}`

const why = (error: unknown): string => whyUnread(error, { absent: 'create it, or unset the variable', folder: '' })

const read = (path: string): { readonly mode: number; readonly text: string } => {
  const file = openSync(path, 'r')
  try {
    return { mode: fstatSync(file).mode, text: readFileSync(file, 'utf8') }
  } finally {
    closeSync(file)
  }
}

/**
 * The resolved environment: empty variables of tack count as absent, and `TACK_X_FILE` names a file with the value of `TACK_X`, without its final
 * line feed. So secrets can come from systemd or Docker. `TACK_X` itself has priority. A fault names the variable and the file, never the contents.
 * `TACK_X_FILE` stays only beside a value that came from it, for `fileOf`.
 */
export const environmentOf = (environment: NodeJS.ProcessEnv): Environment => {
  const meant = new Map(Object.entries(environment).filter(([name, value]) => !(name.startsWith('TACK_') && value === '')))
  const faults: Array<Fault> = []
  const remarks: Array<string> = []
  for (const [variable, path = ''] of [...meant]) {
    const [, name] = FROM_FILE.exec(variable) ?? []
    if (name === undefined) continue
    if (meant.has(name)) {
      meant.delete(variable)
      continue
    }
    const say = (sentence: string): void => void faults.push({ from: variable, position: null, sentence })
    const contents = E.tryCatch(() => read(path), why)
    if (E.isLeft(contents)) {
      say(`${path} cannot be read: ${contents.left}.`)
      meant.delete(variable)
      continue
    }
    const { mode, text } = contents.right
    const value = text.replace(/\r?\n$/, '')
    if (text.length > SECRET_BYTES) say(`${path} is longer than ${String(SECRET_BYTES)} characters. It must contain only the value of ${name}.`)
    else if (value === '') say(`${path} is empty. It must contain the value of ${name}, on one line.`)
    else if (/[\r\n\0]/.test(value)) say(`${path} has more than one line. It must contain only the value of ${name}.`)
    else meant.set(name, value)
    if (!meant.has(name)) meant.delete(variable)
    const remark = exposure(path, mode)
    if (remark !== null) remarks.push(`${variable}: ${remark}`)
  }
  return { faults, remarks, variables: Object.fromEntries(meant) }
}
