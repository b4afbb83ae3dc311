/**
 * The known word that is closest to a mistyped one.
 */

/** In how many code units one must be changed, put in or taken out to make one text of the other. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/**
 * Of `words`, the one with the least edit distance to `text`, in UTF-16 code units; of several the first.
 *
 * @example
 * import assert from 'node:assert'
 * import { nearest } from '@tack-ci/core'
 *
 * assert.strictEqual(nearest(['branch', 'event', 'tag'])('branches'), 'branch')
 */
export const nearest =
  <Word extends string>(words: readonly [Word, ...ReadonlyArray<Word>]) =>
  (text: string): Word =>
    words.reduce((best, word) => (distance(text, word) < distance(text, best) ? word : best), words[0])
