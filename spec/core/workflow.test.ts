/** Workflow files: what each field means, what is said of one that is wrong, and that nothing a parser gives does any harm. */
import { describe, expect, test } from 'vitest'
import { decodeWorkflow, Workflow, WorkflowName, type Yaml } from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import { fileOf } from '../suite/examples/yaml.js'
import { EMPTY } from '../suite/examples/build-world.js'

const name = () => must(WorkflowName.decode('ci.yml'))
const decode = (data: unknown): Workflow => decodeWorkflow(name(), '', fileOf(data))

const CONDITION = { branch: [], event: [], paths: null, tag: [], types: null, unknown: null }

const unitsOf = (value: unknown): number => {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 16
  return Object.values(value).reduce((sum: number, part: unknown) => sum + unitsOf(part), 16)
}

/** The file, with how much all is that a build may need of it. */
const whole = (beyond: object): object => {
  const file = { ...EMPTY, ...beyond }
  const { clone, environment, steps, targets } = file
  return { ...file, units: unitsOf({ clone, environment, steps, targets }) }
}

/** Rows of a file, and of what it has beyond an empty one. */
const defined = (rows: ReadonlyArray<readonly [what: string, data: unknown, beyond: object]>): void => {
  for (const [what, data, beyond] of rows)
    test(what, () => {
      const workflow = decode(data)
      expect(workflow).toEqual(whole(beyond))
      expect(Workflow.is(workflow)).toBe(true)
    })
}

/** Rows of a file, and of what its author is told. */
const faulty = (rows: ReadonlyArray<readonly [data: unknown, error: string]>): void => {
  for (const [data, error] of rows) test(error, () => expect(decode(data)).toMatchObject({ _tag: 'Faulty', content: '', error, name: 'ci.yml' }))
}

const many = (count: number, prefix = 'K'): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${String(i).padStart(4, '0')}`, 'x']))

test('the size of a workflow is the length of its texts, and 16 for each value', () => {
  const units = (data: unknown): unknown => {
    const workflow = decode(data)
    return workflow._tag === 'Defined' ? workflow.units : workflow
  }
  // Itself, four lists and objects, and the three values of `clone`.
  expect(units({})).toBe(8 * 16)
  expect(units({ environment: { A: 'x' } })).toBe(8 * 16 + 3 * 16 + 2)
  expect(units({ environment: { A: 'é\u0001🧵' } })).toBe(8 * 16 + 3 * 16 + 5)
  // What is of no use to a build does not count, nor does anything in a file for another engine.
  expect(units({ when: [{ branch: 'main' }] })).toBe(8 * 16)
  expect(units({ engine: 'x', environment: { A: 'x' } })).toBe(8 * 16)
})

describe('the file', () => {
  defined([
    ['empty', null, { engine: null }],
    ['absent', undefined, { engine: null }],
    ['an empty map', {}, {}],
    ['a map without a prototype', Object.create(null), {}],
    ['with keys that are nobody’s business', { dependencies: { nixpkgs: ['go'] }, steeps: 7, constructor: 1, nested: [[[[]]]] }, {}],
    ['with nulls', { clone: null, engine: null, environment: null, steps: null, tack: null, when: null }, { engine: null }],
    [
      'whole',
      {
        engine: 'tack',
        when: [{ event: ['push'], branch: 'main' }],
        clone: { depth: 0, skip: true, submodules: true },
        environment: { A: 1 },
        steps: [{ name: 'one', command: 'make' }],
        tack: { local: null }
      },
      {
        engine: 'tack',
        when: [{ ...CONDITION, branch: ['main'], event: ['push'] }],
        clone: { depth: 0, skip: true, submodules: true },
        environment: [['A', '1']],
        steps: [{ command: 'make', environment: [], name: 'one' }],
        targets: [{ pipeline: '', provider: 'local', settings: [] }]
      }
    ]
  ])
  faulty([
    ['text', 'the file is not a map'],
    [[], 'the file is not a map'],
    [7, 'the file is not a map'],
    [false, 'the file is not a map']
  ])
})

describe('engine', () => {
  defined([
    ['named', { engine: 'nixery' }, { engine: 'nixery' }],
    ['without a name', { engine: '' }, { engine: null }],
    ['with half a character', { engine: 'a\ud800' }, { engine: 'a\ufffd' }]
  ])
  faulty([
    [{ engine: ['tack'] }, 'engine is not text'],
    [{ engine: { tack: null } }, 'engine is not text'],
    [{ engine: 'a\u0000' }, 'engine holds a NUL']
  ])
})

describe('the key when', () => {
  const all = { branch: ['b'], event: ['e'], paths: ['p'], tag: ['t'], types: ['y'] }
  defined([
    ['an empty list', { when: [] }, {}],
    ['one condition, not in a list', { when: { event: 'push' } }, { when: [{ ...CONDITION, event: ['push'] }] }],
    ['an empty condition', { when: [{}] }, { when: [CONDITION] }],
    ['scalars', { when: [{ branch: 'b', event: 'e', paths: 'p', tag: 't', types: 'y' }] }, { when: [{ ...all, unknown: null }] }],
    ['lists', { when: [{ branch: ['b'], event: ['e'], paths: ['p'], tag: ['t'], types: ['y'] }] }, { when: [{ ...all, unknown: null }] }],
    ['numbers and truth values', { when: [{ branch: 2024, tag: 1.5, event: true }] }, { when: [{ ...CONDITION, branch: ['2024'], event: ['true'], tag: ['1.5'] }] }],
    ['nothing', { when: [{ branch: null, event: undefined, paths: null, tag: [], types: null }] }, { when: [CONDITION] }],
    ['empty lists', { when: [{ paths: [], types: [] }] }, { when: [CONDITION] }],
    ['keys that are not known', { when: [{ event: 'push', label: 7 }] }, { when: [{ ...CONDITION, event: ['push'], unknown: 'label' }] }],
    ['several, in their order', { when: [{ event: ['b', 'a'] }, { event: 'c' }] }, { when: [{ ...CONDITION, event: ['b', 'a'] }, { ...CONDITION, event: ['c'] }] }],
    ['a hundred conditions', { when: Array.from({ length: 100 }, () => ({})) }, { when: Array.from({ length: 100 }, () => CONDITION) }],
    ['a thousand patterns', { when: [{ branch: Array.from({ length: 1_000 }, () => 'x') }] }, { when: [{ ...CONDITION, branch: Array.from({ length: 1_000 }, () => 'x') }] }]
  ])
  const of = (n: number) => Array.from({ length: n }, () => 'x')
  faulty([
    [{ when: 'push' }, 'when is not a list'],
    [{ when: 7 }, 'when is not a list'],
    [{ when: ['push'] }, 'when[0] is not a map'],
    [{ when: [{}, null] }, 'when[1] is not a map'],
    [{ when: [[]] }, 'when[0] is not a map'],
    [{ when: [{}, { branch: [7] }] }, 'when[1].branch[0] is not text'],
    [{ when: [{ branch: ['a', null] }] }, 'when[0].branch[1] is not text'],
    [{ when: [{ event: ['a', 'b', true] }] }, 'when[0].event[2] is not text'],
    [{ when: [{ paths: [[]] }] }, 'when[0].paths[0] is not text'],
    [{ when: [{ tag: [{}] }] }, 'when[0].tag[0] is not text'],
    [{ when: [{ types: [1] }] }, 'when[0].types[0] is not text'],
    [{ when: [{ branch: {} }] }, 'when[0].branch is not text'],
    [{ when: [{ branch: ['a\u0000'] }] }, 'when[0].branch[0] holds a NUL'],
    [{ when: [{ branch: 'a\u0000' }] }, 'when[0].branch holds a NUL'],
    [{ when: { event: [7] } }, 'when.event[0] is not text'],
    [{ when: Array.from({ length: 101 }, () => ({})) }, 'when has more than 100 items'],
    [{ when: [{ branch: of(1_001) }] }, 'when[0].branch has more than 1000 items'],
    [{ when: [{ branch: of(200), event: of(200), paths: of(200), tag: of(200), types: of(201) }] }, 'when has more than 1000 patterns'],
    [{ when: [{ branch: of(500) }, { tag: of(501) }] }, 'when has more than 1000 patterns']
  ])
})

describe('environment', () => {
  defined([
    ['names rising', { environment: { b: 'x', a: 'y', B: 'z' } }, { environment: [['B', 'z'], ['a', 'y'], ['b', 'x']] }],
    [
      'scalars as text',
      { environment: { a: 1, b: 1.5, c: true, d: false, e: null, f: '', i: 1e21 } },
      { environment: [['a', '1'], ['b', '1.5'], ['c', 'true'], ['d', 'false'], ['e', ''], ['f', ''], ['i', '1e+21']] }
    ],
    ['any name', { environment: { 'a b': '1', '': '2' } }, { environment: [['', '2'], ['a b', '1']] }],
    ['a name that every object has', { environment: JSON.parse('{"__proto__":"1","constructor":"2"}') as unknown }, { environment: [['__proto__', '1'], ['constructor', '2']] }],
    ['two hundred', { environment: many(200) }, { environment: Object.entries(many(200)) }],
    ['64 KiB', { environment: { a: 'x'.repeat(65_536) } }, { environment: [['a', 'x'.repeat(65_536)]] }]
  ])
  faulty([
    [{ environment: [] }, 'environment is not a map'],
    [{ environment: 'A=1' }, 'environment is not a map'],
    [{ environment: { a: [] } }, 'environment.a is not text'],
    [{ environment: { a: 'x', b: { c: 'x' } } }, 'environment.b is not text'],
    [{ environment: { a: 'x\u0000' } }, 'environment.a holds a NUL'],
    [{ environment: { 'a\u0000': 'x' } }, 'a name in environment holds a NUL'],
    [{ environment: { 'a\ud800': 'x' } }, 'a name in environment is not text'],
    [{ environment: { ['x'.repeat(200)]: [] } }, `environment.${'x'.repeat(120)}… is not text`],
    [{ environment: many(201) }, 'environment has more than 200 entries'],
    [{ environment: { a: 'x'.repeat(65_537) } }, 'environment.a is longer than 65,536 bytes'],
    [{ environment: { a: `${'é'.repeat(32_768)}x` } }, 'environment.a is longer than 65,536 bytes']
  ])
})

describe('steps', () => {
  const step = (command: string, title: string, environment: ReadonlyArray<readonly [string, string]> = []) => ({ command, environment, name: title })
  defined([
    ['in their order', { steps: [{ name: 'b', command: '1' }, { name: 'a', command: '2' }] }, { steps: [step('1', 'b'), step('2', 'a')] }],
    ['without a name', { steps: [{ command: 'make\nmake test\n' }] }, { steps: [step('make\nmake test\n', 'make')] }],
    ['with an empty name', { steps: [{ command: 'make', name: '' }] }, { steps: [step('make', 'make')] }],
    ['without a name, blank at first', { steps: [{ command: '\n\n  make  \n test' }] }, { steps: [step('\n\n  make  \n test', 'make')] }],
    ['without a name, long', { steps: [{ command: 'x'.repeat(200) }] }, { steps: [step('x'.repeat(200), `${'x'.repeat(120)}…`)] }],
    ['with a long name', { steps: [{ command: 'x', name: 'y'.repeat(200) }] }, { steps: [step('x', `${'y'.repeat(120)}…`)] }],
    ['with a command that YAML takes for something else', { steps: [{ command: true, name: 7 }] }, { steps: [step('true', '7')] }],
    ['with an empty command', { steps: [{ command: '' }] }, { steps: [step('', '')] }],
    ['with an environment', { steps: [{ command: 'x', environment: { B: 1, A: '2' } }] }, { steps: [step('x', 'x', [['A', '2'], ['B', '1']])] }],
    ['with other keys', { steps: [{ command: 'x', shell: [] }] }, { steps: [step('x', 'x')] }],
    ['a hundred', { steps: Array.from({ length: 100 }, () => ({ command: 'x' })) }, { steps: Array.from({ length: 100 }, () => step('x', 'x')) }],
    ['of 64 KiB', { steps: [{ command: '😀'.repeat(16_384), name: 'x' }] }, { steps: [step('😀'.repeat(16_384), 'x')] }]
  ])
  faulty([
    [{ steps: {} }, 'steps is not a list'],
    [{ steps: 'make' }, 'steps is not a list'],
    [{ steps: ['make'] }, 'steps[0] is not a map'],
    [{ steps: [{ command: 'x' }, null] }, 'steps[1] is not a map'],
    [{ steps: [{}] }, 'steps[0].command is missing'],
    [{ steps: [{ command: null }] }, 'steps[0].command is missing'],
    [{ steps: [{ command: ['make'] }] }, 'steps[0].command is not text'],
    [{ steps: [{ command: 'x\u0000' }] }, 'steps[0].command holds a NUL'],
    [{ steps: [{ command: 'x', name: [] }] }, 'steps[0].name is not text'],
    [{ steps: [{ command: 'x', environment: [] }] }, 'steps[0].environment is not a map'],
    [{ steps: [{ command: 'x', environment: { a: {} } }] }, 'steps[0].environment.a is not text'],
    [{ steps: Array.from({ length: 101 }, () => ({ command: 'x' })) }, 'steps has more than 100 items'],
    [{ steps: [{ command: 'x'.repeat(65_537) }] }, 'steps[0].command is longer than 65,536 bytes'],
    [{ steps: [{ command: `${'😀'.repeat(16_384)}x` }] }, 'steps[0].command is longer than 65,536 bytes'],
    [{ steps: [{ command: `${'€'.repeat(21_845)}xy` }] }, 'steps[0].command is longer than 65,536 bytes']
  ])
})

describe('clone', () => {
  defined([
    ['an empty map', { clone: {} }, {}],
    ['nothing', { clone: { depth: null, skip: null, submodules: null } }, {}],
    ['depth', { clone: { depth: 7 } }, { clone: { depth: 7, skip: false, submodules: false } }],
    ['all of the history', { clone: { depth: 0 } }, { clone: { depth: 0, skip: false, submodules: false } }],
    ['skipped', { clone: { skip: true } }, { clone: { depth: 1, skip: true, submodules: false } }],
    ['submodules', { clone: { submodules: true, skip: false } }, { clone: { depth: 1, skip: false, submodules: true } }],
    ...['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map(
      (skip) => [`skipped: ${skip}`, { clone: { skip } }, { clone: { depth: 1, skip: true, submodules: false } }] as const
    ),
    ...['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((skip) => [`not skipped: ${skip}`, { clone: { skip } }, {}] as const)
  ])
  faulty([
    [{ clone: [] }, 'clone is not a map'],
    [{ clone: true }, 'clone is not a map'],
    [{ clone: { depth: -1 } }, 'clone.depth is not a whole number'],
    [{ clone: { depth: 1.5 } }, 'clone.depth is not a whole number'],
    [{ clone: { depth: '1' } }, 'clone.depth is not a whole number'],
    [{ clone: { depth: NaN } }, 'clone.depth is not a whole number'],
    [{ clone: { skip: 'perhaps' } }, 'clone.skip is neither true nor false'],
    [{ clone: { skip: 1 } }, 'clone.skip is neither true nor false'],
    [{ clone: { skip: 'yEs' } }, 'clone.skip is neither true nor false'],
    [{ clone: { submodules: 0 } }, 'clone.submodules is neither true nor false']
  ])
})

describe('tack', () => {
  const target = (provider: string, pipeline = '', settings: ReadonlyArray<readonly [string, string]> = []) => ({ pipeline, provider, settings })
  defined([
    ['an empty map', { tack: {} }, {}],
    ['local', { tack: { local: {} } }, { targets: [target('local')] }],
    ['local with nothing', { tack: { local: null } }, { targets: [target('local')] }],
    ['a pipeline', { tack: { buildkite: { pipeline: 'app' } } }, { targets: [target('buildkite', 'app')] }],
    ['a pipeline that is a number', { tack: { x: { pipeline: 7 } } }, { targets: [target('x', '7')] }],
    ['no pipeline', { tack: { x: { pipeline: null } } }, { targets: [target('x')] }],
    [
      'settings, names rising',
      { tack: { buildkite: { pipeline: 'app', org: 'acme', branch: 7, dry: true, none: null } } },
      { targets: [target('buildkite', 'app', [['branch', '7'], ['dry', 'true'], ['none', ''], ['org', 'acme']])] }
    ],
    [
      'lists',
      { tack: { x: { tags: ['a', 1, true], one: ['a'], none: [] } } },
      { targets: [target('x', '', [['none', ''], ['one', 'a'], ['tags', 'a\n1\ntrue']])] }
    ],
    ['several providers', { tack: { y: { pipeline: 'b' }, x: { pipeline: 'a' } } }, { targets: [target('x', 'a'), target('y', 'b')] }],
    ['a hundred providers', { tack: Object.fromEntries(Object.keys(many(100)).map((key) => [key, null])) }, { targets: Object.keys(many(100)).map((key) => target(key)) }],
    ['two hundred settings', { tack: { x: many(200) } }, { targets: [target('x', '', Object.entries(many(200)) as Array<[string, string]>)] }],
    ['a list of 64 KiB', { tack: { x: { a: ['x'.repeat(32_768), 'y'.repeat(32_767)] } } }, { targets: [target('x', '', [['a', `${'x'.repeat(32_768)}\n${'y'.repeat(32_767)}`]])] }]
  ])
  faulty([
    [{ tack: 'local' }, 'tack is not a map'],
    [{ tack: ['local'] }, 'tack is not a map'],
    [{ tack: { local: true } }, 'tack.local is not a map'],
    [{ tack: { local: [] } }, 'tack.local is not a map'],
    [{ tack: { buildkite: 'app' } }, 'tack.buildkite is not a map'],
    [{ tack: { x: { a: { b: 1 } } } }, 'tack.x.a is not text'],
    [{ tack: { x: { a: [[]] } } }, 'tack.x.a[0] is not text'],
    [{ tack: { x: { a: ['b', null] } } }, 'tack.x.a[1] is not text'],
    [{ tack: { x: { pipeline: {} } } }, 'tack.x.pipeline is not text'],
    [{ tack: { x: { a: 'b\u0000' } } }, 'tack.x.a holds a NUL'],
    [{ tack: { 'x\u0000': null } }, 'a name in tack holds a NUL'],
    [{ tack: { x: { 'a\udc00': 1 } } }, 'a name in tack.x is not text'],
    [{ tack: many(101) }, 'tack has more than 100 entries'],
    [{ tack: { x: many(201) } }, 'tack.x has more than 200 entries'],
    [{ tack: { x: { a: Array.from({ length: 1_001 }, () => '') } } }, 'tack.x.a has more than 1000 items'],
    [{ tack: { x: { a: ['x'.repeat(32_768), 'y'.repeat(32_768)] } } }, 'tack.x.a is longer than 65,536 bytes']
  ])
})

describe('the first of several faults is reported', () => {
  faulty([
    [{ clone: 7, engine: [] }, 'engine is not text'],
    [{ engine: [], when: 7 }, 'when is not a list'],
    [{ clone: 7, environment: 7 }, 'clone is not a map'],
    [{ environment: 7, steps: 7 }, 'environment is not a map'],
    [{ steps: 7, tack: 7 }, 'steps is not a list'],
    [{ tack: 7, when: 7 }, 'when is not a list']
  ])
})

describe('a whole file', () => {
  const TOO_LARGE = 'the file comes to more than 262,144 characters, aliases followed'

  test('may be as large as the limit', () => {
    expect(decode({ k: 'x'.repeat(262_132) })).toEqual(whole({}))
    expect(decode({ k: 'x'.repeat(262_133) })).toMatchObject({ error: TOO_LARGE })
    expect(decode({ k: '' })).toEqual(whole({}))
  })

  test('counts keys, maps within lists, and scalars by their spelling', () => {
    expect(decode({ ['k'.repeat(262_132)]: 7 })).toEqual(whole({}))
    expect(decode({ ['k'.repeat(262_133)]: 7 })).toMatchObject({ error: TOO_LARGE })
    expect(decode({ k: [{ a: 'x'.repeat(262_129) }] })).toEqual(whole({}))
    expect(decode({ k: [{ a: 'x'.repeat(262_130) }] })).toMatchObject({ error: TOO_LARGE })
  })

  test('counts what its aliases stand for', () => {
    const long = 'x'.repeat(60_000)
    expect(decode({ environment: Object.fromEntries(Object.keys(many(5)).map((key) => [key, long])) })).toMatchObject({ error: TOO_LARGE })
    let bomb: Yaml = 'x'
    for (let i = 0; i < 100; i++) bomb = [bomb, bomb]
    expect(decodeWorkflow(name(), '', { map: [['bomb', bomb]] })).toMatchObject({ error: TOO_LARGE })
  })

  test('may be nested deeply, but not hold itself', () => {
    const self: Array<Yaml> = []
    self.push(self)
    expect(decodeWorkflow(name(), '', { map: [['self', self]] })).toMatchObject({ error: TOO_LARGE })
  })
})
