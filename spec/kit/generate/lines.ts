/** How a generated file is written: canonical JSON lines, of well-formed text only (spec/formats.md). */
import { canonical, type Json } from '../../../core/index.js'

/** `JSON.stringify` escapes a surrogate only where it is alone. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud/

/** @throws Error when `content` holds text that cannot be written as UTF-8. */
export const lineOf = (content: object): string => {
  const line = canonical(content as Json)
  if (LONE_SURROGATE.test(line)) throw new Error(`there is a lone surrogate in ${line.slice(0, 200)}`)
  return line
}

export const textOf = (lines: Iterable<string>): string => `${[...lines].join('\n')}\n`
