/** JSON: values with a canonical text, the same ones with their keys in another order, and texts that are hardly JSON. */
import fc from 'fast-check'
import type { Json } from '../../../core/index.js'

/** Keys as they come, and those that break programs; none of them all digits, which have no place in the machine. */
const keys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'a', 'b', 'A', '', 'é', '\u{1f600}', '\uffff', '"', '\n'),
  fc.string({ unit: 'grapheme' }).filter((key) => !/^[0-9]+$/.test(key))
)

const texts = fc.string({ unit: 'binary' })

/** Values with a canonical text: integers, well-formed text, and what is made of them. */
export const jsons: fc.Arbitrary<Json> = fc.letrec<{ readonly value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    texts,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(keys, tie('value')), { maxLength: 5, selector: ([key]) => key })
      .map((entries): Json => Object.fromEntries(entries))
  )
})).value

const reversed = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]): [string, Json] => [key, reversed(item)])
      .reverse()
  )
}

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** A value, and the same one with the keys of its objects the other way round. */
export const reordered = jsons.map((value) => ({ other: reversed(value), value }))

const loneSurrogates: fc.Arbitrary<string> = fc
  .tuple(fc.string(), fc.integer({ max: 0xdfff, min: 0xd800 }))
  .map(([text, unit]) => JSON.stringify({ did: text }).replace(/"}$/, `${String.fromCharCode(unit)}"}`))

/** Texts of about the length at which reports cut them, some of them cut within a character. */
export const longTexts: fc.Arbitrary<string> = fc
  .tuple(
    fc.integer({ max: 122, min: 110 }),
    fc.string({ maxLength: 12, unit: fc.constantFrom('a', '\u{1f600}', '\ud800', '\udc00', 'é') })
  )
  .map(([length, text]) => 'x'.repeat(length - 6) + text)

/** Texts that are JSON, or would be but for a little; lone surrogates included. */
export const texty: fc.Arbitrary<string> = fc.oneof(
  fc.json(),
  fc.string(),
  loneSurrogates,
  fc.json().map((text) => text.slice(1))
)
