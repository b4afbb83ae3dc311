/** CANON: one value, one text. The words are in laws.md. */
import { canonical, type Json } from '../../../core/index.js'
import { deepFreeze, pure } from './fence.js'
import { because, equal, every, type Laws, type Verdict } from './law.js'

const textOf = (value: Json): string => pure(() => canonical(value))

/** All objects within a value, in any depth. */
const objectsIn = (value: Json): ReadonlyArray<object> => {
  if (typeof value !== 'object' || value === null) return []
  const parts: ReadonlyArray<Json> = Object.values(value)
  return [...(Array.isArray(value) ? [] : [value]), ...parts.flatMap(objectsIn)]
}

export const CANON = {
  'CANON-1': (value: Json): Verdict =>
    every(objectsIn(JSON.parse(textOf(value)) as Json), (object) =>
      every(Object.keys(object), (key, i) => i === 0 || (Object.keys(object)[i - 1] ?? '') < key)
    ),

  'CANON-2': (value: Json): Verdict => equal('parsed', JSON.parse(textOf(value)), value),

  'CANON-3': ({ other, value }: { readonly other: Json; readonly value: Json }): Verdict =>
    equal('text', textOf(other), textOf(value)),

  'CANON-4': (value: Json): Verdict => {
    const text = textOf(value)
    return because(textOf(JSON.parse(text) as Json) === text && !/\s/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '')), () => text)
  },

  'CANON-5': (value: Json): Verdict => {
    const before = JSON.stringify(value)
    return because(textOf(deepFreeze(value)) !== '' && JSON.stringify(value) === before, () => 'the value was changed')
  }
} satisfies Laws
