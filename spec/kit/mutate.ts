/**
 * Runs a module of the kit on a core with one thing changed: how a wrong port, or a mutant, is made of the right one.
 *
 *     node dist/spec/kit/mutate.js '{"file":"cursor/advance.js","from":"a.lastUs < b.lastUs","to":"a.lastUs <= b.lastUs"}' runner.js
 *
 * `file` is a module of `dist/core`; `from` must occur in it exactly once. The module to run is named relative to
 * `dist/spec/kit`; the arguments that follow are its own. Nothing on disk is changed.
 *
 * This module itself must not import the core: what is loaded before the change stays as it was.
 */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** A change of one place in a module of the compiled core. */
export const Mutation = t.strict({ file: t.string, from: t.string, to: t.string }, 'Mutation')
export type Mutation = t.TypeOf<typeof Mutation>

/** The module with another text, as the hook in mutate-hook.ts takes it. */
export interface Replacement {
  readonly source: string
  readonly url: string
}

const CORE = new URL('../../core/', import.meta.url)

/** The module as the mutation has it; `core` is the folder of the compiled core. @throws Error when the place to change is not there, or not the only one. */
export const replacementOf = ({ file, from, to }: Mutation, core: URL = CORE): Replacement => {
  const url = new URL(file, core)
  const [before, after, ...more] = readFileSync(url, 'utf8').split(from)
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} must hold exactly once: ${from}`)
  return { source: `${before}${to}${after}`, url: url.href }
}

const run = async (json: string, module: string): Promise<void> => {
  const mutation = Mutation.decode(JSON.parse(json))
  if (E.isLeft(mutation)) throw new Error(`a mutation is {"file":…,"from":…,"to":…}, not ${json}`)
  register('./mutate-hook.js', { data: replacementOf(mutation.right), parentURL: import.meta.url })
  const url = new URL(module, import.meta.url)
  process.argv.splice(1, 3, fileURLToPath(url))
  await import(url.href)
}

const [, script, json, module] = process.argv
if (script !== undefined && pathToFileURL(script).href === import.meta.url) {
  if (json === undefined || module === undefined) throw new Error('usage: mutate.js {"file":…,"from":…,"to":…} MODULE')
  await run(json, module)
}
