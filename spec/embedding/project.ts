/**
 * A project of somebody else, in a folder of its own, that has this repository installed: with the libraries of the core beside
 * it, as npm would put them. What it imports comes from `dist/`, through the `exports` of package.json, so build before.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Project {
  readonly folder: string
  readonly remove: () => void
}

/** A project with these files. */
export const createProject = (files: { readonly [name: string]: string } = {}): Project => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-embedding-')))
  const modules = path.join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(ROOT, path.join(modules, 'tack'), 'dir')
  for (const name of ['fp-ts', 'io-ts']) symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'dir')
  const all = { 'package.json': '{ "private": true, "type": "module" }', ...files }
  for (const [name, text] of Object.entries(all)) writeFileSync(path.join(folder, name), text)
  return { folder, remove: () => rmSync(folder, { force: true, recursive: true }) }
}
