/** Finds a run at Gitea: lists the runs of a workflow, newest first, until one has the mark of the build in its name. */
import { externalOf, markOf, marksIn, unmarkedRun, type WorkflowRef } from './dispatched.js'
import { Runs } from './gitea-answers.js'
import type { GiteaApi } from './gitea-api.js'
import { earliestMs } from './hosted.js'
import type { Accepted, Job, Missing, Uncertain } from './provider.js'

/** How many pages to read. Gitea puts up to 50 runs on one, unless its administrator has set another limit. */
const MAX_PAGES = 200
const PAGE = '50'

export const createGiteaSearch =
  ({ client, doubt, get }: GiteaApi) =>
  async (job: Job, place: WorkflowRef): Promise<Accepted | Missing | Uncertain> => {
    const mark = markOf(job.key)
    const fromMs = earliestMs(job, client.nowMs()) ?? 0
    /** A run after this time whose name has no mark may be the one that we look for, in a workflow that is not set up as required. */
    const strictMs = earliestMs(job, client.nowMs(), 300_000) ?? 0
    let nameless: string | null = null
    let total = 0
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await get(Runs, [place.owner, place.repo, 'actions', 'workflows', place.workflow, 'runs'], {
        event: 'workflow_dispatch',
        exclude_pull_requests: 'true',
        limit: PAGE,
        page: String(page)
      })
      if (answer._tag !== 'Good') return doubt(answer)
      const { total_count: count, workflow_runs: runs } = answer.value
      // What follows moves up when a run is removed, perhaps from a page to one that was read before.
      if (count < total) return client.uncertain('runs were removed at Gitea while tack looked for one')
      total = count
      let isBefore = false
      for (const { display_title: title, html_url: link, id, started_at: started } of runs) {
        const marks = marksIn(title)
        if (marks.includes(mark)) return { _tag: 'Accepted', external: externalOf(place, id) }
        const startedMs = Date.parse(started)
        // A run that waits shows the year 1970. One that was begun before has begun before it started, and so have all that follow.
        const hasStarted = startedMs > 0
        if (marks.length === 0 && (!hasStarted || startedMs >= strictMs)) nameless ??= link
        isBefore ||= hasStarted && startedMs < fromMs
      }
      if (runs.length > 0 && !isBefore) continue
      return nameless === null ? { _tag: 'Missing' } : unmarkedRun(client, nameless, place.workflow)
    }
    return client.uncertain('Gitea lists more runs than tack can search')
  }
