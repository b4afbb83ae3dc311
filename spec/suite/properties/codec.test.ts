/** CODEC and WIRE, tried. */
import * as E from 'fp-ts/lib/Either.js'
import { describe } from 'vitest'
import { OrderedMap as M, State } from '../../../core/index.js'
import { withBuilds } from '../arbitraries/all.js'
import { damaged, damages, spelled, spelledKnots } from '../arbitraries/frames.js'
import { longTexts } from '../arbitraries/json.js'
import { runs } from '../arbitraries/script.js'
import { stateFiles, tampered, tamperings } from '../arbitraries/tampered.js'
import { CODEC } from '../laws/codec.js'
import { WIRE } from '../laws/wire.js'
import { accountGoes, has, some, subscribes } from './cases.js'
import { check } from './support.js'

/** Builds and their statuses, to be written down. */
const builds = some(({ after }) => !M.isEmpty(after.builds.log))

describe('CODEC', () => {
  check(CODEC, 'CODEC-1', withBuilds(runs()), {
    'workflow files': has('WorkflowsRead'),
    'records that are read': has('RecordsRead'),
    'a commit': has('CommitReceived'),
    'a knot that speaks': has('KnotReceived'),
    'a start': has('Started'),
    'a timer': has('TimerFired')
  })
  check(CODEC, 'CODEC-2', withBuilds(runs()), {
    'a plan': some(({ effects }) => effects.some(({ _tag }) => _tag === 'StartBuild')),
    'a pause': some(({ effects }) => effects.some(({ _tag }) => _tag === 'WakeAfter')),
    'a report': some(({ effects }) => effects.some(({ _tag }) => _tag === 'Report')),
    subscribes
  })
  check(CODEC, 'CODEC-3', withBuilds(runs({ length: 20 })), { 'a floor': accountGoes, builds, subscribes })
  check(CODEC, 'CODEC-4', withBuilds(runs()), { 'a floor': accountGoes, builds, subscribes })
  check(
    CODEC,
    'CODEC-5',
    tampered,
    Object.fromEntries(tamperings.map((name) => [name, ({ what }: { readonly what: string }) => what === name]))
  )
  check(CODEC, 'CODEC-6', stateFiles, {
    'a state': (value) => E.isRight(State.decode(value)),
    'no state': (value) => E.isLeft(State.decode(value))
  })
})

describe('WIRE', () => {
  check(WIRE, 'WIRE-4', longTexts, {
    'a character that is cut': (text) => /[\ud800-\udbff]/.test(text[119] ?? '') && /[\udc00-\udfff]/.test(text[120] ?? ''),
    'a text that just fits': (text) => text.length === 120,
    'one that does not': (text) => text.length > 120
  })
  check(WIRE, 'WIRE-1', spelled, {
    'a deletion': ({ event }) => event._tag === 'CommitReceived' && event.record === null,
    'a record': ({ event }) => event._tag === 'CommitReceived' && event.record !== null,
    'an account': ({ event }) => event._tag === 'AccountReceived',
    'a stamp with an exponent': ({ text }) => text.includes('1e15'),
    'nothing for us': ({ event }) => event._tag === 'StreamAdvanced'
  })
  check(WIRE, 'WIRE-2', spelledKnots, {
    'a key that comes twice': ({ text }) => text.includes('"created":7,'),
    'a stamp beyond the doubles': ({ event }) => event.created !== null && event.created.length === 19,
    'no stamp': ({ event }) => event.created === null
  })
  check(
    WIRE,
    'WIRE-3',
    damaged,
    Object.fromEntries(damages.map((name) => [name, ({ reason }: { readonly reason: string }) => reason === name]))
  )
})
