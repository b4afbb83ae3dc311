/** The JSON Schema of a workflow file: as it is given out, and beside the core's decoder. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { dump, load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { decodeWorkflow, WorkflowName } from '../../../core/index.js'
import { workflowSchema } from '../../../shell/authoring/schema.js'
import { FILE, type Shape } from '../../../shell/authoring/vocabulary.js'
import { parseSpelled } from '../../../shell/outbound/yaml.js'

const accepts = new Ajv({ strict: true, allowUnionTypes: true }).compile(workflowSchema())

const NAME = WorkflowName.decode('ci.yml')

const faultOf = (text: string): string | null => {
  const value = parseSpelled(text, 10_000)
  if (E.isLeft(NAME) || E.isLeft(value)) throw new Error('not a file')
  const workflow = decodeWorkflow(NAME.right, '', value.right)
  return workflow._tag === 'Faulty' ? workflow.error : null
}

const word = fc.constantFrom('a', 'main', '**', '1.10', 'yes', '7', 'x y')
const scalar = fc.oneof(word, fc.integer({ max: 9, min: 0 }), fc.boolean())

/** A value of that shape; without one whose item is missing. */
const valueOf = (shape: Shape): fc.Arbitrary<unknown> => {
  switch (shape._tag) {
    case 'Boolean':
      return fc.boolean()
    case 'Entries':
      return fc.dictionary(fc.constantFrom('A', 'B', 'pipeline'), valueOf(shape.value), { maxKeys: 2 })
    case 'List':
      return fc.array(valueOf(shape.item), { maxLength: 3 })
    case 'Map':
      return fc.record(Object.fromEntries(shape.keys.map(({ key, shape: inner }) => [key, valueOf(inner)])), { requiredKeys: shape.keys.flatMap(({ key }) => (key === 'command' ? [key] : [])) })
    case 'MapOrList':
      return fc.oneof(valueOf(shape.map), fc.array(valueOf(shape.map), { maxLength: 3 }))
    case 'Natural':
      return fc.integer({ max: 1_000, min: 0 })
    case 'Scalar':
      return scalar
    case 'ScalarOrList':
      return fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))
    case 'Texts':
      return fc.oneof(fc.constantFrom(...(shape.words ?? ['main', 'v*'])), fc.array(fc.constantFrom(...(shape.words ?? ['main', 'v*'])), { maxLength: 3 }))
  }
}

const file = fc
  .tuple(valueOf(FILE), fc.dictionary(fc.constantFrom('local', 'ours'), fc.dictionary(fc.constantFrom('pipeline', 'x'), scalar), { maxKeys: 2 }))
  .map(([drawn, tack]) => ({ ...(drawn as object), engine: 'tack', tack }))

/** The paths to all values of a file. */
const pathsIn = (u: unknown): ReadonlyArray<ReadonlyArray<string>> =>
  typeof u !== 'object' || u === null ? [[]] : [[], ...Object.entries(u).flatMap(([key, value]) => pathsIn(value).map((path) => [key, ...path]))]

const withAt = (u: unknown, [key, ...path]: ReadonlyArray<string>, value: unknown): unknown => {
  if (key === undefined) return value
  if (Array.isArray(u)) return u.map((item: unknown, i) => (String(i) === key ? withAt(item, path, value) : item))
  const entries = Object.entries(u as object).map(([name, item]: [string, unknown]) => [name, name === key ? withAt(item, path, value) : item])
  return Object.fromEntries(entries)
}

describe('the JSON Schema of workflow files', () => {
  test('is the one that the guide points to', () => {
    const given = readFileSync(new URL('../../../shell/deploy/workflow.schema.json', import.meta.url), 'utf8')
    expect(given).toBe(`${JSON.stringify(workflowSchema(), null, 2)}\n`)
  })

  test('accepts what the core accepts', () => {
    fc.assert(
      fc.property(file, (drawn) => {
        const text = dump(drawn)
        expect(faultOf(text)).toBeNull()
        expect(accepts(load(text)) || accepts.errors).toBe(true)
      })
    )
  })

  test('refuses what the core refuses', () => {
    let refused = 0
    fc.assert(
      fc.property(file, fc.nat(), fc.constantFrom([[[]]], [7], { A: { B: [{}] } }, 'text'), (drawn, at, wrong) => {
        const paths = pathsIn(drawn).filter((path) => path.length > 0 && path[0] !== 'engine')
        const text = dump(withAt(drawn, paths[at % paths.length] ?? [], wrong))
        if (faultOf(text) === null) return
        refused += 1
        expect(accepts(load(text))).toBe(false)
      }),
      { numRuns: 500 }
    )
    expect(refused).toBeGreaterThan(150)
  })

  test.each([
    ['an unknown key', { engine: 'tack', stages: [], tack: { local: {} } }],
    ['another engine', { engine: 'nixery', tack: { local: {} } }],
    ['no engine', { tack: { local: {} } }],
    ['a step without a command', { engine: 'tack', steps: [{ name: 'a' }], tack: { local: {} } }],
    ['an event that never happens', { engine: 'tack', tack: { local: {} }, when: [{ event: 'pushes' }] }]
  ])('refuses %s, which the core lets pass or fails later', (_, wrong) => {
    expect(accepts(wrong)).toBe(false)
  })
})
