/** Workflows, as far as the shell understands them: whatever stands in a file, there is an answer, soon, and a sentence for its author. */
import { tmpdir } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Did, type Event, HostName, Natural, type ReadWorkflows, Rkey, Sha, type Workflow, WORKFLOW_BYTES_MAX, WorkflowName } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { type FilesRead, gitReader, type ReadFiles } from '../../../shell/outbound/git.js'
import { startKnot } from '../../../shell/demo-network/index.js'
import type { Workflows } from '../../../shell/ports.js'
import { createKeyedQueue, createQueue } from '../../../shell/lib/queue.js'
import { parseWorkflow, workflowReader } from '../../../shell/outbound/workflows.js'
import { parseYaml } from '../../../shell/outbound/yaml.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { eventually, rememberingLog } from '../support/sockets.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'

const NAME = must(WorkflowName.decode('ci.yml'))
/** What a file says, but for what tells it from others. */
const parse = (text: string | Buffer): Workflow => ({ ...parseWorkflow({ bytes: Buffer.from(text), name: NAME }), content: '' })
const faulty = (error: unknown) => ({ _tag: 'Faulty', content: '', error, name: 'ci.yml', when: null })

const GOOD = `
when:
  - event: [push]
    branch: [main]
engine: tack
environment:
  A: "1"
tack:
  buildkite:
    pipeline: app
`

describe('one file', () => {
  it('is what the core makes of its value', () => {
    expect(parse(GOOD)).toMatchObject({
      _tag: 'Defined',
      engine: 'tack',
      environment: [['A', '1']],
      name: 'ci.yml',
      targets: [{ pipeline: 'app', provider: 'buildkite' }],
      when: [{ branch: ['main'], event: ['push'] }]
    })
  })

  it('may begin with a byte order mark', () => {
    expect(parse(`\ufeff${GOOD}`)).toEqual(parse(GOOD))
  })

  it('may end its lines in any way', () => {
    expect(parse(GOOD.replaceAll('\n', '\r\n'))).toEqual(parse(GOOD))
  })

  it.each(['', '\n', '# nothing but words\n', '---\n', 'null'])('may be empty: %j', (text) => {
    expect(parse(text)).toEqual(parse('{}'))
  })

  it.each([
    ['a list', '- a\n'],
    ['text', 'a\n'],
    ['a number', '7']
  ])('is faulty when it is %s', (_, text) => {
    expect(parse(text)).toEqual(faulty(expect.any(String)))
  })

  it.each([
    ['a tab', 'a:\n\t- b\n', /^line 2 is not valid YAML: .*\. Indent with spaces$/],
    ['bad indentation', 'a: 1\nb:\n   c: 1\n  d: 2\n', /^line 4 is not valid YAML: bad indentation of a mapping entry\. Indent it like its neighbours, .* in quotes$/],
    ['a colon in a text', 'name: a: b\n', /^line 1 is not valid YAML: .* put text that contains ": " in quotes$/],
    ['a key that comes twice', 'engine: a\nwhen: []\nengine: b\n', /^line 3 is not valid YAML: duplicated mapping key\. Keep one of the two$/],
    ['a list without an end', 'a: [1,\n', /^line [12] is not valid YAML: /],
    ['a text without an end', 'a: "x\n', /^line [12] is not valid YAML: /],
    ['an alias of nothing', 'a: *x\n', /^line 1 is not valid YAML: unidentified alias "x"\. Put what begins with \* in quotes, like "\*\*"$/],
    ['a star alone', 'branch: *\n', /^line 1 is not valid YAML: .*\. Put what begins with \* in quotes, like "\*\*"$/],
    ['a second document', 'a: 1\n---\nb: 2\n', /is not valid YAML: expected a single document .*\. Remove the line "---", or what follows it$/],
    ['a tag of its own', 'a: 1\nb: !secret x\n', /^line 2 is not valid YAML: unknown tag /],
    ['a tag for code', 'a: !!js/function "x"\n', /^line 1 is not valid YAML: unknown tag /],
    ['two documents', 'a: 1\n---\nb: 1\n', /^the file is not valid YAML: expected a single document/],
    ['a NUL', 'a: "\u0000"\n', /is not valid YAML: null byte is not allowed in input$/],
    ['a merge of what is no map', 'a: &a x\nb:\n  <<: *a\n', /^line [0-9]+ is not valid YAML: cannot merge mappings/]
  ])('is faulty with %s, and says where', (_, text, error) => {
    expect(parse(text)).toEqual(faulty(expect.stringMatching(error)))
  })

  it('quotes no more of its content than a report may', () => {
    const { error } = { error: '', ...parse(`a: *${'x'.repeat(10_000)}\n`) }
    expect(error.length).toBeLessThan(200)
  })

  it.each([
    ['a: \xff\n', 1],
    ['a: b\nc: \xc3\n', 2],
    ['a\n\n\n\xe4', 4],
    ['\xff\xfea\x00', 1]
  ])('is faulty where it is no UTF-8: %j', (text, line) => {
    expect(parse(Buffer.from(text, 'latin1'))).toEqual(faulty(`line ${String(line)} is not UTF-8`))
  })

  it('is faulty when it is too long, and not just below that', () => {
    expect(parse(`# ${'x'.repeat(WORKFLOW_BYTES_MAX - 2)}`)._tag).toBe('Defined')
    expect(parse(`# ${'x'.repeat(WORKFLOW_BYTES_MAX - 1)}`)).toEqual(faulty('the file is longer than 256 KiB'))
    expect(parseWorkflow({ bytes: null, name: NAME })).toEqual(faulty('the file is longer than 256 KiB'))
  })

  it('is identified by its content', () => {
    const contentOf = (text: string) => parseWorkflow({ bytes: Buffer.from(text), name: NAME }).content
    expect(contentOf(GOOD)).toBe(contentOf(GOOD))
    expect(contentOf(`${GOOD}#`)).not.toBe(contentOf(GOOD))
    expect(contentOf('a: [')).not.toBe(contentOf('a: {'))
  })

  it('keeps the spelling of what is meant as text', () => {
    expect(parse('engine: tack\nwhen: {branch: 1.10, tag: 007, event: True}\nenvironment: {1.10: 1.10, B: 007, C: True, D: 0x1F, E: 1_000, F: .inf, G: 1e3}\n')).toMatchObject({
      environment: [['1.10', '1.10'], ['B', '007'], ['C', 'True'], ['D', '0x1F'], ['E', '1_000'], ['F', '.inf'], ['G', '1e3']],
      when: [{ branch: ['1.10'], event: ['True'], tag: ['007'] }]
    })
    expect(parse('when: {branch: [1.10]}\n')).toEqual(faulty('when.branch[0] is not text'))
    expect(parse('when: {branch: ["1.10"]}\n')).toMatchObject({ when: [{ branch: ['1.10'] }] })
  })

  it('merges maps: its own keys override merged ones, and of several the first counts', () => {
    const text = 'a: &a {A: 1, B: 2}\nb: &b {B: 3, C: 4}\nengine: tack\nenvironment:\n  <<: [*a, *b]\n  A: 5\n'
    expect(parse(text)).toMatchObject({ environment: [['A', '5'], ['B', '2'], ['C', '4']] })
    expect(parse('engine: tack\nenvironment:\n  "<<": x\n')).toMatchObject({ environment: [['<<', 'x']] })
  })

  it('reads dates, and former truth words, as text', () => {
    expect(parse('engine: tack\nenvironment: {A: 2001-12-14, B: on, C: no}\n')).toMatchObject({ environment: [['A', '2001-12-14'], ['B', 'on'], ['C', 'no']] })
  })

  it('has no special keys', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    expect(parse('__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\nengine: tack\nenvironment: {__proto__: x}\n')).toMatchObject({
      _tag: 'Defined',
      environment: [['__proto__', 'x']]
    })
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect('polluted' in {}).toBe(false)
  })

  describe('is harmless, whatever it contains', () => {
    const fill = (part: string): string => part.repeat(Math.floor(WORKFLOW_BYTES_MAX / part.length))
    const many = (line: (i: number) => string, join = '\n'): string =>
      Array.from({ length: 20_000 }, (_, i) => line(i)).join(join).slice(0, WORKFLOW_BYTES_MAX)
    const bomb = (width: number, levels: number): string =>
      `a0: &a0 [${Array(width).fill('x').join(',')}]\n` +
      Array.from({ length: levels }, (_, i) => `a${String(i + 1)}: &a${String(i + 1)} [${Array(width).fill(`*a${String(i)}`).join(',')}]\n`).join('')

    const HONEST = `steps:\n${'  - name: a step\n    command: make\n'.repeat(100)}environment:\n${many((i) => `  V${String(i)}: x`)}`

    /** The time of the processor that it takes to parse a file, in microseconds: the least of three. */
    const costOf = (text: string): number =>
      Math.min(
        ...[1, 2, 3].map(() => {
          const before = process.cpuUsage()
          parse(text)
          const { system, user } = process.cpuUsage(before)
          return system + user
        })
      )

    /** A key that is a list becomes text, with every alias in it written out. */
    const keys = (length: number, width: number, count: number): string =>
      `a: &s "${'x'.repeat(length)}"\n${Array.from({ length: count }, (_, i) => `? [${Array(width).fill('*s').join(',')},${String(i)}]\n: 1\n`).join('')}`

    it.each([
      ['a bomb of aliases', bomb(9, 9)],
      ['a broad bomb', bomb(20_000, 2).slice(0, WORKFLOW_BYTES_MAX - 100)],
      ['an alias of itself', 'a: &a [*a, *a]\nenvironment: &e {A: *e}\n'],
      ['4 400 levels', '['.repeat(4_400) + ']'.repeat(4_400)],
      ['4 400 maps', `${'{a: '.repeat(4_400)}1${'}'.repeat(4_400)}`],
      ['brackets to the end', fill('[')],
      ['dashes to the end', fill('- ')],
      ['question marks', fill('? ')],
      ['bad escapes', `"${fill('\\x')}`],
      ['ends without beginnings', fill(']\n')],
      ['many keys', many((i) => `k${String(i)}:`)],
      ['many keys in a line', `{${many((i) => `k${String(i)}`, ',')}}`],
      ['many anchors', many((i) => `- &a${String(i)} a`)],
      ['many directives', fill('%a\n')],
      ['many documents', fill('---\n')],
      ['quotes', fill('- "\n')],
      ['merges of a large map', `a: &a {${many((i) => `k${String(i)}: 1`, ',').slice(0, 130_000)}: 1}\nb:\n${'  - <<: *a\n'.repeat(10_000)}`],
      ['merges of many maps into one', `a: &a {${many((i) => `k${String(i)}: 1`, ',').slice(0, 130_000)}: 1}\nb:\n  <<: [${Array(30_000).fill('*a').join(',')}]\n`],
      ['an infinite number', 'environment: {A: 1e400}\n'],
      ['a bomb of keys', keys(131_000, 4_000, 10)],
      ['a bomb of keys that are aliases', `a: &s "${'x'.repeat(100_000)}"\nb: &k [*s,*s,*s]\nc:\n${'- ? *k\n  : 1\n'.repeat(10_000)}`],
      ['a long list under many keys', `a: &a [${Array(50_000).fill('x').join(',')}]\n${'? *a\n: 1\n'.repeat(15_000)}`]
    ])('%s', (_, text) => {
      expect(parse(text)._tag).toMatch(/^Defined$|^Faulty$/)
      // At worst some three times what an honest file of the same length takes.
      expect(costOf(text)).toBeLessThan(30 * costOf(HONEST))
    })

    it.each([
      ['[1, [2, 3]]', 5],
      ['[&a [1, 2], *a]', 7],
      ['{a: {b: 1}}', 3],
      ['1', 1]
    ])('%s holds %i values, and no fewer', (text, count) => {
      expect(parseYaml(text, count)._tag).toBe('Right')
      if (count > 1) expect(parseYaml(text, count - 1)).toEqual(E.left({ _tag: 'Immodest' }))
    })

    it('aliases in keys are fine, as long as there are few', () => {
      expect(parseYaml('a: &s "xy"\n? [*s, *s]\n: 1\n', 10)).toEqual(E.right({ a: 'xy', 'xy,xy': 1 }))
    })

    it('too many aliases, or too much depth, make it faulty', () => {
      expect(parse(bomb(9, 9))).toEqual(faulty('its aliases expand to too much'))
      expect(parse('a: &a [*a]\n')).toEqual(faulty('its aliases expand to too much'))
      expect(parse(keys(131_000, 4_000, 10))).toEqual(faulty('its aliases expand to too much'))
      expect(parse('['.repeat(4_400) + ']'.repeat(4_400))).toEqual(faulty('line 1 is not valid YAML: nesting exceeded maxDepth (100)'))
    })
  })
})

// ---------------------------------------------------------------------------------------- all of a trigger

const request = (changes: Partial<ReadWorkflows> = {}): ReadWorkflows => ({
  _tag: 'ReadWorkflows',
  knot: must(HostName.decode('knot.example')),
  number: must(Natural.decode(7)),
  repository: { did: '', name: 'thing', owner: must(Did.decode('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')), rkey: must(Rkey.decode('r')) },
  rkey: must(Rkey.decode('3mbd3542k2222')),
  sha: must(Sha.decode('a'.repeat(40))),
  workflows: null,
  ...changes
})

interface Reading {
  readonly log: ReturnType<typeof rememberingLog>
  readonly told: ReadonlyArray<Event>
  readonly workflows: Workflows
}

const reading = (readFiles: ReadFiles, requests: ReadonlyArray<ReadWorkflows>): Reading => {
  const log = rememberingLog()
  const told: Event[] = []
  const workflows = workflowReader({ clock: systemClock(), log, readFiles })
  onTestFinished(workflows.close)
  for (const one of requests) workflows.read(one, (event) => void told.push(event))
  return { log, told, workflows }
}

const NO_FILES: ReadFiles = () => Promise.reject(new Error('nobody asked for files'))

const source = (name: string, text = GOOD) => ({ name: must(WorkflowName.decode(name)), text })

describe('all files of a trigger', () => {
  it.skipIf(!hasGit)(`are read from a repository by git, bad ones among good ones${WITHOUT_GIT}`, async () => {
    const knot = await startKnot({ clock: systemClock(), generation: 'newer' })
    onTestFinished(knot.stop)
    const repo = await knot.git.createRepository({ name: 'thing', owner: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' })
    const folder = '.tangled/workflows'
    const { newSha } = await repo.commitAndPush([
      { content: GOOD, path: `${folder}/ci.yml` },
      { content: 'a: [\n', path: `${folder}/bad.yml` },
      { content: 'x'.repeat(WORKFLOW_BYTES_MAX + 1), path: `${folder}/long.yml` },
      { content: GOOD, path: `${folder}/README` },
      { content: GOOD, path: `${folder}/a\\b.yml` }
    ])
    const readFiles = gitReader({ clock: systemClock(), isInsecure: true, policy: { allowLoopback: true }, tmp: tmpdir() })
    const { told } = reading(readFiles, [request({ knot: must(HostName.decode(knot.host)), sha: must(Sha.decode(newSha)) })])
    await eventually(() => expect(told).toHaveLength(1))
    expect(told[0]).toMatchObject({
      _tag: 'WorkflowsRead',
      defaultBranch: 'main',
      knot: knot.host,
      number: 7,
      rkey: '3mbd3542k2222',
      unkept: ['a\\b.yml'],
      workflows: [
        { _tag: 'Faulty', name: 'bad.yml' },
        { _tag: 'Defined', name: 'ci.yml' },
        { _tag: 'Faulty', content: '', error: 'the file is longer than 256 KiB', name: 'long.yml', when: null }
      ]
    })
  })

  it('are read from the trigger, each name once, by name, without asking anybody', async () => {
    const workflows = [source('b.yml'), source('a.yml', 'a: ['), source('b.yml', 'the second is not looked at: ['), source('README', 'a: ['), source('long.yaml', 'é'.repeat(131_073))]
    const { log, told } = reading(NO_FILES, [request({ workflows })])
    await eventually(() => expect(told).toHaveLength(1))
    expect(told[0]).toMatchObject({
      _tag: 'WorkflowsRead',
      defaultBranch: null,
      workflows: [
        { _tag: 'Faulty', name: 'a.yml' },
        { _tag: 'Defined', name: 'b.yml' },
        { _tag: 'Faulty', content: '', error: 'the file is longer than 256 KiB', name: 'long.yaml', when: null }
      ]
    })
    expect(log.lines).toEqual([])
  })

  it('are the first fifty, which is logged', async () => {
    const workflows = Array.from({ length: 52 }, (_, i) => source(`${String(99 - i)}.yml`))
    const { log, told } = reading(NO_FILES, [request({ workflows })])
    await eventually(() => expect(told).toHaveLength(1))
    const [event] = told
    expect(event?._tag === 'WorkflowsRead' && event.workflows.map(({ name }) => name)).toEqual(
      Array.from({ length: 50 }, (_, i) => `${String(48 + i)}.yml`)
    )
    expect(log.lines).toEqual([
      { fields: { knot: 'knot.example', left: 2, read: 50, rkey: '3mbd3542k2222' }, level: 'warn', message: 'too many workflow files: the rest are ignored' }
    ])
  })

  it('may be none, which is an answer as well', async () => {
    const { told } = reading(NO_FILES, [request({ workflows: [] })])
    await eventually(() => expect(told).toMatchObject([{ _tag: 'WorkflowsRead', workflows: [] }]))
  })

  it.each([true, false])('are reported when they cannot be read, and whether for good: %s', async (isFinal) => {
    const { told } = reading(() => Promise.resolve({ _tag: 'Unread', error: 'why', isFinal }), [request()])
    await eventually(() => expect(told).toMatchObject([{ _tag: 'RequestFailed', error: 'why', isFinal, number: 7, requested: { _tag: 'Workflows', knot: 'knot.example', rkey: '3mbd3542k2222' } }]))
  })

  it('can be read another time when a reading fails unexpectedly', async () => {
    const { told } = reading(NO_FILES, [request()])
    await eventually(() => expect(told).toMatchObject([{ _tag: 'RequestFailed', error: 'Error: nobody asked for files', isFinal: false }]))
  })

  it('the files of a repository that is too large become one that says so to whoever pushed', async () => {
    const { told } = reading(() => Promise.resolve({ _tag: 'Unread', error: 'more than 7 bytes', isFinal: true, isTooLarge: true }), [request()])
    const error = 'the workflow files cannot be read: more than 7 bytes. The knot can only send them with the whole repository'
    await eventually(() => expect(told).toMatchObject([{ _tag: 'WorkflowsRead', defaultBranch: null, workflows: [{ _tag: 'Faulty', error, name: 'workflows.yml' }] }]))
  })

  it('are read two at a time from one knot', async () => {
    const asked: string[] = []
    const knots = ['slow', 'slow', 'slow', 'other'].map((name) => must(HostName.decode(`${name}.example`)))
    const readFiles: ReadFiles = ({ knot }, signal) => {
      asked.push(knot)
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'shutting down', isFinal: false })))
    }
    const { workflows } = reading(readFiles, knots.map((knot) => request({ knot })))
    expect(asked).toEqual(['slow.example', 'slow.example', 'other.example'])
    await workflows.close()
  })

  it('are read four at a time; readings that run or wait at a close are not answered', async () => {
    let begun = 0
    let ended = 0
    const answers: Array<(read: FilesRead) => void> = []
    const readFiles: ReadFiles = (_, signal) =>
      new Promise<FilesRead>((resolve) => {
        begun += 1
        answers.push(resolve)
        signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'shutting down', isFinal: false }))
      }).finally(() => (ended += 1))
    const knots = Array.from({ length: 9 }, (_, i) => must(HostName.decode(`knot${String(i)}.example`)))
    const { told, workflows } = reading(readFiles, knots.map((knot) => request({ knot })))
    expect(begun).toBe(4)
    answers[0]?.({ _tag: 'Files', defaultBranch: null, files: [], left: 0, unkept: [] })
    await eventually(() => expect(begun).toBe(5))
    expect(told).toHaveLength(1)
    await workflows.close()
    await workflows.close()
    expect([begun, ended, told.length]).toEqual([5, 5, 1])
    workflows.read(request(), () => undefined)
    expect(begun).toBe(5)
  })

  it('are read for accounts in turn: many readings of one, on many knots, keep no other waiting', async () => {
    const asked: string[] = []
    const answers: Array<(read: FilesRead) => void> = []
    const readFiles: ReadFiles = ({ knot }, signal) => {
      asked.push(knot)
      return new Promise((resolve) => {
        answers.push(resolve)
        signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'shutting down', isFinal: false }))
      })
    }
    const knotOf = (name: string) => must(HostName.decode(`${name}.example`))
    const many = Array.from({ length: 9 }, (_, i) => request({ knot: knotOf(`many${String(i)}`) }))
    const { repository } = request()
    const other = request({ knot: knotOf('other'), repository: { ...repository, owner: must(Did.decode('did:plc:other')) } })
    reading(readFiles, [...many, other])
    for (const n of [0, 1]) {
      answers[n]?.({ _tag: 'Files', defaultBranch: null, files: [], left: 0, unkept: [] })
      await eventually(() => expect(asked).toHaveLength(n + 5))
    }
    expect(asked.slice(4)).toContain('other.example')
  })

  it('are read from slow knots beside the others, so that a push elsewhere does not wait for them', async () => {
    const clock = manualClock()
    const asked: string[] = []
    const answers: Array<() => void> = []
    const good = must(HostName.decode('good.example'))
    const bad = ['one', 'two', 'three'].map((name) => must(HostName.decode(`${name}.example`)))
    let isPrompt = false
    const readFiles: ReadFiles = ({ knot }, signal) => {
      asked.push(knot)
      const files = { _tag: 'Files', defaultBranch: null, files: [], left: 0, unkept: [] } as const
      if (knot === good || isPrompt) return Promise.resolve(files)
      return new Promise((resolve) => {
        answers.push(() => resolve(files))
        signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'shutting down', isFinal: false }))
      })
    }
    const told: Event[] = []
    const workflows = workflowReader({ clock, log: rememberingLog(), readFiles })
    onTestFinished(workflows.close)
    const ask = (knot: HostName): void => workflows.read(request({ knot }), (event) => void told.push(event))
    const quiet = async (): Promise<void> => {
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
    }
    for (const knot of bad) for (let n = 0; n < 3; n++) ask(knot)
    ask(good)
    await quiet()
    expect(asked).toEqual(['one.example', 'one.example', 'two.example', 'two.example'])
    clock.advance(9_999)
    await quiet()
    expect(asked).toHaveLength(4)
    clock.advance(1)
    await quiet()
    // What was late begins again, and two of the slow ones are read at a time; what has not been slow yet has its turn.
    expect(asked.slice(4).sort()).toEqual(['good.example', 'one.example', 'three.example', 'three.example', 'two.example'])
    expect(told).toMatchObject([{ _tag: 'WorkflowsRead', knot: good }])
    clock.advance(10_000)
    await quiet()
    for (let n = 0; n < 5; n++) ask(good)
    await quiet()
    expect(told).toHaveLength(6)
    expect(asked.filter((knot) => knot === 'three.example')).toHaveLength(2)

    // Nothing is lost, and who is prompt again is read among the prompt ones.
    isPrompt = true
    for (const answer of answers) answer()
    await eventually(() => expect(told).toHaveLength(6 + 9))
    isPrompt = false
    ask(bad[0] ?? good)
    clock.advance(5_000)
    const before = asked.length
    for (const knot of bad) ask(knot)
    await quiet()
    expect(asked.length).toBe(before + 3)
  })

  it('are waited for at a close, those of a slow knot as well', async () => {
    const clock = manualClock()
    const ends: Array<() => void> = []
    const readFiles: ReadFiles = (_, signal) =>
      new Promise((resolve) => {
        const end = (): void => resolve({ _tag: 'Unread', error: 'late', isFinal: false })
        if (ends.push(end) === 1) signal.addEventListener('abort', end)
      })
    const workflows = workflowReader({ clock, log: rememberingLog(), readFiles })
    workflows.read(request(), () => undefined)
    clock.advance(10_000)
    await eventually(() => expect(ends).toHaveLength(2))
    let isClosed = false
    const closed = workflows.close().then(() => (isClosed = true))
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
    expect(isClosed).toBe(false)
    ends[1]?.()
    await closed
  })

  it.each([
    [9_999, 'prompt'],
    [10_000, 'slow']
  ])('are read from a knot that was slow and now takes %i ms as from one that is %s', async (ms, line) => {
    const clock = manualClock()
    const answers: Array<() => void> = []
    const readFiles: ReadFiles = (_, signal) =>
      new Promise((resolve) => {
        answers.push(() => resolve({ _tag: 'Files', defaultBranch: null, files: [], left: 0, unkept: [] }))
        signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'aborted', isFinal: false }))
      })
    const told: Event[] = []
    const workflows = workflowReader({ clock, log: rememberingLog(), readFiles })
    onTestFinished(workflows.close)
    const ask = (): void => workflows.read(request({}), (event) => void told.push(event))
    ask()
    clock.advance(10_000)
    await eventually(() => expect(answers).toHaveLength(2))
    clock.advance(ms)
    answers[1]?.()
    await eventually(() => expect(told).toHaveLength(1))
    ask()
    await eventually(() => expect(answers).toHaveLength(3))
    // Only who is prompt has so much time, and then another turn.
    clock.advance(10_000)
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
    expect(answers).toHaveLength(line === 'prompt' ? 4 : 3)
  })

  it.each<readonly [string, ReadFiles, ReadonlyArray<ReturnType<typeof source>> | null]>([
    ['between two files', NO_FILES, [source('a.yml'), source('b.yml')]],
    ['and its reading fails', (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('no')))), null]
  ])('what is closed %s is not answered', async (_, readFiles, workflows) => {
    const { told, workflows: closing } = reading(readFiles, [request({ workflows })])
    await closing.close()
    await new Promise(setImmediate)
    expect(told).toEqual([])
  })
})

describe('queued jobs', () => {
  it('run in order, as far as they may', async () => {
    const done: number[] = []
    const { add, close } = createQueue(1)
    for (const n of [1, 2, 3]) add(() => Promise.resolve().then(() => void done.push(n)))
    await eventually(() => expect(done).toEqual([1, 2, 3]))
    await close()
  })

  it('queued jobs of one key hold up nobody else', async () => {
    const begun: string[] = []
    const ends: Array<() => void> = []
    const { add, close } = createKeyedQueue(4, 2)
    const begin = (what: string) => () =>
      new Promise<void>((resolve) => {
        begun.push(what)
        ends.push(resolve)
      })
    for (const n of ['1', '2', '3', '4', '5']) add('slow', begin(`slow ${n}`))
    for (const n of ['1', '2', '3']) add('good', begin(`good ${n}`))
    expect(begun).toEqual(['slow 1', 'slow 2', 'good 1', 'good 2'])
    ends[2]?.()
    await eventually(() => expect(begun).toEqual(['slow 1', 'slow 2', 'good 1', 'good 2', 'good 3']))
    ends[0]?.()
    await eventually(() => expect(begun.slice(5)).toEqual(['slow 3']))
    // There is a place again, but not for that key.
    ends[3]?.()
    await new Promise(setImmediate)
    add('slow', begin('slow 6'))
    expect(begun).toHaveLength(6)
    const closed = close()
    for (const end of ends) end()
    await closed
    add('good', begin('good 4'))
    expect(begun).toHaveLength(6)
  })

  it('rest before the next of the same key', async () => {
    const done: string[] = []
    const rests: Array<() => void> = []
    const { add, close } = createKeyedQueue(4, 1, () => new Promise((resolve) => rests.push(resolve)))
    for (const [key, what] of [['a', 'a1'], ['a', 'a2'], ['b', 'b1']] as const) add(key, () => Promise.resolve(void done.push(what)))
    await eventually(() => expect(rests).toHaveLength(2))
    expect(done).toEqual(['a1', 'b1'])
    for (const rest of rests) rest()
    await eventually(() => expect(done).toEqual(['a1', 'b1', 'a2']))
    await close()
  })
})
