/** `npm run generate`: writes `spec/data/` and `spec/machine.md`, and removes traces and vectors that are not made any more. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { machineFiles } from '../machine/machine-files.js'
import { schemaFiles } from '../schema/schema-files.js'
import { FOLDERS, generated } from './generated-files.js'

/** This module runs in `dist/spec/kit/generate`. */
const SPEC = new URL('../../../../spec/', import.meta.url)
const DATA = new URL('data/', SPEC)

const data = new Map([...generated(), ...schemaFiles()])
const prose = machineFiles()
for (const folder of FOLDERS) {
  mkdirSync(new URL(folder, DATA), { recursive: true })
  for (const name of readdirSync(new URL(folder, DATA))) if (!data.has(`${folder}/${name}`)) rmSync(new URL(`${folder}/${name}`, DATA))
}
for (const [path, text] of data) writeFileSync(new URL(path, DATA), text)
for (const [path, text] of prose) writeFileSync(new URL(path, SPEC), text)
console.log(`${String(data.size + prose.size)} files`)
