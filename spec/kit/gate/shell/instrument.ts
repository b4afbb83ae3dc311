/** The mutants of the sources, by Stryker's instrumenter, and what each is called from one version of the sources to the next. */
import type { Logger } from '@stryker-mutator/api/logging'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { createHash } from 'node:crypto'

export interface Mutant {
  readonly file: string
  /** Its number among the mutants of this run. */
  readonly id: string
  /** What it is called in the record. */
  readonly key: string
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly mutator: string
  readonly original: string
  readonly replacement: string
}

export interface Source {
  readonly name: string
  readonly text: string
}

export interface Instrumented {
  readonly mutants: ReadonlyArray<Mutant>
  /** The sources with all mutants in them, each behind a switch. */
  readonly sources: ReadonlyArray<Source>
}

const nothing = (): void => undefined
const no = (): boolean => false
const SILENT: Logger = {
  debug: nothing,
  error: nothing,
  fatal: nothing,
  info: nothing,
  isDebugEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
  isInfoEnabled: no,
  isTraceEnabled: no,
  isWarnEnabled: no,
  trace: nothing,
  warn: nothing
}

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim()

interface Position {
  readonly column: number
  readonly line: number
}

const between = (lines: ReadonlyArray<string>, start: Position, end: Position): string =>
  start.line === end.line
    ? (lines[start.line] ?? '').slice(start.column, end.column)
    : [(lines[start.line] ?? '').slice(start.column), ...lines.slice(start.line + 1, end.line), (lines[end.line] ?? '').slice(0, end.column)].join('\n')

/**
 * A mutant is called after what is done to which text, the line in which that begins, and the one before: not after numbers of lines,
 * which move with everything that is written above, and not after the source, from which it may move into another one. What is called the
 * same is counted, from the top of the source.
 */
const keyOf = (parts: ReadonlyArray<string>): string => createHash('sha256').update(JSON.stringify(parts.map(squeezed))).digest('base64url').slice(0, 10)

/** What Stryker lacks, and people do: a line is left out. */
const statementMutator = {
  *mutate(path: { readonly isExpressionStatement: () => boolean }) {
    if (path.isExpressionStatement()) yield { body: [], directives: [], type: 'BlockStatement' }
  },
  name: 'Statement'
}

/** Its list of mutators is not exported, and is given to nobody. */
const addMutator = async (): Promise<void> => {
  const url = new URL('mutators/index.js', import.meta.resolve('@stryker-mutator/instrumenter'))
  const { allMutators } = (await import(url.href)) as { readonly allMutators: Array<{ readonly name: string }> }
  if (!allMutators.includes(statementMutator)) allMutators.push(statementMutator)
}

/** All mutants of the sources, but those that a comment in them turns off. */
export const instrument = async (sources: ReadonlyArray<Source>): Promise<Instrumented> => {
  await addMutator()
  const texts = new Map(sources.map(({ name, text }) => [name, text.split('\n')]))
  const { files, mutants } = await new Instrumenter(SILENT).instrument(
    sources.map(({ name, text }) => ({ content: text, mutate: true, name })),
    { excludedMutations: [], ignorers: [], plugins: null }
  )
  const times = new Map<string, number>()
  return {
    mutants: mutants
      .filter(({ status }) => status !== 'Ignored')
      .map(({ fileName, id, location: { end, start }, mutatorName, replacement }) => {
        const lines = texts.get(fileName) ?? []
        const original = between(lines, start, end)
        const before = lines.slice(0, start.line).filter((line) => line.trim() !== '').at(-1) ?? ''
        const name = keyOf([mutatorName, original.split('\n')[0] ?? '', replacement, lines[start.line] ?? '', before])
        const time = times.get(name) ?? 0
        times.set(name, time + 1)
        return { file: fileName, id, key: time === 0 ? name : `${name}.${String(time)}`, line: start.line + 1, mutator: mutatorName, original, replacement }
      }),
    sources: files.map(({ content, name }) => ({ name, text: content }))
  }
}
