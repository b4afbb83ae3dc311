/** What Buildbot answers, what it means, and what a build is called there. */
import * as t from 'io-ts'
import { createHash } from 'node:crypto'
import { type Answer, decoded } from './common.js'
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

/** The answer to `force`: the build set, and of each builder, the build request. */
export const Forced = t.type({ result: t.tuple([t.Int, t.record(t.string, t.Int)]) })
/** The answer to what is only heard. */
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

/** A question that failed, and a command that did. */
export const Trouble = t.union([t.type({ error: t.string }), t.type({ error: t.type({ message: t.unknown }) })])

export const wordsOf = (answer: Answer): string => {
  const trouble = decoded(Trouble, answer)
  if (trouble === null) return ''
  if (typeof trouble.error === 'string') return trouble.error
  const { message } = trouble.error
  return typeof message === 'string' ? message : JSON.stringify(message)
}

/** All parameters of a scheduler, those in groups included. */
export const flat = (fields: ReadonlyArray<Field>): ReadonlyArray<Field> => fields.flatMap((field) => [field, ...flat(field.fields ?? [])])

/** `SUCCESS`, `WARNINGS`, … of buildbot.process.results. */
export const progressOf = (
  { complete, results }: { readonly complete: boolean; readonly results: number | null },
  builds: ReadonlyArray<{ readonly state_string: string }>,
  external: string
): Progress => {
  const report = (status: Progress['status'], error: string | null): Progress => ({ error, exitCode: null, external, status })
  // A build that is to be tried again leaves its request open, and a new one follows.
  if (!complete) return report(builds.length === 0 ? 'pending' : 'running', null)
  const said = builds.at(-1)?.state_string ?? ''
  switch (results) {
    case 0:
    case 1:
      return report('success', null)
    case 2:
      return report('failed', said === '' ? 'The build failed.' : `The build failed: ${said}`)
    case 3:
      return builds.length === 0
        ? report('cancelled', 'Buildbot merged the request into another one: see "collapseRequests".')
        : report('success', null)
    case 4:
      return report('failed', `Buildbot itself failed over the build${said === '' ? '.' : `: ${said}`}`)
    case 6:
      return report('cancelled', null)
    default:
      return report('failed', `Buildbot ended the build in a way that is not known here (${String(results)}).`)
  }
}

/** What a log says: of standard output each line says in its first character what it is. */
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

/** The key, as far as Buildbot's database has room for it. */
export const projectOf = ({ key }: Job): string => (key.length <= 255 ? key : createHash('sha256').update(key).digest('hex'))

export const variableOf = ({ plan }: Job, name: string): string => plan.variables.find(([key]) => key === name)?.[1] ?? ''

