/** What a provider says of a build, as an event: by a webhook, or when it is asked. */
import { type BuildName, type BuildReported, ExitCode, type TimeUs } from '../../core/index.js'
import type { Progress } from './provider.js'

/** A provider's number that cannot be what a command ended with is left out. */
export const reportOf = (at: TimeUs, provider: string, build: BuildName, { error, exitCode, external, status }: Progress): BuildReported => ({
  _tag: 'BuildReported',
  at,
  build,
  error,
  exitCode: ExitCode.is(exitCode) ? exitCode : null,
  external,
  provider,
  status
})
