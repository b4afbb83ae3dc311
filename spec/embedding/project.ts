/**
 * A project of somebody else, in a folder of its own, that has the package of the core installed: with its libraries beside it, as npm would
 * put them. It is made from `dist/`, so build before.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { nameOf, writeCore } from '../kit/packages.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Project {
  readonly folder: string
  readonly remove: () => void
}

/** A project with these files. */
export const createProject = async (files: { readonly [name: string]: string } = {}): Promise<Project> => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-embedding-')))
  const modules = path.join(folder, 'node_modules')
  mkdirSync(modules)
  await writeCore(path.join(modules, nameOf('core')))
  for (const name of ['fp-ts', 'io-ts']) symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), 'dir')
  const all = { 'package.json': '{ "private": true, "type": "module" }', ...files }
  for (const [name, text] of Object.entries(all)) writeFileSync(path.join(folder, name), text)
  return { folder, remove: () => rmSync(folder, { force: true, recursive: true }) }
}
