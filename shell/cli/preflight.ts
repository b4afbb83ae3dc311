/**
 * Checks that need no network: `tack check` reports them as findings, `tack run` before it starts. None takes longer than starting a program.
 */
import { userInfo } from 'node:os'
import { providerNames } from './assemble.js'
import { checkPatterns, whereIn } from './check-allowed.js'
import { checkGit } from './check-machine.js'
import type { ReadConfiguration } from './configuration.js'
import { type Finding, remark, wrong } from './finding.js'
import { unknownVariables } from './variables.js'

/** The user id of this process; `null` if the platform has none. */
const uid = (): number | null => process.getuid?.() ?? null

/** Whether builds would run as root. */
export const checkUser = ({ configuration: { providers } }: ReadConfiguration, user = uid()): ReadonlyArray<Finding> => {
  const local = [...providers].filter(([, { kind }]) => kind === 'local').map(([name]) => `"${name}"`)
  return user !== 0 || local.length === 0
    ? []
    : [
        remark(
          'user',
          `tack runs as ${userInfo().username}, and so do the builds of ${local.join(', ')}: whoever may push there controls this machine. ` +
            'Run tack as a user of its own (shell/deploy/README.md, "Configure").'
        )
      ]
}

/** Files with secrets that others can read, and unknown variables. */
export const checkSurroundings = (read: ReadConfiguration, remarks: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): ReadonlyArray<Finding> => [
  ...[...read.remarks, ...remarks].map((sentence) => remark('secrets', `${sentence}.`)),
  ...unknownVariables(environment).map((sentence) => wrong('environment', sentence))
]

export interface Preflight {
  /** Why it is useless to start; `null` if nothing stops it. */
  readonly obstacle: string | null
  /** Findings that the operator can fix later. */
  readonly warnings: ReadonlyArray<Finding>
}

/** What `run` checks before it starts. Without git no workflow file could be read, so no push would be built. */
export const preflight = async (read: ReadConfiguration, remarks: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): Promise<Preflight> => {
  const git = await checkGit()
  const isEmpty = providerNames(read.configuration, environment).length === 0
  return {
    obstacle: git.isFine ? null : git.sentence,
    warnings: [
      ...(isEmpty ? [wrong('configuration', NO_PROVIDER)] : []),
      ...checkPatterns(read.configuration, whereIn(read)),
      ...checkUser(read),
      ...checkSurroundings(read, remarks, environment)
    ]
  }
}

export const NO_PROVIDER =
  'No provider is configured, so nothing can be built: add one under "providers" in the configuration file (shell/deploy/README.md).'
