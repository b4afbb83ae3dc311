/** Places: folders that each hold the whole project, compiled, with all mutants in it, for one trial at a time. */
import { build, transform } from 'esbuild'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { instrument, type Mutant, type Source } from './instrument.js'
import type { Switch } from './switch.js'

const SWITCH = 'switch.js'

/** What is no part of the project, or made from it. */
const NOT_COPIED = new Set(['.buildbot', '.git', '.stryker-tmp', '.tack', 'dist', 'node_modules', 'reports'])

const filesOf = (root: string, folder = ''): ReadonlyArray<string> =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name)
    if (NOT_COPIED.has(entry.name)) return []
    return entry.isDirectory() ? filesOf(root, name) : [name]
  })

/** Libraries of hundreds of small files, none of which asks where it lies. */
const BUNDLED = /^(?:fast-check|fp-ts|io-ts)(?:\/|$)/

/** Where bundles lie in a place. */
const BUNDLES = 'bundles'

/**
 * A compiled file of tests with all that it loads, as one module: two hundred files take longer to load than most tests to run, and each trial
 * loads them anew. Whatever a module asks of its own place, it is answered as if it were loaded by itself.
 */
const bundleOf = async (folder: string, file: string): Promise<string> => {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    banner: {
      js: `import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)\nconst __place = new URL('../', import.meta.url)`
    },
    bundle: true,
    entryPoints: [path.join(folder, file)],
    format: 'esm',
    // The switch is loaded for what it does.
    ignoreAnnotations: true,
    logLevel: 'silent',
    platform: 'node',
    plugins: [
      {
        name: 'place',
        setup: (plugin) => {
          plugin.onResolve({ filter: /^[^.\/]/ }, ({ path: name }) => (BUNDLED.test(name) ? undefined : { external: true, path: name }))
          plugin.onLoad({ filter: /\.js$/ }, async ({ path: name }) => {
            if (!name.startsWith(`${folder}/`)) return undefined
            const text = readFileSync(name, 'utf8')
            if (!text.includes('import.meta.url')) return { contents: text }
            const { code } = await transform(text, { define: { 'import.meta.url': '__url' }, format: 'esm', target: 'node20' })
            return { contents: `const __url = new URL(${JSON.stringify(path.relative(folder, name))}, __place).href\n${code}` }
          })
        }
      }
    ],
    target: 'node20',
    treeShaking: false,
    write: false
  })
  return outputFiles.map(({ text }) => text).join('')
}

/** The project as it lies in every place. */
export interface Image {
  /** The bundles that have been made, by their files of tests. */
  readonly bundles: Map<string, Promise<string>>
  /** What is only read there: those files are linked. */
  readonly linked: ReadonlyArray<string>
  readonly mutants: ReadonlyArray<Mutant>
  readonly root: string
  readonly written: ReadonlyArray<Source>
}

const compiled = async ({ name, text }: Source): Promise<Source> => {
  const { code } = await transform(text, { format: 'esm', loader: 'ts', platform: 'node', sourcefile: name, target: 'node20' })
  return { name: name.replace(/\.ts$/, '.js'), text: code }
}

/** The project, compiled, with the mutants of these sources in it. */
export const imageOf = async (root: string, mutated: ReadonlyArray<string>): Promise<Image> => {
  const read = (name: string): Source => ({ name, text: readFileSync(path.join(root, name), 'utf8') })
  const files = filesOf(root)
  const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.d.ts')
  const { mutants, sources } = await instrument(mutated.map(read))
  const instrumented = sources.map(({ name, text }) => ({
    name,
    // It goes first: modules are loaded in the order in which they are imported. The first line of a program may name its interpreter.
    text: text.replace(/^(#!.*\n)?/, (line) => `${line}import ${JSON.stringify(path.relative(path.dirname(name), SWITCH).replace(/^(?!\.)/, './'))}\n`)
  }))
  const others = files.filter((name) => isSource(name) && !mutated.includes(name)).map(read)
  return {
    bundles: new Map(),
    linked: files.filter((name) => !name.endsWith('.ts')),
    mutants,
    root,
    written: [
      ...(await Promise.all([...instrumented, ...others].map(compiled))),
      { name: SWITCH, text: readFileSync(fileURLToPath(new URL(SWITCH, import.meta.url)), 'utf8') }
    ]
  }
}

/** One of the places, which has one trial at a time. */
export interface Workspace {
  /** The module to load for a file of tests, as the project calls it. */
  readonly entry: (file: string) => Promise<string>
  readonly folder: string
  /** Sets the switch, and removes what the last trial has left. */
  readonly prepare: (to: Switch) => void
  /** Where the trial has its temporary files. */
  readonly tmp: string
}

export const createWorkspace = ({ bundles, linked, root, written }: Image, folder: string): Workspace => {
  const at = (name: string): string => path.join(folder, name)
  const folders = new Set([...linked, ...written.map(({ name }) => name)].map((name) => path.dirname(name)))
  for (const name of folders) mkdirSync(at(name), { recursive: true })
  for (const name of linked) symlinkSync(path.join(root, name), at(name))
  for (const { name, text } of written) writeFileSync(at(name), text)
  symlinkSync(path.join(root, 'node_modules'), at('node_modules'), 'dir')
  // What tests start is the compiled program: here, that is the same.
  symlinkSync('.', at('dist'), 'dir')
  mkdirSync(at(BUNDLES))
  const tmp = at('tmp')
  return {
    entry: async (file) => {
      const compiledFile = file.replace(/\.ts$/, '.js')
      const entry = at(path.join(BUNDLES, compiledFile.replaceAll('/', '_')))
      if (existsSync(entry)) return entry
      const bundle = bundles.get(file) ?? bundleOf(folder, compiledFile)
      bundles.set(file, bundle)
      writeFileSync(entry, await bundle)
      return entry
    },
    folder,
    prepare: (to) => {
      for (const name of ['met', 'reached', 'tmp']) rmSync(at(name), { force: true, recursive: true })
      mkdirSync(tmp)
      writeFileSync(at('switch.json'), JSON.stringify(to))
    },
    tmp
  }
}
