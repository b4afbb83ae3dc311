/**
 * The reference behind the protocol: a port like any other (spec/formats.md). It is what a port in another language is to be, and
 * shows that the kit passes what is right.
 *
 *     node dist/spec/kit/runner.js
 */
import { createInterface } from 'node:readline'
import { canonical } from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import { Request } from './format.js'
import { createPort } from './port.js'

const answer = createPort()
for await (const line of createInterface({ input: process.stdin })) {
  const answered = answer(must(Request.decode(JSON.parse(line))))
  if (answered === null) break
  process.stdout.write(`${canonical(answered)}\n`)
}
