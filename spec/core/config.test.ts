/** The configuration: what it is unless somebody says otherwise, what is refused, and how a refusal is worded. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { checked, Config, defaults, Did, explain, Event, HostName, Natural } from '../../core/index.js'
import { CONFIG, OWNER } from '../suite/examples/support.js'

const GOOD = { ...CONFIG, admission: 'members', backfill: true, jetstream: '' }

/** What is said about `u`, `''` when nothing is wrong with it. */
const saidOf = (codec: { readonly decode: (u: unknown) => E.Either<t.Errors, unknown> }, u: unknown): string => {
  const decoded = codec.decode(u)
  return E.isLeft(decoded) ? explain(decoded.left) : ''
}

describe('defaults', () => {
  test('are those of the public network', () => {
    expect(defaults({ hostname: 'ci.example', owner: OWNER })).toEqual(GOOD)
  })

  test('are a valid configuration', () => {
    expect(Config.decode(GOOD)).toEqual(E.right(GOOD))
  })

  test('do not vouch for what they were given', () => {
    expect(E.isLeft(Config.decode(defaults({ hostname: '', owner: OWNER })))).toBe(true)
    expect(E.isLeft(Config.decode(defaults({ hostname: 'ci.example', owner: 'owner' })))).toBe(true)
  })
})

describe('a configuration is refused in a sentence that names the place', () => {
  const backoff = GOOD.jetstreamBackoff
  const bad: ReadonlyArray<readonly [part: object, said: string]> = [
    [{ hostname: '' }, 'at hostname: expected NonEmpty, found ""'],
    [{ hostname: 7 }, 'at hostname: expected NonEmpty, found 7'],
    [{ owner: 'alice.example' }, 'at owner: expected Did, found "alice.example"'],
    [{ owner: undefined }, 'at owner: expected Did, found undefined'],
    [{ rewindUs: -1 }, 'at rewindUs: expected Natural, found -1'],
    [{ rewindUs: 1.5 }, 'at rewindUs: expected Natural, found 1.5'],
    [{ toleranceUs: Infinity }, 'at toleranceUs: expected Natural, found Infinity'],
    [{ toleranceUs: '60' }, 'at toleranceUs: expected Natural, found "60"'],
    [{ hosts: null }, 'at hosts: expected HostPolicy, found null'],
    [{ hosts: { ...GOOD.hosts, defaultPort: 0 } }, 'at hosts.defaultPort: expected Port, found 0'],
    [{ hosts: { ...GOOD.hosts, defaultPort: 65_536 } }, 'at hosts.defaultPort: expected Port, found 65536'],
    [{ hosts: { ...GOOD.hosts, defaultPort: 1.5 } }, 'at hosts.defaultPort: expected Port, found 1.5'],
    [{ hosts: { ...GOOD.hosts, defaultPort: '443' } }, 'at hosts.defaultPort: expected Port, found "443"'],
    [{ hosts: { ...GOOD.hosts, ports: 1 } }, 'at hosts.ports: expected boolean, found 1'],
    [{ jetstreamBackoff: { ...backoff, baseMs: -1 } }, 'at jetstreamBackoff.baseMs: expected Natural, found -1'],
    [{ jetstreamBackoff: { ...backoff, capMs: NaN } }, 'at jetstreamBackoff.capMs: expected Natural, found NaN'],
    [{ knotBackoff: { ...backoff, healthyAfterMs: null } }, 'at knotBackoff.healthyAfterMs: expected Natural, found null'],
    [{ knotBackoff: [] }, 'at knotBackoff: expected Backoff, found an array'],
    [{ knotBackoff: {} }, 'at knotBackoff.baseMs: expected Natural, found undefined'],
    [{ backfill: 1 }, 'at backfill: expected boolean, found 1'],
    [{ backfill: undefined }, 'at backfill: expected boolean, found undefined'],
    [{ builds: null }, 'at builds: expected BuildPolicy, found null'],
    ...(
      [
        [{ allow: {} }, 'allow: expected ReadonlyArray<Allowed>, found an object'],
        [{ allow: [{ pipelines: '*', provider: 'p' }] }, 'allow.0.repos: expected string, found undefined'],
        [{ allow: [{ pipelines: 7, provider: 'p', repos: '**' }] }, 'allow.0.pipelines: expected string, found 7'],
        [{ allow: [{ pipelines: '*', provider: null, repos: '**' }] }, 'allow.0.provider: expected string, found null'],
        [{ backoff: { ...backoff, capMs: -1 } }, 'backoff.capMs: expected Natural, found -1'],
        [{ keepStatuses: 0.5 }, 'keepStatuses: expected Natural, found 0.5'],
        [{ pendingMs: -1 }, 'pendingMs: expected Natural, found -1'],
        [{ providers: 'local' }, 'providers: expected ReadonlyArray<string>, found "local"'],
        [{ providers: [1] }, 'providers.0: expected string, found 1'],
        [{ runningMs: null }, 'runningMs: expected Natural, found null']
      ] as const
    ).map(([part, said]) => [{ builds: { ...GOOD.builds, ...part } }, `at builds.${said}`] as const)
  ]
  for (const [part, said] of bad) test(JSON.stringify(part), () => expect(saidOf(Config, { ...GOOD, ...part })).toBe(said))

  test('ports go from 1 to 65535', () => {
    for (const defaultPort of [1, 65_535]) expect(saidOf(Config, { ...GOOD, hosts: { ...GOOD.hosts, defaultPort } })).toBe('')
  })

  test('admission is one of two words', () => {
    expect(['open', 'members'].map((admission) => saidOf(Config, { ...GOOD, admission }))).toEqual(['', ''])
    expect(saidOf(Config, { ...GOOD, admission: 'closed' })).toMatch(/^at admission\.\d: expected "\w+", found "closed"$/)
  })
})

describe('an explanation', () => {
  test('names no place where the whole is wrong', () => {
    expect(saidOf(t.strict({ a: t.string }, 'Thing'), 7)).toBe('expected Thing, found 7')
  })

  /** A codec that takes nothing, and says why in words of its own if it has any. */
  const refusing = (name: string, words?: string) =>
    new t.Type<string>(name, t.string.is, (u, context) => t.failure(u, context, words), t.identity)

  test('quotes text, shows other values as they are, and names the rest by kind', () => {
    const found = ['x', 7, true, undefined, null, [1], { a: 1 }, 10n].map((u) =>
      saidOf(t.strict({ a: refusing('nothing') }), { a: u })
    )
    expect(found).toEqual(
      ['"x"', '7', 'true', 'undefined', 'null', 'an array', 'an object', 'an object'].map(
        (what) => `at a: expected nothing, found ${what}`
      )
    )
  })

  test('shows only the beginning of a long text', () => {
    expect(saidOf(t.strict({ a: t.number }), { a: 'x'.repeat(200) })).toBe(`at a: expected number, found "${'x'.repeat(120)}…"`)
  })

  test('names the path to a place within arrays', () => {
    expect(saidOf(t.strict({ list: t.array(t.strict({ n: t.number })) }), { list: [{ n: 1 }, { n: 'x' }] })).toBe(
      'at list.1.n: expected number, found "x"'
    )
  })

  test('is about the alternative that came nearest', () => {
    const { _tag, ...rest } = { _tag: 'Started', at: 1, config: { ...GOOD, rewindUs: -1 }, resumeFrom: null }
    expect(saidOf(Event, { _tag, ...rest })).toMatch(/config\.rewindUs: expected Natural, found -1$/)
  })

  test('is about the nearest alternative wherever it stands among them', () => {
    const near = t.strict({ a: t.number })
    const place = /\ba: expected number, found "x"$/
    expect(saidOf(t.union([t.string, near]), { a: 'x' })).toMatch(place)
    expect(saidOf(t.union([near, t.string]), { a: 'x' })).toMatch(place)
  })

  test('is about the first of several faults at one depth', () => {
    expect(saidOf(t.strict({ a: t.number, b: t.number }), { a: 'x', b: 'y' })).toBe('at a: expected number, found "x"')
  })

  test('uses a fault’s own words where it has any', () => {
    const own = refusing('Own', 'never this')
    expect(saidOf(own, 1)).toBe('never this')
    expect(saidOf(t.strict({ a: own }), { a: 1 })).toBe('at a: never this')
  })

  test('a value of one\'s own gets its type, or a sentence', () => {
    expect([checked(Natural)(3), checked(HostName)('knot.example')]).toEqual([E.right(3), E.right('knot.example')])
    expect([checked(Natural)(-1), checked(Did)('x')]).toEqual([E.left('expected Natural, found -1'), E.left('expected Did, found "x"')])
  })

  test('has nothing to name without faults', () => {
    expect(explain([])).toBe('not valid')
    expect(explain([{ context: [], value: 7 }])).toBe('expected another value, found 7')
  })
})
