/** Decoders for Gitea's answers, and their meaning. */
import * as t from 'io-ts'
import type { Progress } from './provider.js'

/** The workflow whose runs end those of a build. */
export const CANCEL_WORKFLOW = 'tack-cancel.yml'

export const Dispatched = t.type({ workflow_run_id: t.Int })
export const Repository = t.intersection([t.type({ default_branch: t.string }), t.partial({ permissions: t.type({ push: t.boolean }) })])
export const User = t.type({ login: t.string })
export const Workflow = t.type({ id: t.string })
export const Run = t.intersection([
  t.type({ display_title: t.string, html_url: t.string, id: t.Int, started_at: t.string, status: t.string }),
  // Gitea leaves it out while the run goes on.
  t.partial({ conclusion: t.string })
])
export type Run = t.TypeOf<typeof Run>
export const Runs = t.type({ total_count: t.Int, workflow_runs: t.readonlyArray(Run) })
export const Job = t.intersection([t.type({ id: t.Int, name: t.string, status: t.string }), t.partial({ conclusion: t.string })])
export type Job = t.TypeOf<typeof Job>
export const Jobs = t.type({ jobs: t.readonlyArray(Job), total_count: t.Int })
export const Complaint = t.type({ message: t.string })

export const progressOf = ({ conclusion, html_url: link, status }: Run, external: string): Progress => {
  const report = (to: Progress['status'], error: string | null): Progress => ({ error, exitCode: null, external, status: to })
  switch (status) {
    case 'completed':
      break
    case 'in_progress':
      return report('running', null)
    default:
      // "queued", and "waiting", which is for another job, a concurrency group, or an approval.
      return report('pending', null)
  }
  switch (conclusion) {
    case 'success':
    case 'skipped':
      return report('success', null)
    case 'cancelled':
      return report('cancelled', null)
    case 'failure':
      return report('failed', `The run failed: ${link}`)
    default:
      return report('failed', `The run ended as "${conclusion ?? 'unknown'}": ${link}`)
  }
}
