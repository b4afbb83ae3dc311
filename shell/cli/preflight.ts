/**
 * What is known of an installation without asking anybody: `tack check` tells it as findings, `tack run` before it begins. Nothing here takes longer
 * than a program that is started.
 */
import { userInfo } from 'node:os'
import { providerNames } from './assemble.js'
import { checkPatterns, whereIn } from './check-allowed.js'
import { checkGit } from './check-machine.js'
import type { ReadConfiguration } from './configuration.js'
import { type Finding, remark, wrong } from './finding.js'
import { unknownVariables } from './variables.js'

/** The user that this process runs as; `null` where there is no such thing. */
const uid = (): number | null => process.getuid?.() ?? null

/** Whether builds would be root. */
export const checkUser = ({ configuration: { providers } }: ReadConfiguration, user = uid()): ReadonlyArray<Finding> => {
  const local = [...providers].filter(([, { kind }]) => kind === 'local').map(([name]) => `"${name}"`)
  return user !== 0 || local.length === 0
    ? []
    : [
        remark(
          'user',
          `tack runs as ${userInfo().username}, and so do the builds of ${local.join(', ')}: whoever may push there owns this machine. ` +
            'Run tack as a user of its own (shell/deploy/README.md, "Configure").'
        )
      ]
}

/** Files with secrets that others can read, and variables that mean nothing. */
export const checkSurroundings = (read: ReadConfiguration, remarks: ReadonlyArray<string>, environment: NodeJS.ProcessEnv): ReadonlyArray<Finding> => [
  ...[...read.remarks, ...remarks].map((sentence) => remark('secrets', `${sentence}.`)),
  ...unknownVariables(environment).map((sentence) => wrong('environment', sentence))
]

export interface Preflight {
  /** Why it would be in vain to begin; `null` when it is not. */
  readonly obstacle: string | null
  /** What the operator is told, and can be mended later. */
  readonly warnings: ReadonlyArray<Finding>
}

/** What `run` says before it begins. Without git, no workflow file could be read, and every push would come to nothing. */
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
