/** Stand-in until core/wire/status.ts is there. */
import * as E from 'fp-ts/lib/Either.js'
import { clampTimeUs, type StatusEntry, tidOf, type TimeUs } from '../../core/index.js'

export const statusFrame = ({ build, createdUs, error, exitCode, status }: StatusEntry): string =>
  `{"rkey":"${tidOf(createdUs)}","nsid":"sh.tangled.pipeline.status","event":${JSON.stringify({
    $type: 'sh.tangled.pipeline.status',
    pipeline: `at://did:web:${build.knot}/sh.tangled.pipeline/${build.rkey}`,
    workflow: build.workflow,
    status,
    createdAt: new Date(createdUs / 1000).toISOString(),
    ...(error === null ? {} : { error }),
    ...(exitCode === null ? {} : { exitCode })
  })},"created":${String(createdUs)}000}`

export const decodeCursor = (text: string): E.Either<string, TimeUs> =>
  /^[0-9]{1,19}$/.test(text) && BigInt(text) < 2n ** 63n
    ? E.right(clampTimeUs(Number(BigInt(text) / 1000n)))
    : E.left('the cursor must be a time in nanoseconds: a whole number from 0 to 9223372036854775807')
