/** What the log shows: of texts that strangers wrote, all that is in them; lists as lists; colour where it is wanted. */
import { execFileSync, spawnSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { withoutControls } from '../../../shell/cli/text.js'
import { createLog, type LogFormat, escapeInvisible } from '../../../shell/lib/log.js'
import type { Fields } from '../../../shell/ports.js'

const INVISIBLE: ReadonlyArray<readonly [string, string, string]> = [
  ['an escape', '\u001b[2J', '\\u001b[2J'],
  ['a line feed', 'a\nb', 'a\\u000ab'],
  ['a separator of lines', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['a text that turns its direction', 'gpj\u202egnp', 'gpj\\u202egnp'],
  ['an isolate, and its end', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['marks of direction', 'a\u200e\u200f\u061cb', 'a\\u200e\\u200f\\u061cb'],
  ['characters without width', 'o\u200bw\u200cn\u200de\u2060r\ufeff', 'o\\u200bw\\u200cn\\u200de\\u2060r\\ufeff'],
  ['a soft hyphen', 'own\u00ader', 'own\\u00ader'],
  ['a letter that is blank', 'a\u3164', 'a\\u3164'],
  ['a tag, of two code units', 'a\u{e0041}', 'a\\udb40\\udc41']
]

describe('a text of somebody else', () => {
  test.each(INVISIBLE)('shows %s', (_, text, shown) => expect(escapeInvisible(text)).toBe(shown))

  test('is left alone in what can be seen, in any script', () => {
    const text = 'Grüße, שלום, 日本語, 🎉, e\u0301, \\u202e'
    expect(escapeInvisible(text)).toBe(text)
  })

  test('means the same as JSON, where line feeds between values stay', () => {
    const value = INVISIBLE.map(([, text]) => text)
    const json = withoutControls(JSON.stringify(value, null, 2))
    expect(JSON.parse(json)).toEqual(value)
    expect(json.split('\n').map(escapeInvisible).join('\n')).toBe(json)
    expect(json).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]/u)
  })
})

/** What one call writes. */
const written = (format: LogFormat, fields: Fields, hasColour = false): string => {
  const out = new PassThrough()
  createLog(format, 'info', out, hasColour).info('said', fields)
  return String(out.read())
}

describe('a list', () => {
  const fields = { heldBy: ['did:plc:a/x\n', '\u202eb'], nested: { names: ['\u001b'], of: { '\u0007': 1 } }, none: [], one: 1, nothing: null }

  test('is a list in JSON, with every text in it made visible', () => {
    expect(JSON.parse(written('json', fields))).toMatchObject({
      heldBy: ['did:plc:a/x\\u000a', '\\u202eb'], nested: { names: ['\\u001b'], of: { '\\u0007': 1 } }, none: [], nothing: null, one: 1
    })
  })

  test('reads as its items in prose', () => {
    const line = written('pretty', { heldBy: ['did:plc:a/x', 'did:plc:b/y'], why: 'x' })
    expect(line).toContain('"heldBy":"did:plc:a/x, did:plc:b/y"')
    expect(line.replace(/^\[[0-9:]+\]/, '')).not.toContain('[')
  })
})

/** Whether there is the program that gives another one a terminal. */
const hasScript = spawnSync('script', ['--version']).status === 0

describe('colour', () => {
  const on = (environment: NodeJS.ProcessEnv): string => {
    const of = (path: string): string => fileURLToPath(new URL(`../../../dist/shell/${path}`, import.meta.url))
    const code = `const { createLog } = await import('${of('lib/log.js')}'); const { hasColour } = await import('${of('cli/text.js')}')
      createLog('pretty', 'info', process.stdout, hasColour(process.stdout, process.env)).info('said', { why: 'x' })`
    const command = `'${process.execPath}' --input-type=module -e "$CODE"`
    return execFileSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env: { CODE: code, PATH: process.env['PATH'], TERM: 'xterm', ...environment } })
  }

  test.skipIf(!hasScript)(`is on a terminal, unless NO_COLOR says otherwise${hasScript ? '' : ' (skipped: there is no script)'}`, () => {
    expect(on({})).toMatch(/\u001b\[[0-9]+m/)
    const plain = on({ NO_COLOR: '1' })
    expect(plain).toContain('said')
    expect(plain).not.toContain('\u001b')
  })

  test('is there when it is asked for, and otherwise not', () => {
    expect(written('pretty', { why: 'x' }, true)).toMatch(/\u001b\[[0-9]+m/)
    expect(written('pretty', { why: 'x' })).not.toContain('\u001b')
    expect(written('json', { why: 'x' }, true)).not.toContain('\u001b')
  })
})
