/**
 * A run as one page of HTML, which needs nothing but itself: events, effects, what each step changed, and the state there.
 *
 * What strangers wrote is in it as data, which the page makes text of and nothing else; the page asks nobody for anything, which it says of itself in
 * a policy. It holds the state once, at the beginning of a run, and goes forward and back by the differences.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { AccountEntry, Builds, canonical, Head, headOf, type Json, OrderedMap, type State, StatusEntry } from '../../core/index.js'
import { type Difference, differences } from '../lib/differences.js'
import type { Taken } from './replay-runs.js'
import { withoutControls } from './text.js'

/** What a page may hold, in characters, and in steps. */
export interface PageLimits {
  readonly characters: number
  readonly steps: number
}

export const PAGE_LIMITS: PageLimits = { characters: 33_554_432, steps: 10_000 }

export interface PageBuilder {
  /** A run begins: whose steps follow, and in which state. */
  readonly begin: (title: string, state: State) => void
  /** @returns whether there was room for the step; after one without room there is none for any other. */
  readonly take: (step: Taken) => boolean
  /** The page. `total` is how many steps the file has. */
  readonly end: (file: string, total: number) => string
}

/** The folder is beside this module in the sources, and three folders up from `dist/shell/cli` when compiled. */
const FOLDERS = ['./steps-page/', '../../../shell/cli/steps-page/'].map((path) => new URL(path, import.meta.url))

const fileOf = (name: string): string => {
  const folder = FOLDERS.find((url) => existsSync(new URL('steps.html', url)))
  if (folder === undefined) throw new Error('the files of the page are missing: shell/cli/steps-page belongs to the program')
  return readFileSync(new URL(name, folder), 'utf8')
}

/** States in their written form. What one shares with the state before is the same object, so that it costs little to compare them. */
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

/** JSON that can stand in a script of HTML: nothing in it ends the script, begins a comment, or cannot be seen. */
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

/** The template with its parts in place of their names. A function, so that no `$&` in a part means anything. */
const filled = (template: string, parts: { readonly [name: string]: string }): string =>
  template.replace(/\{\{([a-z]+)\}\}/g, (whole, name: string) => parts[name] ?? whole)

/** Makes a page, step by step. @throws when the program's own files are missing. */
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
      // A state is left out rather than all of its steps: what they change can be read without it.
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
