/** The parts of the kit that need no port: making small, telling apart, reading files, writing XML. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Config, type Event, initial, type Natural, step, type TimeUs } from '../../../core/index.js'
import { configWith } from '../../suite/arbitraries/config.js'
import { SUBJECTS } from '../format.js'
import { RULES } from '../generate/manifest.js'
import { stateHash } from '../../../shell/lib/trace.js'
import { lastOf, toAbsolute, toRelative } from './course.js'
import { differences, isSame } from './difference.js'
import { escapeXml, jsonOf, junitOf } from './export.js'
import { type Course, courses, inputs, textOf } from './inputs.js'
import { casesIn, isChosen } from './load.js'
import { alongThePath, PATH } from './porters-path.js'
import { effectRemarks } from './play.js'
import { fileOf } from './random-runs.js'
import { traceOf } from '../../../shell/lib/trace.js'
import { reportLines, visible } from './report.js'
import { isGood, type Outcome, type Run } from './result.js'
import { fewest, simplest } from './shrink.js'
import { SUBJECT } from '../subjects.js'
import { inFolder, conformWith, RUNNER } from './support.js'

describe('fewest', () => {
  const numbers = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, i) => i)
  const has =
    (...wanted: ReadonlyArray<number>) =>
    (items: ReadonlyArray<number>): Promise<boolean> =>
      Promise.resolve(wanted.every((item) => items.includes(item)))

  test.each([[[]], [[0]], [[99]], [[0, 99]], [[3, 4, 5]], [[1, 50, 51, 98]]])('finds exactly %j among a hundred', async (wanted) => {
    expect(await fewest(numbers(100), has(...wanted))).toEqual(wanted)
  })

  test('leaves nothing that can be omitted alone, even when other items fail then', async () => {
    const fails = (items: ReadonlyArray<number>): Promise<boolean> => Promise.resolve(items.length >= 7)
    expect(await fewest(numbers(33), fails)).toHaveLength(7)
  })

  test('keeps everything when everything is needed', async () => {
    expect(await fewest(numbers(9), has(...numbers(9)))).toEqual(numbers(9))
  })

  test('asks far less often than there are items', async () => {
    let asked = 0
    await fewest(numbers(1_000), (items) => {
      asked++
      return has(500)(items)
    })
    expect(asked).toBeLessThan(60)
  })
})

test('simplest keeps each change with which it still fails, and no other', async () => {
  const fails = ({ b }: { readonly a: number; readonly b: number }): Promise<boolean> => Promise.resolve(b === 2)
  const changes = [(x: { a: number; b: number }) => ({ ...x, b: 0 }), (x: { a: number; b: number }) => ({ ...x, a: 0 })]
  expect(await simplest({ a: 1, b: 2 }, changes, fails)).toEqual({ a: 0, b: 2 })
})

describe('differences', () => {
  test.each([
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['the order of keys is nothing', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['a field', { head: { cursor: { cursor: 5 } } }, { head: { cursor: { cursor: 4 } } }, [['head.cursor.cursor', 5, 4]]],
    ['what is missing, and what is too much', { a: 1 }, { b: null }, [['a', 1, undefined], ['b', undefined, null]]],
    ['null is not nothing', { a: null }, {}, [['a', null, undefined]]],
    ['an entry of a map, by its key', [['a', 1], ['c', 3]], [['b', 2], ['c', 4]], [['x[a]', 1, undefined], ['x[b]', undefined, 2], ['x[c]', 3, 4]]],
    ['a map out of order, by place', [['a', 1], ['b', 2]], [['b', 2], ['a', 1]], [['x[0][0]', 'a', 'b'], ['x[0][1]', 1, 2], ['x[1][0]', 'b', 'a'], ['x[1][1]', 2, 1]]],
    ['a list, by place', [1, 2], [1, 3, 4], [['x[1]', 2, 3], ['x[2]', undefined, 4]]],
    ['an empty map has keys to come', [], [['__proto__', 1]], [['x[__proto__]', undefined, 1]]],
    ['variants, whole', { p: { _tag: 'Idle' } }, { p: { _tag: 'Open', at: 1 } }, [['p', { _tag: 'Idle' }, { _tag: 'Open', at: 1 }]]],
    ['another type', { a: '1' }, { a: 1 }, [['a', '1', 1]]],
    ['an array is no object', { a: [] }, { a: {} }, [['a', [], {}]]]
  ])('%s', (_, expected, actual, found) => {
    const at = Array.isArray(expected) ? 'x' : ''
    expect(differences(expected, actual, at).map(({ path, expected: was, actual: is }) => [path, was, is])).toEqual(found)
    expect(isSame(expected, actual)).toBe(found.length === 0)
  })

  test('treat hostile keys as keys', () => {
    const hostile = JSON.parse('{"__proto__":1}') as { readonly [key: string]: number }
    expect(differences(hostile, {}).map(({ path }) => path)).toEqual(['__proto__'])
    expect(isSame({}, hostile)).toBe(false)
  })
})

// ---------------------------------------------------------------------------------------- courses

const CONFIG: Config = configWith({})
const at = (us: number): TimeUs => us as TimeUs
const number = (n: number): Natural => n as Natural
const started: Event = { _tag: 'Started', at: at(1), config: CONFIG, resumeFrom: null }
const opened = (connection: number): Event => ({ _tag: 'JetstreamOpened', at: at(2), connection: number(connection) })

describe('a course', () => {
  test('keeps its connections when events are taken out of it', () => {
    const items = toRelative({ beginning: { config: CONFIG }, events: [started, started, started, opened(3), opened(1)] })
    const [, , third, present, stale] = items
    expect(items.map(({ distance }) => distance)).toEqual([null, null, null, 0, -2])
    expect(toAbsolute({ config: CONFIG }, [third, present, stale].flatMap((item) => (item === undefined ? [] : [item]))).events).toEqual([
      started,
      opened(1),
      opened(0)
    ])
  })

  test('stays the same when nothing is taken out of it', () => {
    for (const course of courses(3, 400)) expect(toAbsolute(course.beginning, toRelative(course))).toEqual(course)
  })

  test('can begin at the state before its last steps', () => {
    const late = lastOf({ beginning: { config: CONFIG }, events: [started, opened(1), started] }, 2)
    expect(late.events).toEqual([opened(1), started])
    expect('state' in late.beginning && late.beginning.state).toEqual(step(initial(CONFIG), started)[0])
  })

  test('comes from its seed, with as many steps as are asked for', () => {
    const events = (seed: number): ReadonlyArray<Event> => [...courses(seed, 150)].flatMap((course) => course.events)
    expect(events(1)).toHaveLength(150)
    expect(events(1)).toEqual(events(1))
    expect(events(1)).not.toEqual(events(2))
  })

  test('begins now and then with a state, and has timers that fire again', () => {
    const all = [...courses(1, 3_000)]
    const timers = ({ events }: Course) => events.flatMap((event) => (event._tag === 'TimerFired' ? [event.timer] : []))
    const again = all.filter((course) => new Set(timers(course)).size < timers(course).length)
    expect(all.filter(({ beginning }) => 'state' in beginning).length).toBeGreaterThan(10)
    expect(again.length).toBeGreaterThan(5)
  })

  test('has inputs of which each subject says more than one thing', () => {
    const said = new Map<string, number>()
    for (const { input, subject } of inputs(1, 1_600)) {
      const output = SUBJECT[subject](input)
      const tag = typeof output === 'object' && output !== null ? Object.keys(output).sort().join(' ') : String(output)
      said.set(`${subject}: ${tag}`, (said.get(`${subject}: ${tag}`) ?? 0) + 1)
    }
    const seldom = (key: string): boolean => (said.get(key) ?? 0) < 5
    const wanted = ['glob: true', 'glob: false', 'glob: error', 'when: true', 'when: false', 'when: error', 'mistake: null', 'trigger: _tag detail', 'workflow: detail when']
    expect([wanted.filter(seldom), [...said]]).toEqual([[], [...said]])
    expect([...said.keys()].filter((key) => key === 'trigger: _tag trigger' || key.startsWith('workflow: _tag'))).toHaveLength(2)
  })

  test('has inputs for every decoder, all of which can be written as UTF-8', () => {
    const all = [...inputs(1, 300)]
    expect(all).toHaveLength(300)
    expect(new Set(all.map(({ subject }) => subject))).toEqual(
      new Set(['glob', 'host', 'inquiry', 'jetstream', 'knot', 'mistake', 'trigger', 'when', 'workflow'])
    )
    for (const one of all) expect(Buffer.from(textOf(one)).toString()).toBe(textOf(one))
  })
})

// ---------------------------------------------------------------------------------------- files

const TRACE = traceOf({ about: 'a start', name: 'T1', rules: ['S5'] }, { config: CONFIG }, [started])
const LINES = fileOf({ _tag: 'trace', about: '', file: '', line: 1, name: 'T1', rules: [], trace: TRACE })
const VECTORS = '{"_tag":"vectors","about":"x","subject":"did","version":3}\n'
const VECTOR = '{"_tag":"vector","input":"did:x:y","name":"a DID","output":true,"rules":["F3"]}\n'

describe('files', () => {
  test('hold a trace that is read back as it was written', () => {
    const [one] = casesIn('f', LINES)
    expect(one).toMatchObject({ _tag: 'trace', about: 'a start', file: 'f', line: 1, name: 'T1', rules: ['S5'] })
    expect(one?._tag === 'trace' && one.trace).toEqual(JSON.parse(JSON.stringify(TRACE)))
    expect(TRACE.steps[0]?.hash).toBe(stateHash(step(initial(CONFIG), started)[0]))
  })

  test('hold several traces, and vectors, each with its line', () => {
    expect(casesIn('f', LINES + LINES).map(({ line }) => line)).toEqual([1, 5])
    expect(casesIn('f', VECTORS + VECTOR + VECTOR).map(({ line }) => line)).toEqual([2, 3])
  })

  test.each([
    ['', 'f:1: nothing is in it'],
    ['{}\n', 'f:1: the first line is the header of a trace or of vectors'],
    ['x\n', 'f:1: no JSON'],
    ['[]\n[]\n', 'f:1: the first line is the header of a trace or of vectors'],
    ['1\n', 'f:1: no JSON object'],
    [VECTORS.replace('3', '1'), 'f:1: version 1, and the kit reads version 3'],
    [LINES.replace('"version":3', '"version":"1"'), 'f:1: version "1", and the kit reads version 3'],
    [LINES.replace(',"version":3', ''), 'f:1: at version: expected 3, found undefined'],
    [LINES + LINES.replace('"version":3', '"version":4'), 'f:5: version 4, and the kit reads version 3'],
    [LINES.replace(/"hash":"[0-9a-f]+"/, '"hash":"?"'), 'f:2: at hash: expected Hash, found "?"'],
    [LINES.replace(/"effects":\[.*\],"event"/, '"event"'), 'f:3: at effects: expected ReadonlyArray<JSON>, found undefined'],
    [LINES.slice(0, LINES.lastIndexOf('{"_tag":"end"')), 'f:1: the trace T1 has no end'],
    [`${VECTORS}${VECTOR}${VECTOR.replace('"output":true,', '')}`, 'f:3: at output: expected JSON, found undefined'],
    [`${VECTORS}\n`, 'f:2: no JSON']
  ])('%j is refused', (text, words) => {
    expect(() => casesIn('f', text)).toThrow(words)
  })

  test('are checked before any port is started; a fault ends with exit code 2', () =>
    inFolder({ 'a.jsonl': LINES, 'b.jsonl': LINES }, async (folder) => {
      expect(await conformWith(['/nowhere'], '--from', folder)).toEqual({
        code: 2,
        text: `${folder}/b.jsonl:1: the trace at ${folder}/a.jsonl:1 is called T1, too`
      })
    }))

  test('must be UTF-8', () =>
    inFolder({ 'a.jsonl': '' }, async (folder) => {
      writeFileSync(`${folder}/a.jsonl`, Buffer.from([0xff, 0x0a]))
      expect(await conformWith(['/nowhere'], '--from', folder)).toEqual({ code: 2, text: `${folder}/a.jsonl: no UTF-8` })
    }))

  test('are reported as unwritable after everything else', () =>
    inFolder({ 'a.jsonl': LINES }, async (folder) => {
      const { code, text } = await conformWith(RUNNER, '--from', folder, '--json', `${folder}/none/x.json`)
      expect(text).toContain('1 passed')
      expect(text).toContain(`${folder}/none/x.json cannot be written: Error: ENOENT`)
      expect(code).toBe(2)
    }))

  test('with a trace that the reference fails, too, say so', () =>
    inFolder({ 'a.jsonl': LINES.replace(/("_tag":"step".*"hash":")[0-9a-f]+/, '$10123456789abcdef') }, async (folder) => {
      const { code, text } = await conformWith(RUNNER, '--from', folder)
      expect(text).toContain('at step 1 of 1 step')
      expect(text).toContain('the core of this kit does not come to the state of the trace either')
      expect(code).toBe(1)
    }))

  test('are reduced to the cases of a name, rule or subject', () => {
    const [trace, vector] = [...casesIn('f', LINES), ...casesIn('f', VECTORS + VECTOR)]
    const chosen = (pattern: string) => [trace, vector].map((one) => one !== undefined && isChosen(one, [pattern]))
    expect(chosen('T')).toEqual([true, false])
    expect(chosen('S5')).toEqual([true, false])
    expect(chosen('S')).toEqual([false, false])
    expect(trace !== undefined && isChosen({ ...trace, name: 'S51.1', rules: ['S51'] }, ['S5'])).toBe(false)
    expect(chosen('did')).toEqual([false, true])
    expect(chosen('a DID')).toEqual([false, true])
  })
})

// ---------------------------------------------------------------------------------------- the porter's path

describe('the path of a porter', () => {
  const subjects = PATH.flatMap((stage) => stage.subjects)
  const rules = PATH.flatMap((stage) => stage.rules)

  test('has one place for each subject and each rule', () => {
    expect([...subjects].sort()).toEqual([...SUBJECTS].sort())
    expect([...rules].sort()).toEqual([...RULES].sort())
  })

  test('is that of porting.md, subject by subject', () => {
    const porting = readFileSync(new URL('../../porting.md', import.meta.url), 'utf8')
    const path = porting.slice(porting.indexOf('## The path'), porting.indexOf('## What a state is'))
    const named = path.split(/^\d+\. /m).flatMap((stage) => [...(stage.split('→')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, subject]) => subject))
    expect([...new Set(named.filter((name) => SUBJECTS.some((subject) => subject === name)))]).toEqual(subjects)
  })

  test('says in which order cases are played, whatever their files are called', () => {
    const traces = ['T1', 'S3', 'D3', 'random'].map((name) => LINES.replace('"rules":["S5"]', `"rules":${name === 'random' ? '[]' : `["${name}"]`}`).replace('"T1"', `"${name}"`))
    const vectors = ['fold', 'did'].map((subject) => VECTORS.replace('"did"', `"${subject}"`) + VECTOR)
    const cases = [...traces, ...vectors].flatMap((text) => casesIn('f', text))
    expect(alongThePath(cases).map((one) => (one._tag === 'vector' ? one.subject : one.name))).toEqual(['did', 'S3', 'D3', 'T1', 'random', 'fold'])
  })
})

describe('effects', () => {
  const [a, b, c] = [{ _tag: 'a', x: 1 }, { _tag: 'b', x: 1 }, { _tag: 'c', x: 1 }]

  test('in another order are said to be so', () => expect(effectRemarks([a, b], [b, { x: 1, _tag: 'a' }])).toEqual(['these are the right effects, in another order']))

  test.each([
    [[a, b], [a, b]],
    [[a, a], [a, a]],
    [[a, b], [b, c]],
    [[a, b], [b, a, a]]
  ])('in their order, or not the same, are not: %j and %j', (expected, actual) => expect(effectRemarks(expected, actual)).toEqual([]))
})

// ---------------------------------------------------------------------------------------- reports

describe('reports', () => {
  const [one] = casesIn('f<1>.jsonl', VECTORS + VECTOR.replace('a DID', 'a \\"<&>\\u0000\\u001b[2J DID'))
  const run = (outcome: Outcome): Run => ({
    breakdown: null,
    command: ['port'],
    name: 'a & b',
    played: one === undefined ? [] : [{ one, outcome }],
    random: null,
    seconds: 1.25
  })
  const failed: Outcome = {
    _tag: 'failed',
    failure: {
      differences: differences(true, false, 'output'),
      effects: { actual: false, expected: true },
      given: 'did:x:y',
      hashes: null,
      remarks: ['<remark>'],
      step: null
    }
  }

  test('say what was expected and what came', () => {
    const text = reportLines(run(failed), 10).join('\n')
    expect(text).toContain('input: "did:x:y"\n    expected  true\n    got       false\n    <remark>')
    expect(text).toContain('0 passed, 1 failed, in 1.3 s')
    expect(text).not.toContain('\u001b')
  })

  test('only count failures beyond the limit', () => {
    const many = { ...run(failed), played: Array.from({ length: 12 }, () => run(failed).played).flat() }
    expect(reportLines(many, 10).join('\n')).toContain('… and 2 more that failed')
    expect(reportLines(many, Infinity).join('\n')).not.toContain('more that failed')
  })

  test('show foreign text that cannot move the cursor of a terminal', () =>
    expect(visible('a\u001b[2J\u009b\u202eb\u2028')).toBe('a\\u001b[2J\\u009b\\u202eb\\u2028'))

  test('call good what was played and is right', () => {
    expect(isGood(run({ _tag: 'passed' }))).toBe(true)
    expect(isGood({ ...run({ _tag: 'passed' }), breakdown: { asked: null, line: null, stderr: '', what: 'it ended' } })).toBe(false)
    for (const bad of [failed, { _tag: 'skipped', reason: '' }, { _tag: 'errored', given: null, message: '', step: null }] as const)
      expect(isGood(run(bad))).toBe(false)
  })

  test('write XML without what XML cannot hold', () =>
    expect(escapeXml('<a b="\'&">\u0000\u001b\ud800\ufffe😀é\n')).toBe('&lt;a b=&quot;&apos;&amp;&quot;&gt;\ufffd\ufffd\ufffd\ufffd😀é\n'))

  test('have a JUnit suite for each file, and a case for each vector', () => {
    const xml = junitOf(run(failed))
    expect(xml).toContain('<testsuites name="tack conform: a &amp; b" time="1.250">')
    expect(xml).toContain('<testsuite name="f&lt;1&gt;.jsonl" tests="1" failures="1" errors="0" skipped="0">')
    expect(xml).toContain('<testcase classname="f&lt;1&gt;.jsonl" name="a &quot;&lt;&amp;&gt;\ufffd\ufffd[2J DID [F3]"><failure message="input: &quot;did:x:y&quot;">')
    expect(xml).toContain('&lt;remark&gt;</failure></testcase>')
    expect(junitOf(run({ _tag: 'skipped', reason: 'not yet' }))).toContain('<skipped message="not yet"/>')
    expect(junitOf(run({ _tag: 'unreached' }))).toContain('<skipped message="not reached"/>')
    expect(junitOf(run({ _tag: 'errored', given: 1, message: 'x', step: null }))).toContain('errors="1"')
  })

  test('have totals and results in JSON', () =>
    expect(JSON.parse(jsonOf(run(failed)))).toMatchObject({
      port: 'a & b',
      results: [{ kind: 'vector', line: 2, outcome: { _tag: 'failed' }, rules: ['F3'], subject: 'did' }],
      totals: { failed: 1, passed: 0 }
    }))
})
