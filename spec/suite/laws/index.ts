/** All laws, by id. */
import { ACCESS } from './access.js'
import { BACKFILL } from './backfill.js'
import { BUILD } from './builds.js'
import { CALL } from './calls.js'
import { CANON } from './canon.js'
import { CODEC } from './codec.js'
import { COMMIT } from './commit.js'
import { CROWD } from './crowd.js'
import { CURSOR } from './cursor.js'
import { HOST } from './host.js'
import { INQUIRY } from './inquiry.js'
import { KNOT } from './knot.js'
import { MACHINE } from './machine.js'
import { MAP } from './map.js'
import { NONINTERFERENCE } from './noninterference.js'
import { PIPE } from './pipelines.js'
import { RESENT } from './resent.js'
import { STREAM } from './stream.js'
import { WIRE } from './wire.js'

export const LAWS = {
  ...MACHINE,
  ...COMMIT,
  ...RESENT,
  ...CURSOR,
  ...KNOT,
  ...NONINTERFERENCE,
  ...ACCESS,
  ...INQUIRY,
  ...CROWD,
  ...BACKFILL,
  ...BUILD,
  ...STREAM,
  ...PIPE,
  ...CALL,
  ...MAP,
  ...HOST,
  ...CANON,
  ...CODEC,
  ...WIRE
}
