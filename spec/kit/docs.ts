/**
 * Writes what the specification says by itself, because it is read off the code: the schemas and machine.md.
 *
 *     npm run generate
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { machineFiles } from './machine/files.js'
import { schemaFiles } from './schema/files.js'

const SPEC = fileURLToPath(new URL('../../../spec', import.meta.url))

for (const [name, content] of [...schemaFiles(), ...machineFiles()]) {
  const file = path.join(SPEC, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
}
