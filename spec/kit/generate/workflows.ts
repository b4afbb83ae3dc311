/** Cases of workflow files: what each field means, and what is wrong with one. What its author is told is prose. */
import type { Json, Yaml } from '../../../core/index.js'
import { EMPTY as BARE } from '../../suite/examples/build-world.js'
import { fileOf } from '../../suite/examples/yaml.js'
import { type Case, of } from './cases.js'

type Fields = { readonly [key: string]: Json }

const CONDITION: Fields = { branch: [], event: [], paths: null, tag: [], types: null, unknown: null }
const EMPTY: Fields = { ...BARE, content: 'c' }

const unitsOf = (value: unknown): number => {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 16
  return Object.values(value).reduce((sum: number, part: unknown) => sum + unitsOf(part), 16)
}

/** A file, with how much all is that a build may need of it. */
const whole = (file: Fields): Fields => {
  const { clone, environment, steps, targets } = file
  return { ...file, units: unitsOf({ clone, environment, steps, targets }) }
}

const input = (data: Yaml): Json => ({ content: 'c', data: data as Json, name: 'ci.yml' })

/** Of a file, and what it has beyond an empty one. */
const defined = (cases: { readonly [name: string]: readonly [data: Json, beyond: Fields] }): ReadonlyArray<Case> =>
  Object.entries(cases).map(([name, [data, beyond]]) => of('T3')(name, input(fileOf(data)), whole({ ...EMPTY, ...beyond })))

/** Of a file that cannot be understood; `when` of one that can as far as that. */
const faulty = (when: Json, ...cases: ReadonlyArray<readonly [data: Json, detail: string]>): ReadonlyArray<Case> =>
  cases.map(([data, detail]) => of('T3')(detail, input(fileOf(data)), { detail, when }))

/** As many entries, the first of them twice more. */
const twice = (count: number, value: Yaml): Yaml => ({ map: [...Object.keys(many(count)), 'K0000', 'K0000'].map((key): readonly [string, Yaml] => [key, value]) })

const texts = (count: number): ReadonlyArray<Json> => Array.from({ length: count }, () => 'x')
const many = (count: number): Fields => Object.fromEntries(Array.from({ length: count }, (_, i) => [`K${String(i).padStart(4, '0')}`, 'x']))
const pairs = (fields: Fields): Json => Object.entries(fields).map(([key, value]) => [key, value])

const step = (command: string, name: string, environment: Json = []): Json => ({ command, environment, name })
const target = (provider: string, pipeline = '', settings: Json = []): Json => ({ pipeline, provider, settings })

const ALL = { branch: ['b'], event: ['e'], paths: ['p'], tag: ['t'], types: ['y'] }
const ALL_READ = { ...ALL, unknown: null }
/** As many characters as a file may come to; with the rest of it, more. */
const LARGE = 262_144

/** What a parser takes for something else than text is as it was spelled; in a list of patterns it is a fault. */
const SPELLED: ReadonlyArray<Case> = [
  of('T3')('a scalar keeps its spelling', input({ map: [['engine', 'tack'], ['environment', { map: ['1.10', '007', 'True', '1e3', '0x1F'].map((scalar) => [scalar, { scalar }]) }]] }), whole({
    ...EMPTY,
    environment: [['007', '007'], ['0x1F', '0x1F'], ['1.10', '1.10'], ['1e3', '1e3'], ['True', 'True']]
  })),
  of('T3')('and so does one where a pattern is meant', input({ map: [['engine', 'tack'], ['when', { map: [['branch', { scalar: '1.10' }]] }]] }), whole({
    ...EMPTY,
    when: [{ ...CONDITION, branch: ['1.10'] }]
  })),
  of('T3')('a depth with a zero before it', input({ map: [['engine', 'tack'], ['clone', { map: [['depth', { scalar: '07' }]] }]] }), { detail: 'clone.depth is not a whole number', when: [] }),
  of('T3')('of a key that comes twice, the first counts', input({ map: [['engine', 'tack'], ['engine', 'x']] }), whole(EMPTY)),
  of('T3')(
    'of a variable, a provider and a setting that come twice the first counts, and the second is not looked at',
    input({
      map: [
        ['engine', 'tack'],
        ['environment', { map: [['B', '1'], ['A', '2'], ['B', []]] }],
        ['tack', { map: [['ci', { map: [['b', '1'], ['pipeline', 'app'], ['b', { map: [] }], ['pipeline', []]] }], ['ci', 'x']] }]
      ]
    }),
    whole({
      ...EMPTY,
      environment: [['A', '2'], ['B', '1']],
      targets: [{ pipeline: 'app', provider: 'ci', settings: [['b', '1']] }]
    })
  ),
  of('T3')('variables are counted without those that come twice', input({ map: [['engine', 'tack'], ['environment', twice(200, 'x')]] }), whole({
    ...EMPTY,
    environment: pairs(many(200))
  })),
  of('T3')('providers are counted without those that come twice', input({ map: [['engine', 'tack'], ['tack', twice(100, null)]] }), whole({
    ...EMPTY,
    targets: Object.keys(many(100)).map((provider) => target(provider))
  })),
  of('T3')('settings are counted without those that come twice', input({ map: [['engine', 'tack'], ['tack', { map: [['ci', twice(200, 'x')]] }]] }), whole({
    ...EMPTY,
    targets: [target('ci', '', pairs(many(200)))]
  })),
  of('T3')('the 201st variable is one too many, besides those that come twice', input({ map: [['engine', 'tack'], ['environment', twice(201, 'x')]] }), { detail: 'environment has more than 200 entries', when: [] }),
  of('T3')('the name of a step that is no text to a parser is as it was spelled', input({ map: [['engine', 'tack'], ['steps', [{ map: [['command', 'make'], ['name', { scalar: '1.10' }]] }]]] }), whole({
    ...EMPTY,
    steps: [step('make', '1.10')]
  }))
]

export const WORKFLOWS: ReadonlyArray<Case> = [
  ...defined({
    'an empty file': [null, { engine: null }],
    'an empty map': [{}, {}],
    'the name of an engine, as long as it is repeated': [{ engine: 'x'.repeat(120) }, { engine: 'x'.repeat(120) }],
    'and of more, an excerpt': [{ engine: 'x'.repeat(121) }, { engine: `${'x'.repeat(120)}…` }],
    'what needs more bytes to be written': [{ environment: { A: 'é"\\\n\u0001' } }, { environment: [['A', 'é"\\\n\u0001']] }],
    'keys that are nobody’s business': [{ constructor: 1, dependencies: { nixpkgs: ['go'] }, steeps: 7 }, {}],
    'nulls': [{ clone: null, engine: null, environment: null, steps: null, tack: null, when: null }, { engine: null }],
    'a whole file': [
      {
        clone: { depth: 0, skip: true, submodules: true },
        engine: 'tack',
        environment: { A: 1 },
        steps: [{ command: 'make', name: 'one' }],
        tack: { local: null },
        when: [{ branch: 'main', event: ['push'] }]
      },
      {
        clone: { depth: 0, skip: true, submodules: true },
        engine: 'tack',
        environment: [['A', '1']],
        steps: [step('make', 'one')],
        targets: [target('local')],
        when: [{ ...CONDITION, branch: ['main'], event: ['push'] }]
      }
    ],
    'another engine, of which nothing else is read': [{ engine: 'nixery', clone: 7, steps: 7, tack: 7 }, { engine: 'nixery' }],
    'no engine, and nothing else is read': [{ engine: null, clone: 7, steps: 7, tack: 7 }, { engine: null }],
    'an engine that is a number': [{ engine: 7 }, { engine: '7' }],
    'an empty engine': [{ engine: '' }, { engine: null }],

    'no conditions': [{ when: [] }, {}],
    'a condition that is not in a list': [{ when: { event: 'push' } }, { when: [{ ...CONDITION, event: ['push'] }] }],
    'an empty condition': [{ when: [{}] }, { when: [CONDITION] }],
    'scalars in a condition': [{ when: [{ branch: 'b', event: 'e', paths: 'p', tag: 't', types: 'y' }] }, { when: [ALL_READ] }],
    'lists in a condition': [{ when: [ALL] }, { when: [ALL_READ] }],
    'numbers and truth values in a condition': [{ when: [{ branch: 2024, event: true, tag: -1 }] }, { when: [{ ...CONDITION, branch: ['2024'], event: ['true'], tag: ['-1'] }] }],
    'nothing in a condition': [{ when: [{ branch: null, paths: [], tag: [], types: [] }] }, { when: [CONDITION] }],
    'an unknown key': [{ when: [{ branches: 'main', cron: '* * * * *', event: 'push', tags: 'v*' }] }, { when: [{ ...CONDITION, event: ['push'], unknown: 'branches' }] }],
    'a long unknown key': [{ when: [{ ['x'.repeat(200)]: 1 }] }, { when: [{ ...CONDITION, unknown: `${'x'.repeat(120)}…` }] }],
    'several conditions, in their order': [{ when: [{ event: ['b', 'a'] }, { event: 'c' }] }, { when: [{ ...CONDITION, event: ['b', 'a'] }, { ...CONDITION, event: ['c'] }] }],
    'a hundred conditions': [{ when: Array.from({ length: 100 }, () => ({})) }, { when: Array.from({ length: 100 }, () => CONDITION) }],
    'a thousand patterns': [{ when: [{ branch: texts(1_000) }] }, { when: [{ ...CONDITION, branch: texts(1_000) }] }],

    'names of variables rise': [{ environment: { B: 'z', a: 'y', b: 'x' } }, { environment: [['B', 'z'], ['a', 'y'], ['b', 'x']] }],
    'scalars as variables': [{ environment: { a: 1, b: true, c: false, d: null, e: '', f: -7 } }, { environment: [['a', '1'], ['b', 'true'], ['c', 'false'], ['d', ''], ['e', ''], ['f', '-7']] }],
    'any name of a variable': [{ environment: { '': '2', 'a b': '1', '本': '3' } }, { environment: [['', '2'], ['a b', '1'], ['本', '3']] }],
    'hostile names of variables': [{ environment: { ['__proto__']: '1', constructor: '2' } }, { environment: [['__proto__', '1'], ['constructor', '2']] }],
    'two hundred variables': [{ environment: many(200) }, { environment: pairs(many(200)) }],

    'steps in their order': [{ steps: [{ command: '1', name: 'b' }, { command: '2', name: 'a' }] }, { steps: [step('1', 'b'), step('2', 'a')] }],
    'a step without a name': [{ steps: [{ command: 'make\nmake test\n' }] }, { steps: [step('make\nmake test\n', 'make')] }],
    'a step with an empty name': [{ steps: [{ command: 'make', name: '' }] }, { steps: [step('make', 'make')] }],
    'a step without a name, blank at first': [{ steps: [{ command: '\n\n \t make  \n test' }] }, { steps: [step('\n\n \t make  \n test', 'make')] }],
    'a step without a name, long': [{ steps: [{ command: 'x'.repeat(200) }] }, { steps: [step('x'.repeat(200), `${'x'.repeat(120)}…`)] }],
    'a step with a long name': [{ steps: [{ command: 'x', name: 'y'.repeat(200) }] }, { steps: [step('x', `${'y'.repeat(120)}…`)] }],
    'a command that YAML takes for something else': [{ steps: [{ command: true, name: 7 }] }, { steps: [step('true', '7')] }],
    'an empty command': [{ steps: [{ command: '' }] }, { steps: [step('', '')] }],
    'a step with an environment': [{ steps: [{ command: 'x', environment: { A: '2', B: 1 } }] }, { steps: [step('x', 'x', [['A', '2'], ['B', '1']])] }],
    'a hundred steps': [{ steps: Array.from({ length: 100 }, () => ({ command: 'x' })) }, { steps: Array.from({ length: 100 }, () => step('x', 'x')) }],
    'a command of 64 KiB': [{ steps: [{ command: '😀'.repeat(16_384), name: 'x' }] }, { steps: [step('😀'.repeat(16_384), 'x')] }],

    'an empty clone': [{ clone: {} }, {}],
    'nothing of a clone': [{ clone: { depth: null, skip: null, submodules: null } }, {}],
    'truth values as others write them': [{ clone: { skip: 'yes', submodules: 'on' } }, { clone: { depth: 1, skip: true, submodules: true } }],
    'truth values in capitals': [{ clone: { skip: 'YES', submodules: 'On' } }, { clone: { depth: 1, skip: true, submodules: true } }],
    'untruths in capitals': [{ clone: { skip: 'OFF', submodules: 'No' } }, {}],
    'a depth': [{ clone: { depth: 7 } }, { clone: { depth: 7, skip: false, submodules: false } }],

    'an empty tack': [{ tack: {} }, {}],
    'a provider with nothing': [{ tack: { local: {} } }, { targets: [target('local')] }],
    'a pipeline': [{ tack: { buildkite: { pipeline: 'app' } } }, { targets: [target('buildkite', 'app')] }],
    'a pipeline that is a number': [{ tack: { x: { pipeline: 7 } } }, { targets: [target('x', '7')] }],
    'a pipeline null': [{ tack: { x: { pipeline: null } } }, { targets: [target('x')] }],
    'settings rise': [
      { tack: { x: { branch: 7, dry: true, none: null, org: 'acme', pipeline: 'app' } } },
      { targets: [target('x', 'app', [['branch', '7'], ['dry', 'true'], ['none', ''], ['org', 'acme']])] }
    ],
    'a setting that is a list': [{ tack: { x: { none: [], one: ['a'], tags: ['a', 1, true] } } }, { targets: [target('x', '', [['none', ''], ['one', 'a'], ['tags', 'a\n1\ntrue']])] }],
    'a pipeline that is a list': [{ tack: { x: { pipeline: ['a', 'b'] } } }, { targets: [target('x', 'a\nb')] }],
    'several providers': [{ tack: { x: { pipeline: 'a' }, y: { pipeline: 'b' } } }, { targets: [target('x', 'a'), target('y', 'b')] }],
    'a large file': [{ k: texts(4_000) }, {}]
  }),
  ...faulty(
    null,
    ['text', 'the file is not a map'],
    [[], 'the file is not a map'],
    [7, 'the file is not a map'],
    [{ when: 'push' }, 'when is not a list'],
    [{ when: ['push'] }, 'when[0] is not a map'],
    [{ when: [{}, null] }, 'when[1] is not a map'],
    [{ when: [{}, { branch: [7] }] }, 'when[1].branch[0] is not text'],
    [{ when: [{ branch: {} }] }, 'when[0].branch is not text'],
    [{ when: [{ branch: ['a\u0000'] }] }, 'when[0].branch[0] holds a NUL'],
    [{ when: { event: [7] } }, 'when.event[0] is not text'],
    [{ when: Array.from({ length: 101 }, () => ({})) }, 'when has more than 100 items'],
    [{ when: [{ branch: texts(1_001) }] }, 'when[0].branch has more than 1000 items'],
    [{ when: [{ branch: texts(500) }, { tag: texts(501) }] }, 'when has more than 1000 patterns'],
    [{ k: ['x'.repeat(LARGE)] }, 'the file comes to more than 262,144 characters, aliases followed'],
    [{ steps: 7, tack: 7, when: 7 }, 'when is not a list']
  ),
  ...faulty(
    [],
    [{ engine: ['tack'] }, 'engine is not text'],
    [{ engine: 'a\u0000' }, 'engine holds a NUL'],
    [{ clone: 7, environment: 7 }, 'clone is not a map'],
    [{ environment: [] }, 'environment is not a map'],
    [{ environment: { a: [] } }, 'environment.a is not text'],
    [{ environment: { a: 'x\u0000' } }, 'environment.a holds a NUL'],
    [{ environment: { 'a\u0000': 'x' } }, 'a name in environment holds a NUL'],
    [{ environment: many(201) }, 'environment has more than 200 entries'],
    [{ environment: { a: `${'é'.repeat(32_768)}x` } }, 'environment.a is longer than 65,536 bytes'],
    [{ steps: {} }, 'steps is not a list'],
    [{ steps: ['make'] }, 'steps[0] is not a map'],
    [{ steps: [{}] }, 'steps[0].command is missing'],
    [{ steps: [{ command: ['make'] }] }, 'steps[0].command is not text'],
    [{ steps: [{ command: 'x', name: [] }] }, 'steps[0].name is not text'],
    [{ steps: [{ command: 'x', environment: { a: {} } }] }, 'steps[0].environment.a is not text'],
    [{ steps: Array.from({ length: 101 }, () => ({ command: 'x' })) }, 'steps has more than 100 items'],
    [{ clone: true }, 'clone is not a map'],
    [{ clone: { depth: -1 } }, 'clone.depth is not a whole number'],
    [{ clone: { depth: '1' } }, 'clone.depth is not a whole number'],
    [{ clone: { skip: 1 } }, 'clone.skip is neither true nor false'],
    [{ clone: { submodules: 'perhaps' } }, 'clone.submodules is neither true nor false'],
    [{ tack: 'local' }, 'tack is not a map'],
    [{ tack: { local: true } }, 'tack.local is not a map'],
    [{ tack: { x: { a: { b: 1 } } } }, 'tack.x.a is not text'],
    [{ tack: { x: { a: ['b', null] } } }, 'tack.x.a[1] is not text'],
    [{ tack: { 'x\u0000': null } }, 'a name in tack holds a NUL'],
    [{ tack: many(101) }, 'tack has more than 100 entries'],
    [{ tack: { x: many(201) } }, 'tack.x has more than 200 entries'],
    [{ environment: 7, steps: 7 }, 'environment is not a map'],
    [{ steps: 7, tack: 7 }, 'steps is not a list']
  ),
  ...SPELLED
]
