/**
 * Modules of the kit on a core with one thing changed, in this process: what mutate.ts does in one of its own, for tests that try a hundred changes.
 * Each module is compiled once; what is loaded with a change shares nothing with what is loaded with another, but for the libraries.
 */
import { transformSync } from 'esbuild'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import { type Mutation, replacementOf } from './mutate.js'

const DIST = new URL('../../dist/', import.meta.url)
const CORE = new URL('core/', DIST)
const KIT = new URL('spec/kit/', DIST)

interface Module {
  exports: unknown
}

type Load = (require: (id: string) => unknown, module: Module, url: string) => void

const compiled = (url: string, source: string): Load => {
  const { code } = transformSync(source, { define: { 'import.meta.url': '__url' }, format: 'cjs', platform: 'node', target: 'node20' })
  return compileFunction(code, ['require', 'module', '__url'], { filename: fileURLToPath(url) }) as Load
}

const unchanged = new Map<string, Load>()

const unchangedAt = (url: string): Load => {
  const load = unchanged.get(url) ?? compiled(url, readFileSync(new URL(url), 'utf8'))
  unchanged.set(url, load)
  return load
}

const requireLibrary = createRequire(KIT)

/** What a module of `dist/spec/kit` exports, loaded anew with the change in the core; `null`: with none. */
export const loadChanged = (mutation: Mutation | null, module: string): unknown => {
  const change = mutation === null ? null : replacementOf(mutation, CORE)
  const loaded = new Map<string, Module>()
  const load = (url: string): unknown => {
    const known = loaded.get(url)
    if (known !== undefined) return known.exports
    const fresh: Module = { exports: {} }
    loaded.set(url, fresh)
    const run = change?.url === url ? compiled(url, change.source) : unchangedAt(url)
    run((id) => (id.startsWith('.') ? load(new URL(id, url).href) : requireLibrary(id)), fresh, url)
    return fresh.exports
  }
  const exports = load(new URL(module, KIT).href)
  if (change !== null && !loaded.has(change.url)) throw new Error(`${module} does not load ${change.url}`)
  return exports
}
