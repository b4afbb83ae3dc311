/** The core in one file for browsers, as esbuild makes it in a project that has it installed. */
import path from 'node:path'
import { build } from 'esbuild'
import type { Project } from './project.js'

/** The name under which the bundle of a script leaves its exports. */
export const GLOBAL = 'tack'

export interface Bundle {
  /** How many bytes of it come from each package. */
  readonly bytesFrom: ReadonlyMap<string, number>
  readonly text: string
}

export interface Options {
  /** The modules of fp-ts that a bundler can take apart, for those that Node loads. */
  readonly isShaken: boolean
  readonly isMinified: boolean
  /** What of the core is wanted, as an export clause: `*`, `{ initial, step }`. */
  readonly wanted: string
}

const packageOf = (input: string, folder: string): string => {
  const file = path.resolve(folder, input)
  return /\/node_modules\/(?:@tack-ci\/)?(?<name>[^/]+)\//.exec(file)?.groups?.['name'] ?? input
}

/** @throws Error when something that no browser has is imported. */
export const bundle = async ({ folder }: Project, { isMinified, isShaken, wanted }: Options): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    alias: isShaken ? { 'fp-ts/lib': 'fp-ts/es6' } : {},
    bundle: true,
    format: isMinified ? 'esm' : 'iife',
    globalName: GLOBAL,
    metafile: true,
    minify: isMinified,
    platform: 'browser',
    stdin: { contents: `export ${wanted} from '@tack-ci/core'`, resolveDir: folder, sourcefile: 'wanted.js' },
    write: false
  })
  const bytesFrom = new Map<string, number>()
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(input, folder)
      bytesFrom.set(name, (bytesFrom.get(name) ?? 0) + bytesInOutput)
    }
  bytesFrom.delete('wanted.js')
  return { bytesFrom, text: outputFiles.map((file) => file.text).join('') }
}
