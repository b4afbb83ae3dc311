/** Workflow files, dates and foreign JSON as large and as many as they get. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { decodeWorkflow, rfc3339, timeOfDateTime, TimeUs, type Workflow, WorkflowName, type Yaml } from '../../../core/index.js'
import { sourceAt } from '../../../core/wire/json.js'
import { must } from '../../suite/examples/support.js'
import { fileOf } from '../../suite/examples/yaml.js'
import { EMPTY } from '../../suite/examples/build-world.js'

const name = () => must(WorkflowName.decode('ci.yml'))
const decode = (data: unknown): Workflow => decodeWorkflow(name(), '', fileOf(data))

/** A file that says nothing a build may need: eight values, without a text. */
const EMPTY_FILE = { ...EMPTY, units: 8 * 16 }

describe('a whole workflow file', () => {
  const TOO_LARGE = 'the file comes to more than 262,144 characters, aliases followed'
  // The map, `engine` and `tack` come to eleven. A key of one character and a list, and then each item costs one.
  const fitting = (size: number) => ({ k: Array.from({ length: size - 13 }, () => 7) })

  test('may be as large as the limit', () => {
    expect(decode(fitting(262_144))).toEqual(EMPTY_FILE)
    expect(decode(fitting(262_145))).toMatchObject({ error: TOO_LARGE })
  })

  test('counts an empty text as one character', () => {
    expect(decode({ k: Array.from({ length: 262_131 }, () => '') })).toEqual(EMPTY_FILE)
    expect(decode({ k: Array.from({ length: 262_132 }, () => '') })).toMatchObject({ error: TOO_LARGE })
  })

  test('counts scalars by their spelling', () => {
    expect(decode({ k: Array.from({ length: 131_066 }, () => 17) })).toMatchObject({ error: TOO_LARGE })
  })

  test('may be nested deeply', () => {
    let deep: Yaml = null
    for (let i = 0; i < 100_000; i++) deep = { map: [['a', deep]] }
    const file = (key: string): Workflow => decodeWorkflow(name(), '', { map: [['engine', 'tack'], [key, deep]] })
    expect(file('deep')).toEqual(EMPTY_FILE)
    expect(file('environment')).toMatchObject({ error: 'environment.a is not text' })
  })
})

describe('every day of three centuries', () => {
  const LAST = Number.MAX_SAFE_INTEGER
  const us = (n: number) => must(TimeUs.decode(n))
  const timeOf = (text: string): number | null => O.toNullable(timeOfDateTime(text))
  const two = (n: number): string => String(n).padStart(2, '0')

  test('is written as the platform writes it', () => {
    const wrong: Array<number> = []
    for (let day = 0; day * 86_400_000_000 <= LAST; day++) {
      const second = day * 86_400 + (day % 86_400)
      const expected = `${new Date(second * 1_000).toISOString().slice(0, 19)}.000042Z`
      if (second * 1_000_000 + 42 <= LAST && rfc3339(us(second * 1_000_000 + 42)) !== expected) wrong.push(day)
    }
    expect(wrong).toEqual([])
  })

  test('is read as the platform reads it, and no other day is valid', () => {
    const wrong: Array<string> = []
    for (let year = 1970; year < 2260; year++)
      for (let month = 1; month <= 12; month++) {
        const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
        for (const day of [1, 28, 29, 30, 31]) {
          const text = `${String(year)}-${two(month)}-${two(day)}T12:34:56Z`
          const us = Math.min(Date.UTC(year, month - 1, day, 12, 34, 56) * 1000, Number.MAX_SAFE_INTEGER)
          if (timeOf(text) !== (day <= days ? us : null)) wrong.push(text)
        }
      }
    expect(wrong).toEqual([])
  })
})

describe('the source of the value at a key', () => {
  const DEEP = 100_000

  test('is found behind a hundred thousand levels of arrays', () => {
    expect(O.toNullable(sourceAt('created')(`{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)},"created":5}`))).toBe('5')
  })

  test('is found behind a hundred thousand levels of objects', () => {
    expect(O.toNullable(sourceAt('created')(`{"a":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)},"created":5}`))).toBe('5')
  })
})
