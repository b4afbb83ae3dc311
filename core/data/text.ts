/** Foreign text: how it is made well-formed, and how much of it a report may repeat. */

const SURROGATE = /[\ud800-\udfff]/
const LONE_SURROGATE = /[\ud800-\udfff]/gu

/**
 * `text` with every lone surrogate replaced by U+FFFD (S9): what is left can be written as UTF-8 and read back
 * unchanged.
 */
export const wellFormed = (text: string): string =>
  SURROGATE.test(text) ? text.replace(LONE_SURROGATE, '\ufffd') : text

/** The first `max` UTF-16 code units of `text`, and `…` for the rest. */
export const cut = (text: string, max: number): string =>
  wellFormed(text.length <= max ? text : `${text.slice(0, max)}…`)

const EXCERPT = 120

/**
 * The first 120 characters of `text`, and `…` for the rest: strangers do not decide how long a report is.
 *
 * @example
 * import assert from 'node:assert'
 * import { excerpt } from '@tack-ci/core'
 *
 * assert.strictEqual(excerpt('short'), 'short')
 * assert.strictEqual(excerpt('x'.repeat(121)), `${'x'.repeat(120)}…`)
 * assert.strictEqual(excerpt('\ud83e'), '\ufffd')
 */
export const excerpt = (text: string): string => cut(text, EXCERPT)
