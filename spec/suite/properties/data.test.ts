/** HOST and CANON, tried. */
import { describe } from 'vitest'
import { encodedLabels, known, pairs, spellings } from '../arbitraries/hosts.js'
import { jsons, reordered } from '../arbitraries/json.js'
import { CANON } from '../laws/canon.js'
import { HOST, keyOf, targetOf } from '../laws/host.js'
import { check } from './support.js'

describe('HOST', () => {
  check(HOST, 'HOST-1', spellings, {
    'a name that is not canonical': (spelling) => keyOf(spelling) !== null && keyOf(spelling) !== spelling.text,
    'a name that is refused': (spelling) => keyOf(spelling) === null
  })
  check(HOST, 'HOST-2', pairs, {
    'two names that are spelled otherwise and are the same': ({ one, other, policy }) =>
      one !== other && keyOf({ policy, text: one }) !== null && keyOf({ policy, text: one }) === keyOf({ policy, text: other }),
    'two names that are not': ({ one, other, policy }) =>
      keyOf({ policy, text: one }) !== null &&
      keyOf({ policy, text: other }) !== null &&
      keyOf({ policy, text: one }) !== keyOf({ policy, text: other }),
    'two names that differ in their port': ({ one, other, policy }) =>
      keyOf({ policy, text: one })?.includes(':') === true && keyOf({ policy, text: other })?.includes(':') === false
  })
  check(HOST, 'HOST-3', spellings, {
    'an address where no name is seen': (spelling) => keyOf(spelling) === null && targetOf(spelling) !== null,
    'a loopback name': (spelling) => keyOf(spelling)?.endsWith('localhost') === true,
    'a port': (spelling) => keyOf(spelling)?.includes(':') === true
  })
  check(HOST, 'HOST-4', known, {
    'a name': ({ isName }) => isName,
    'a name as long as they come': ({ isName, text }) => isName && text.length >= 253,
    'a name with a port that is not allowed': ({ isName, policy, text }) => !isName && !policy.ports && /:8443$/.test(text),
    'no name': ({ isName }) => !isName
  })
  check(HOST, 'HOST-5', encodedLabels, {
    'a label that the platform takes': ({ label }) => URL.canParse(`wss://${label}.example`),
    'one that it refuses, though it is text': ({ isText, label }) => isText && !URL.canParse(`wss://${label}.example`),
    'one with ASCII in it': ({ isText, points }) => isText && points.some((point) => point < 0x80),
    'one that is no text': ({ isText }) => !isText
  })
})

describe('CANON', () => {
  const hasObject = (value: unknown): boolean => /\{"/.test(JSON.stringify(value))
  check(CANON, 'CANON-1', jsons, { 'an object of several keys': (value) => /\{".*,"/.test(JSON.stringify(value)) })
  check(CANON, 'CANON-2', jsons, {
    'the key __proto__': (value) => JSON.stringify(value).includes('"__proto__"'),
    'nested objects': (value) => /\{.*\{/.test(JSON.stringify(value))
  })
  check(CANON, 'CANON-3', reordered, { 'another order': ({ other, value }) => JSON.stringify(other) !== JSON.stringify(value) })
  check(CANON, 'CANON-4', jsons, { 'an object': hasObject })
  check(CANON, 'CANON-5', jsons, { 'an object': hasObject })
})
