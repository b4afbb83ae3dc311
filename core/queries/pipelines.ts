/**
 * Pipelines, as clients ask for them over XRPC (S17). Pure functions of the state. The cost of a query depends on what
 * it shows, not on how many pipelines there are.
 */
import type { BuildsState } from '../builds/model.js'
import { type NamedRun, runAt, runNamed } from '../builds/named.js'
import { placeAt, placeOf } from '../builds/pipeline-index.js'
import { type LogKey, logKey } from '../builds/status-log.js'
import { ascending } from '../data/ascending.js'
import { entriesBelow } from '../data/descending.js'
import { type Did, type Tid, timeOfTid } from '../data/identifiers.js'
import { valuesAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { CauseKind } from '../model/trigger.js'
import type { State } from '../state.js'
import { type PipelineView, pipelineView } from './pipeline-view.js'

/** Which pipelines of a repository are asked for. */
export interface PipelineQuery {
  /** Of each of these commits, the newest; `null`: whatever the commit. */
  readonly commits: ReadonlyArray<string> | null
  /** Only those older than this one, which may be gone by now; `null`: from the newest on. */
  readonly cursor: Tid | null
  /** Of these kinds; `null`: of every kind. */
  readonly kinds: ReadonlyArray<CauseKind> | null
  /** At most this many (≥ 1). */
  readonly limit: number
  /** The repository's own DID. */
  readonly repo: Did
}

/** A page of the pipelines of a repository. */
export interface PipelinePage {
  /** The id of the last of these, if older ones follow; else `null`. */
  readonly cursor: Tid | null
  /** Newest first. */
  readonly pipelines: ReadonlyArray<PipelineView>
  /** How many pipelines match, on all pages. */
  readonly total: number
}

const KINDS: ReadonlyArray<CauseKind> = ['manual', 'pull_request', 'push']

type Keys = M.OrderedMap<LogKey, true>

/** The greatest key of all maps that is less than `below` (`null`: no limit); `null` if there is none. */
const greatestBelow = (maps: ReadonlyArray<Keys>, below: LogKey | null): LogKey | null =>
  maps.reduce<LogKey | null>((greatest, map) => {
    const [key] = entriesBelow(map, below).next().value ?? []
    return key !== undefined && (greatest === null || key > greatest) ? key : greatest
  }, null)

/** A function that gives the next matching key below another (`null`: the greatest), and how many match in all. */
const matching = (
  { pipelines }: BuildsState,
  { commits, kinds: asked, repo }: PipelineQuery
): { readonly next: (below: LogKey | null) => LogKey | null; readonly total: number } => {
  const kinds = asked === null ? KINDS : KINDS.filter((kind) => asked.includes(kind))
  const at = (place: string): Keys => valuesAt(place)(pipelines)
  if (commits === null) {
    const maps = kinds.map((kind) => at(placeOf(repo, kind)))
    return { next: (below) => greatestBelow(maps, below), total: maps.reduce((n, map) => n + M.size(map), 0) }
  }
  const newest = ascending(commits).flatMap((commit) => {
    const key = greatestBelow(kinds.map((kind) => at(placeAt(repo, kind, commit))), null)
    return key === null ? [] : [key]
  })
  const keys = [...newest].sort((a, b) => (a < b ? 1 : -1))
  return {
    next: (below) => keys.find((key) => below === null || key < below) ?? null,
    total: newest.length
  }
}

const viewOf = ({ run }: NamedRun): PipelineView | null =>
  run.announced === null ? null : pipelineView(run.announced.createdUs, run)

/** How much foreign text a page may hold before the pipeline that ends it, in UTF-16 code units. */
const PAGE_TEXT_MAX = 262_144

const lengthOf = (texts: ReadonlyArray<string | undefined>): number =>
  texts.reduce((n, text = '') => n + text.length, 0)

/** How much of it a pipeline adds. */
const textIn = ({ trigger, workflows }: PipelineView): number =>
  lengthOf(workflows.flatMap(({ error, id }) => [error, id])) +
  (trigger.$type === 'sh.tangled.ci.trigger#manual'
    ? lengthOf((trigger.inputs ?? []).flatMap(({ key, value }) => [key, value]))
    : 0)

/**
 * The pipelines of a repository, page by page: newest first, and each once, whatever is announced meanwhile.
 *
 * A page ends early if its foreign text is long; its cursor then says that there are more.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Did, initial, queryPipelines } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * const repo = Did.decode('did:plc:repository')
 * assert(config._tag === 'Right' && repo._tag === 'Right')
 *
 * const page = queryPipelines({ commits: null, cursor: null, kinds: ['push'], limit: 50, repo: repo.right })
 * assert.deepStrictEqual(page(initial(config.right)), { cursor: null, pipelines: [], total: 0 })
 */
export const queryPipelines =
  (query: PipelineQuery) =>
  (state: State): PipelinePage => {
    const { next, total } = matching(state.builds, query)
    const below = query.cursor === null ? null : logKey(timeOfTid(query.cursor))
    const pipelines: Array<PipelineView> = []
    let text = 0
    for (let key = next(below); key !== null; key = next(key)) {
      const run = runAt(state.builds, key)
      const view = run === null ? null : viewOf(run)
      if (view === null) continue
      const last = pipelines[pipelines.length - 1]
      if (last !== undefined && (pipelines.length === query.limit || text > PAGE_TEXT_MAX))
        return { cursor: last.id, pipelines, total }
      pipelines.push(view)
      text += textIn(view)
    }
    return { cursor: null, pipelines, total }
  }

/**
 * The run of the pipeline of that name, whatever key its knot gave it.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, defaults, initial, pipelineRun, tidOf } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * assert.strictEqual(pipelineRun(tidOf(clampTimeUs(1_767_225_600_000_000)))(initial(config.right)), null)
 */
export const pipelineRun =
  (id: Tid) =>
  (state: State): NamedRun | null =>
    runNamed(state.builds, id)

/**
 * The pipeline of that name, as clients read it.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, defaults, initial, pipelineAt, tidOf } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * assert.strictEqual(pipelineAt(tidOf(clampTimeUs(1_767_225_600_000_000)))(initial(config.right)), null)
 */
export const pipelineAt =
  (id: Tid) =>
  (state: State): PipelineView | null => {
    const named = pipelineRun(id)(state)
    return named === null ? null : viewOf(named)
  }
