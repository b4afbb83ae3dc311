/**
 * Has Node itself load what tests try, where Vitest would do it: to Vitest's loader each use of an import is a call, and whatever computes much
 * takes a quarter longer.
 *
 * The sources are compiled as the tests begin, so that these try what the sources say, whatever was built before. Vitest still loads the tests
 * themselves.
 */
import { transformSync } from 'esbuild'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'vitest/config'

const FOLDERS = ['core', 'shell', 'spec']

const filesIn = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder, { encoding: 'utf8', recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name, parentPath }) => join(parentPath, name))
    : []

const sourcesIn = (root: string): ReadonlyArray<string> =>
  FOLDERS.flatMap((folder) => filesIn(join(root, folder))).filter((name) => name.endsWith('.ts') && !/\.(?:test|d|config)\.ts$/.test(name))

/** A module, compiled. Whatever it asks of its own place, it is answered as if it lay where its source does. */
const compiled = (path: string): string =>
  transformSync(readFileSync(path, 'utf8'), {
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) },
    format: 'esm',
    loader: 'ts',
    sourcefile: path,
    sourcemap: 'inline',
    target: 'es2022'
  }).code

/** Writes it whole or not at all: other tests may be running. */
const put = (path: string, code: string): void => {
  if (existsSync(path) && readFileSync(path, 'utf8') === code) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.${String(process.pid)}`, code)
  renameSync(`${path}.${String(process.pid)}`, path)
}

/** @param into The folder that takes the compiled modules, from the root on. Whatever else is in it goes. */
export const loadedByNode = (root: string, into: string): Plugin => {
  const places = new Map(sourcesIn(root).map((path) => [path, join(root, into, relative(root, path)).replace(/\.ts$/, '.js')]))
  for (const [path, place] of places) put(place, compiled(path))
  // A source that is gone must not be found by one that still imports it.
  const kept = new Set(places.values())
  for (const path of filesIn(join(root, into))) if (path.endsWith('.js') && !kept.has(path)) rmSync(path, { force: true })
  let isOn = true
  return {
    name: 'loaded-by-node',
    configureVitest: ({ vitest }) => {
      // Sources that change while the tests run again and again are Vitest's to follow.
      isOn = !vitest.config.watch
    },
    enforce: 'pre',
    resolveId: (source, importer) => {
      if (!isOn || importer === undefined || !source.startsWith('.')) return null
      return places.get(resolve(dirname(importer), source).replace(/\.js$/, '.ts')) ?? null
    }
  }
}
