/**
 * The first two fences round the core. The first is the compiler: without host types there is no clock, no file and no socket
 * to be had. The second reads the sources, for what compiles and still would make a step depend on more than its input.
 * (The third is at run time: spec/suite/laws/fence.ts.) Besides, the walls between the rooms of the core: who may import whom.
 *
 * A fence that lets everything through looks like one that nothing tries to pass, so each rule is shown something bad.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const CORE = fileURLToPath(new URL('../../core', import.meta.url))

// ---------------------------------------------------------------------------------------- the first fence

describe('the first fence: the compiler', () => {
  const file = path.join(CORE, 'tsconfig.json')
  const config = ts.parseJsonConfigFileContent(ts.readConfigFile(file, (name) => readFileSync(name, 'utf8')).config, ts.sys, CORE)

  test('allows the language and nothing else', () => {
    expect(config.errors).toEqual([])
    expect([config.options.lib, config.options.types, config.options.typeRoots, config.options.paths]).toEqual([
      ['lib.es2022.d.ts'],
      [],
      undefined,
      undefined
    ])
  })

  test('is strict, and looks at every file of the core', () => {
    expect([config.options.strict, config.options.composite, config.options.skipLibCheck]).toEqual([true, true, false])
    expect(config.fileNames.map((name) => path.relative(CORE, name)).sort()).toEqual(sources.map(({ name }) => name))
  })

  /** What does not compile in the core, and the words of the compiler about it. */
  const HOST: ReadonlyArray<readonly [what: string, snippet: string, said: RegExp]> = [
    ['node:fs', "import { readFileSync } from 'node:fs'\nexport const x = readFileSync", /Cannot find (name|module) 'node:fs'/],
    ['fs', "import * as fs from 'fs'\nexport const x = fs", /Cannot find (name|module) 'fs'/],
    ['process', 'export const x = process.pid', /Cannot find name 'process'/],
    ['Buffer', "export const x = Buffer.from('x')", /Cannot find name 'Buffer'/],
    ['console', "export const x = () => console.log('x')", /Cannot find name 'console'/],
    ['setTimeout', 'export const x = setTimeout(() => 1, 1)', /Cannot find name 'setTimeout'/],
    ['fetch', "export const x = fetch('x')", /Cannot find name 'fetch'/],
    ['URL', "export const x = new URL('x:y')", /Cannot find name 'URL'/],
    ['crypto', 'export const x = crypto.randomUUID()', /Cannot find name 'crypto'/],
    ['WebSocket', "export const x = new WebSocket('x')", /Cannot find name 'WebSocket'/],
    ['performance', 'export const x = performance.now()', /Cannot find name 'performance'/],
    ['queueMicrotask', 'export const x = queueMicrotask', /Cannot find name 'queueMicrotask'/],
    ['structuredClone', 'export const x = structuredClone(1)', /Cannot find name 'structuredClone'/],
    ['TextEncoder', 'export const x = new TextEncoder()', /Cannot find name 'TextEncoder'/],
    [
      'the shell',
      "import type { Clock } from '../shell/ports.js'\nexport type X = Clock",
      /'rootDir' is expected to contain all source files/
    ]
  ]
  const GOOD = 'export const x: number = Math.max(...[1n, 2n].map(Number))'

  const snippetName = (i: number) => path.join(CORE, `snippet-${String(i)}.ts`)
  const snippets = new Map([...HOST.map(([, snippet]) => snippet), GOOD].map((snippet, i) => [snippetName(i), snippet]))
  const options: ts.CompilerOptions = {
    ...config.options,
    composite: false,
    declaration: false,
    declarationMap: false,
    noEmit: true
  }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([...snippets.keys()], options, {
    ...host,
    fileExists: (name) => snippets.has(name) || host.fileExists(name),
    getSourceFile: (name, language) => {
      const snippet = snippets.get(name)
      return snippet === undefined ? host.getSourceFile(name, language) : ts.createSourceFile(name, snippet, language)
    }
  })
  const saidAbout = (i: number): ReadonlyArray<string> => {
    const source = program.getSourceFile(snippetName(i))
    return [...program.getSemanticDiagnostics(source), ...program.getOptionsDiagnostics()]
      .filter((one) => one.file === undefined || one.file === source)
      .map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'))
  }

  HOST.forEach(([what, , said], i) => {
    test(`${what} does not compile`, () => expect(saidAbout(i).some((message) => said.test(message))).toBe(true))
  })

  test('plain language compiles', () => {
    const source = program.getSourceFile(snippetName(HOST.length))
    expect([program.getSyntacticDiagnostics(source), program.getSemanticDiagnostics(source)]).toEqual([[], []])
  })
})

// ---------------------------------------------------------------------------------------- the second fence

/** What the core may import besides itself: pure, and as small as it gets. */
const ALLOWED = ['fp-ts/lib/Either.js', 'fp-ts/lib/Eq.js', 'fp-ts/lib/Option.js', 'fp-ts/lib/function.js', 'io-ts']

interface Rule {
  /** Something that the rule forbids. */
  readonly bad: string
  readonly forbids: (node: ts.Node) => boolean
  readonly name: string
  readonly reason: string
}

/** A rule about one name, wherever it stands: as a value, a property, or a type. */
const name = (banned: string, reason: string, bad: string): Rule => ({
  bad,
  forbids: (node) =>
    (ts.isIdentifier(node) && node.text === banned) ||
    (ts.isStringLiteralLike(node) && isAccessKey(node) && node.text === banned),
  name: banned,
  reason
})

const isAccessKey = (node: ts.Node): boolean =>
  ts.isElementAccessExpression(node.parent) && node.parent.argumentExpression === node

const syntax = (called: string, forbids: (node: ts.Node) => boolean, reason: string, bad: string): Rule => ({
  bad,
  forbids,
  name: called,
  reason
})

const RULES: ReadonlyArray<Rule> = [
  name('Date', 'time is input: events carry it', 'export const now = () => Date.now()'),
  name('random', 'chance is input: an effect carries the range, the shell draws', 'export const x = Math.random()'),
  name('Promise', 'a step is over when it returns', 'export const x = Promise.resolve(1)'),
  syntax(
    'async',
    (node) => node.kind === ts.SyntaxKind.AsyncKeyword,
    'a step is over when it returns',
    'export const x = async () => 1'
  ),
  syntax(
    'await',
    (node) => ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined),
    'a step is over when it returns',
    'export const x = await 1'
  ),
  name('setTimeout', 'a pause is an effect', 'export const x = (setTimeout: () => void) => setTimeout()'),
  name('setInterval', 'a pause is an effect', 'export const x = (setInterval: () => void) => setInterval()'),
  name('Map', 'there is one kind of map, and it is ordered: data/ordered-map.ts', 'export const x = new Map()'),
  name('Set', 'it keeps the order of insertion; lists ascend: data/ascending.ts', 'export const x = new Set()'),
  name('Intl', 'differs from machine to machine', "export const x = new Intl.Collator('de')"),
  name('localeCompare', 'order "as text" must be the same everywhere (D13)', "export const x = 'a'.localeCompare('b')"),
  name('toLocaleString', 'differs from machine to machine', 'export const x = (1).toLocaleString()'),
  name('toLocaleLowerCase', 'differs from machine to machine', "export const x = 'I'.toLocaleLowerCase()"),
  name('toLocaleUpperCase', 'differs from machine to machine', "export const x = 'i'.toLocaleUpperCase()"),
  name('eval', 'code from text can be anything', "export const x: unknown = eval('1')"),
  name('Function', 'code from text can be anything', "export const x: unknown = new Function('return 1')()"),
  name('console', 'to say something is an effect', 'export const x = (console: { log: () => void }) => console.log()'),
  name('process', 'the surroundings are input', 'export const x = (process: { pid: number }) => process.pid'),
  name('globalThis', 'a way to every other name', "export const x: unknown = globalThis['Date']"),
  name('constructor', 'a way to Function, and a valid rkey', "export const x: unknown = (() => 1)['constructor']"),
  name('WeakRef', 'tells when memory is collected', 'export const x = new WeakRef({})'),
  name('FinalizationRegistry', 'tells when memory is collected', 'export const x = new FinalizationRegistry(() => 1)'),
  name('SharedArrayBuffer', 'memory that somebody else may write', 'export const x = new SharedArrayBuffer(1)'),
  name('Atomics', 'memory that somebody else may write', 'export const x = Atomics'),
  name('stack', 'differs from engine to engine', "export const x = new Error('x').stack"),
  syntax(
    'throw',
    ts.isThrowStatement,
    'no exception leaves the core; what fails is a value',
    "export const x = () => { throw new Error('x') }"
  ),
  syntax(
    'declare',
    (node) => node.kind === ts.SyntaxKind.DeclareKeyword,
    'what is declared and not there is a hole in the first fence',
    'declare const window: { name: string }\nexport const x = window.name'
  ),
  syntax(
    'computed import',
    (node) => ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword,
    'the list of imports must be the whole list',
    "export const x = import('./config.js')"
  ),
  syntax('import.meta', ts.isMetaProperty, 'where the code lies is part of the surroundings', 'export const x = import.meta'),
  name(
    'require',
    'the list of imports must be the whole list',
    "export const x = (require: (id: string) => unknown) => require('fs')"
  )
]

/** What the text of a file refers to before it is code. */
const directivesIn = ({ libReferenceDirectives, referencedFiles, typeReferenceDirectives }: ts.SourceFile): boolean =>
  libReferenceDirectives.length + referencedFiles.length + typeReferenceDirectives.length > 0

const specifierOf = (node: ts.Node): string | null => {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
    return ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : ''
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal) ? node.argument.literal.text : ''
  return ts.isExternalModuleReference(node) && ts.isStringLiteral(node.expression) ? node.expression.text : null
}

const isAllowed = (specifier: string, from: string): boolean =>
  specifier.startsWith('.')
    ? specifier.endsWith('.js') && !path.relative(CORE, path.resolve(CORE, path.dirname(from), specifier)).startsWith('..')
    : ALLOWED.includes(specifier)

/** What is wrong with the text of the file `from` (a path in core/): the names of the rules it breaks. */
const violations = (text: string, from = 'x.ts'): ReadonlyArray<string> => {
  const source = ts.createSourceFile(from, text, ts.ScriptTarget.ES2022, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    found.push(...RULES.filter((rule) => rule.forbids(node)).map((rule) => rule.name))
    const specifier = specifierOf(node)
    if (specifier !== null && !isAllowed(specifier, from)) found.push(`import of ${specifier}`)
    ts.forEachChild(node, visit)
  }
  visit(source)
  if (directivesIn(source)) found.push('reference')
  if (/@ts-(?:ignore|expect-error|nocheck)|eslint-disable/.test(text)) found.push('suppression')
  return [...new Set(found)]
}

const sources = readdirSync(CORE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => ({ name: file, text: readFileSync(path.join(CORE, file), 'utf8') }))

describe('the second fence: the sources', () => {
  test('sources are found', () => expect(sources.length).toBeGreaterThan(20))

  for (const source of sources)
    test(`${source.name} keeps to the rules`, () => {
      const broken = violations(source.text, source.name)
      expect(broken.map((one) => `${one}: ${RULES.find((rule) => rule.name === one)?.reason ?? 'not on the list'}`)).toEqual([])
    })

  describe('each rule finds what it forbids', () => {
    for (const rule of RULES) test(`${rule.name} (${rule.reason})`, () => expect(violations(rule.bad)).toContain(rule.name))

    const imports: ReadonlyArray<readonly [text: string, specifier: string]> = [
      ...['Console', 'Date', 'IO', 'IOEither', 'Random', 'Task', 'TaskEither'].map((module): readonly [string, string] => [
        `import * as M from 'fp-ts/lib/${module}.js'`,
        `fp-ts/lib/${module}.js`
      ]),
      ["import { pipe } from 'fp-ts'", 'fp-ts'],
      ["import * as fs from 'node:fs'", 'node:fs'],
      ["import 'ws'", 'ws'],
      ["import type { Clock } from '../shell/ports.js'", '../shell/ports.js'],
      ["import { x } from './config'", './config'],
      ["export * from 'lowdb'", 'lowdb'],
      ["export type X = import('node:fs').Stats", 'node:fs'],
      ["import fs = require('fs')", 'fs']
    ]
    for (const [text, specifier] of imports) test(text, () => expect(violations(text)).toContain(`import of ${specifier}`))

    for (const text of [
      "/// <reference types='node' />",
      "/// <reference lib='dom' />",
      "/// <reference path='../shell/ports.ts' />"
    ])
      test(text, () => expect(violations(text)).toEqual(['reference']))

    for (const text of ['// @ts-ignore', '/* eslint-disable */', '// @ts-expect-error', '// @ts-nocheck'])
      test(text, () => expect(violations(text)).toEqual(['suppression']))
  })

  test('good code breaks no rule', () => {
    const good = [
      "import * as E from 'fp-ts/lib/Either.js'",
      "import type { Json } from './data/canonical.js'",
      "// Date.now() in a comment, and in a text: 'Date'",
      "export const x = 'Math.random() console process throw async await'",
      'export const y = E.right(Math.max(1, 2))',
      "export const z: Json = { dated: 1, 'Date': 2 }"
    ]
    expect(violations(good.join('\n'))).toEqual([])
    expect(violations("export * from '../config.js'", 'data/x.ts')).toEqual([])
    expect(violations("export * from '../../shell/x.js'", 'data/x.ts')).toEqual(['import of ../../shell/x.js'])
  })
})

// ---------------------------------------------------------------------------------------- the rooms

/**
 * The rooms of the core from the ground up: folders, and the files at its root. Each imports from those before it alone. The same table, with what
 * each of them holds, is in CONTRIBUTING.md.
 */
const ROOMS = [
  ...['data/', 'model/'],
  ...['config.ts', 'events/', 'event.ts', 'report.ts', 'effect.ts'],
  ...['base/', 'wire/', 'wire/knot/'],
  ...['commits/', 'knots/', 'access/', 'builds/', 'backfill/', 'cursor/', 'counters/'],
  ...['state.ts', 'machine.ts', 'batch.ts'],
  ...['queries/', 'journal/'],
  ...['public/', 'index.ts']
]

const SHELL = fileURLToPath(new URL('../../shell', import.meta.url))

/** The specifiers of a file, those of types and of imports at run time included. */
const specifiersIn = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    const [argument] = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments : []
    const specifier = argument !== undefined && ts.isStringLiteralLike(argument) ? argument.text : specifierOf(node)
    if (specifier !== null) found.push(specifier)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022))
  return found
}

/** Something that imports, and what it imports. */
type Imports = ReadonlyMap<string, ReadonlySet<string>>

/** Which file of the folder imports which, by their paths in it. */
const importsIn = (folder: string): Imports => {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return new Map(
    names.map((file) => {
      const imported = specifiersIn(readFileSync(path.join(folder, file), 'utf8'))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts'))
      return [file, new Set(imported.filter((one) => !one.startsWith('..')))]
    })
  )
}

/** The folder of a file with a slash at its end, or the file itself if it is in none. */
const roomOf = (file: string): string => (file.includes('/') ? `${path.posix.dirname(file)}/` : file)

const byRoom = (imports: Imports): Imports => {
  const rooms = new Map<string, Set<string>>()
  for (const [file, imported] of imports) {
    const room = roomOf(file)
    const others = rooms.get(room) ?? new Set()
    for (const one of imported) if (roomOf(one) !== room) others.add(roomOf(one))
    rooms.set(room, others)
  }
  return rooms
}

/** A circle in what imports what: `a → b → a`; `null` if there is none. */
const circleIn = (imports: Imports): string | null => {
  const done = new Set<string>()
  const visit = (one: string, way: ReadonlyArray<string>): string | null => {
    if (way.includes(one)) return [...way.slice(way.indexOf(one)), one].join(' → ')
    if (done.has(one)) return null
    for (const next of imports.get(one) ?? []) {
      const found = visit(next, [...way, one])
      if (found !== null) return found
    }
    done.add(one)
    return null
  }
  for (const one of imports.keys()) {
    const found = visit(one, [])
    if (found !== null) return found
  }
  return null
}

/** The imports of a room that does not stand below it, as `file → file`. */
const upward = (imports: Imports): ReadonlyArray<string> =>
  [...imports].flatMap(([file, imported]) =>
    [...imported]
      .filter((one) => roomOf(one) !== roomOf(file) && ROOMS.indexOf(roomOf(one)) >= ROOMS.indexOf(roomOf(file)))
      .map((one) => `${file} → ${one}`)
  )

describe('the rooms of the core', () => {
  const imports = importsIn(CORE)

  test('are all in the order', () => expect([...byRoom(imports).keys()].sort()).toEqual([...ROOMS].sort()))

  test('import from those below them alone', () => expect(upward(imports)).toEqual([]))

  test('are told of in CONTRIBUTING.md in the same order', () => {
    const page = readFileSync(path.join(CORE, '..', 'CONTRIBUTING.md'), 'utf8')
    const section = page.split('\n## ').find((one) => one.startsWith('The rooms of the core')) ?? ''
    const cells = section.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|')[1] ?? '')
    expect(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, room]) => room))).toEqual(ROOMS)
  })

  test('show an import that goes up', () => {
    const up: Imports = new Map([
      ['wire/status.ts', new Set(['builds/variables.ts', 'wire/json.ts', 'data/text.ts'])],
      ['event.ts', new Set(['effect.ts', 'events/stream.ts'])]
    ])
    expect(upward(up)).toEqual(['wire/status.ts → builds/variables.ts', 'event.ts → effect.ts'])
  })
})

describe.each([
  ['core', CORE],
  ['shell', SHELL]
])('no circle of imports in %s', (_, folder) => {
  const imports = importsIn(folder)

  test('leads from file to file', () => expect(circleIn(imports)).toBeNull())
  test('leads from folder to folder', () => expect(circleIn(byRoom(imports))).toBeNull())
})

test('a circle of imports is found, also one of types or at run time', () => {
  const text = [
    "import type { A } from './a.js'",
    "export type { B } from './b.js'",
    "export * as C from './c.js'",
    "export const d = import('./d.js')",
    "export type E = import('./e.js').E"
  ]
  expect(specifiersIn(text.join('\n'))).toEqual(['./a.js', './b.js', './c.js', './d.js', './e.js'])
  const circle = [
    ['x/a.ts', new Set(['x/b.ts', 'y/c.ts'])],
    ['x/b.ts', new Set(['y/d.ts'])],
    ['y/c.ts', new Set(['y/d.ts'])],
    ['y/d.ts', new Set(['x/e.ts'])],
    ['x/e.ts', new Set<string>()]
  ] as const
  expect([circleIn(new Map(circle)), circleIn(byRoom(new Map(circle)))]).toEqual([null, 'x/ → y/ → x/'])
  expect(circleIn(new Map([...circle, ['x/e.ts', new Set(['x/b.ts'])]]))).toBe('x/b.ts → y/d.ts → x/e.ts → x/b.ts')
})
