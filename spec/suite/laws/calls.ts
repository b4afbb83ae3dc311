/** CALL: what holds of calls, and of the tokens by which they are made. The words are in laws.md. */
import { Builds, callAnswer, type Event, isMember, OrderedMap as M, runOutcome, type State, tidOf } from '../../../core/index.js'
import { mayTrigger, holds } from './builds.js'
import { all, because, equal, every, type Laws, same, when } from './law.js'
import { configured, type Run } from './run.js'

export type Called = Extract<Event, { readonly _tag: 'CallReceived' }>

/** Refusals for which nothing changes, the tokens neither. */
const STRANGERS: ReadonlyArray<Builds.CallRefusal> = ['expired', 'used', 'busy', 'right']

type Begun = Extract<Builds.CallAnswer, { readonly _tag: 'Begun' }>

/** Events after which it is known what the files hold. */
const READINGS: ReadonlyArray<Event['_tag']> = ['RequestFailed', 'WorkflowsRead']

const keyOf = ({ caller, token }: Called): Builds.TokenKey => `${caller} ${token.id}` as Builds.TokenKey

const withoutTokens = (builds: State['builds']): object => ({ ...builds, tokens: null, tokensUs: null })

export const isTaken = (before: State, event: Event): event is Called => {
  if (event._tag !== 'CallReceived') return false
  const answer = callAnswer(event)(before)
  return answer._tag !== 'Refused' || !STRANGERS.includes(answer.refusal)
}

export const CALL = {
  'CALL-1': (run: Run) =>
    every(run.steps, ({ after, before, effects, event }) => {
      if (event._tag !== 'CallReceived') return true
      const answer = callAnswer(event)(before)
      switch (answer._tag) {
        case 'Refused':
          return all(
            equal('what a refused call causes', effects, []),
            because(same(withoutTokens(after.builds), withoutTokens(before.builds)), () => 'a refused call changes more than the tokens'),
            when(STRANGERS.includes(answer.refusal), () => because(same(after, before), () => `a call refused as ${answer.refusal} changes something`))
          )
        case 'Cancelled':
          return all(
            because(answer.builds.length > 0, () => 'nothing is cancelled'),
            equal(
              'what is cancelled',
              effects.flatMap((effect) => (effect._tag === 'PublishStatus' && effect.entry.status === 'cancelled' ? [effect.entry.build] : [])),
              answer.builds
            )
          )
        case 'Begun':
          return because(
            Builds.runOf(before.builds, answer.knot, answer.rkey) === null && Builds.runOf(after.builds, answer.knot, answer.rkey)?.actor === event.caller,
            () => 'no run of the caller has begun under the key that was said'
          )
      }
    }),

  'CALL-2': (run: Run) => {
    const taken = new Map<string, number>()
    return every(run.steps, ({ after, before, event }) => {
      const tokens = M.toEntries(after.builds.tokens)
      const bound = all(
        because(tokens.length <= 5_000, () => `${String(tokens.length)} tokens are remembered`),
        because(after.builds.tokensUs >= before.builds.tokensUs, () => 'the time of tokens went back')
      )
      if (bound !== true || !isTaken(before, event)) return bound
      const key = keyOf(event)
      const untilUs = taken.get(key) ?? 0
      taken.set(key, event.token.untilUs)
      return all(
        // Used again, it is another one of that name, which came when the first could not be used any more.
        because(untilUs <= Math.max(before.builds.tokensUs, event.at), () => `${key} counted twice`),
        because(M.has(key)(after.builds.tokens), () => `${key} is not remembered`)
      )
    })
  },

  'CALL-3': (run: Run) =>
    configured(run, ({ after, before, effects, event }, config) => {
      if (event._tag !== 'CallReceived' || effects.length === 0) return true
      const answer = callAnswer(event)(before)
      if (answer._tag === 'Refused') return true
      const names = answer._tag === 'Begun' ? [{ knot: answer.knot, rkey: answer.rkey }] : answer.builds.map(({ knot, rkey }) => ({ knot, rkey }))
      return every(names, ({ knot, rkey }) => {
        const repository = Builds.runOf(after.builds, knot, rkey)?.repository
        return all(
          equal('the repository', repository?.did, event.call.repo),
          because(
            repository !== undefined && holds(before, config, knot, repository.owner, repository.rkey) && mayTrigger(before, repository, event.caller),
            () => `${event.caller} has no say`
          )
        )
      })
    }),

  'CALL-4': (run: Run) => {
    const waiting = new Map<string, Begun>()
    return every(run.steps, ({ after, before, effects, event }) => {
      const verdict = every([...waiting], ([key, { knot, rkey }]) => {
        const outcome = runOutcome({ knot, rkey })(after, effects)
        if (outcome !== null) waiting.delete(key)
        const left = Builds.runOf(after.builds, knot, rkey)
        const announced = effects.flatMap((effect) =>
          effect._tag === 'PublishPipeline' && effect.entry.knot === knot && effect.entry.rkey === rkey ? [tidOf(effect.entry.createdUs)] : []
        )
        return all(
          because((outcome === null) === (left !== null && left.announced === null), () => `of a run that is ${left === null ? 'gone' : 'there'}, ${outcome?._tag ?? 'nothing'} is told`),
          equal('the pipeline that is told', outcome?._tag === 'Announced' ? [outcome.pipeline] : [], announced),
          because(outcome?._tag !== 'Cancelled' || !READINGS.includes(event._tag), () => 'a run whose files were read counts as cancelled'),
          because(outcome?._tag !== 'Empty' || event._tag === 'WorkflowsRead', () => 'a run whose files were not read counts as empty')
        )
      })
      const answer = event._tag === 'CallReceived' ? callAnswer(event)(before) : null
      if (answer?._tag === 'Begun') waiting.set(`${answer.knot}/${answer.rkey}`, answer)
      return verdict
    })
  }
} satisfies Laws

/** Somebody who is a member, and has no say in what is called. */
export const isByMember = (before: State, event: Called): boolean => isMember(event.caller)(before)
