/** Finds a run at GitHub: lists the runs of a workflow, newest first, until one has the mark of the build in its name. */
import { type HttpResponse, decodeAnswer } from './common.js'
import { externalOf, markOf, marksIn, unmarkedRun, type WorkflowRef } from './dispatched.js'
import { MAX_PAGES, PAGE, type Run, Runs } from './github-answers.js'
import type { GithubApi } from './github-api.js'
import { earliestMs } from './hosted.js'
import type { Job, Missing, Uncertain } from './provider.js'

/** The limit of searches. Each shows at most ten pages of a hundred runs; the next one continues with older runs. */
const MAX_SEARCHES = 10

/** Finds the name of the run of a job. */
export type GithubSearch = (job: Job, place: WorkflowRef) => Promise<string | Missing | Uncertain>

export const createGithubSearch =
  ({ ask, client, doubt }: GithubApi): GithubSearch =>
  async (job, place) => {
    const mark = markOf(job.key)
    const isoOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
    const fromMs = earliestMs(job, client.nowMs())
    /** A run after this time whose name has no mark may be the one that we look for, in a workflow that is not set up as required. */
    const strictMs = earliestMs(job, client.nowMs(), 300_000) ?? 0
    let to: string | null = null
    let nameless: string | null = null
    for (let search = 0; search < MAX_SEARCHES; search++) {
      const from = fromMs === null ? null : isoOf(fromMs)
      const created: string | null = to === null ? (from === null ? null : `>=${from}`) : from === null ? `<=${to}` : `${from}..${to}`
      let oldest: string | null = null
      for (let page = 1; page <= MAX_PAGES; page++) {
        const answer: HttpResponse | Uncertain = await ask('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
          event: 'workflow_dispatch',
          owner: place.owner,
          page,
          per_page: PAGE,
          repo: place.repo,
          workflow_id: place.workflow,
          ...(created === null ? {} : { created })
        })
        if (answer._tag === 'Uncertain') return answer
        const runs: ReadonlyArray<Run> | undefined = answer.status === 200 ? decodeAnswer(Runs, answer)?.workflow_runs : undefined
        if (runs === undefined) return doubt(answer)
        for (const { created_at: at, display_title: title, html_url: link, id } of runs) {
          const marks = marksIn(title ?? '')
          if (marks.includes(mark)) return externalOf(place, id)
          if (marks.length === 0 && !(Date.parse(at) < strictMs)) nameless ??= link ?? String(id)
          oldest = at
        }
        if (runs.length < PAGE)
          return nameless === null ? { _tag: 'Missing' } : unmarkedRun(client, nameless, place.workflow)
      }
      // A search shows no more. The next one begins with the runs of the same second again.
      to = oldest
    }
    return client.uncertain('GitHub lists more runs than tack can search')
  }
