/** For the tests of the kit: runs it as the command line does, on files that are made for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from './client.js'
import { conform } from './main.js'

const built = (path: string): string => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url))

export const TACK = built('shell/main.js')
export const RUNNER = [process.execPath, built('spec/kit/runner.js')]

/** The reference with one place of it changed. */
export const changed = (mutation: object): Command => [
  process.execPath,
  built('spec/kit/mutate.js'),
  JSON.stringify(mutation),
  'runner.js'
]

/** A port that goes wrong in this way. */
export const odd = (way: string): ReadonlyArray<string> => [
  process.execPath,
  fileURLToPath(new URL('fixtures/odd-port.mjs', import.meta.url)),
  way
]

export interface Ended {
  readonly code: number
  /** What it printed, and what it complained about. */
  readonly text: string
}

/** However busy the machine is: a port that is asked has all the time there is, and a failure becomes as small as it can. */
const UNHURRIED = ['--shrink', '86400', '--timeout', '120']

export const conformWith = async (command: ReadonlyArray<string>, ...options: ReadonlyArray<string>): Promise<Ended> => {
  const lines: Array<string> = []
  const take = (line: string): void => void lines.push(line)
  const code = await conform([...UNHURRIED, ...options, '--', ...command], take, take)
  return { code, text: lines.join('\n') }
}

/** Gives a folder with these files, and takes it away again. */
export const inFolder = async <A>(files: { readonly [name: string]: string }, use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-conform-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
