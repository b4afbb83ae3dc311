/** Reads files of traces and vectors. What is wrong with one is said with its path and line, and then nothing is played at all. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { explain } from '../../../core/index.js'
import { EndLine, InitLine, StepLine, type Trace, TraceHeader, Vector, VectorsHeader, VERSION } from '../format.js'
import { alongThePath } from './porters-path.js'

/** One thing to play: a trace, or one vector. */
export type Case = (
  | { readonly _tag: 'trace'; readonly trace: Trace }
  | { readonly _tag: 'vector'; readonly subject: string; readonly vector: Vector }
) & {
  readonly about: string
  readonly file: string
  readonly line: number
  readonly name: string
  readonly rules: ReadonlyArray<string>
}

/** What is wrong with a file. */
export class BadFile extends Error {}

// ---------------------------------------------------------------------------------------- lines

interface Line {
  readonly json: object
  readonly number: number
}

const tagOf = ({ json }: Line): unknown => ('_tag' in json ? json._tag : undefined)

/** The lines of one file, taken one after the other. */
class Reader {
  private next = 0

  private constructor(
    readonly file: string,
    private readonly lines: ReadonlyArray<string>
  ) {}

  static of(file: string, text: string): Reader {
    const lines = text.split('\n')
    // Each line is ended by a line feed: after the last one there is nothing.
    return new Reader(file, lines[lines.length - 1] === '' ? lines.slice(0, -1) : lines)
  }

  fail(number: number, what: string): never {
    throw new BadFile(`${this.file}:${String(number)}: ${what}`)
  }

  /** The next line, `null` at the end of the file. */
  take(): Line | null {
    const text = this.lines[this.next]
    if (text === undefined) return null
    const number = ++this.next
    const json = E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => 'no JSON'
    )
    if (E.isLeft(json)) return this.fail(number, json.left)
    return typeof json.right === 'object' && json.right !== null ? { json: json.right, number } : this.fail(number, 'no JSON object')
  }

  decode<A>(codec: t.Type<A, unknown>, { json, number }: Line): A {
    const decoded = codec.decode(json)
    return E.isRight(decoded) ? decoded.right : this.fail(number, explain(decoded.left))
  }

  /** The same, for what carries a version. */
  decodeHeader<A>(codec: t.Type<A, unknown>, line: Line): A {
    const version: unknown = 'version' in line.json ? line.json.version : undefined
    if (version !== undefined && version !== VERSION)
      this.fail(line.number, `version ${JSON.stringify(version)}, and the kit reads version ${String(VERSION)}`)
    return this.decode(codec, line)
  }
}

// ---------------------------------------------------------------------------------------- traces and vectors

const traceFrom = (reader: Reader, first: Line): Case => {
  const header = reader.decodeHeader(TraceHeader, first)
  const next = (): Line => reader.take() ?? reader.fail(first.number, `the trace ${header.name} has no end`)
  const second = next()
  const [fromConfig, fromState] = InitLine.types
  const init = 'config' in second.json ? reader.decode(fromConfig, second) : reader.decode(fromState, second)
  const steps: Array<StepLine> = []
  let line = next()
  while (tagOf(line) !== 'end') {
    steps.push(reader.decode(StepLine, line))
    line = next()
  }
  const { about, name, rules } = header
  return { _tag: 'trace', about, file: reader.file, line: first.number, name, rules, trace: { end: reader.decode(EndLine, line), header, init, steps } }
}

const tracesFrom = (reader: Reader, first: Line): ReadonlyArray<Case> => {
  const cases: Array<Case> = []
  for (let line: Line | null = first; line !== null; line = reader.take()) cases.push(traceFrom(reader, line))
  return cases
}

const vectorsFrom = (reader: Reader, first: Line): ReadonlyArray<Case> => {
  const { about, subject } = reader.decodeHeader(VectorsHeader, first)
  const cases: Array<Case> = []
  for (let line = reader.take(); line !== null; line = reader.take()) {
    const vector = reader.decode(Vector, line)
    const { name, rules } = vector
    cases.push({ _tag: 'vector', about, file: reader.file, line: line.number, name, rules, subject, vector })
  }
  return cases
}

/** The cases in the text of a file. */
export const casesIn = (file: string, text: string): ReadonlyArray<Case> => {
  const reader = Reader.of(file, text)
  const first = reader.take() ?? reader.fail(1, 'nothing is in it')
  switch (tagOf(first)) {
    case 'trace':
      return tracesFrom(reader, first)
    case 'vectors':
      return vectorsFrom(reader, first)
    default:
      return reader.fail(first.number, 'the first line is the header of a trace or of vectors')
  }
}

/** No two traces have one name: it is how a failure is found again. */
const checkNames = (cases: ReadonlyArray<Case>): void => {
  const seen = new Map<string, Case>()
  for (const one of cases) {
    if (one._tag !== 'trace') continue
    const other = seen.get(one.name)
    if (other !== undefined)
      throw new BadFile(`${one.file}:${String(one.line)}: the trace at ${other.file}:${String(other.line)} is called ${one.name}, too`)
    seen.set(one.name, one)
  }
}

// ---------------------------------------------------------------------------------------- folders

const ROOT_MARK = join('spec', 'formats.md')

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** The data of the specification beside this module, whether this is the source or what was compiled from it. */
export const ownData = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!exists(join(folder, ROOT_MARK))) {
    const above = dirname(folder)
    if (above === folder) throw new BadFile(`${ROOT_MARK} is nowhere above this program: name a folder with --from`)
    folder = above
  }
  return join(folder, 'spec', 'data')
}

const jsonLinesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(folder, name))

/** The files to play: those of the folder, and of `vectors` and `traces` in it; or the one file that is named. */
const filesAt = (path: string): ReadonlyArray<string> => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new BadFile(`${path}: there is no such file or folder`)
  if (stat.isFile()) return [path]
  const files = [path, join(path, 'vectors'), join(path, 'traces')].filter(exists).flatMap(jsonLinesIn)
  if (files.length === 0) throw new BadFile(`${path}: there are no traces and no vectors (*.jsonl)`)
  return files
}

const textOf = (file: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    throw new BadFile(`${file}: ${error instanceof TypeError ? 'no UTF-8' : String(error)}`)
  }
}

/** Everything to play, in the order of the porter's path. Files are named as somebody at the present folder would. */
export const load = (path: string): ReadonlyArray<Case> => {
  const cases = filesAt(path).flatMap((file) => {
    const shown = relative('.', file)
    return casesIn(shown.startsWith('..') ? file : shown, textOf(file))
  })
  checkNames(cases)
  return alongThePath(cases)
}

const RULE = /^[SDFBT]\d+$/

/**
 * Whether a case is asked for by a pattern: a part of its name, one of its rules, or its subject. A pattern that is a rule chooses
 * that rule alone: S1 is no part of S10.
 */
export const isChosen = (one: Case, patterns: ReadonlyArray<string>): boolean =>
  patterns.length === 0 ||
  patterns.some(
    (pattern) => (!RULE.test(pattern) && one.name.includes(pattern)) || one.rules.includes(pattern) || (one._tag === 'vector' && one.subject === pattern)
  )
