/**
 * A run as one self-contained HTML page: events, effects, what each step changed, and the state at each step.
 *
 * Text from strangers is data in it, and the page shows it only as text. The page loads nothing, and its content security policy enforces that. It
 * contains the state once, at the beginning of each run, and steps forward and back by differences.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { AccountEntry, Builds, canonical, Head, headOf, type Json, OrderedMap, type State, StatusEntry } from '../../core/index.js'
import { type Difference, differences } from '../lib/differences.js'
import type { Taken } from './replay-runs.js'
import { withoutControls } from './text.js'

/** The limits of a page: characters, and steps. */
export interface PageLimits {
  readonly characters: number
  readonly steps: number
}

export const PAGE_LIMITS: PageLimits = { characters: 33_554_432, steps: 10_000 }

export interface PageBuilder {
  /** Begins a run, from this state. */
  readonly begin: (title: string, state: State) => void
  /** @returns whether there was room for the step. Once there is none, no later step is accepted. */
  readonly take: (step: Taken) => boolean
  /** The finished page. `total` is the number of steps in the file. */
  readonly end: (file: string, total: number) => string
}

/** The folder is beside this module in the sources, and three folders above `dist/shell/cli` when compiled. */
const FOLDERS = ['./steps-page/', '../../../shell/cli/steps-page/'].map((path) => new URL(path, import.meta.url))

const fileOf = (name: string): string => {
  const folder = FOLDERS.find((url) => existsSync(new URL('steps.html', url)))
  if (folder === undefined) throw new Error('the files of the page are missing: shell/cli/steps-page is part of the program')
  return readFileSync(new URL(name, folder), 'utf8')
}

/** Encodes states. Parts that a state shares with the one before are encoded to the same object, which makes the comparison cheap. */
const writer = (): ((state: State) => Json) => {
  const written = new WeakMap<object, Json>()
  const once = <A extends object>(value: A, encode: (value: A) => unknown): Json => {
    const known = written.get(value)
    if (known !== undefined) return known
    const json = encode(value) as Json
    written.set(value, json)
    return json
  }
  return (state) => ({
    accounts: [...OrderedMap.toEntries(state.commits.accounts)].map(([did, account]) => once(account, () => AccountEntry.encode([did, account]))),
    head: Head.encode(headOf(state)) as Json,
    runs: [...OrderedMap.toEntries(state.builds.runs)].map(([key, run]) => once(run, () => Builds.RunEntry.encode([key, run]))),
    statuses: [...OrderedMap.toEntries(state.builds.log)].map(([, entry]) => once(entry, StatusEntry.encode))
  })
}

/** JSON that is safe inside a script element: nothing in it ends the script, begins a comment, or is invisible. */
const embedded = (json: string): string => withoutControls(json).replace(/[<>&]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const sourceHash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const policyOf = (script: string, style: string): string =>
  [
    "default-src 'none'",
    `script-src ${sourceHash(script)}`,
    `style-src ${sourceHash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join('; ')

/** The template with its placeholders filled. The replacement is a function, so that `$&` in a part has no special meaning. */
const filled = (template: string, parts: { readonly [name: string]: string }): string =>
  template.replace(/\{\{([a-z]+)\}\}/g, (whole, name: string) => parts[name] ?? whole)

/** Builds a page, step by step. @throws if the program's own files are missing. */
export const pageBuilder = ({ characters, steps }: PageLimits = PAGE_LIMITS): PageBuilder => {
  const [template, script, style] = [fileOf('steps.html'), fileOf('steps.js'), fileOf('steps.css')]
  const write = writer()
  const entries: Array<string> = []
  let before: Json = null
  let room = characters
  let isFull = false
  let [first, last, count] = [0, 0, 0]
  const put = (json: Json): boolean => {
    const text = embedded(canonical(json))
    if (text.length > room) return false
    room -= text.length
    entries.push(text)
    return true
  }
  return {
    begin: (title, state) => {
      before = write(state)
      // If the state is too large, leave it out rather than all of its steps: their changes are readable without it.
      isFull ||= !(canonical(before).length <= characters / 2 && put({ state: before, title })) && !put({ state: null, title })
    },
    take: ({ after, effects, event, number, surprises }) => {
      const now = write(after)
      const changes = differences(before, now).map(({ path, ...values }: Difference): Json => ({ ...values, path }))
      before = now
      isFull ||= count >= steps || !put({ changes, effects: effects as ReadonlyArray<Json>, event: event as Json, number, surprises })
      if (isFull) return false
      first = count === 0 ? number : first
      last = number
      count++
      return true
    },
    end: (file, total) => {
      const data = `{"about":${embedded(canonical({ file, first, last, total }))},"entries":[${entries.join(',\n')}]}`
      return filled(template, { data, policy: policyOf(script, style), script, style })
    }
  }
}
