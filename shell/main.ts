#!/usr/bin/env node
/**
 * The program. It looks at the version of Node before anything is loaded that an older one cannot read; everything else is in cli/command-line.ts.
 */
import { tooOld } from './lib/node-version.js'

const complaint = tooOld(process.versions.node)
if (complaint === null) {
  // The exit code after EPIPE is that of SIGPIPE.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 1))
  const { commandLine } = await import('./cli/command-line.js')
  const printTo = (out: NodeJS.WriteStream) => (text: string) => void out.write(`${text}\n`)
  process.exitCode = await commandLine(process.argv, printTo(process.stdout), printTo(process.stderr))
} else {
  process.stderr.write(`error: ${complaint}\n`)
  process.exitCode = 2
}
