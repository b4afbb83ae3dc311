/** All examples, in the order of the rules. */
import { ACCESS } from './access.js'
import { ACCOUNTS } from './accounts.js'
import { ADMISSION } from './admission.js'
import { BACKFILL } from './backfill.js'
import { BUILDS_EXAMPLES } from './builds.js'
import { CALLS } from './calls.js'
import { CORNERS } from './corners.js'
import { DECISIONS } from './decisions.js'
import { FINE_PRINT } from './fine-print.js'
import { GUESSED } from './guessed.js'
import { KNOTS } from './knots.js'
import { ROOM_EXAMPLES } from './room.js'
import { ROWS_EXAMPLES } from './rows.js'
import { STREAM } from './stream.js'
import type { Example } from './support.js'
import { TRIGGERS } from './triggers.js'
import { WORKFLOWS } from './workflows.js'

export const EXAMPLES: ReadonlyArray<Example> = [
  ...STREAM,
  ...ROWS_EXAMPLES,
  ...KNOTS,
  ...DECISIONS,
  ...ACCOUNTS,
  ...ADMISSION,
  ...FINE_PRINT,
  ...BACKFILL,
  ...TRIGGERS,
  ...WORKFLOWS,
  ...BUILDS_EXAMPLES,
  ...ROOM_EXAMPLES,
  ...CALLS,
  ...CORNERS,
  ...ACCESS,
  ...GUESSED
]
