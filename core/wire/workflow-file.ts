/**
 * Workflow files: what the value that a YAML parser made of one means.
 *
 * Source: docs.tangled.org, "Spindles"; the `tack:` block is our own. Keys that are not named here are ignored. Those
 * that are must be right; what is wrong is reported to the author, with its place.
 *
 * A stranger wrote the file. It is read to a fixed depth, and only once the whole, with its aliases expanded, has been
 * found to be within the size limit. `when` and `engine` come first: a mistake in the rest does not matter if the
 * workflow does not apply.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { WorkflowName } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import { excerpt } from '../data/text.js'
import { unitsOf } from '../data/units.js'
import type { Pair } from '../model/trigger.js'
import { type Clone, type Condition, ENGINE, type Step, type Target, type Workflow } from '../model/workflow.js'
import {
  booleanAt,
  type Entries,
  entriesAt,
  inside,
  isList,
  isMap,
  isScalar,
  listAt,
  mapAt,
  naturalAt,
  type Read,
  scalarAt,
  shortAt,
  textAt,
  under,
  type Yaml
} from './yaml-fields.js'

export { type Yaml, type YamlMap, type YamlScalar } from './yaml-fields.js'

const CONDITIONS_MAX = 100

const PATTERNS_MAX = 1_000

const STEPS_MAX = 100

const TARGETS_MAX = 100

/** The limit of one map: an environment, or the settings for one provider. */
const VARIABLES_MAX = 200

/** The limit of a file, in bytes; aliases could expand it to more. */
const WHOLE_MAX = 262_144

/** Text, or a list of text; `[]` if absent. */
const textsAt = (place: string, u: Yaml): Read<ReadonlyArray<string>> => {
  if (u === null) return E.right([])
  if (!isList(u)) return E.map((text: string) => [text])(scalarAt(place, u))
  return listAt(place, PATTERNS_MAX, u, textAt)
}

const orNull = (texts: ReadonlyArray<string>): ReadonlyArray<string> | null => (texts.length === 0 ? null : texts)

/** The keys of a condition. Nothing is built on a schedule here, but `cron` means something to Tangled. */
const KEYS: ReadonlyArray<string> = ['branch', 'cron', 'event', 'paths', 'tag', 'types']

const conditionAt = (place: string, u: Yaml): Read<Condition> => {
  if (!isMap(u)) return E.left(`${place} is not a map`)
  const texts = (key: string) => textsAt(inside(place, key), under(u.map, key))
  const unknown = u.map.map(([key]) => key).find((key) => !KEYS.includes(key))
  return pipe(
    E.Do,
    E.apS('branch', texts('branch')),
    E.apS('event', texts('event')),
    E.apS('paths', E.map(orNull)(texts('paths'))),
    E.apS('tag', texts('tag')),
    E.apS('types', E.map(orNull)(texts('types'))),
    E.apS('unknown', E.right(unknown === undefined ? null : excerpt(unknown)))
  )
}

const patternsIn = (when: ReadonlyArray<Condition>): number =>
  when.reduce(
    (sum, { branch, event, paths, tag, types }) => sum + [branch, event, paths ?? [], tag, types ?? []].flat().length,
    0
  )

const whenAt = (u: Yaml): Read<ReadonlyArray<Condition>> =>
  pipe(
    isMap(u)
      ? E.map((condition: Condition) => [condition])(conditionAt('when', u))
      : listAt('when', CONDITIONS_MAX, u, conditionAt),
    E.filterOrElse(
      (when) => patternsIn(when) <= PATTERNS_MAX,
      () => `when has more than ${String(PATTERNS_MAX)} patterns`
    )
  )

const valueAt = (place: string, u: Yaml): Read<string> =>
  u === null ? E.right('') : pipe(scalarAt(place, u), E.chain(shortAt(place)))

const environmentAt = (place: string, u: Yaml): Read<ReadonlyArray<Pair>> => entriesAt(place, VARIABLES_MAX, u, valueAt)

const firstLine = (command: string): string => excerpt(command.trim().split('\n', 1).join('').trimEnd())

const commandAt = (place: string, u: Yaml): Read<string> =>
  u === null ? E.left(`${place} is missing`) : pipe(scalarAt(place, u), E.chain(shortAt(place)))

const stepAt = (place: string, u: Yaml): Read<Step> => {
  if (!isMap(u)) return E.left(`${place} is not a map`)
  const at = (key: string) => inside(place, key)
  return pipe(
    E.Do,
    E.apS('command', commandAt(at('command'), under(u.map, 'command'))),
    E.apS('environment', environmentAt(at('environment'), under(u.map, 'environment'))),
    E.apS('given', valueAt(at('name'), under(u.map, 'name'))),
    E.map(({ command, environment, given }) => ({
      command,
      environment,
      name: given === '' ? firstLine(command) : excerpt(given)
    }))
  )
}

const DEPTH = 1 as Natural

const cloneAt = (u: Yaml): Read<Clone> =>
  pipe(
    mapAt('clone', u),
    E.chain((entries) =>
      pipe(
        E.Do,
        E.apS('depth', naturalAt('clone.depth', under(entries, 'depth'), DEPTH)),
        E.apS('skip', booleanAt('clone.skip', under(entries, 'skip'))),
        E.apS('submodules', booleanAt('clone.submodules', under(entries, 'submodules')))
      )
    )
  )

/** The text of a setting: a list becomes one text, with a line for each item. */
const settingAt = (place: string, u: Yaml): Read<string> =>
  isList(u)
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

const targetsAt = (u: Yaml): Read<ReadonlyArray<Target>> =>
  pipe(
    entriesAt('tack', TARGETS_MAX, u, (place, settings) => entriesAt(place, VARIABLES_MAX, settings, settingAt)),
    E.map((entries) => entries.map(([provider, settings]) => targetOf(provider, settings)))
  )

/**
 * Whether all of `data`, with aliases expanded, is at most `WHOLE_MAX` characters and values. A file of that many bytes
 * without aliases always is. Uses a work list instead of recursion: the author chooses the depth, and a value may
 * contain itself.
 */
const isBounded = (data: Yaml): boolean => {
  const waiting: Array<Yaml> = [data]
  let left = WHOLE_MAX - 1
  for (let u = waiting.pop(); u !== undefined; u = waiting.pop()) {
    const parts: ReadonlyArray<Yaml> = isList(u) ? u : isMap(u) ? u.map.flat(1) : []
    for (const part of parts) {
      left -= typeof part === 'string' ? Math.max(part.length, 1) : isScalar(part) ? Math.max(part.scalar.length, 1) : 1
      if (left < 0) return false
      waiting.push(part)
    }
  }
  return true
}

/** What a file says beyond `when` and `engine`. */
const restAt = (
  file: Entries
): Read<Pick<Extract<Workflow, { _tag: 'Defined' }>, 'clone' | 'environment' | 'steps' | 'targets'>> =>
  pipe(
    E.Do,
    E.apS('clone', cloneAt(under(file, 'clone'))),
    E.apS('environment', environmentAt('environment', under(file, 'environment'))),
    E.apS('steps', listAt('steps', STEPS_MAX, under(file, 'steps'), stepAt)),
    E.apS('targets', targetsAt(under(file, 'tack')))
  )

/**
 * The workflow in the file `name`, from the `data` that a YAML parser made of it. An empty file asks for nothing, and
 * names no engine. `when` is read first, then `engine`, and the rest only if the file is for our engine.
 *
 * @param content - what tells this content of the file from any other.
 * @returns `Faulty` with a sentence for the author of the file.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeWorkflow, WorkflowName, type Yaml } from '@tack-ci/core'
 *
 * const name = WorkflowName.decode('ci.yml')
 * assert(name._tag === 'Right')
 * const map = (entries: { readonly [key: string]: Yaml }): Yaml => ({ map: Object.entries(entries) })
 * const file = map({ engine: 'tack', tack: map({ buildkite: map({ org: 'acme', pipeline: { scalar: '1.10' } }) }) })
 * const workflow = decodeWorkflow(name.right, '5a1e', file)
 * assert(workflow._tag === 'Defined')
 * assert.deepStrictEqual(workflow.targets, [{ pipeline: '1.10', provider: 'buildkite', settings: [['org', 'acme']] }])
 *
 * const faulty = decodeWorkflow(name.right, '77aa', map({ when: [map({ branch: ['main', { scalar: '7' }] })] }))
 * assert(faulty._tag === 'Faulty')
 * assert.strictEqual(faulty.error, 'when[0].branch[1] is not text')
 */
export const decodeWorkflow = (name: WorkflowName, content: string, data: Yaml): Workflow => {
  const faulty = (error: string, when: ReadonlyArray<Condition> | null): Workflow => ({
    _tag: 'Faulty',
    content,
    error,
    name,
    when
  })
  const file = isBounded(data)
    ? mapAt('the file', data)
    : E.left('the file comes to more than 262,144 characters, aliases followed')
  if (E.isLeft(file)) return faulty(file.left, null)
  const when = whenAt(under(file.right, 'when'))
  if (E.isLeft(when)) return faulty(when.left, null)
  const named = under(file.right, 'engine')
  // The names of other engines are shown to authors and readers, so they are cut to an excerpt.
  const engine = named === null || named === '' ? E.right(null) : E.map(excerpt)(scalarAt('engine', named))
  if (E.isLeft(engine)) return faulty(engine.left, when.right)
  const rest = restAt(engine.right === ENGINE ? file.right : [])
  if (E.isLeft(rest)) return faulty(rest.left, when.right)
  return {
    _tag: 'Defined',
    content,
    engine: engine.right,
    name,
    units: unitsOf(rest.right) as Natural,
    when: when.right,
    ...rest.right
  }
}
