#!/usr/bin/env node
/**
 * The program. It looks at the version of Node before anything is loaded that an older one cannot read; everything else is in cli/command-line.ts.
 */
import { tooOld } from './lib/node-version.js'

const complaint = tooOld(process.versions.node)
if (complaint === null) await import('./cli/command-line.js')
else {
  process.stderr.write(`error: ${complaint}\n`)
  process.exitCode = 2
}
