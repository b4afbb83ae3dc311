/** What has become of the run that a call has begun (T7). */
import * as Builds from '../builds/index.js'
import type { HostName } from '../data/host-name.js'
import { type Rkey, type Tid, tidOf } from '../data/identifiers.js'
import type { Effect } from '../effect.js'
import type { State } from '../state.js'

/** What has become of a run. */
export type RunOutcome =
  | {
      /** It has been announced: clients know it by this id, whatever becomes of its builds. */
      readonly _tag: 'Announced'
      readonly pipeline: Tid
    }
  /** It ended before its files were read: by an order, or because its repository is gone. */
  | { readonly _tag: 'Cancelled' }
  /** None of the files that it was to run exists. */
  | { readonly _tag: 'Empty' }
  /** Whoever began it has lost the right to. */
  | { readonly _tag: 'Refused' }
  | {
      /** Its files cannot be read. */
      readonly _tag: 'Unreadable'
      readonly detail: string
    }

type Named = { readonly knot: HostName; readonly rkey: Rkey }

/** What an effect says about the run. */
const saidBy = ({ knot, rkey }: Named, effect: Effect): RunOutcome | null => {
  if (effect._tag === 'PublishPipeline') {
    const { entry } = effect
    return entry.knot === knot && entry.rkey === rkey ? { _tag: 'Announced', pipeline: tidOf(entry.createdUs) } : null
  }
  if (effect._tag !== 'Report') return null
  const { report } = effect
  switch (report._tag) {
    case 'TriggerIgnored':
      return report.knot === knot && report.rkey === rkey ? { _tag: 'Empty' } : null
    case 'TriggerRefused':
      return report.knot === knot && report.rkey === rkey ? { _tag: 'Refused' } : null
    case 'WorkflowsReadFailed':
      return report.knot === knot && report.rkey === rkey ? { _tag: 'Unreadable', detail: report.detail } : null
    default:
      return null
  }
}

/**
 * What has become of a run that a call has begun, by the state after some steps and their effects; `null` while that is
 * not known. Ask after every batch until it is: only the effects say why a run was abandoned.
 *
 * The first effect that says something about the run decides, then the state.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, Config, defaults, initial, Rkey, runOutcome } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * const knot = canonicalHost({ defaultPort: 443, loopback: false, ports: false })('knot.example')
 * const rkey = Rkey.decode('3mbd3542k2222')
 * assert(config._tag === 'Right' && knot._tag === 'Some' && rkey._tag === 'Right')
 * const run = { knot: knot.value, rkey: rkey.right }
 * assert.deepStrictEqual(runOutcome(run)(initial(config.right), []), { _tag: 'Cancelled' })
 */
export const runOutcome =
  (named: Named) =>
  (state: State, effects: ReadonlyArray<Effect>): RunOutcome | null => {
    for (const effect of effects) {
      const said = saidBy(named, effect)
      if (said !== null) return said
    }
    const run = Builds.runOf(state.builds, named.knot, named.rkey)
    if (run === null) return { _tag: 'Cancelled' }
    return run.announced === null ? null : { _tag: 'Announced', pipeline: tidOf(run.announced.createdUs) }
  }
