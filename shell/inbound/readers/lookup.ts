/** Looks up the run or build that a path names. Only names found here ever reach a provider or the machine. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type BuildName, Builds, canonicalHost, type HostName, OrderedMap, Rkey, type State, WorkflowName } from '../../../core/index.js'

export interface FoundRun {
  readonly knot: HostName
  readonly rkey: Rkey
  readonly run: Builds.Run
}

export interface FoundBuild {
  readonly build: Builds.Build
  readonly name: BuildName
  readonly run: Builds.Run
}

/** The run of that key. */
export const runNamed = (state: State, knot: string, rkey: string): O.Option<FoundRun> =>
  pipe(
    canonicalHost(state.config.hosts)(knot),
    O.chain((host) => {
      const key = `${host}/${rkey}`
      return Rkey.is(rkey) && Builds.RunKey.is(key)
        ? pipe(
            OrderedMap.lookup<Builds.RunKey>(key)(state.builds.runs),
            O.map((run) => ({ knot: host, rkey, run }))
          )
        : O.none
    })
  )

/** The build of that workflow. */
export const buildOf = ({ knot, rkey, run }: FoundRun, workflow: string): O.Option<FoundBuild> =>
  WorkflowName.is(workflow)
    ? pipe(
        OrderedMap.lookup<WorkflowName>(workflow)(run.builds),
        O.map((build) => ({ build, name: { knot, rkey, workflow }, run }))
      )
    : O.none

export const buildNamed = (state: State, knot: string, rkey: string, workflow: string): O.Option<FoundBuild> =>
  pipe(
    runNamed(state, knot, rkey),
    O.chain((run) => buildOf(run, workflow))
  )
