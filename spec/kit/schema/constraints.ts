/**
 * What the codecs that are functions ask of a value, in the words of JSON Schema: the one place where a constraint is written a
 * second time. A test holds each of these against its codec.
 *
 * Patterns keep to what most languages have: no look-ahead, no back-reference.
 */
import type { Json } from '../../../core/index.js'

export type Schema = { readonly [keyword: string]: Json }

/** A pattern for what is written in digits without a leading zero, and is at most `max`: shorter, or as long and not greater. */
const atMost = (max: string): string => {
  const asLong = Array.from(max).flatMap((digit, i) => {
    const least = i === 0 ? 1 : 0
    const below = Number(digit) - 1
    if (below < least) return []
    const rest = max.length - i - 1
    return [`${max.slice(0, i)}[${String(least)}-${String(below)}]${rest === 0 ? '' : `[0-9]{${String(rest)}}`}`]
  })
  return `[1-9][0-9]{0,${String(max.length - 2)}}|${asLong.join('|')}|${max}`
}

const PORT_MAX = 65_535
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const NSID_LABEL = '(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'

const text = (pattern: string): Schema => ({ type: 'string', pattern })
const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum })

/** By the names of the codecs. */
export const CONSTRAINTS: { readonly [name in string]?: Schema } = {
  ExitCode: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  Did: { ...text('^did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]$'), maxLength: 2_048 },
  HostName: {
    ...text(`^(?:${LABEL}\\.)*${LABEL}(?::(?:${atMost(String(PORT_MAX))}))?$`),
    $comment: 'The name is at most 253 characters long, and its last label makes no address of it.',
    not: { type: 'string', pattern: '^[^:]{254}|(?:^|\\.)(?:[0-9]+|0x[^.:]*)(?::|$)' }
  },
  Nanos: text(`^(?:0|${atMost('9223372036854775807')})$`),
  Natural: integer(0, Number.MAX_SAFE_INTEGER),
  NonEmpty: { type: 'string', minLength: 1 },
  Nsid: {
    ...text(`^[A-Za-z]${NSID_LABEL}(?:\\.[A-Za-z0-9]${NSID_LABEL})+\\.[A-Za-z][A-Za-z0-9]{0,62}$`),
    maxLength: 317
  },
  Port: integer(1, PORT_MAX),
  RunKey: text('^[^/]+/[^/]+$'),
  Sha: text('^(?:[0-9a-f]{40}|[0-9a-f]{64})$'),
  Rkey: { ...text('^[A-Za-z0-9_~.:-]{1,512}$'), not: { enum: ['.', '..'] } },
  Tid: text('^[2-7a-j][2-7a-z]{12}$'),
  TimeUs: integer(0, Number.MAX_SAFE_INTEGER),
  WorkflowName: { ...text('^[ -.0-\\[\\]-~\\u0080-\\ud7ff]{1,100}$'), not: { enum: ['.', '..'] } },

  // Of the lines, not of the machine.
  Hash: text('^[0-9a-f]{16}$'),
  JSON: { $comment: 'Any JSON. Which it has to be, formats.md says; the other schemas say what is one.' },
  id: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

/** What a codec asks for and no schema can say, by the names of the codecs. */
export const BEYOND: { readonly [name in string]?: string } = {
  State:
    'Beyond what is said here, a state is refused when its accounts do not strictly ascend by DID; when an account has no ' +
    'slots and no floor; when the subscriptions are not exactly the knots that the rows hold; when the connection of a knot ' +
    'carries a number not less than next; when rereadUs is not less than the cursor; when the runs do not strictly ascend by key, or ' +
    'the statuses by createdUs; when a status was created, or a run was announced, after lastUs, or two of them at one moment; when a run, a build or its deadline carries a number not less ' +
    'than next of the builds.'
}

/** The same for a map that is written as entries. */
export const ASCENDING = 'The keys strictly ascend, compared by UTF-16 code unit, which no schema can say.'
