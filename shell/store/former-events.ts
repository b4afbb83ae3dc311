/**
 * Events of journals of numbers 1 and 2, from before the first release, in today's form. These journals are folded by today's rules (former-rules.ts), so
 * what their events left unsaid is put in as what held when they were written.
 */
import { defaults } from '../../core/index.js'

/** When these were written, every refUpdate was acted on at once. */
const modernTrigger = (trigger: unknown): unknown =>
  typeof trigger !== 'object' || trigger === null || 'shape' in trigger
    ? trigger
    : { ...trigger, shape: 'kind' in trigger && trigger.kind === 'refUpdate' ? 'past' : null, unkept: [] }

/** A frame had a trigger, a sentence where that could not be read, or `null` where it was about something else. */
const modernPayload = (trigger: unknown): object => {
  if (trigger === null) return { _tag: 'Other' }
  return typeof trigger === 'string' ? { _tag: 'Unreadable', detail: trigger } : { _tag: 'Trigger', trigger: modernTrigger(trigger) }
}

/**
 * An event of a journal of numbers 1 and 2 in today's form. In the first of them a knot's frame told nothing of triggers, and the
 * configuration nothing of builds. In both, frames of the stream had no number, an account event did not say when it was, a trigger not
 * its shape, and the configuration named neither the stream's server nor caps.
 */
export const modernEvent = (event: unknown): unknown => {
  if (typeof event !== 'object' || event === null || !('_tag' in event)) return event
  switch (event._tag) {
    case 'KnotReceived':
      return { ...event, payload: modernPayload('trigger' in event ? event.trigger : null) }
    case 'AccountReceived':
      return { changedUs: null, ordinal: null, seq: null, ...event }
    case 'CommitReceived':
    case 'FrameRejected':
    case 'StreamAdvanced':
      return { ordinal: null, ...event }
    case 'CancelHeard':
      return { ...event, _tag: 'CancelAcknowledged' }
    case 'RecordsUnread':
    case 'WorkflowsUnread':
    case 'BuildRefused':
    case 'BuildUncertain':
      return failedRequest(event)
    case 'TimerFired':
      return 'timer' in event ? { ...event, timer: modernTimer(event.timer) } : event
    // The adapter itself had waited until this could be believed.
    case 'BuildMissing':
      return { settleMs: 0, ...event }
    // Files were read, and only what they say was kept.
    case 'WorkflowsRead':
      return { sources: null, unkept: [], ...event, ...modernWorkflows(event) }
    case 'Started':
      return 'config' in event && typeof event.config === 'object' ? { ...event, config: modernConfig(event.config) } : event
    default:
      return event
  }
}

/** There was room for whatever came: the next start says how much there is. */
const ROOM = { keepUnits: Number.MAX_SAFE_INTEGER, owedUnits: Number.MAX_SAFE_INTEGER }

const modernConfig = (config: object | null): object => {
  const all = { ...CONFIGURED, ...config }
  return { ...all, builds: { ...all.builds, ...ROOM } }
}

type Fields = { readonly [field: string]: unknown }

/** What a request was about, by the fields that name it. */
const requestedIn = ({ build, did, knot, rkey }: Fields): object =>
  build !== undefined ? { _tag: 'Build', build } : did !== undefined ? { _tag: 'Records', did } : { _tag: 'Workflows', knot, rkey }

/** Each kind of request had its own way to say that it had failed, and what a provider would not do was refused. */
const failedRequest = (event: Fields): object => ({
  _tag: 'RequestFailed',
  at: event['at'],
  error: event['error'],
  isFinal: event['isFinal'] ?? event['_tag'] === 'BuildRefused',
  number: event['number'],
  requested: requestedIn(event),
  waitMs: event['waitMs'] ?? 0
})

/** Each kind of request had a timer of its own. */
const modernTimer = (timer: unknown): unknown => {
  if (typeof timer !== 'object' || timer === null || !('_tag' in timer)) return timer
  const { _tag, ...fields }: Fields = { ...timer }
  return _tag === 'RecordsTimer' || _tag === 'WorkflowsTimer' || _tag === 'BuildTimer'
    ? { _tag: 'RequestTimer', number: fields['number'], requested: requestedIn(fields) }
    : timer
}

/** What a configuration says that did not say it. */
const CONFIGURED = (({ backfill, builds, caps, collaborators, jetstream }) => ({ backfill, builds, caps, collaborators, jetstream }))(defaults({ hostname: '', owner: '' }))

/**
 * A workflow file: what could not be understood told nothing of `when`, and nothing was told of keys that mean nothing, nor of how much room it
 * takes, since there was always room.
 */
const modernWorkflow = (workflow: unknown): unknown => {
  if (typeof workflow !== 'object' || workflow === null) return workflow
  if ('content' in workflow) return { units: 0, ...workflow }
  if (!('when' in workflow) || !Array.isArray(workflow.when)) return { ...workflow, content: '', when: null }
  return { ...workflow, units: 0, content: '', when: workflow.when.map((condition: object) => ({ ...condition, unknown: null })) }
}

/** Those of an event that brings some. */
const modernWorkflows = (event: object): object =>
  'workflows' in event && Array.isArray(event.workflows) ? { workflows: event.workflows.map(modernWorkflow) } : {}
