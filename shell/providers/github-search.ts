/** Looking for a run at GitHub: runs of a workflow are listed, newest first, until one shows the key of the build in its name. */
import { type Answer, decoded } from './common.js'
import { externalOf, markOf, marksIn, MAX_PAGES, PAGE, type Place, type Run, Runs } from './github-answers.js'
import type { GithubApi } from './github-api.js'
import { earliestMs } from './hosted.js'
import type { Job, Missing, Uncertain } from './provider.js'

/** A search shows at most ten pages of a hundred; what is older is searched for anew. */
const MAX_SEARCHES = 10

/** The name of the run of a job. */
export type GithubSearch = (job: Job, place: Place) => Promise<string | Missing | Uncertain>

export const createGithubSearch =
  ({ ask, client, doubt }: GithubApi): GithubSearch =>
  async (job, place) => {
    const mark = markOf(job.key)
    const isoOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
    const fromMs = earliestMs(job, client.nowMs())
    /** A run from here on that shows no key may be the one that is looked for: its workflow would not be as it must be. */
    const strictMs = earliestMs(job, client.nowMs(), 300_000) ?? 0
    let to: string | null = null
    let nameless: string | null = null
    for (let search = 0; search < MAX_SEARCHES; search++) {
      const from = fromMs === null ? null : isoOf(fromMs)
      const created: string | null = to === null ? (from === null ? null : `>=${from}`) : from === null ? `<=${to}` : `${from}..${to}`
      let oldest: string | null = null
      for (let page = 1; page <= MAX_PAGES; page++) {
        const answer: Answer | Uncertain = await ask('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
          event: 'workflow_dispatch',
          owner: place.owner,
          page,
          per_page: PAGE,
          repo: place.repo,
          workflow_id: place.workflow,
          ...(created === null ? {} : { created })
        })
        if (answer._tag === 'Uncertain') return answer
        const runs: ReadonlyArray<Run> | undefined = answer.status === 200 ? decoded(Runs, answer)?.workflow_runs : undefined
        if (runs === undefined) return doubt(answer)
        for (const { created_at: at, display_title: title, html_url: link, id } of runs) {
          const marks = marksIn(title ?? '')
          if (marks.includes(mark)) return externalOf(place, id)
          if (marks.length === 0 && !(Date.parse(at) < strictMs)) nameless ??= link ?? String(id)
          oldest = at
        }
        if (runs.length < PAGE)
          return nameless === null
            ? { _tag: 'Missing' }
            : client.uncertain(
                `the run ${nameless} does not show in its name which build it is of, so it may be this one: ` +
                  `the workflow "${place.workflow}" needs a run-name with \${{ inputs.tack_key }}`
              )
      }
      // As far as one search shows. Runs of that very second are met again.
      to = oldest
    }
    return client.uncertain('GitHub lists more runs than can be looked through')
  }
