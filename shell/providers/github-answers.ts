/** Decoders for GitHub's answers, and their meaning. */
import * as t from 'io-ts'
import { type HttpResponse, decodeAnswer } from './common.js'
import type { Progress } from './provider.js'

// ---------------------------------------------------------------------------------------- what GitHub says

/** The length of a page of a list; then, how many pages to read. */
export const PAGE = 100
export const MAX_PAGES = 10

export const Dispatched = t.type({ workflow_run_id: t.Int })
export const Repository = t.type({ default_branch: t.string })
export const text = t.union([t.string, t.null])
export const Run = t.intersection([
  t.type({ created_at: t.string, id: t.Int, status: text }),
  t.partial({ conclusion: text, display_title: text, html_url: text })
])
export type Run = t.TypeOf<typeof Run>
export const Runs = t.type({ workflow_runs: t.readonlyArray(Run) })
export const Jobs = t.type({ jobs: t.readonlyArray(t.intersection([t.type({ id: t.Int, name: t.string, status: t.string }), t.partial({ conclusion: text })])) })
export const Hook = t.type({ repository: t.type({ full_name: t.string }), workflow_run: Run })
export const Trouble = t.intersection([t.type({ message: t.string }), t.partial({ errors: t.unknown })])

export const wordsOf = (answer: HttpResponse): string => {
  const trouble = decodeAnswer(Trouble, answer)
  if (trouble === null) return ''
  return trouble.errors === undefined ? trouble.message : `${trouble.message} ${JSON.stringify(trouble.errors)}`
}

/** GitHub signals a rate limit by 429, or by 403 with one of three signs. */
export const isLimited = (answer: HttpResponse): boolean =>
  answer.status === 429 ||
  (answer.status === 403 &&
    (answer.headers.has('retry-after') || answer.headers.get('x-ratelimit-remaining') === '0' || /rate limit/i.test(wordsOf(answer))))

export const progressOf = ({ conclusion = null, html_url: link = null, status }: Run, external: string): Progress => {
  const report = (to: Progress['status'], error: string | null): Progress => ({ error, exitCode: null, external, status: to })
  const at = link === null ? '.' : `: ${link}`
  if (status === 'in_progress') return report('running', null)
  // The states are queued, requested, pending, and waiting, which means waiting for an approval.
  if (status !== 'completed') return report('pending', status === 'waiting' ? `The run is waiting for somebody to approve it at GitHub${at}` : null)
  switch (conclusion) {
    case 'success':
    case 'neutral':
    case 'skipped':
      return report('success', null)
    case 'cancelled':
      return report('cancelled', null)
    case 'timed_out':
      return report('timeout', `The run took longer than its workflow allows${at}`)
    case 'failure':
      return report('failed', `The run failed${at}`)
    case 'startup_failure':
      return report('failed', `GitHub could not start the run: its workflow file is invalid${at}`)
    case 'action_required':
      return report('failed', `The run ended because it needs somebody to act at GitHub${at}`)
    default:
      return report('failed', `The run ended as "${conclusion ?? 'unknown'}"${at}`)
  }
}
