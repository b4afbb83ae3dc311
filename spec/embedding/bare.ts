/** A world with nothing in it but the language: what code needs of it is what it can do without a host. */
import { createContext, runInContext } from 'node:vm'
import ts from 'typescript'

/** All that the core, with fp-ts and io-ts, asks for by name. */
export const NEEDED = ['Array', 'BigInt', 'Error', 'JSON', 'Math', 'Number', 'Object', 'RegExp', 'String', 'TypeError'] as const

/** What stands in the global object and cannot be taken out of it. */
const FIXED = ['Infinity', 'NaN', 'undefined']

const INIT = `
const all = globalThis
for (const name of Object.getOwnPropertyNames(all))
  if (!${JSON.stringify([...NEEDED, ...FIXED])}.includes(name)) delete all[name]
delete Math.random`

export interface World {
  /** The value of the last statement of a script, which must be a string. */
  readonly run: (script: string) => string
}

/** A new world. No text becomes code in it, not even by way of a constructor's constructor. */
export const createWorld = (): World => {
  const context = createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } })
  runInContext(INIT, context)
  return { run: (script) => String(runInContext(script, context)) }
}

/** The names that a script uses and does not declare, ascending. */
export const freeNames = (script: string): ReadonlyArray<string> => {
  const file = '/script.js'
  const options: ts.CompilerOptions = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    noLib: true,
    target: ts.ScriptTarget.ES2022,
    types: []
  }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...host,
    fileExists: (name) => name === file,
    getSourceFile: (name, version) => (name === file ? ts.createSourceFile(name, script, version) : undefined)
  })
  const names = program.getSemanticDiagnostics().flatMap(({ messageText }) => {
    const [, name] = /Cannot find name '([^']+)'/.exec(ts.flattenDiagnosticMessageText(messageText, ' ')) ?? []
    return name === undefined ? [] : [name]
  })
  return [...new Set(names)].sort()
}
