/**
 * Converts events from journals of numbers 1 and 2, which precede the first release, to today's form. Today's rules fold these journals
 * (former-rules.ts), so whatever their events left out is filled in with what held when they were written.
 */
import { defaults } from '../../core/index.js'

/** At that time, every refUpdate was acted on at once. */
const modernTrigger = (trigger: unknown): unknown =>
  typeof trigger !== 'object' || trigger === null || 'shape' in trigger
    ? trigger
    : { ...trigger, shape: 'kind' in trigger && trigger.kind === 'refUpdate' ? 'past' : null, unkept: [] }

/** A frame held a trigger, or a sentence if its trigger was unreadable, or `null` if it was about something else. */
const modernPayload = (trigger: unknown): object => {
  if (trigger === null) return { _tag: 'Other' }
  return typeof trigger === 'string' ? { _tag: 'Unreadable', detail: trigger } : { _tag: 'Trigger', trigger: modernTrigger(trigger) }
}

/**
 * An event from a journal of number 1 or 2, in today's form. In number 1, a frame from a knot did not tell of triggers, and the configuration did not
 * tell of builds. In both, a frame of the stream had no number, an account event had no time, a trigger had no shape, and the configuration named
 * neither the server of the stream nor any caps.
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
    // The adapter itself waited until the answer could be trusted.
    case 'BuildMissing':
      return { settleMs: 0, ...event }
    // The files were read, but only their meaning was kept.
    case 'WorkflowsRead':
      return { sources: null, unkept: [], ...event, ...modernWorkflows(event) }
    case 'Started':
      return 'config' in event && typeof event.config === 'object' ? { ...event, config: modernConfig(event.config) } : event
    default:
      return event
  }
}

/** There was no limit on room. The next start sets one. */
const ROOM = { keepUnits: Number.MAX_SAFE_INTEGER, owedUnits: Number.MAX_SAFE_INTEGER }

const modernConfig = (config: object | null): object => {
  const all = { ...CONFIGURED, ...config }
  return { ...all, builds: { ...all.builds, ...ROOM } }
}

type Fields = { readonly [field: string]: unknown }

/** The request, identified by the fields that the event has. */
const requestedIn = ({ build, did, knot, rkey }: Fields): object =>
  build !== undefined ? { _tag: 'Build', build } : did !== undefined ? { _tag: 'Records', did } : { _tag: 'Workflows', knot, rkey }

/** Each kind of request had an event of its own for failures. `BuildRefused` was the final one of builds. */
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

/** The defaults of settings that did not exist. */
const CONFIGURED = (({ backfill, builds, caps, collaborators, jetstream }) => ({ backfill, builds, caps, collaborators, jetstream }))(defaults({ hostname: '', owner: '' }))

/** A workflow file. A faulty one had no `when`. Neither unknown keys nor the room that a workflow takes were recorded: there was always room. */
const modernWorkflow = (workflow: unknown): unknown => {
  if (typeof workflow !== 'object' || workflow === null) return workflow
  if ('content' in workflow) return { units: 0, ...workflow }
  if (!('when' in workflow) || !Array.isArray(workflow.when)) return { ...workflow, content: '', when: null }
  return { ...workflow, units: 0, content: '', when: workflow.when.map((condition: object) => ({ ...condition, unknown: null })) }
}

/** The workflows of an event, if it has any. */
const modernWorkflows = (event: object): object =>
  'workflows' in event && Array.isArray(event.workflows) ? { workflows: event.workflows.map(modernWorkflow) } : {}
