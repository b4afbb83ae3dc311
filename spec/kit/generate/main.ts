/** `npm run generate`: writes `spec/traces/`, `spec/vectors/` and `spec/manifest.json`, and removes what is not made any more. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { BY_HAND, FOLDERS, generated } from './files.js'

/** This module runs in `dist/spec/kit/generate`. */
const SPEC = new URL('../../../../spec/', import.meta.url)

const files = generated()
for (const folder of FOLDERS) {
  mkdirSync(new URL(folder, SPEC), { recursive: true })
  for (const name of readdirSync(new URL(folder, SPEC)))
    if (name !== BY_HAND && !files.has(`${folder}/${name}`)) rmSync(new URL(`${folder}/${name}`, SPEC))
}
for (const [path, text] of files) writeFileSync(new URL(path, SPEC), text)
console.log(`${String(files.size)} files`)
