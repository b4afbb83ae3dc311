/** Turns a provider's report of a build, from a webhook or a poll, into an event. */
import { type BuildName, type BuildReported, ExitCode, type TimeUs } from '../../core/index.js'
import type { Progress } from './provider.js'

/** The event. An exit code from the provider that no command can have is left out. */
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
