/** UTF-8 is counted as it would be written. */
import { expect, test } from 'vitest'
import { utf8Length } from '../../core/data/utf8.js'

const rows: ReadonlyArray<readonly [text: string, bytes: number]> = [
  ['', 0],
  ['\u0000', 1],
  ['\u007f', 1],
  ['\u0080', 2],
  ['\u07ff', 2],
  ['\u0800', 3],
  ['\uffff', 3],
  ['\u{10000}', 4],
  ['\u{10ffff}', 4],
  ['\ud800', 3],
  ['\udc00\ud800', 6],
  ['\ud800a', 4],
  ['\ud800\ue000', 6],
  ['\ud800😀\udc00', 10],
  ['\udbff\udc00', 4],
  ['\ud800\udfff', 4],
  ['\udc00\udc00', 6],
  ['aé€😀', 10]
]

test.each(rows)('%j is %i bytes', (text, bytes) => {
  expect(utf8Length(text)).toBe(bytes)
  expect(new TextEncoder().encode(text).length).toBe(bytes)
})
