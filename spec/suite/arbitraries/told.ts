/** What a knot may send as a trigger, and what a parser may make of a workflow file: right in most parts, and wrong in any of them. */
import fc from 'fast-check'
import type { Json } from '../../../core/index.js'
import { weighted } from './data.js'

const SHA = 'a'.repeat(40)

/** A field that is left out. */
const LEFT_OUT = Symbol('left out')
type Field = Json | typeof LEFT_OUT

/** Mostly one of these; else what stands for nothing, or is wrong. */
const field = (...good: ReadonlyArray<Json>): fc.Arbitrary<Field> =>
  weighted<Field>(
    ...good.map((value): readonly [number, Field] => [Math.ceil(12 / good.length), value]),
    [2, LEFT_OUT],
    [1, null],
    [1, ''],
    [1, 7],
    [1, []],
    [1, {}],
    [1, 'a b'],
    [1, 'x'.repeat(1_025)]
  )

const objectOf = (fields: { readonly [key: string]: fc.Arbitrary<Field> }): fc.Arbitrary<Json> =>
  fc.record(fields, { noNullPrototype: true }).map((drawn) => Object.fromEntries(Object.entries(drawn).filter((entry): entry is [string, Json] => entry[1] !== LEFT_OUT)))

const shas = field(SHA, 'b'.repeat(64), '0'.repeat(40), 'A'.repeat(40), 'a'.repeat(41))
const names = field('app', 'ünï', 'x'.repeat(1_024))
const didFields = field('did:plc:app', 'did:web:a.example', 'did:plc:')
const refs = field('refs/heads/main', 'refs/heads/', 'refs/tags/v1', 'main')
const files = field(['a', 'b/c'], [], ['a', 7])
const options = field(['skip-ci'], ['ci-skip', 7], ['other'], [])

const refUpdates = objectOf({
  changedFiles: files,
  committerDid: didFields,
  newSha: shas,
  oldSha: shas,
  ownerDid: didFields,
  pushOptions: options,
  ref: refs,
  repo: didFields,
  repoDid: didFields,
  repoName: names
})

const workflows = fc.oneof(
  { arbitrary: fc.array(objectOf({ name: field('ci.yml', '../x', 'a/b'), raw: field('engine: tack', '') }), { maxLength: 3 }), weight: 4 },
  { arbitrary: field([]), weight: 1 }
)

const pipelines = fc
  .record(
    {
      kind: field('push', 'pull_request', 'manual'),
      manual: fc.oneof(objectOf({ inputs: fc.oneof(fc.array(objectOf({ key: names, value: names }), { maxLength: 2 }), field([])), ref: refs, sha: shas }), field({})),
      pullRequest: objectOf({
        action: field('create', 'synchronize'),
        sourceBranch: names,
        sourceRepo: field('did:plc:app', 'did:plc:fork'),
        sourceSha: shas,
        targetBranch: names
      }),
      push: objectOf({ changedFiles: files, newSha: shas, oldSha: shas, pushOptions: options, ref: refs }),
      repo: objectOf({ defaultBranch: names, did: didFields, knot: field('knot1.example', 'KNOT 1'), repo: names, repoDid: didFields })
    },
    { noNullPrototype: true }
  )
  .chain((metadata) =>
    workflows.map((list): Json => {
      const kept = (fields: { readonly [key: string]: Field }): Json =>
        Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== LEFT_OUT))
      return kept({ triggerMetadata: kept(metadata), workflows: list })
    })
  )

/** A kind of event, and its body. */
export const triggerEvents: fc.Arbitrary<{ readonly event: Json; readonly nsid: string }> = fc.oneof(
  refUpdates.map((event) => ({ event, nsid: 'sh.tangled.git.refUpdate' })),
  pipelines.map((event) => ({ event, nsid: 'sh.tangled.pipeline' }))
)

// ---------------------------------------------------------------------------------------- workflow files

const scalars: fc.Arbitrary<Json> = weighted<Json>(
  [4, 'push'],
  [3, 'main'],
  [2, ''],
  [2, null],
  [2, { scalar: '1.10' }],
  [1, { scalar: '0' }],
  [1, { scalar: 'yes' }],
  [1, { scalar: '12345678901234567' }],
  [1, 'a\u0000b'],
  [1, 'x'.repeat(121)]
)

const items: fc.Arbitrary<Json> = fc.oneof({ arbitrary: scalars, weight: 4 }, { arbitrary: fc.array(scalars, { maxLength: 3 }), weight: 2 })

const mapOf = (keys: ReadonlyArray<string>, values: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.array(fc.tuple(fc.constantFrom(...keys), values), { maxLength: 4 }).map((entries): Json => ({ map: entries.map(([key, value]) => [key, value]) }))

const condition = mapOf(['branch', 'event', 'paths', 'tag', 'types', 'cron', 'branches'], items)
const environment = mapOf(['B', 'A', 'CI', 'a-b'], scalars)

const parts: fc.Arbitrary<readonly [string, Json]> = fc.oneof(
  fc.tuple(fc.constant('engine'), weighted<Json>([6, 'tack'], [1, 'other'], [1, null], [1, { scalar: 'tack' }], [1, 'x'.repeat(121)])),
  fc.tuple(fc.constant('when'), fc.oneof(condition, fc.array(fc.oneof({ arbitrary: condition, weight: 5 }, { arbitrary: scalars, weight: 1 }), { maxLength: 2 }))),
  fc.tuple(fc.constant('clone'), mapOf(['depth', 'skip', 'submodules'], scalars)),
  fc.tuple(fc.constant('environment'), fc.oneof({ arbitrary: environment, weight: 5 }, { arbitrary: scalars, weight: 1 })),
  fc.tuple(
    fc.constant('steps'),
    fc.array(fc.oneof({ arbitrary: mapOf(['command', 'name', 'environment'], fc.oneof(scalars, environment)), weight: 5 }, { arbitrary: scalars, weight: 1 }), { maxLength: 3 })
  ),
  fc.tuple(fc.constant('tack'), mapOf(['ci', 'buildkite'], fc.oneof({ arbitrary: mapOf(['pipeline', 'b', 'a'], items), weight: 5 }, { arbitrary: scalars, weight: 1 })))
)

/** What a YAML parser may make of a file. */
export const workflowValues: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: fc.array(parts, { maxLength: 6 }).map((entries): Json => ({ map: [['engine', 'tack'], ...entries.map(([key, value]): Json => [key, value])] })), weight: 4 },
  { arbitrary: fc.array(parts, { maxLength: 6 }).map((entries): Json => ({ map: entries.map(([key, value]) => [key, value]) })), weight: 2 },
  { arbitrary: scalars, weight: 1 }
)
