/** The contents of a local build's files (local-files.ts), and how to read them. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BuildName, Natural, Plan, Status } from '../../core/index.js'
import { codeOf } from '../store/disk.js'
import { decodeText } from '../store/json.js'

/** The request. */
export const Request = t.strict({ build: BuildName, createdMs: t.number, key: t.string, plan: Plan }, 'Request')

/** A process, told apart from all others that have had its pid (store/processes.ts). */
const Process = t.strict({ hostname: t.string, pid: Natural, startedAt: t.union([t.string, t.null]) }, 'Process')

/** The holder of a build. `token` is part of file names. */
export const Hand = t.strict({ process: Process, token: t.string }, 'Hand')
export type Hand = t.TypeOf<typeof Hand>

export const Cancel = t.strict({ atMs: t.number }, 'Cancel')

export const Result = t.strict(
  { endedMs: t.number, error: t.union([t.string, t.null]), exitCode: t.union([t.Int, t.null]), status: Status },
  'Result'
)
export type Result = t.TypeOf<typeof Result>

/** A line of a log. */
export const RecordedLine = t.union([
  t.intersection([
    t.type({
      _tag: t.literal('Step'),
      command: t.string,
      kind: t.keyof({ system: null, user: null }),
      name: t.string,
      status: t.keyof({ end: null, start: null }),
      step: Natural,
      timeMs: t.number
    }),
    // Logs of builds by earlier versions lack it.
    t.partial({ hasFailed: t.boolean })
  ]),
  t.type({ _tag: t.literal('Text'), step: Natural, stream: t.keyof({ stderr: null, stdout: null }), text: t.string, timeMs: t.number })
])

/** Reads the file of that name; `null` if there is none. Rejects if it is invalid. */
export const readFileOf = async <A>(codec: t.Type<A, unknown>, folder: string, name: string): Promise<A | null> => {
  const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const value = decodeText(codec, text)
  if (E.isLeft(value)) throw new Error(`${name} is not valid: ${value.left}`)
  return value.right
}
