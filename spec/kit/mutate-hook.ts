/** The hook by which mutate.ts gives one module another text. It is loaded in a thread of its own, so it is a module of its own. */
import type { InitializeHook, LoadHook } from 'node:module'
import type { Replacement } from './mutate.js'

let replacement: Replacement | null = null

export const initialize: InitializeHook<Replacement> = (data) => {
  replacement = data
}

export const load: LoadHook = (url, context, nextLoad) =>
  replacement?.url === url ? { format: 'module', shortCircuit: true, source: replacement.source } : nextLoad(url, context)
