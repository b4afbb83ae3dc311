/**
 * Workflow files: what the value that a YAML parser made of one means.
 *
 * Source: docs.tangled.org, "Spindles"; the `tack:` block is our own. Keys that are not named here are nobody's business and ignored;
 * what is named must be right, and what is wrong is told to its author, with its place.
 *
 * The value may be anything at all: a stranger wrote the file. Only plain maps, lists, text, numbers and truth values are looked
 * at, to a fixed depth, and only after the whole, with its aliases followed, has been found to be of a size that a file may have.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Natural } from '../config.js'
import type { WorkflowName } from '../data/identifiers.js'
import { excerpt, wellFormed } from '../data/text.js'
import { utf8Length } from '../data/utf8.js'
import type { Pair } from '../trigger.js'
import type { Clone, Condition, Step, Target, Workflow } from '../workflow.js'
import { isObject } from './json.js'

const CONDITIONS_MAX = 100
const PATTERNS_MAX = 1_000
const STEPS_MAX = 100
const TARGETS_MAX = 100
/** Of one map: an environment, or what is said to one provider. */
const VARIABLES_MAX = 200
/** Also of the value of a variable: more does not fit into an argument of a process. */
const COMMAND_MAX = 65_536
/** What a file may have, in bytes; with aliases it could say more. */
const WHOLE_MAX = 262_144

type Read<A> = E.Either<string, A>
type Fields = { readonly [key: string]: unknown }

/** A place in the file as its author would write it. */
const inside = (place: string, key: string): string => `${place}.${excerpt(key)}`

// ---------------------------------------------------------------------------------------- plain values

const isAbsent = (u: unknown): u is null | undefined => u === null || u === undefined

/** What a parser makes of a map, and not a date or a thing with a class. */
const isMap = (u: unknown): u is Fields => isObject(u) && Object.prototype.toString.call(u) === '[object Object]'

const mapAt = (place: string, u: unknown): Read<Fields> =>
  isAbsent(u) ? E.right({}) : isMap(u) ? E.right(u) : E.left(`${place} is not a map`)

/** A NUL ends the text of a program in C: no process takes one. */
const cleanAt = (place: string, text: string): Read<string> =>
  text.includes('\u0000') ? E.left(`${place} holds a NUL`) : E.right(wellFormed(text))

const textAt = (place: string, u: unknown): Read<string> =>
  typeof u === 'string' ? cleanAt(place, u) : E.left(`${place} is not text`)

/** Text, or a number or truth value as it is written most plainly: who writes `1.0` and means a name gets `1`. */
const scalarAt = (place: string, u: unknown): Read<string> =>
  (typeof u === 'number' && Number.isFinite(u)) || typeof u === 'boolean' || typeof u === 'bigint'
    ? E.right(String(u))
    : textAt(place, u)

/** `text` if it is no longer than a command may be. */
const shortAt =
  (place: string) =>
  (text: string): Read<string> =>
    utf8Length(text) > COMMAND_MAX ? E.left(`${place} is longer than 65,536 bytes`) : E.right(text)

const booleanAt = (place: string, u: unknown): Read<boolean> =>
  isAbsent(u) ? E.right(false) : typeof u === 'boolean' ? E.right(u) : E.left(`${place} is neither true nor false`)

/** Every item of a list read, or the first fault. */
const eachAt = <A>(place: string, items: ReadonlyArray<unknown>, read: (place: string, u: unknown) => Read<A>): Read<ReadonlyArray<A>> =>
  E.traverseReadonlyArrayWithIndex((i: number, u: unknown) => read(`${place}[${String(i)}]`, u))(items)

const listAt = <A>(place: string, max: number, u: unknown, read: (place: string, u: unknown) => Read<A>): Read<ReadonlyArray<A>> => {
  if (isAbsent(u)) return E.right([])
  if (!Array.isArray(u)) return E.left(`${place} is not a list`)
  return u.length > max ? E.left(`${place} has more than ${String(max)} items`) : eachAt(place, u, read)
}

const compare = (a: string, b: string): number => (a < b ? -1 : 1)

/** Every entry of a map read, names rising. */
const entriesAt = <A>(
  place: string,
  max: number,
  u: unknown,
  read: (place: string, u: unknown) => Read<A>
): Read<ReadonlyArray<readonly [string, A]>> =>
  pipe(
    mapAt(place, u),
    E.map((fields) => Object.entries(fields)),
    E.filterOrElse(
      (entries) => entries.length <= max,
      () => `${place} has more than ${String(max)} entries`
    ),
    E.chain(
      E.traverseArray(([name, value]) =>
        pipe(
          name === wellFormed(name) ? cleanAt(`a name in ${place}`, name) : E.left(`a name in ${place} is not text`),
          E.chain(() => read(inside(place, name), value)),
          E.map((a): readonly [string, A] => [name, a])
        )
      )
    ),
    E.map((entries) => [...entries].sort(([a], [b]) => compare(a, b)))
  )

// ---------------------------------------------------------------------------------------- when

/** Text, or a list of text; `[]` when it is absent. */
const textsAt = (place: string, u: unknown): Read<ReadonlyArray<string>> => {
  if (isAbsent(u)) return E.right([])
  if (!Array.isArray(u)) return E.map((text: string) => [text])(scalarAt(place, u))
  return listAt(place, PATTERNS_MAX, u, textAt)
}

const orNull = (texts: ReadonlyArray<string>): ReadonlyArray<string> | null => (texts.length === 0 ? null : texts)

const conditionAt = (place: string, u: unknown): Read<Condition> => {
  if (!isMap(u)) return E.left(`${place} is not a map`)
  const texts = (key: string) => textsAt(inside(place, key), u[key])
  return pipe(
    E.Do,
    E.apS('branch', texts('branch')),
    E.apS('event', texts('event')),
    E.apS('paths', E.map(orNull)(texts('paths'))),
    E.apS('tag', texts('tag')),
    E.apS('types', E.map(orNull)(texts('types')))
  )
}

const patternsIn = (when: ReadonlyArray<Condition>): number =>
  when.reduce(
    (sum, { branch, event, paths, tag, types }) => sum + [branch, event, paths ?? [], tag, types ?? []].flat().length,
    0
  )

const whenAt = (u: unknown): Read<ReadonlyArray<Condition>> =>
  pipe(
    isMap(u) ? E.map((condition: Condition) => [condition])(conditionAt('when', u)) : listAt('when', CONDITIONS_MAX, u, conditionAt),
    E.filterOrElse(
      (when) => patternsIn(when) <= PATTERNS_MAX,
      () => `when has more than ${String(PATTERNS_MAX)} patterns`
    )
  )

// ---------------------------------------------------------------------------------------- environment, steps, clone

const valueAt = (place: string, u: unknown): Read<string> =>
  isAbsent(u) ? E.right('') : pipe(scalarAt(place, u), E.chain(shortAt(place)))

const environmentAt = (place: string, u: unknown): Read<ReadonlyArray<Pair>> => entriesAt(place, VARIABLES_MAX, u, valueAt)

const firstLine = (command: string): string => excerpt(command.trim().split('\n', 1).join('').trimEnd())

const stepAt = (place: string, u: unknown): Read<Step> => {
  if (!isMap(u)) return E.left(`${place} is not a map`)
  const { command, environment, name } = u
  return pipe(
    E.Do,
    E.apS('command', pipe(scalarAt(inside(place, 'command'), command), E.chain(shortAt(inside(place, 'command'))))),
    E.apS('environment', environmentAt(inside(place, 'environment'), environment)),
    E.apS('given', valueAt(inside(place, 'name'), name)),
    E.map(({ command, environment, given }) => ({ command, environment, name: given === '' ? firstLine(command) : excerpt(given) }))
  )
}

const DEPTH = 1 as Natural

const cloneAt = (u: unknown): Read<Clone> =>
  pipe(
    mapAt('clone', u),
    E.chain(({ depth, skip, submodules }) =>
      pipe(
        E.Do,
        E.apS('depth', isAbsent(depth) ? E.right(DEPTH) : Natural.is(depth) ? E.right(depth) : E.left('clone.depth is not a whole number')),
        E.apS('skip', booleanAt('clone.skip', skip)),
        E.apS('submodules', booleanAt('clone.submodules', submodules))
      )
    )
  )

// ---------------------------------------------------------------------------------------- tack

/** What a setting says: a list is one text with a line for each item. */
const settingAt = (place: string, u: unknown): Read<string> =>
  Array.isArray(u)
    ? pipe(
        listAt(place, PATTERNS_MAX, u, scalarAt),
        E.chain((items) => shortAt(place)(items.join('\n')))
      )
    : valueAt(place, u)

const targetOf = (provider: string, entries: ReadonlyArray<Pair>): Target => ({
  pipeline: entries.find(([name]) => name === 'pipeline')?.[1] ?? '',
  provider,
  settings: entries.filter(([name]) => name !== 'pipeline')
})

const targetsAt = (u: unknown): Read<ReadonlyArray<Target>> =>
  pipe(
    entriesAt('tack', TARGETS_MAX, u, (place, settings) => entriesAt(place, VARIABLES_MAX, settings, settingAt)),
    E.map((entries) => entries.map(([provider, settings]) => targetOf(provider, settings)))
  )

// ---------------------------------------------------------------------------------------- the whole

/**
 * Whether all of `data`, aliases followed, is no more than `WHOLE_MAX` characters and values. A file of that many bytes without aliases
 * always is. A list of what is to be looked at, not a recursion: depth is not ours to choose, and a value may hold itself.
 */
const isBounded = (data: unknown): boolean => {
  const waiting: Array<unknown> = [data]
  let left = WHOLE_MAX - 1
  while (waiting.length > 0) {
    const u = waiting.pop()
    const parts: ReadonlyArray<unknown> = Array.isArray(u) ? u : isMap(u) ? Object.entries(u).flat() : []
    for (const part of parts) {
      left -= typeof part === 'string' ? Math.max(part.length, 1) : 1
      if (left < 0) return false
      waiting.push(part)
    }
  }
  return true
}

/**
 * What the file `name` asks for, of which a YAML parser made `data`. Total on anything. An empty file asks for nothing, and names no
 * engine.
 *
 * @returns `Faulty` with a sentence for the author of the file.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeWorkflow, WorkflowName } from 'tack/core'
 *
 * const name = WorkflowName.decode('ci.yml')
 * assert(name._tag === 'Right')
 * const workflow = decodeWorkflow(name.right, { engine: 'tack', tack: { buildkite: { pipeline: 'app', org: 'acme' } } })
 * assert(workflow._tag === 'Defined')
 * assert.deepStrictEqual(workflow.targets, [{ pipeline: 'app', provider: 'buildkite', settings: [['org', 'acme']] }])
 *
 * const faulty = decodeWorkflow(name.right, { when: [{ event: 'push' }, { branch: ['main', 7] }] })
 * assert(faulty._tag === 'Faulty')
 * assert.strictEqual(faulty.error, 'when[1].branch[1] is not text')
 */
export const decodeWorkflow = (name: WorkflowName, data: unknown): Workflow =>
  pipe(
    isBounded(data) ? mapAt('the file', data) : E.left('the file comes to more than 262,144 characters, aliases followed'),
    E.chain(({ clone, engine, environment, steps, tack, when }) =>
      pipe(
        E.Do,
        E.apS('_tag', E.right('Defined' as const)),
        E.apS('clone', cloneAt(clone)),
        E.apS('engine', isAbsent(engine) ? E.right(null) : textAt('engine', engine)),
        E.apS('environment', environmentAt('environment', environment)),
        E.apS('name', E.right(name)),
        E.apS('steps', listAt('steps', STEPS_MAX, steps, stepAt)),
        E.apS('targets', targetsAt(tack)),
        E.apS('when', whenAt(when))
      )
    ),
    E.getOrElse((error): Workflow => ({ _tag: 'Faulty', error, name }))
  )
