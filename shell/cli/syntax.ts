/**
 * Syntax faults of a configuration: invalid YAML, invalid JSON, duplicate keys. Messages quote nothing of the text but the names of keys, because it
 * may hold secrets. For the same reason the parsers' own messages, which quote it, are not used.
 */
import { type ErrorCode, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { excerpt } from '../../core/index.js'
import type { Position } from '../authoring/positions.js'

export interface SyntaxFault {
  readonly position: Position | null
  readonly sentence: string
}

// ---------------------------------------------------------------------------------------- YAML

const INDENTATION =
  'wrong indentation. What belongs together begins in the same column, and what is inside it two spaces further to the right. Or a bracket or brace above is not closed'
const QUOTES = 'a value cannot begin like this. Put it in quotes, like "**" or "@name"'

const WORDS: { readonly [code in ErrorCode]?: string } = {
  BAD_ALIAS: QUOTES,
  BAD_DQ_ESCAPE: 'an unknown escape. In double quotes, write \\\\ for a backslash; in single quotes, one is enough',
  BAD_INDENT: INDENTATION,
  BAD_SCALAR_START: QUOTES,
  BLOCK_AS_IMPLICIT_KEY: 'two settings in one, by wrong indentation or a second colon. Settings of one level begin in the same column; a value with ": " in it is put in quotes',
  BLOCK_IN_FLOW: 'a list or mapping of several lines inside [ ] or { }. Write the outer one in lines as well',
  MISSING_CHAR: 'something is missing: the closing quote, bracket or brace of something above, or the "- " of an item',
  MULTILINE_IMPLICIT_KEY: 'not a setting. Settings are written "name: value", with a colon and a space',
  MULTIPLE_DOCS: 'a second document. Remove the line "---"',
  TAB_AS_INDENT: 'a tab. Indent with spaces',
  TAG_RESOLVE_FAILED: 'a value that begins with "!". Put it in quotes',
  UNEXPECTED_TOKEN: 'something unexpected. Is there a quote, bracket or brace too many, or one missing above? Put values with special characters in quotes'
}

const OTHERWISE = 'this is not YAML'

const parsed = (text: string, counter: LineCounter) =>
  parseDocument(text, { lineCounter: counter, logLevel: 'silent', prettyErrors: false, schema: 'core', uniqueKeys: false })

const positionAt = (counter: LineCounter, offset: number): Position => {
  const { col, line } = counter.linePos(offset)
  return { column: col, line }
}

/** The YAML syntax errors, by position. Empty if there are none. */
export const yamlFaults = (text: string): ReadonlyArray<SyntaxFault> => {
  const counter = new LineCounter()
  const document = parsed(text, counter)
  const faults = [...document.errors, ...document.warnings].map(({ code, pos: [offset] }) => ({
    position: positionAt(counter, offset),
    sentence: `${WORDS[code] ?? OTHERWISE}.`
  }))
  // One mistake is often reported twice.
  return faults.filter(({ position: { line } }, i) => faults.findIndex((other) => other.position.line === line) === i)
}

/** The duplicate keys of mappings. Aliases are not followed. */
export const duplicates = (text: string): ReadonlyArray<SyntaxFault> => {
  const counter = new LineCounter()
  const found: Array<SyntaxFault> = []
  const waiting: Array<Node | null> = [parsed(text, counter).contents]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === null || isAlias(next) || isScalar(next)) continue
    if (isSeq<Node>(next)) waiting.push(...next.items)
    if (!isMap<Node, Node | null>(next)) continue
    const before = new Map<string, Position>()
    for (const { key, value } of next.items) {
      waiting.push(value)
      if (!isScalar(key) || key.range == null) continue
      const name = String(key.value)
      const position = positionAt(counter, key.range[0])
      const first = before.get(name)
      if (first === undefined) before.set(name, position)
      else found.push({ position, sentence: `"${excerpt(name)}" is set twice, here and in line ${String(first.line)}. Keep one of them.` })
    }
  }
  return found
}

// ---------------------------------------------------------------------------------------- JSON

const SPACE = /[ \t\n\r]*/y
const TOKEN =
  /([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null)(?![A-Za-z0-9_.])/y

type Expected = 'colon' | 'comma' | 'end' | 'key' | 'value'

const EXPECTED: { readonly [expected in Expected]: string } = {
  colon: 'expected a colon between name and value',
  comma: 'expected a comma, or the closing bracket or brace',
  end: 'expected nothing more',
  key: 'expected the name of a setting, in double quotes; there is no comma after the last one',
  value: 'expected a value: text in double quotes, a number, true, false, null, [ or {; there is no comma after the last one'
}

const positionIn = (text: string, offset: number): Position => {
  const before = text.slice(0, offset).split('\n')
  return { column: (before.at(-1)?.length ?? 0) + 1, line: before.length }
}

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** Where a text stops being valid JSON. (Only some versions of the platform's parser tell the position.) */
export const jsonFault = (text: string): SyntaxFault => {
  const open: Array<'[' | '{'> = []
  let expected: Expected = 'value'
  let mayClose = false
  for (let at = 0; ; ) {
    at += matchAt(SPACE, text, at)?.[0].length ?? 0
    const said = (): SyntaxFault => ({
      position: positionIn(text, at),
      sentence: `not JSON: ${at === text.length ? 'the text ends too soon; ' : ''}${EXPECTED[expected]}.`
    })
    const match = matchAt(TOKEN, text, at)
    if (match === null) return said()
    const [whole, sign, string, scalar] = match
    const inside = open.at(-1)
    const isClosing = (sign === '}' && inside === '{') || (sign === ']' && inside === '[')
    if (isClosing && (mayClose || expected === 'comma')) {
      open.pop()
      expected = open.length === 0 ? 'end' : 'comma'
      mayClose = false
    } else if (expected === 'key' && string !== undefined) {
      expected = 'colon'
      mayClose = false
    } else if (expected === 'colon' && sign === ':') expected = 'value'
    else if (expected === 'comma' && sign === ',') {
      expected = inside === '{' ? 'key' : 'value'
      mayClose = false
    } else if (expected === 'value' && (sign === '{' || sign === '[')) {
      open.push(sign)
      expected = sign === '{' ? 'key' : 'value'
      mayClose = true
    } else if (expected === 'value' && (string ?? scalar) !== undefined) {
      expected = open.length === 0 ? 'end' : 'comma'
      mayClose = false
    } else return said()
    at += whole.length
  }
}
