/** `npm run generate`: writes everything in `spec/` that is generated, and removes traces and vectors that are not made any more. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { machineFiles } from '../machine/machine-files.js'
import { schemaFiles } from '../schema/schema-files.js'
import { BY_HAND, FOLDERS, generated } from './generated-files.js'

/** This module runs in `dist/spec/kit/generate`. */
const SPEC = new URL('../../../../spec/', import.meta.url)

const files = new Map([...generated(), ...schemaFiles(), ...machineFiles()])
for (const folder of FOLDERS) {
  mkdirSync(new URL(folder, SPEC), { recursive: true })
  for (const name of readdirSync(new URL(folder, SPEC)))
    if (name !== BY_HAND && !files.has(`${folder}/${name}`)) rmSync(new URL(`${folder}/${name}`, SPEC))
}
for (const [path, text] of files) writeFileSync(new URL(path, SPEC), text)
console.log(`${String(files.size)} files`)
