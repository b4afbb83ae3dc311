/**
 * The schemas say what the codecs say: of what is drawn, of what is drawn and then broken in one place, and of every line that
 * the kit holds. Where a schema cannot say something, the codec says so with a sentence of its own, and only then.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import type * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import {
  Builds,
  Config,
  Did,
  Effect,
  Event,
  ExitCode,
  explain,
  HostName,
  HostPolicy,
  type Json,
  Nanos,
  Natural,
  Nsid,
  Rkey,
  Sha,
  State,
  Tid,
  TimeUs,
  WorkflowName
} from '../../core/index.js'
import { Hash, Present } from '../../shell/lib/trace.js'
import { anyAdmission, configs, configWith } from '../suite/arbitraries/config.js'
import { runs } from '../suite/arbitraries/script.js'
import { Request, TraceHeader } from './format.js'
import { CONSTRAINTS } from './schema/constraints.js'
import { breakages, broken, candidates, EDGES } from './schema/drawn.js'
import { type SchemaName, SCHEMAS, schemaFiles } from './schema/schema-files.js'

const DATA = new URL('../data/', import.meta.url)
const SEED = 20_261_124

// ---------------------------------------------------------------------------------------- the files

const files = schemaFiles()

test('spec/data/schema holds what the codecs say (if not: npm run generate)', () => {
  const textOf = (name: string): string => readFileSync(new URL(`schema/${name}`, DATA), 'utf8')
  const onDisk = readdirSync(new URL('schema', DATA)).map((name) => [`schema/${name}`, textOf(name)] as const)
  expect(new Map(onDisk)).toEqual(files)
})

// ---------------------------------------------------------------------------------------- validating

const ajv = new Ajv2020({ strict: true, strictTuples: false, strictTypes: true })

const validators = new Map(
  [...files].map(([path, text]) => [path.replace(/^schema\/(.*)\.json$/, '$1'), ajv.compile(JSON.parse(text) as object)] as const)
)

/** What the schema has against the value; nothing if it is valid. */
const objections = (name: SchemaName, value: unknown): string => {
  const validate = validators.get(name)
  if (validate === undefined) throw new Error(`there is no schema of ${name}`)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

const holds = (schema: object) => {
  const validate = ajv.compile(schema)
  return (value: unknown): boolean => validate(value)
}

// ---------------------------------------------------------------------------------------- constraints

const anyConfig = configWith({})

const decodes =
  (codec: { readonly decode: (u: unknown) => E.Either<t.Errors, unknown> }) =>
  (value: unknown): boolean =>
    E.isRight(codec.decode(value))

/** The codec to each constraint; where it is not to be had, something that holds it and is right otherwise. */
const CODECS: { readonly [name in string]?: (value: unknown) => boolean } = {
  Did: decodes(Did),
  ExitCode: decodes(ExitCode),
  Hash: decodes(Hash),
  HostName: decodes(HostName),
  JSON: decodes(Present),
  Nanos: decodes(Nanos),
  Natural: decodes(Natural),
  NonEmpty: (hostname) => decodes(Config)({ ...anyConfig, hostname }),
  Nsid: decodes(Nsid),
  Port: (defaultPort) => decodes(HostPolicy)({ ...anyConfig.hosts, defaultPort }),
  Rkey: decodes(Rkey),
  RunKey: decodes(Builds.RunKey),
  Sha: decodes(Sha),
  Tid: decodes(Tid),
  TimeUs: decodes(TimeUs),
  WorkflowName: decodes(WorkflowName),
  id: (id) => decodes(Request)({ _tag: 'stop', id })
}

/** The vectors of one subject, those that are there: the question, and the answer. */
const vectorsOf = (subject: string): ReadonlyArray<{ readonly input: Json; readonly output: Json }> =>
  linesOf('vectors')
    .filter(({ name }) => name === `${subject}.jsonl`)
    .flatMap(({ lines }) => lines.slice(1))
    .map((line) => line as { readonly input: Json; readonly output: Json })

/** The lines of every file in a folder of the specification. */
const linesOf = (folder: string): ReadonlyArray<{ readonly lines: ReadonlyArray<unknown>; readonly name: string }> =>
  readdirSync(new URL(folder, DATA))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => ({
      lines: readFileSync(new URL(`${folder}/${name}`, DATA), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line)),
      name
    }))

describe('a constraint accepts what the codec accepts', () => {
  test('exists for every codec', () => expect(Object.keys(CONSTRAINTS).sort()).toEqual(Object.keys(CODECS).sort()))

  test.each(Object.keys(CONSTRAINTS))('%s', (name) => {
    const schema = CONSTRAINTS[name] ?? {}
    const isValid = holds(schema)
    const isTaken = CODECS[name] ?? (() => false)
    for (const edge of EDGES) expect([edge, isValid(edge)]).toEqual([edge, isTaken(edge)])
    fc.assert(
      fc.property(candidates(schema), (value) => isValid(value) === isTaken(value)),
      { numRuns: 500, seed: SEED }
    )
  })

  test.each(['did', 'rkey', 'tid', 'nsid', 'nanos'])('%s, on the vectors', (subject) => {
    const isValid = holds(CONSTRAINTS[subject.charAt(0).toUpperCase() + subject.slice(1)] ?? {})
    for (const { input, output } of vectorsOf(subject)) expect([input, isValid(input)]).toEqual([input, output])
  })

  test('host, on the vectors', () => {
    const isValid = holds(CONSTRAINTS['HostName'] ?? {})
    for (const { output } of vectorsOf('host')) expect([output, output === null || isValid(output)]).toEqual([output, true])
  })
})

// ---------------------------------------------------------------------------------------- whole values

/** What no schema says (BEYOND, ASCENDING), in the words in which the codec refuses it. */
const UNSAYABLE = [
  'the keys are not ascending',
  'the accounts are not in ascending order of their DIDs',
  'an account has no rows, no tombstones and no floor',
  'an account is neither the owner’s nor named by a record of the owner',
  'an account has a horizon where everybody is known',
  'the subscriptions are not those that the rows call for',
  'a connection has a number that was never issued',
  'what is read again does not lie before the cursor',
  'the runs are not in ascending order of their keys',
  'the statuses are not in the order of their stamps',
  'a status is later than the last',
  'a request has a number that was never issued',
  'the runs that wait are not as many as is said',
  'a timer of a knot has a number that was never issued',
  'two runs are announced with one stamp',
  'a run is announced with the stamp of a status',
  'a run is announced later than the last status'
]

/** What is wrong between schema and codec; nothing when they agree, but for what no schema says. */
const disagreement = (name: SchemaName, codec: t.Decoder<unknown, unknown>, value: unknown): string => {
  const decoded = codec.decode(value)
  const objected = objections(name, value)
  if (E.isRight(decoded)) return objected === '' ? '' : `decodes, but the schema says: ${objected}`
  const said = explain(decoded.left)
  const isSaid = objected !== '' || UNSAYABLE.some((sentence) => said.endsWith(sentence))
  return isSaid ? '' : `the schema has no objection, but: ${said}`
}

const drawn = runs({ length: 25 })

const written = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

const VALUES: ReadonlyArray<readonly [SchemaName, t.Type<unknown, unknown>, fc.Arbitrary<ReadonlyArray<Json>>]> = [
  ['config', Config as t.Type<unknown, unknown>, configs(anyAdmission).map((config) => [written(config)])],
  ['event', Event as t.Type<unknown, unknown>, drawn.map(({ events }) => events.map(written))],
  ['effect', Effect as t.Type<unknown, unknown>, drawn.map(({ steps }) => steps.flatMap(({ effects }) => effects.map(written)))],
  ['state', State as t.Type<unknown, unknown>, drawn.map(({ steps }) => steps.slice(-2).map(({ after }) => written(State.encode(after))))]
]

describe('a schema accepts what the codec accepts', () => {
  test.each(VALUES)('%s, as it is', (name, codec, values) =>
    fc.assert(
      fc.property(values, (list) => {
        for (const value of list) {
          expect(objections(name, value)).toBe('')
          // What is written has no key that a reader drops.
          expect(E.map(codec.encode)(codec.decode(value))).toEqual(E.right(value))
        }
      }),
      { numRuns: 50, seed: SEED }
    )
  )

  test.each(VALUES)('%s, broken in one place', (name, codec, values) => {
    const met = { refused: 0, taken: 0 }
    fc.assert(
      fc.property(values, fc.array(breakages, { maxLength: 60, minLength: 60 }), (list, breaks) => {
        for (const [i, breakage] of breaks.entries()) {
          const value = broken(list[i % Math.max(1, list.length)] ?? null, breakage)
          met[objections(name, value) === '' ? 'taken' : 'refused'] += 1
          expect([value, disagreement(name, codec, value)]).toEqual([value, ''])
        }
      }),
      { numRuns: 100, seed: SEED }
    )
    expect(Math.min(met.refused, met.taken)).toBeGreaterThan(200)
  })

  test.each(SCHEMAS.filter(([name]) => name === 'answer' || name === 'request' || name === 'trace' || name === 'vectors'))(
    '%s, by lines that are made up',
    (name, _, codec) => {
      for (const line of LINES) expect([line, disagreement(name, codec, line)]).toEqual([line, ''])
      expect(LINES.filter((line) => objections(name, line) === '').length).toBeGreaterThan(1)
      fc.assert(
        fc.property(fc.constantFrom(...LINES), breakages, (line, breakage) => {
          const value = broken(line, breakage)
          expect([value, disagreement(name, codec, value)]).toEqual([value, ''])
        }),
        { numRuns: 1_000, seed: SEED }
      )
    }
  )
})

const HASH = '0123456789abcdef'

/** One line of each kind. */
const LINES: ReadonlyArray<Json> = [
  { _tag: 'trace', about: '', name: 'x', rules: ['D3'], version: 3 },
  { _tag: 'init', config: {}, hash: HASH, id: 1 },
  { _tag: 'init', hash: HASH, id: 1, state: null },
  { _tag: 'step', effects: [], event: {}, hash: HASH, id: 1 },
  { _tag: 'end', state: {} },
  { _tag: 'vectors', about: '', subject: 'did', version: 3 },
  { _tag: 'vector', input: null, name: '', output: true, rules: [] },
  { _tag: 'start', id: 0, version: 3 },
  { _tag: 'state', id: 1, state: {} },
  { _tag: 'decode', id: 1, input: 'x', subject: 'did' },
  { _tag: 'stop', id: 2 },
  { _tag: 'started', id: 0, name: 'x', version: 3 },
  { _tag: 'done', hash: HASH, id: 0 },
  { _tag: 'stepped', effects: [], hash: HASH, id: 1 },
  { _tag: 'decoded', id: 1, output: null },
  { _tag: 'skipped', id: 1, reason: '' },
  { _tag: 'errored', id: 1, message: '' }
]

// ---------------------------------------------------------------------------------------- the kit's own lines

/** Of the steps of a long trace, one in so many is looked at. */
const SAMPLE = 20
const LONG_FILE = 2_000

describe('the data of the kit is valid', () => {
  test.each(linesOf('traces'))('traces/$name', ({ lines }) => {
    const every = lines.length > LONG_FILE ? SAMPLE : 1
    for (const [i, line] of lines.entries()) {
      expect(objections('trace', line)).toBe('')
      const { config, effects, event, state } = line as { readonly [key: string]: unknown }
      if (config !== undefined) expect(objections('config', config)).toBe('')
      if (state !== undefined) expect(objections('state', state)).toBe('')
      if (event === undefined || i % every !== 0) continue
      expect(objections('event', event)).toBe('')
      for (const effect of effects as ReadonlyArray<unknown>) expect(objections('effect', effect)).toBe('')
    }
    expect(E.isRight(TraceHeader.decode(lines[0]))).toBe(true)
  })

  test.each(linesOf('vectors'))('vectors/$name', ({ lines }) => {
    for (const line of lines) expect(objections('vectors', line)).toBe('')
  })

  test('config and state, on the vectors', () => {
    for (const { input, output } of vectorsOf('config'))
      expect([input, objections('config', input) === '']).toEqual([input, output])
    for (const { input } of vectorsOf('state')) expect([input, disagreement('state', State, input)]).toEqual([input, ''])
  })

  test('events that frames become are events', () => {
    for (const { output } of [...vectorsOf('jetstream'), ...vectorsOf('knot')]) expect(objections('event', output)).toBe('')
  })
})
