/**
 * What keeps the house tidy. Names that a reader meets one at a time, titles of tests and files: a title is read in a report of what failed, far
 * from the one before it; a file is read in a tab, in a stack trace, and in a sentence. Besides, how long files and lines may be, and who may
 * know the demo network.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { CONCERNS } from '../../core/index.js'
import { EXAMPLES } from '../suite/examples/index.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The sources below a folder, by their paths from the root. */
const sourcesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.posix.join(folder, file))
    .sort()

// ---------------------------------------------------------------------------------------- titles

/** What continues a sentence that somebody else began; a question begins itself. */
const CONTINUES = /^(?:also|although|and|because|but|if|nor|or|so|then|though|unless|until|when|which|while|whose|yet)\b(?!.*\?$)/i

/** `describe`, `it` or `test`, and what may stand between that and its title: `.each(rows)`, `.skipIf(condition)`. */
const isTitled = (callee: ts.Expression): boolean => {
  if (ts.isIdentifier(callee)) return ['describe', 'it', 'test'].includes(callee.text)
  return (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) && isTitled(callee.expression)
}

const textOf = (node: ts.Node | undefined): string | null => {
  if (node === undefined) return null
  if (ts.isStringLiteralLike(node)) return node.text
  return ts.isTemplateExpression(node) ? node.head.text : null
}

/** The first text of each row, where the title is nothing else. */
const rowsOf = (title: string, callee: ts.Expression): ReadonlyArray<string> => {
  const rows = ts.isCallExpression(callee) ? callee.arguments[0] : undefined
  if (!title.startsWith('%s') || rows === undefined || !ts.isArrayLiteralExpression(rows)) return []
  return rows.elements.flatMap((row) => textOf(ts.isArrayLiteralExpression(row) ? row.elements[0] : row) ?? [])
}

const titlesIn = (text: string): ReadonlyArray<string> => {
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTitled(node.expression)) {
      const title = textOf(node.arguments[0])
      if (title !== null) found.push(title, ...rowsOf(title, node.expression))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

describe('a title', () => {
  const titles = sourcesIn('spec').flatMap((file) =>
    titlesIn(readFileSync(path.join(ROOT, file), 'utf8')).map((title) => [file, title] as const)
  )

  test('of a test does not begin with a conjunction', () => {
    expect(titles.length).toBeGreaterThan(1_000)
    expect(titles.filter(([, title]) => CONTINUES.test(title))).toEqual([])
  })

  test('of an example does not begin with a conjunction', () => {
    const names = EXAMPLES.map(({ name }) => name.replace(/^\S+ /, ''))
    expect(names.filter((name) => CONTINUES.test(name))).toEqual([])
  })

  test('is found wherever it stands', () => {
    const text = [
      "describe('a', () => {",
      "  it.each([['and b', 1], ['c', 2]])('%s', () => 1)",
      "  test.each([1])('nor d', () => 1)",
      "  it.skipIf(true)(`but e${'!'}`, () => 1)",
      "  test(\n    'or f',\n    () => 1\n  )",
      '})'
    ]
    expect(titlesIn(text.join('\n')).filter((title) => CONTINUES.test(title))).toEqual(['and b', 'nor d', 'but e', 'or f'])
  })
})

// ---------------------------------------------------------------------------------------- files

/** Names that may stand twice within a part, and why. */
const TWICE: Readonly<Record<string, string>> = {
  'index.ts': 'the door of a folder',
  'main.ts': 'a program that is started',
  'model.ts': 'the state of the machine in that folder',
  'written.ts': 'how that state is written'
}

/** Folders whose files are named after those that they belong to. */
const AFTER_OTHERS: Readonly<Record<string, string>> = {
  'core/public': 'what the door shows of the file of that name',
  'core/wire': 'how others write what the file of that name is about'
}

const foldersIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`)

/** In the suite a file is named after what it is about, once among the laws, once among the examples, and so on. */
const PARTS = ['core', 'shell', ...foldersIn('spec').filter((part) => part !== 'spec/suite'), ...foldersIn('spec/suite')]

const twiceIn = (files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = files.filter((file) => !(path.posix.dirname(file) in AFTER_OTHERS)).map((file) => path.posix.basename(file))
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i && !(name in TWICE)))]
}

describe('the name of a file', () => {
  test.each(PARTS)('stands once in %s', (part) => expect(twiceIn(sourcesIn(part))).toEqual([]))

  test('is compared without its folder', () => {
    expect(twiceIn(['a/x.ts', 'a/b/x.ts', 'a/index.ts', 'a/b/index.ts', 'core/y.ts', 'core/wire/y.ts'])).toEqual(['x.ts'])
  })
})

// ---------------------------------------------------------------------------------------- lengths and rooms

/** How long a file may be, and a line of it, in characters. In tests a case of a table is a line. */
const MOST: Readonly<Record<string, { readonly line: number; readonly lines: number }>> = {
  core: { line: 120, lines: 300 },
  shell: { line: 180, lines: 600 },
  spec: { line: 240, lines: 1_200 }
}

/** What is too long in a file of a part: itself, or one of its lines. */
const tooLongIn = (part: string, text: string): ReadonlyArray<string> => {
  const most = MOST[part] ?? { line: 0, lines: 0 }
  const lines = text.trimEnd().split('\n')
  return [
    ...(lines.length > most.lines ? [`${String(lines.length)} lines`] : []),
    ...lines.flatMap((line, i) => (line.length > most.line ? [`line ${String(i + 1)}`] : []))
  ]
}

describe('files and lines', () => {
  test.each(Object.keys(MOST))('are short in %s', (part) => {
    const files = sourcesIn(part)
    expect(files.length).toBeGreaterThan(50)
    const long = files.flatMap((file) => tooLongIn(part, readFileSync(path.join(ROOT, file), 'utf8')).map((what) => `${file}: ${what}`))
    expect(long).toEqual([])
  })

  test('are measured in lines and in characters', () => {
    expect(tooLongIn('core', `${'x\n'.repeat(299)}${'y'.repeat(120)}\n`)).toEqual([])
    expect(tooLongIn('core', `${'x\n'.repeat(300)}${'y'.repeat(121)}\n`)).toEqual(['301 lines', 'line 301'])
  })
})

/** The demo network is for `tack demo`, for tests, and for nothing else of the bridge. */
const isNeighbor = (file: string): boolean => file.startsWith('shell/demo-network/') || file.startsWith('shell/cli/demo')
const KNOWS = /from '[^']*\/demo-network\//

describe('the demo network', () => {
  test('is imported by the demo alone', () => {
    const knowing = sourcesIn('shell').filter((file) => KNOWS.test(readFileSync(path.join(ROOT, file), 'utf8')))
    expect(knowing.filter(isNeighbor)).not.toEqual([])
    expect(knowing.filter((file) => !isNeighbor(file))).toEqual([])
  })
})

// ---------------------------------------------------------------------------------------- the page that opens the core

/** The kinds that a source declares. */
const kindsIn = (file: string): ReadonlyArray<string> =>
  [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/_tag: t\.literal\('(\w+)'\)/g)].flatMap(([, kind]) => kind ?? [])

describe('the page that opens the core', () => {
  const [page = ''] = readFileSync(path.join(ROOT, 'core/index.ts'), 'utf8').split('*/')

  test.each(Object.keys(CONCERNS))('says what the event %s is for', (kind) => expect(page).toMatch(new RegExp(`^ \\*     .*\\b${kind}\\b`, 'm')))

  test('says what each kind of effect asks of the shell', () => {
    const kinds = kindsIn('core/effect.ts')
    expect(kinds).toContain('ReadAccess')
    expect(kinds.length).toBeGreaterThan(15)
    expect(kinds.filter((kind) => !new RegExp(`^ \\*     .*\\b${kind}\\b`, 'm').test(page))).toEqual([])
  })
})
