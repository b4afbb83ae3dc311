/**
 * The examples in the documentation: what stands under `@example` in the doc comments of the core, and the blocks of TypeScript
 * in `spec/embedding.md`, which are one module from the top of the page to its end.
 *
 * Each keeps the lines that it has in its file, everything else being blank: so the compiler and a failing assertion name the
 * place that the reader sees.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, SourceMap, type SourceMapPayload } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import ts from 'typescript'
import * as core from '../../core/index.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HERE = fileURLToPath(new URL('.', import.meta.url))

export interface Example {
  readonly code: string
  /** Relative to the top of the repository. */
  readonly file: string
  /** Where it begins. */
  readonly line: number
}

/** The example that consists of the lines of `file` that `pick` picks. */
const exampleOf = (file: string, line: number, lines: ReadonlyArray<string | null>): Example => ({
  code: lines.map((text) => text ?? '').join('\n'),
  file,
  line
})

/** The examples in the doc comments of one source: from `@example` to the next tag, or the end of the comment. */
export const inComments = (file: string, text: string): ReadonlyArray<Example> => {
  const lines = text.split('\n')
  return lines.flatMap((start, at) => {
    if (!/^\s*\* @example$/.test(start)) return []
    const end = lines.findIndex((line, i) => i > at && /^\s*\*(?:\/| @)/.test(line))
    return [exampleOf(file, at + 1, lines.map((line, i) => (i > at && i < end ? line.replace(/^\s*\* ?/, '') : null)))]
  })
}

/** The blocks of TypeScript on one page, as one example. */
export const onPage = (file: string, text: string): Example => {
  let inBlock = false
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('```')) {
      inBlock = line === '```ts'
      return null
    }
    return inBlock ? line : null
  })
  return exampleOf(file, 1, lines)
}

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** All examples there are. */
export const allExamples = (): ReadonlyArray<Example> => [
  ...readdirSync(path.join(ROOT, 'core'), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => inComments(`core/${name}`, read(`core/${name}`))),
  onPage('spec/embedding.md', read('spec/embedding.md'))
]

// ---------------------------------------------------------------------------------------- types

const OPTIONS: ts.CompilerOptions = {
  exactOptionalPropertyTypes: true,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.NodeNext,
  noEmit: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  paths: { '@tack-ci/core': [path.join(ROOT, 'core/index.ts')] },
  skipLibCheck: true,
  strict: true,
  target: ts.ScriptTarget.ES2022,
  types: ['node']
}

/**
 * What the compiler has to say about the examples, each with file and line. Empty when all is well. What they import has been compiled with the
 * project, and package.test.ts compiles it as others do.
 */
export const typeErrors = (examples: ReadonlyArray<Example>): ReadonlyArray<string> => {
  const sources = new Map(examples.map((example, i) => [path.join(HERE, `example-${String(i)}.ts`), example]))
  const host = ts.createCompilerHost(OPTIONS)
  const program = ts.createProgram([...sources.keys()], OPTIONS, {
    ...host,
    fileExists: (name) => sources.has(name) || host.fileExists(name),
    getSourceFile: (name, version) => {
      const example = sources.get(name)
      return example === undefined ? host.getSourceFile(name, version) : ts.createSourceFile(name, example.code, version)
    },
    readFile: (name) => sources.get(name)?.code ?? host.readFile(name)
  })
  const said = [...sources.keys()].flatMap((name) => [
    ...program.getSyntacticDiagnostics(program.getSourceFile(name)),
    ...program.getSemanticDiagnostics(program.getSourceFile(name))
  ])
  return [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...said].map(({ file, messageText, start }) => {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    const name = file === undefined ? 'the options' : (sources.get(file.fileName)?.file ?? file.fileName)
    return `${name}:${String(line)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

// ---------------------------------------------------------------------------------------- running

const NAME = 'example.cjs'
const requireFromHere = createRequire(import.meta.url)
const requireModule = (id: string): unknown => (id === '@tack-ci/core' ? core : requireFromHere(id))

/**
 * Runs an example.
 *
 * @returns a promise, which rejects with file and line when an assertion does not hold.
 */
export const runExample = async ({ code, file, line }: Example): Promise<void> => {
  const { outputText, sourceMapText } = ts.transpileModule(code, {
    compilerOptions: {
      esModuleInterop: true,
      module: ts.ModuleKind.CommonJS,
      sourceMap: true,
      target: ts.ScriptTarget.ES2022
    }
  })
  try {
    // On the line of the first one: an example may wait, and its lines stay what they are.
    const run: unknown = compileFunction(`return (async () => {${outputText}\n})()`, ['require', 'exports'], { filename: NAME })
    await (run as (require: unknown, exports: object) => Promise<void>)(requireModule, {})
  } catch (error) {
    const map = new SourceMap(JSON.parse(sourceMapText ?? '') as SourceMapPayload)
    const [, row, column] = new RegExp(`${NAME}:(\\d+):(\\d+)`).exec(error instanceof Error ? (error.stack ?? '') : '') ?? []
    const entry = row === undefined ? {} : map.findEntry(Number(row) - 1, Number(column) - 1)
    const at = 'originalLine' in entry ? Number(entry.originalLine) + 1 : line
    throw new Error(`${file}:${String(at)}: ${String(error)}`, { cause: error })
  }
}
