/**
 * The packages, in `dist/packages/`: three folders to look into, and three tarballs to install.
 *
 *     npm run packages
 *
 * | package | from | holds |
 * |---|---|---|
 * | as package.json is called | the top of the repository, as `npm pack` takes it | the program |
 * | `core`, in the same scope | `writeCore` | the core as a library: for `import`, and for `require` |
 * | `conform`, in the same scope | `writeConform` | vectors and traces, and the kit that plays them, for `tack conform` |
 *
 * Name, version, licence, addresses and the versions of libraries stand in package.json alone. It is made from what `tsc -b` has built.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, transform } from 'esbuild'

/** The top of the repository, seen from the source and from what was compiled of it. */
const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = path.resolve(HERE, HERE.includes(`${path.sep}dist${path.sep}`) ? '../../..' : '../..')

interface Manifest {
  readonly [field: string]: unknown
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly name: string
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest

/** What the packages have in common. */
const SHARED = ['version', 'license', 'homepage', 'bugs', 'repository', 'private', 'type', 'engines']

/** The name of another package in the scope of the program. */
export const nameOf = (part: 'conform' | 'core'): string => `${path.posix.dirname(manifest.name)}/${part}`

/** Libraries as the packages ask for them: who embeds the core may have a later one, and then has only that. */
const versionsOf = (names: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...names].sort().map((name) => {
      const version = manifest.dependencies[name] ?? manifest.devDependencies[name]
      if (version === undefined) throw new Error(`${name} is no dependency`)
      return [name, `^${version}`]
    })
  )

const write = (folder: string, name: string, text: string): void => {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const writeManifest = (folder: string, part: 'conform' | 'core', fields: object): void => {
  const shared = SHARED.flatMap((field) => (field in manifest ? [[field, manifest[field]]] : []))
  write(folder, 'package.json', `${JSON.stringify({ name: nameOf(part), ...Object.fromEntries(shared), ...fields }, null, 2)}\n`)
}

/** Without the line that names a source map: there are none in a package. */
const withoutMap = (text: string): string => text.replace(/^\/\/# sourceMappingURL=.*\n?/m, '')

const filesIn = (folder: string): ReadonlyArray<string> => readdirSync(folder, { encoding: 'utf8', recursive: true }).sort()

// ---------------------------------------------------------------------------------------- the core

const CORE = `# The core of tack

tack connects any CI to [Tangled](https://tangled.org). This is its machine alone, as a library: \`step(state, event)\` gives the next state and
what is to be done about it. No clock, no chance, no I/O; of libraries, fp-ts and io-ts.

\`\`\`js
import { Config, defaults, initial, step } from '${nameOf('core')}'
\`\`\`

For Node 20.19 or later (\`import\` and \`require\`), browsers, workers, and any place that has the language and nothing else. How to give it a
host, save it and restore it: \`spec/embedding.md\` in the repository.
`

/** Writes the package of the core into `folder`, which it makes anew. */
export const writeCore = async (folder: string): Promise<void> => {
  const from = path.join(ROOT, 'dist', 'core')
  rmSync(folder, { force: true, recursive: true })
  for (const name of filesIn(from)) {
    if (!/\.(?:js|d\.ts)$/.test(name)) continue
    const text = withoutMap(readFileSync(path.join(from, name), 'utf8'))
    write(folder, `esm/${name}`, text)
    // What is in a folder of CommonJS is CommonJS, under the names that it has anyway. Types are the same.
    write(folder, `cjs/${name}`, name.endsWith('.js') ? (await transform(text, { format: 'cjs', platform: 'neutral', target: 'es2022' })).code : text)
  }
  write(folder, 'cjs/package.json', '{ "type": "commonjs" }\n')
  write(folder, 'README.md', CORE)
  cpSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'))
  const at = (format: 'cjs' | 'esm') => ({ types: `./${format}/index.d.ts`, default: `./${format}/index.js` })
  writeManifest(folder, 'core', {
    description: 'The core of tack, a spindle for Tangled: a pure machine, as a library',
    sideEffects: false,
    main: at('cjs').default,
    types: at('cjs').types,
    exports: { '.': { import: at('esm'), require: at('cjs') }, './package.json': './package.json' },
    dependencies: versionsOf(['fp-ts', 'io-ts'])
  })
}

// ---------------------------------------------------------------------------------------- the kit

const CONFORM = `# What tries ports of tack

Vectors, traces and schemas of tack's machine, and the kit that plays them on a port, in any language. Install it beside
\`${manifest.name}\`, in the same version:

\`\`\`sh
tack conform -- COMMAND-THAT-RUNS-YOUR-PORT
\`\`\`

How a port is written, and what it is asked: \`spec/porting.md\`, \`spec/formats.md\`.
`

const KIT = 'dist/spec/kit/conform/main.js'

/** Pages that a port is written by. */
const PAGES = ['behaviour', 'formats', 'glossary', 'gotchas', 'laws', 'machine', 'porting']

/** Writes the package of vectors, traces and the kit into `folder`, which it makes anew. Files lie as in the repository. */
export const writeConform = async (folder: string): Promise<void> => {
  rmSync(folder, { force: true, recursive: true })
  const { metafile } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    entryPoints: [KIT],
    format: 'esm',
    metafile: true,
    packages: 'external',
    platform: 'node',
    write: false
  })
  const libraries = new Set<string>()
  for (const [name, { imports }] of Object.entries(metafile.inputs)) {
    write(folder, name, withoutMap(readFileSync(path.join(ROOT, name), 'utf8')))
    for (const { external, path: imported } of imports) {
      const [, library] = /^((?:@[^/]+\/)?[^/:]+)(?:\/|$)/.exec(imported) ?? []
      if (external === true && library !== undefined) libraries.add(library)
    }
  }
  for (const page of PAGES) cpSync(path.join(ROOT, 'spec', `${page}.md`), path.join(folder, 'spec', `${page}.md`))
  cpSync(path.join(ROOT, 'spec', 'data'), path.join(folder, 'spec', 'data'), { recursive: true })
  write(folder, 'README.md', CONFORM)
  cpSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'))
  writeManifest(folder, 'conform', {
    description: 'Vectors and traces of tack, a spindle for Tangled, and the kit that plays them on a port in any language',
    exports: { '.': `./${KIT}`, './package.json': './package.json' },
    dependencies: versionsOf([...libraries])
  })
}

/** Packs the package in `folder`, as `npm publish` would, into a tarball in `into`. @returns its path. */
export const pack = (folder: string, into: string): string => {
  mkdirSync(into, { recursive: true })
  const out = execFileSync('npm', ['pack', folder, '--ignore-scripts', '--json', '--pack-destination', into], { cwd: into, encoding: 'utf8' })
  const [{ filename }] = JSON.parse(out) as readonly [{ readonly filename: string }]
  return path.join(into, filename)
}

/** Makes all three in `into`. @returns the tarballs. */
export const packAll = async (into: string): Promise<{ readonly conform: string; readonly core: string; readonly program: string }> => {
  const [conform, core] = [path.join(into, 'conform'), path.join(into, 'core')]
  await writeCore(core)
  await writeConform(conform)
  return { conform: pack(conform, into), core: pack(core, into), program: pack(ROOT, into) }
}

const [, script] = process.argv
if (script !== undefined && pathToFileURL(script).href === import.meta.url)
  for (const file of Object.values(await packAll(path.join(ROOT, 'dist', 'packages')))) process.stdout.write(`${path.relative('.', file)}\n`)
