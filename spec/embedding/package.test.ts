/** The core as somebody else's dependency: it is imported by its name, in Node and by the compiler, and nothing else can be. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Config, defaults, Event, initial, step } from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import { stateHash, writtenState } from '../../shell/lib/trace.js'
import { createProject } from './project.js'

/** What `step` is, to the letter; what a state, an event and an effect are; and that nowhere in them is an `any`. */
const CONSUMER = `
import type { Either } from 'fp-ts/lib/Either.js'
import type { Option } from 'fp-ts/lib/Option.js'
import type { Errors } from 'io-ts'
import {
  Commits, Config, decodeFrame, type Effect, Event, fold, type Folded, type Head, initial, OrderedMap, Receipt, repoAt, run, State, step
} from '@tack-ci/core'

type IsAny<T> = 0 extends 1 & T ? true : false
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type HasAny<T, Depth extends ReadonlyArray<0> = []> =
  IsAny<T> extends true ? true
  : Depth['length'] extends 10 ? false
  : T extends string | number | boolean | null | undefined ? false
  : T extends ReadonlyArray<infer X> ? HasAny<X, [...Depth, 0]>
  : T extends object ? { [K in keyof T]-?: HasAny<T[K], [...Depth, 0]> }[keyof T]
  : false
type HasNoAny<T> = true extends HasAny<T> ? false : true

export const claim = <_ extends true>(): void => undefined

claim<Same<Parameters<typeof step>, [state: State, event: Event]>>()
claim<Same<ReturnType<typeof step>, readonly [state: State, effects: ReadonlyArray<Effect>]>>()
claim<Same<ReturnType<typeof run>, ReturnType<typeof step>>>()
claim<Same<ReturnType<typeof fold>, Folded>>()
claim<Same<ReturnType<typeof initial>, State>>()
claim<Same<ReturnType<typeof Config.decode>, Either<Errors, Config>>>()
claim<Same<ReturnType<typeof Event.decode>, Either<Errors, Event>>>()
claim<Same<ReturnType<typeof State.decode>, Either<Errors, State>>>()
claim<Same<Parameters<typeof decodeFrame>, [receipt: Receipt]>>()
claim<Same<ReturnType<ReturnType<typeof repoAt>>, Option<Commits.Repo>>>()
claim<HasNoAny<State>>()
claim<HasNoAny<Event>>()
claim<HasNoAny<Effect>>()
claim<HasNoAny<Head>>()
claim<HasNoAny<Folded>>()
claim<Same<HasNoAny<{ readonly deep: ReadonlyArray<{ readonly x: any } | null> }>, false>>()

export const keyOf = (effect: Effect): string => {
  switch (effect._tag) {
    case 'OpenJetstream':
    case 'CloseJetstream':
      return \`stream \${String(effect.connection)}\`
    case 'SubscribeKnot':
    case 'UnsubscribeKnot':
      return \`\${effect.host} \${String(effect.connection)}\`
    case 'WakeAfter':
      return effect.timer._tag
    case 'ReadAccess':
      return effect.repo
    case 'ReadRecords':
      return effect.did
    case 'ReadWorkflows':
      return \`\${effect.knot} \${effect.rkey}\`
    case 'StartBuild':
    case 'FindBuild':
    case 'FollowBuild':
    case 'UnfollowBuild':
    case 'CancelBuild':
      return effect.build.workflow
    case 'PublishPipeline':
      return effect._tag
    case 'PublishStatus':
      return effect.entry.status
    case 'Report':
      return effect.report._tag
  }
}
export const accounts = (state: State): ReadonlyArray<string> => OrderedMap.keys(state.commits.accounts)
`

const WRONG = `
import { step } from '@tack-ci/core'
export const x = step('state', 'event')
`

const MAIN = `
import { createHash } from 'node:crypto'
import { canonical, Config, defaults, initial, State, step } from '@tack-ci/core'

const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
const [state, effects] = step(initial(config.right), { _tag: 'Started', at: 17, config: config.right, resumeFrom: 5 })
const text = canonical(State.encode(state))
console.log(JSON.stringify({ effects, hash: createHash('sha256').update(text).digest('hex').slice(0, 16), state: JSON.parse(text) }))
`

/** The same for CommonJS. */
const REQUIRED = MAIN.replaceAll(/^import (.*) from (.*)$/gm, 'const $1 = require($2)')

/** The same in a worker. */
const WORKER = `
import { Worker } from 'node:worker_threads'
new Worker(new URL('main.mjs', import.meta.url))
`

const OTHER = ['machine', 'index.js', 'esm/index.js', 'esm/machine.js', 'cjs/machine.js', 'README.md'].map((name) => `@tack-ci/core/${name}`)
const IMPORTS = `
const said = {}
for (const name of ${JSON.stringify(OTHER)}) said[name] = await import(name).then(() => 'imported', ({ code }) => code)
console.log(JSON.stringify(said))
`

const project = await createProject({ 'consumer.ts': CONSUMER, 'imports.mjs': IMPORTS, 'main.cjs': REQUIRED, 'main.mjs': MAIN, 'worker.mjs': WORKER, 'wrong.ts': WRONG })
afterAll(project.remove)

const node = (file: string): unknown => {
  const { stderr, stdout } = spawnSync(process.execPath, [file], { cwd: project.folder, encoding: 'utf8', timeout: 240_000 })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe('the package in Node', () => {
  test.each([
    ['imported', 'main.mjs'],
    ['required by CommonJS', 'main.cjs'],
    ['imported in a worker', 'worker.mjs']
  ])('can be %s, and does what it does here', (_, file) => {
    const config = must(Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' })))
    const [state, effects] = step(initial(config), must(Event.decode({ _tag: 'Started', at: 17, config, resumeFrom: 5 })))
    expect(node(file)).toEqual({ effects, hash: stateHash(state), state: writtenState(state) })
  })

  test('lets nothing else be imported', () =>
    expect(node('imports.mjs')).toEqual(Object.fromEntries(OTHER.map((name) => [name, 'ERR_PACKAGE_PATH_NOT_EXPORTED']))))
})

describe.each([
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext]
])('its types, with moduleResolution %s', (_, module, moduleResolution) => {
  let said: ReadonlyArray<{ readonly file: string; readonly text: string }> = []
  /** What the compiler says about the files of the project, libraries included; no host types are there. The libraries take longest, and are read once. */
  beforeAll(() => {
    const program = ts.createProgram(['consumer.ts', 'wrong.ts'].map((file) => path.join(project.folder, file)), {
      exactOptionalPropertyTypes: true,
      lib: ['lib.es2022.d.ts'],
      module,
      moduleResolution,
      noEmit: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      strict: true,
      target: ts.ScriptTarget.ES2022,
      types: []
    })
    expect(program.getSourceFiles().some(({ fileName }) => fileName.endsWith('core/esm/index.d.ts'))).toBe(true)
    said = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
      file: path.basename(file?.fileName ?? ''),
      text: ts.flattenDiagnosticMessageText(messageText, ' ')
    }))
  })

  test('are complete, and no `any` leaks out of them', () => expect(said.filter(({ file }) => file !== 'wrong.ts')).toEqual([]))
  test('refuse what is wrong', () =>
    expect(said).toContainEqual({ file: 'wrong.ts', text: expect.stringMatching(/not assignable to parameter of type 'State'/) as string }))
})
