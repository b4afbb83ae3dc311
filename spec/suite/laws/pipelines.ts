/** PIPE: what holds of pipelines, as they are asked for over XRPC. The words are in laws.md. */
import * as O from 'fp-ts/lib/Option.js'
import {
  type Builds,
  type CauseKind,
  kindOfCause,
  OrderedMap as M,
  pipelineAt,
  type PipelineQuery,
  type PipelineView,
  queryPipelines,
  type State,
  type StatusEntry,
  tidOf,
  timeOfDateTime
} from '../../../core/index.js'
import { pure } from './fence.js'
import { all, because, equal, every, type Laws, type Verdict } from './law.js'
import { isPipelineOutput, isQueryOutput } from './lexicon.js'
import { announced, published } from './stream.js'
import type { Run } from './run.js'

/** Somebody who begins at some step, and asks for page after page, now and then, until there are no more. */
export interface Paging {
  readonly commits: ReadonlyArray<string> | null
  /** At which part of the run the first page is asked for, in thousandths. */
  readonly from: number
  readonly kinds: ReadonlyArray<CauseKind> | null
  readonly limit: number
  readonly repo: PipelineQuery['repo']
  /** After how many steps each page is asked for; repeated. */
  readonly rhythm: ReadonlyArray<number>
  readonly run: Run
}

type Wanted = Pick<Paging, 'commits' | 'kinds' | 'repo'>

const commitOf = ({ cause }: Builds.Run): string | null =>
  cause._tag === 'Push' ? cause.newSha : cause._tag === 'PullRequest' ? cause.sourceSha : cause.sha

/** The names of all pipelines that match, the newest first, by a look at every run. */
export const scanned = (state: State, { commits, kinds, repo }: Wanted): ReadonlyArray<string> => {
  const all = M.toEntries(state.builds.runs)
    .flatMap(([, run]) => (run.announced === null ? [] : [{ id: tidOf(run.announced.createdUs), run }]))
    .filter(({ run }) => run.repository.did === repo && (kinds === null || kinds.includes(kindOfCause(run.cause))))
    .sort((a, b) => (a.id < b.id ? 1 : -1))
  const isNewest = (at: number): boolean => all.findIndex(({ run }) => commitOf(run) === commitOf((all[at] ?? { run }).run)) === at
  return all
    .filter(({ run }, at) => commits === null || (commits.includes(commitOf(run) ?? '') && isNewest(at)))
    .map(({ id }) => id)
}

interface Paged {
  /** What matched whenever a page was asked for. */
  readonly constant: ReadonlyArray<string>
  readonly got: ReadonlyArray<string>
  readonly pages: number
}

export const pageThrough = ({ from, limit, rhythm, run, ...wanted }: Paging): Paged =>
  pure(() => {
    const states = run.steps.map(({ after }) => after)
    const got: Array<string> = []
    let constant: ReadonlyArray<string> | null = null
    let cursor: PipelineQuery['cursor'] = null
    let pages = 0
    for (let at = Math.floor(((states.length - 1) * from) / 1_000); ; at += rhythm[pages % Math.max(rhythm.length, 1)] ?? 1) {
      const state = states[Math.min(at, states.length - 1)]
      if (state === undefined) break
      const matching = new Set(scanned(state, wanted))
      constant = constant === null ? [...matching] : constant.filter((id) => matching.has(id))
      const page = queryPipelines({ ...wanted, cursor, limit })(state)
      got.push(...page.pipelines.map(({ id }) => id))
      pages++
      cursor = page.cursor
      if (cursor === null) break
    }
    return { constant: constant ?? [], got, pages }
  })

/** Every pipeline of a state, as its name finds it. */
const viewsOf = (state: State): ReadonlyArray<PipelineView | null> =>
  M.toEntries(state.builds.announcements).map(([, { createdUs }]) => pipelineAt(tidOf(createdUs))(state))

/** Whether the workflow is shown as its statuses have it, which are all that were ever published of it. */
const isShown = (workflow: PipelineView['workflows'][number] | undefined, statuses: ReadonlyArray<StatusEntry>): Verdict => {
  const last = statuses[statuses.length - 1]
  if (workflow === undefined || last === undefined) return 'a workflow without a status'
  const running = statuses.find(({ status }) => status === 'running')
  const isAt = (text: string | undefined, entry: StatusEntry | undefined): boolean =>
    entry === undefined ? text === undefined : O.toNullable(timeOfDateTime(text ?? '')) === entry.createdUs
  return all(
    equal('the status', [workflow.status, workflow.error ?? null], [last.status, last.error]),
    because(isAt(workflow.startedAt, running), () => `began at ${String(workflow.startedAt)}`),
    because(isAt(workflow.finishedAt, last.status === 'pending' || last.status === 'running' ? undefined : last), () => `ended at ${String(workflow.finishedAt)}`)
  )
}

export const PIPE = {
  'PIPE-1': (paging: Paging) => {
    const { constant, got } = pageThrough(paging)
    return all(
      every(got, (id, i) => because(i === 0 || id < (got[i - 1] ?? ''), () => `${id} comes after ${String(got[i - 1])}`)),
      every(constant, (id) => because(got.includes(id), () => `${id} is left out`))
    )
  },

  'PIPE-2': ({ limit, run, ...wanted }: Paging) =>
    every(run.steps, ({ after }) => {
      const page = pure(() => queryPipelines({ ...wanted, cursor: null, limit })(after))
      const scan = scanned(after, wanted)
      return all(
        equal('the page', page.pipelines.map(({ id }) => id), scan.slice(0, limit)),
        equal('the total', page.total, scan.length),
        equal('the cursor', page.cursor, scan.length > limit ? (scan[limit - 1] ?? null) : null)
      )
    }),

  'PIPE-3': ({ limit, run, ...wanted }: Paging) =>
    every(run.steps, ({ after }) => {
      const { cursor, ...page } = queryPipelines({ ...wanted, cursor: null, limit })(after)
      return all(
        isQueryOutput({ ...page, ...(cursor === null ? {} : { cursor }) }),
        every(page.pipelines, (view) => equal('by its name', pipelineAt(view.id)(after), view)),
        every(viewsOf(after), isPipelineOutput)
      )
    }),

  'PIPE-4': (run: Run) => {
    const names = new Map<string, string>()
    const told = new Map<string, Array<StatusEntry>>()
    let last = ''
    return every(run.steps, ({ after, effects }) => {
      for (const entry of published(effects)) {
        const key = JSON.stringify(entry.build)
        told.set(key, [...(told.get(key) ?? []), entry])
      }
      return all(
        every(announced(effects), ({ createdUs, knot, rkey }) => {
          const id: string = tidOf(createdUs)
          const isNew = id > last
          last = id
          names.set(`${knot}/${rkey}`, id)
          return because(isNew, () => `${id} is no new name`)
        }),
        every(M.toEntries(after.builds.runs), ([key, { announced: of, builds }]) => {
          if (of === null) return because(M.isEmpty(builds), () => `${key} has builds, and no name`)
          const view = pipelineAt(tidOf(of.createdUs))(after)
          const [knot, rkey] = key.split('/')
          return all(
            equal('the name', view?.id, names.get(key)),
            equal('the workflows', view?.workflows.map(({ id }) => id), M.keys(builds)),
            every(M.keys(builds), (workflow) =>
              isShown(
                view?.workflows.find(({ id }) => id === workflow),
                told.get(JSON.stringify({ knot, rkey, workflow })) ?? []
              )
            )
          )
        })
      )
    })
  }
} satisfies Laws
