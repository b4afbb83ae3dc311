/** Decoders for Buildbot's answers, their meaning, and the names of builds at Buildbot. */
import * as t from 'io-ts'
import { createHash } from 'node:crypto'
import { type HttpResponse, decodeAnswer } from './common.js'
import type { Job, Progress } from './provider.js'

export interface Field {
  readonly fields?: ReadonlyArray<Field>
  readonly fullName?: string | null
  readonly type?: string
}
export const Field: t.Type<Field> = t.recursion('Field', () =>
  t.partial({ fields: t.readonlyArray(Field), fullName: t.union([t.string, t.null]), type: t.string })
)

export const Schedulers = t.type({
  forceschedulers: t.readonlyArray(t.type({ all_fields: t.readonlyArray(Field), builder_names: t.readonlyArray(t.string) }))
})
export const Builders = t.type({ builders: t.readonlyArray(t.type({ builderid: t.Int })) })

/** The answer to `force`: the id of the build set and, for each builder, that of the build request. */
export const Forced = t.type({ result: t.tuple([t.Int, t.record(t.string, t.Int)]) })
/** The answer to a command without a result. */
export const Done = t.type({ jsonrpc: t.literal('2.0'), result: t.unknown })

export const Requests = t.type({
  buildrequests: t.readonlyArray(
    t.intersection([
      t.type({ buildrequestid: t.Int, complete: t.boolean, results: t.union([t.Int, t.null]) }),
      t.partial({ properties: t.union([t.record(t.string, t.unknown), t.null]) })
    ])
  )
})
export const Builds = t.type({
  builds: t.readonlyArray(t.type({ buildid: t.Int, complete: t.boolean, state_string: t.string }))
})
export const Steps = t.type({ steps: t.readonlyArray(t.type({ hidden: t.boolean, name: t.string, stepid: t.Int })) })
export const LogData = t.type({ complete: t.boolean, logid: t.Int, name: t.string, num_lines: t.Int, type: t.string })
export const Logs = t.type({ logs: t.readonlyArray(LogData) })
export const Chunks = t.type({ logchunks: t.readonlyArray(t.type({ content: t.string })) })

/** The error of a query, or of a command. */
export const Trouble = t.union([t.type({ error: t.string }), t.type({ error: t.type({ message: t.unknown }) })])

export const wordsOf = (answer: HttpResponse): string => {
  const trouble = decodeAnswer(Trouble, answer)
  if (trouble === null) return ''
  if (typeof trouble.error === 'string') return trouble.error
  const { message } = trouble.error
  return typeof message === 'string' ? message : JSON.stringify(message)
}

/** All parameters of a scheduler, including those in groups. */
export const flat = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> => fields.flatMap((field) => [field, ...flat(field.fields ?? [])])

/** The codes `SUCCESS`, `WARNINGS`, … of buildbot.process.results. */
export const progressOf = (
  { complete, results }: { readonly complete: boolean; readonly results: number | null },
  builds: ReadonlyArray<{ readonly state_string: string }>,
  external: string
): Progress => {
  const report = (status: Progress['status'], error: string | null): Progress => ({ error, exitCode: null, external, status })
  // A build that will be retried leaves its request open, and a new build follows.
  if (!complete) return report(builds.length === 0 ? 'pending' : 'running', null)
  const lastState = builds.at(-1)?.state_string ?? ''
  switch (results) {
    case 0:
    case 1:
      return report('success', null)
    case 2:
      return report('failed', lastState === '' ? 'The build failed.' : `The build failed: ${lastState}`)
    case 3:
      return builds.length === 0
        ? report('cancelled', 'Buildbot merged the request into another one: see "collapseRequests".')
        : report('success', null)
    case 4:
      return report('failed', `Buildbot failed to run the build${lastState === '' ? '.' : `: ${lastState}`}`)
    case 6:
      return report('cancelled', null)
    default:
      return report('failed', `Buildbot ended the build with an unknown result (${String(results)}).`)
  }
}

/** The text of a log. In a log of type `s`, the first character of each line says what kind of line it is. */
export const textOf = (type: string, content: string): string => {
  if (type !== 's') return content
  return content
    .split('\n')
    // The header would show the whole environment of the worker.
    .filter((line) => !line.startsWith('h') || line.startsWith('hprogram finished'))
    .map((line) => line.slice(1))
    .join('\n')
}

export const branchOf = ({ plan }: Job): string => plan.ref?.replace(/^refs\/(?:heads|tags)\//, '') ?? ''

/** The key, if it fits into Buildbot's database; otherwise its hash. */
export const projectOf = ({ key }: Job): string => (key.length <= 255 ? key : createHash('sha256').update(key).digest('hex'))

export const variableOf = ({ plan }: Job, name: string): string => plan.variables.find(([key]) => key === name)?.[1] ?? ''

