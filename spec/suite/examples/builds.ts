/** Examples of T4–T6: from a build to a status that never changes again. */
import {
  announce,
  askToEnd,
  begins,
  building,
  buildTimer,
  cancel,
  comes,
  deadline,
  deadlineTimer,
  DONE,
  filesRead,
  find,
  follow,
  FOLLOWING,
  forgets,
  HOUR_MS,
  ignored,
  KEY,
  missing,
  name,
  NAMELESS,
  OLD_SHA,
  ON_MAIN,
  OTHER,
  pause,
  pendingMs,
  plan,
  publish,
  push,
  read,
  refuses,
  reports,
  retry,
  running,
  RUNNING,
  runningMs,
  says,
  SHA,
  shown,
  start,
  STARTING,
  trigger,
  uncertain,
  unfollow,
  unread,
  variables,
  wavers,
  WITHDRAWN,
  workflow,
  workflowsTimer
} from './build-world.js'
import {
  ALICE,
  at,
  type Example,
  example,
  K1,
  knotOpened,
  OWNER,
  put,
  repo,
  rev,
  started,
  stop,
  type WrittenEvent
} from './support.js'

const AWAY = 'The provider "ci" does not answer, or only with errors. It is asked again until the time is up.'

export const BUILDS_EXAMPLES: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- T4
  example('T4.1 a build that its provider accepts is followed', {
    given: STARTING,
    when: [says('BuildAccepted', 3, at(22))],
    then: { effects: [follow()], changes: ['builds'] }
  }),
  example('T4.2 each status that a provider reports is published once', {
    given: FOLLOWING,
    when: [
      reports('pending', at(23)),
      reports('running', at(24)),
      reports('running', at(25)),
      reports('failed', at(26), { error: 'tests failed', exitCode: 2 })
    ],
    then: {
      effects: [publish('running', at(24)), deadline(4, runningMs), publish('failed', at(26), { error: 'tests failed', exitCode: 2 }), unfollow()]
    }
  }),
  ...(['success', 'failed', 'timeout', 'cancelled'] as const).map((status, i) =>
    example(`T4.${String(3 + i)} ${status} is final: late, doubled and other reports change nothing`, {
      given: [...RUNNING, reports(status, at(24))],
      when: [
        reports('pending', at(25)),
        reports('running', at(25)),
        reports('success', at(25)),
        reports('failed', at(25)),
        reports('timeout', at(25)),
        reports('cancelled', at(25)),
        deadlineTimer(4, at(26)),
        cancel(at(27))
      ],
      then: { effects: [], changes: [] }
    })
  ),
  example('T4.7 a build may end without ever having been seen running', {
    given: FOLLOWING,
    when: [reports('success', at(23))],
    then: { effects: [publish('success', at(23)), unfollow()] }
  }),
  example('T4.8 stamps rise, even if the clock is set back', {
    given: FOLLOWING,
    when: [reports('running', at(5)), reports('success', at(6))],
    then: { effects: [publish('running', at(21) + 1), deadline(4, runningMs), publish('success', at(21) + 2), unfollow()] }
  }),
  example('T4.9 only a build’s own provider may report on it, and only under the name that we know', {
    given: FOLLOWING,
    when: [reports('failed', at(23), { provider: 'local' }), reports('failed', at(24), { external: '8' })],
    then: { effects: [], reports: [{ _tag: 'ReportRefused', at: at(23), build: name(), provider: 'local' }] }
  }),
  example('T4.10 a report on an unknown build, or on one that never had a provider, changes nothing', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x' }), workflow({ name: 'b' })], at(21))],
    when: [reports('success', at(23)), reports('success', at(23), { build: name('c') }), reports('success', at(23), { build: name('b', OTHER) })],
    then: { effects: [], changes: [] }
  }),
  example('T4.11 a build that its provider refuses has failed, with the provider’s reason', {
    given: STARTING,
    when: [refuses(3, at(22)), refuses(3, at(23))],
    then: { effects: [publish('failed', at(22), { error: 'no such pipeline' })] }
  }),
  example('T4.12 a build that is not begun in time is over, and cancelled at its provider', {
    given: FOLLOWING,
    when: [deadlineTimer(2, at(86_420)), says('CancelAcknowledged', 4, at(86_421)), reports('success', at(86_422))],
    then: {
      effects: [publish('timeout', at(86_420), { error: 'The build did not begin within 1440 min.' }), askToEnd(4), unfollow()]
    }
  }),
  example('T4.13 a build that runs for too long is over, and cancelled at its provider', {
    given: RUNNING,
    when: [deadlineTimer(2, at(86_000)), deadlineTimer(4, at(86_420))],
    then: { effects: [publish('timeout', at(86_420), { error: 'The build ran for more than 360 min.' }), askToEnd(5)] }
  }),
  example('T4.14 whoever is entitled can cancel a build', {
    given: RUNNING,
    when: [cancel(at(24), 'ci.yml'), cancel(at(25), 'ci.yml')],
    then: { effects: [publish('cancelled', at(24)), askToEnd(5)] }
  }),
  example('T4.15 a cancel can end all builds of a trigger, even while its files are being read', {
    given: [...running(), comes(trigger(), at(20)), comes(trigger(), at(20), { rkey: OTHER }), filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21))],
    when: [cancel(at(24)), cancel(at(25), null, OTHER), filesRead([workflow()], at(26), { number: 2, rkey: OTHER }), cancel(at(27), null, 'x'), cancel(at(27), 'x')],
    then: {
      effects: [publish('cancelled', at(24), { build: name('a') }), publish('cancelled', at(24) + 1, { build: name('b') })]
    }
  }),
  example('T4.16 the report that a build has ended settles a cancel, too', {
    given: [...RUNNING, cancel(at(24))],
    when: [reports('running', at(25)), reports('cancelled', at(26)), says('CancelAcknowledged', 5, at(27))],
    then: { effects: [unfollow()] }
  }),
  example('T4.17 a provider that does not acknowledge a cancel is asked again, after growing pauses', {
    given: [...RUNNING, cancel(at(24))],
    when: [wavers(5, at(25)), buildTimer(6, at(26)), wavers(7, at(27)), buildTimer(8, at(30)), says('CancelAcknowledged', 9, at(31))],
    then: {
      effects: [pause(6, 1_000, 2_000), askToEnd(7), pause(8, 2_000, 4_000), askToEnd(9), unfollow()],
      reports: [uncertain(at(25)), uncertain(at(27))]
    }
  }),
  example('T4.18 a build cancelled while it is being started is ended where it turns out to have started', {
    given: [...STARTING, cancel(at(22))],
    when: [says('BuildAccepted', 3, at(23))],
    then: { effects: [askToEnd(4)] }
  }),
  example('T4.19 a build cancelled while it is being started is not started again where it had not', {
    given: [...STARTING, wavers(3, at(22)), cancel(at(23)), buildTimer(4, at(24))],
    when: [says('BuildMissing', 5, at(25))],
    then: { effects: [], changes: ['builds'] }
  }),
  example('T4.20 a build cancelled while it is being started is not started again where it is refused', {
    given: [...STARTING, cancel(at(22))],
    when: [refuses(3, at(23))],
    then: { effects: [], changes: ['builds'] }
  }),
  example('T4.21 a retry is a run of its own, with a key of ours', {
    given: DONE,
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('ci.yml', '3mbd35yo2w222')),
        start(6, name('ci.yml', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.22 only builds that have ended can be retried', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'c' })], at(21)),
      refuses(3, at(22), name('a'))
    ],
    when: [retry(at(30), 'c'), retry(at(30), 'd'), retry(at(30), null, OTHER), retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown('a')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('a', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('a', '3mbd35yo2w222')),
        start(7, name('a', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.40 a retry of a workflow that never was a build for a provider judges its file anew', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x', name: 'b' }), workflow({ name: 'c' })], at(21))],
    when: [retry(at(30), 'b'), filesRead([workflow({ name: 'b' }), workflow({ name: 'c' })], at(31), { number: 4, rkey: '3mbd35yo2w222' })],
    then: {
      effects: [
        read(4, { rkey: '3mbd35yo2w222' }),
        announce(at(31), [shown('b')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(31), { build: name('b', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('b', '3mbd35yo2w222')),
        start(6, name('b', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.46 a retry has an outcome for each workflow that was asked for', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead(['a', 'b', 'c', 'd'].map((each) => workflow({ engine: 'x', name: each })), at(21)),
      retry(at(30))
    ],
    when: [
      filesRead(
        [
          workflow({ engine: null, name: 'a' }),
          workflow({ name: 'b', when: [{ ...ON_MAIN, branch: ['other'] }] }),
          workflow({ name: 'c', when: [{ ...ON_MAIN, branch: ['['] }] }),
          workflow({ name: 'new.yml' })
        ],
        at(31),
        { number: 2, rkey: '3mbd35yo2w222' }
      )
    ],
    then: {
      effects: [
        announce(at(31), [shown('a', { engine: '' }), shown('b'), shown('c'), unread('d')], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(31), { build: name('a', '3mbd35yo2w222'), error: 'The workflow names no engine.' }),
        publish('failed', at(31) + 1, { build: name('b', '3mbd35yo2w222'), error: 'The workflow does not apply.' }),
        publish('failed', at(31) + 2, { build: name('c', '3mbd35yo2w222'), error: 'It cannot be told whether the workflow applies: [ is not a pattern.' }),
        publish('failed', at(31) + 3, { build: name('d', '3mbd35yo2w222'), error: 'There is no such workflow file any more.' })
      ]
    }
  }),
  example('T4.47 a retry whose files cannot be read has an outcome for each workflow, too', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' })], at(21)),
      retry(at(30)),
      ...Array.from({ length: 5 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'RequestFailed', at: at(31 + i), error: 'not there', isFinal: true, number: 2 + 2 * i, requested: { _tag: 'Workflows', knot: K1, rkey: '3mbd35yo2w222' }, waitMs: 0 },
        workflowsTimer(3 + 2 * i, at(31 + i), '3mbd35yo2w222')
      ]).flat()
    ],
    when: [{ _tag: 'RequestFailed', at: at(90), error: 'not there', isFinal: true, number: 12, requested: { _tag: 'Workflows', knot: K1, rkey: '3mbd35yo2w222' }, waitMs: 0 }],
    then: {
      effects: [
        announce(at(90), [unread('a'), unread('b')], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(90), { build: name('a', '3mbd35yo2w222'), error: 'The workflow files could not be read: not there' }),
        publish('failed', at(90) + 1, { build: name('b', '3mbd35yo2w222'), error: 'The workflow files could not be read: not there' })
      ],
      reports: [{ _tag: 'WorkflowsReadFailed', at: at(90), knot: K1, rkey: '3mbd35yo2w222' }]
    }
  }),
  example('T4.23 a retry needs a repository that is still ours, and a pipeline that is still allowed', {
    given: [
      ...DONE,
      put(OWNER, 'lib', repo({ name: 'lib' }), at(25), { connection: 1 }),
      put(OWNER, 'app', repo({ spindle: 'other.example' }), at(26), { connection: 1 })
    ],
    when: [retry(at(30))],
    then: { effects: [], reports: [ignored('repo', at(30))] }
  }),
  example('T4.24 a retry of a pipeline that is no longer allowed fails', {
    given: [...DONE, started(at(28), building({ providers: ['local'] }))],
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(30), { build: name('ci.yml', '3mbd35yo2w222'), error: 'There is no provider "ci" here. There are: local.' })
      ]
    }
  }),

  example('T4.29 a run cancelled while its files are read is not read when it is reported again', {
    given: [...running(), comes(trigger(), at(20)), cancel(at(21))],
    when: [comes(trigger(), at(22))],
    then: { effects: [], reports: [ignored('before', at(22))] }
  }),
  example('T4.30 a thousand characters are kept of what others say', {
    given: FOLLOWING,
    when: [reports('running', at(23), { error: 'e'.repeat(1_000) }), reports('failed', at(24), { error: `${'e'.repeat(999)}😀` })],
    then: {
      effects: [
        publish('running', at(23), { error: 'e'.repeat(1_000) }),
        deadline(4, runningMs),
        publish('failed', at(24), { error: `${'e'.repeat(999)}\ufffd…` }),
        unfollow()
      ]
    }
  }),
  example('T4.25 two retries at one moment have two keys', {
    given: DONE,
    when: [retry(at(30)), refuses(6, at(30), name('ci.yml', '3mbd35yo2w222')), retry(at(5), null, '3mbd35yo2w222')],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('ci.yml', '3mbd35yo2w222')),
        start(6, name('ci.yml', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') })),
        publish('failed', at(30) + 1, { build: name('ci.yml', '3mbd35yo2w222'), error: 'no such pipeline' }),
        announce(at(30) + 3, [shown()], { rkey: '3mbd35yo2w422' }),
        publish('pending', at(30) + 3, { build: name('ci.yml', '3mbd35yo2w422') }),
        deadline(7, pendingMs, name('ci.yml', '3mbd35yo2w422')),
        start(8, name('ci.yml', '3mbd35yo2w422'), plan({ variables: variables('3mbd35yo2w422') }))
      ]
    }
  }),
  example('T4.31 a retry of one of several workflows builds it alone', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21)),
      refuses(3, at(22), name('a')),
      refuses(5, at(22), name('b'))
    ],
    when: [retry(at(30), 'b')],
    then: {
      effects: [
        announce(at(30), [shown('b')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('b', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('b', '3mbd35yo2w222')),
        start(7, name('b', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.26 a retry leaves a key that the knot has taken to the knot', {
    given: [...DONE, comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(25), { rkey: '3mbd35yo2w222' })],
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w322' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w322') }),
        deadline(6, pendingMs, name('ci.yml', '3mbd35yo2w322')),
        start(7, name('ci.yml', '3mbd35yo2w322'), plan({ variables: variables('3mbd35yo2w322') }))
      ]
    }
  }),
  example('T4.27 a cancel is over when the provider never acknowledges it', {
    given: [
      ...RUNNING,
      cancel(at(24)),
      ...Array.from({ length: 30 }, (_, i) => [wavers(5 + 2 * i, at(30 + i)), buildTimer(6 + 2 * i, at(30 + i))]).flat()
    ],
    when: [wavers(65, at(100)), says('CancelAcknowledged', 65, at(101))],
    then: { effects: [unfollow()], reports: [{ _tag: 'BuildAbandoned', at: at(100), build: name(), provider: 'ci' }] }
  }),
  example('T4.28 a provider that gives no clear answer to anything is asked on', {
    given: [...STARTING, ...Array.from({ length: 31 }, (_, i) => [wavers(3 + 2 * i, at(30 + i)), buildTimer(4 + 2 * i, at(30 + i))]).flat()],
    when: [wavers(65, at(100))],
    then: { effects: [pause(66, 150_000, 300_000)], reports: [uncertain(at(100))] }
  }),

  example('T4.41 a run is announced with the files that it builds, as they stand in the repository', {
    given: [...running(), comes(trigger({ defaultBranch: 'trunk' }), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          { _tag: 'Faulty', content: '', error: 'x', name: 'b', when: null },
          workflow({ engine: 'nixery', name: 'c' })
        ],
        at(21),
        {
          sources: [
            { name: 'a', text: 'of a' },
            { name: 'c', text: 'of c' },
            { name: 'b', text: 'of b' }
          ]
        }
      )
    ],
    then: {
      effects: [
        announce(at(21), [unread('b', 'of b'), shown('c', { engine: 'nixery', text: 'of c' })], { defaultBranch: 'trunk' }),
        publish('failed', at(21), { build: name('b'), error: 'x' }),
        publish('failed', at(21) + 1, {
          build: name('c'),
          error: 'This spindle builds workflows of engine "tack", and this one names "nixery".'
        })
      ]
    }
  }),
  example('T4.42 a pipeline’s run is announced with the files as the knot sent them', {
    given: [...running(), comes(trigger({ kind: 'pipeline', workflows: [{ name: 'ci.yml', text: 'engine: tack' }] }), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: [announce(at(21), [shown('ci.yml', { text: 'engine: tack' })]), ...begins(at(21), 2, 3).slice(1)] }
  }),
  example('T4.43 files too long to be repeated are left out of the announcement, and the others are not', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        ['a', 'b', 'c', 'd'].map((of) => ({ _tag: 'Faulty', content: '', error: 'x', name: of, when: null })),
        at(21),
        {
          sources: [
            { name: 'a', text: 'x' },
            { name: 'b', text: 'x'.repeat(65_504) },
            { name: 'c', text: 'x'.repeat(65_503) },
            { name: 'd', text: 'x' }
          ]
        }
      )
    ],
    then: {
      effects: [
        announce(at(21), [unread('a', 'x'), unread('b'), unread('c', 'x'.repeat(65_503)), unread('d')]),
        ...['a', 'b', 'c', 'd'].map((of, i) => publish('failed', at(21) + i, { build: name(of), error: 'x' }))
      ]
    }
  }),
  example('T4.44 a retry is announced with what was announced of the first run', {
    given: [
      ...running(),
      comes(trigger({ kind: 'pipeline', workflows: [{ name: 'b', text: 'of b' }, { name: 'a', text: 'of a' }] }), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21), { defaultBranch: 'main' }),
      refuses(3, at(22), name('a')),
      refuses(5, at(22), name('b'))
    ],
    when: [retry(at(30), 'b')],
    then: {
      effects: [
        announce(at(30), [shown('b', { text: 'of b' })], { defaultBranch: 'main', rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('b', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('b', '3mbd35yo2w222')),
        start(
          7,
          name('b', '3mbd35yo2w222'),
          plan({ variables: [...variables('3mbd35yo2w222').slice(0, 7), ['TANGLED_REPO_DEFAULT_BRANCH', 'main'], ...variables('3mbd35yo2w222').slice(7)] })
        )
      ]
    }
  }),
  example('T4.45 the announcement of a run has a stamp of its own, before that of the first status, even after the clock was set back', {
    given: [...DONE, comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(25), { rkey: OTHER })],
    when: [filesRead([workflow({ engine: 'x' })], at(5), { number: 5, rkey: OTHER })],
    then: {
      effects: [
        announce(at(24) + 2, [shown('ci.yml', { engine: 'x' })], { cause: push({ newSha: OLD_SHA, oldSha: SHA }), rkey: OTHER }),
        publish('failed', at(24) + 2, {
          build: name('ci.yml', OTHER),
          error: 'This spindle builds workflows of engine "tack", and this one names "x".'
        })
      ]
    }
  }),

  // ---------------------------------------------------------------------------------------- T5
  example('T5.1 a repeated trigger is no news, over the same connection or another', {
    given: STARTING,
    when: [comes(trigger(), at(25)), knotOpened(K1, 3, at(26)), comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(27))],
    then: { effects: [], changes: ['knots'] }
  }),
  example('T5.2 a repeated trigger is no news after everything has ended', {
    given: DONE,
    when: [comes(trigger(), at(20))],
    then: { effects: [], changes: [] }
  }),
  example('T5.3 a start that may have been received is looked up, after a pause, before it is asked for again', {
    given: STARTING,
    when: [wavers(3, at(22)), buildTimer(4, at(24)), says('BuildMissing', 5, at(25))],
    then: { effects: [pause(4, 1_000, 2_000), find(5), start(6)], reports: [uncertain(at(22))] }
  }),
  example('T5.25 a provider that may show a build late is believed only when no start can still come to light', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [missing(5, at(25), 10_000), buildTimer(6, at(31)), missing(7, at(31) + 999_001, 10_000), buildTimer(8, at(32)), missing(9, at(32), 10_000)],
    then: { effects: [pause(6, 7_000, 7_000), find(7), pause(8, 1, 1), find(9), start(10)] }
  }),
  example('T5.31 what may still come to light is the last start of several that may have been received', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), missing(5, at(33), 10_000)],
    when: [wavers(6, at(34)), buildTimer(7, at(40)), missing(8, at(41), 10_000)],
    then: { effects: [pause(7, 2_000, 4_000), find(8), pause(9, 3_000, 3_000)], reports: [uncertain(at(34))] }
  }),
  example('T5.26 after a start of the bridge a build that was being started may come to light from then on', {
    given: [...STARTING, wavers(3, at(22)), stop(at(23)), started(at(100), building())],
    when: [missing(6, at(101), 10_000), buildTimer(7, at(110)), says('BuildAccepted', 8, at(111))],
    then: { effects: [pause(7, 9_000, 9_000), find(8), follow()] }
  }),
  example('T5.27 a cancelled build that may still come to light is looked for again, and ended where it does', {
    given: [...STARTING, wavers(3, at(22)), cancel(at(23)), buildTimer(4, at(24))],
    when: [missing(5, at(25), 10_000), buildTimer(6, at(32)), says('BuildAccepted', 7, at(33))],
    then: { effects: [pause(6, 7_000, 7_000), find(7), askToEnd(8)] }
  }),
  example('T5.28 nobody waits longer than the provider may take, also where the clock was set back', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [missing(5, at(1), 10_000)],
    then: { effects: [pause(6, 10_000, 10_000)] }
  }),
  example('T5.29 a build that is shown late keeps its attempts, and a report of it has it looked for at once', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), missing(5, at(25), 10_000)],
    when: [reports('running', at(26)), wavers(7, at(27))],
    then: { effects: [find(7), pause(8, 2_000, 4_000)], reports: [uncertain(at(27))] }
  }),
  example('T5.32 a build whose provider has not answered for a minute says so, once, and goes on like any other', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), wavers(5, at(77) - 1), buildTimer(6, at(81))],
    when: [wavers(7, at(82)), buildTimer(8, at(90)), wavers(9, at(200)), buildTimer(10, at(216)), says('BuildAccepted', 11, at(217)), reports('running', at(218))],
    then: {
      effects: [pause(8, 4_000, 8_000), publish('pending', at(82), { error: AWAY }), find(9), pause(10, 8_000, 16_000), find(11), follow(), publish('running', at(218)), deadline(12, runningMs)],
      reports: [uncertain(at(82)), uncertain(at(200))]
    }
  }),
  example('T5.33 a build says that its provider does not answer when the next request may come a minute after it began to wait', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [wavers(5, at(77))],
    then: { effects: [pause(6, 2_000, 4_000), publish('pending', at(77), { error: AWAY })], reports: [uncertain(at(77))] }
  }),
  example('T5.34 a build says once that its provider does not answer, over a restart, too', {
    given: [...STARTING, wavers(3, at(22), 60_000), stop(at(23)), started(at(100), building())],
    when: [wavers(6, at(101), 60_000)],
    then: { effects: [pause(7, 60_000, 60_000)], reports: [uncertain(at(101))] }
  }),
  example('T5.35 a build that has ended does not say that it waits', {
    given: [...STARTING, cancel(at(22))],
    when: [wavers(3, at(90), 60_000)],
    then: { effects: [pause(4, 60_000, 60_000)], reports: [uncertain(at(90))] }
  }),
  example('T5.4 a build that a look-up finds is not started again', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [says('BuildAccepted', 5, at(25))],
    then: { effects: [follow()] }
  }),
  example('T5.5 a provider that asks for a longer pause gets it', {
    given: STARTING,
    when: [wavers(3, at(22), 1_500), buildTimer(4, at(25)), wavers(5, at(26), 54_000)],
    then: {
      effects: [pause(4, 1_500, 2_000), find(5), pause(6, 54_000, 54_000)],
      reports: [uncertain(at(22)), uncertain(at(26))]
    }
  }),
  example('T5.6 a report on a build that is being looked for only triggers a look-up at once: it may be about another', {
    given: [...STARTING, wavers(3, at(22))],
    when: [reports('success', at(23)), reports('running', at(24)), buildTimer(4, at(24)), says('BuildAccepted', 5, at(25)), reports('success', at(26))],
    then: { effects: [find(5), follow(), publish('success', at(26)), unfollow()] }
  }),
  example('T5.7 a report on a build that is being started waits for the answer', {
    given: STARTING,
    when: [reports('success', at(22)), says('BuildAccepted', 3, at(23)), reports('running', at(24))],
    then: { effects: [follow(), publish('running', at(24)), deadline(4, runningMs)] }
  }),
  example('T5.8 a report on a cancelled build that is being started waits for the answer', {
    given: [...STARTING, cancel(at(22))],
    when: [reports('running', at(23)), says('BuildAccepted', 3, at(24)), reports('success', at(25))],
    then: { effects: [askToEnd(4), unfollow()] }
  }),
  example('T5.9 an answer about a build that nobody waits for changes nothing', {
    given: STARTING,
    when: [
      says('BuildAccepted', 2, at(22)),
      says('BuildMissing', 3, at(22)),
      says('CancelAcknowledged', 3, at(22)),
      refuses(4, at(22)),
      wavers(1, at(22)),
      buildTimer(3, at(22)),
      deadlineTimer(3, at(22)),
      says('BuildAccepted', 3, at(22), name('x')),
      says('BuildAccepted', 3, at(22), name('ci.yml', OTHER))
    ],
    then: { effects: [], changes: [] }
  }),
  example('T5.19 a pause before files are requested again is ended by its own timer alone', {
    given: [...running(), comes(trigger(), at(20)), { _tag: 'RequestFailed', at: at(21), error: 'no answer', isFinal: false, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 }],
    when: [workflowsTimer(1, at(22)), workflowsTimer(3, at(22)), workflowsTimer(2, at(22), OTHER)],
    then: { effects: [], changes: [] }
  }),
  example('T5.10 a build whose start was requested before a restart is looked up before it is started again', {
    given: STARTING,
    when: [started(at(30), building()), says('BuildAccepted', 3, at(31)), says('BuildMissing', 5, at(32))],
    then: { effects: [{ _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null }, { _tag: 'SubscribeKnot', connection: 3, cursor: `${String(at(20) - 1)}999`, host: K1 }, deadline(4, pendingMs), find(5), start(6)] }
  }),
  example('T5.11 a followed build is followed again after a restart, with all of its time', {
    given: [...RUNNING, stop(at(25))],
    when: [started(at(30), building({ runningMs: HOUR_MS }))],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 },
        deadline(5, HOUR_MS),
        follow()
      ]
    }
  }),
  example('T5.12 a restart repeats an open cancel, and reads files again', {
    given: [...RUNNING, cancel(at(24)), wavers(5, at(25)), comes(trigger(), at(26), { rkey: OTHER }), stop(at(27))],
    when: [started(at(30), building())],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(26) - 1)}999`, host: K1 },
        askToEnd(8),
        read(9, { rkey: OTHER })
      ]
    }
  }),
  example('T5.13 a build that has ended stays so over a restart', {
    given: [...DONE, stop(at(25))],
    when: [started(at(30), building())],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 }
      ]
    }
  }),
  example('T5.14 a provider that is no longer configured can report nothing any more', {
    given: RUNNING,
    when: [started(at(30), building({ providers: ['local'] })), reports('success', at(31))],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 3, cursor: `${String(at(20) - 1)}999`, host: K1 },
        publish('failed', at(30), { error: 'There is no provider "ci" here any more.' }),
        unfollow()
      ]
    }
  }),
  example('T5.15 a changed allow-list applies to what has not been started', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({ allow: [{ pipelines: '*', provider: 'ci', repos: '**' }] }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20)),
      filesRead([workflow()], at(21)),
      started(at(30), building())
    ],
    when: [says('BuildMissing', 5, at(31)), says('BuildMissing', 5, at(32))],
    then: {
      effects: [
        publish('failed', at(31), { error: `The operator of this spindle does not let ${ALICE}/x use pipeline "app" of provider "ci".` })
      ]
    }
  }),
  example('T5.16 nothing is requested while the bridge is stopped; what is due is requested at the next start', {
    given: [...running(), comes(trigger(), at(20)), stop(at(21))],
    when: [filesRead([workflow()], at(22)), stop(at(23)), started(at(30), building())],
    then: {
      effects: [
        announce(at(22)),
        publish('pending', at(22)),
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 },
        deadline(4, pendingMs),
        find(5)
      ]
    }
  }),
  example('T5.17 a right that is gone at a start is gone before anything is requested again', {
    given: STARTING,
    when: [started(at(30), { ...building(), hostname: 'new.example' })],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null },
        publish('cancelled', at(30), { error: WITHDRAWN }),
        forgets(4),
        find(5)
      ]
    }
  }),
  example('T5.18 a provider that never says whether it has an unwanted build is eventually left alone', {
    given: [
      ...STARTING,
      cancel(at(22)),
      ...Array.from({ length: 30 }, (_, i) => [wavers(3 + 2 * i, at(30 + i)), buildTimer(4 + 2 * i, at(30 + i))]).flat()
    ],
    when: [wavers(63, at(100)), says('BuildAccepted', 63, at(101))],
    then: { effects: [], reports: [{ _tag: 'BuildAbandoned', at: at(100), build: name(), provider: 'ci' }] }
  }),

  // ---------------------------------------------------------------------------------------- T6
  example('T6.1 a limited number of statuses is kept; a build goes with its last one, and a trigger with its last build', {
    given: [...running({ keepStatuses: 3 }), comes(trigger(), at(20)), filesRead([workflow()], at(21)), says('BuildAccepted', 3, at(22)), reports('running', at(23)), reports('success', at(24))],
    when: [
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' }), workflow({ engine: 'x', name: 'c' })], at(26), {
        number: 5,
        rkey: OTHER
      }),
      comes(trigger(), at(27)),
      comes(trigger(), at(27), { rkey: '3mbd354me2222' })
    ],
    then: {
      effects: [
        read(5, { rkey: OTHER }),
        announce(at(26), ['a', 'b', 'c'].map((of) => shown(of, { engine: 'x' })), { rkey: OTHER }),
        ...['a', 'b', 'c'].map((of, i) =>
          publish('failed', at(26) + i, {
            build: name(of, OTHER),
            error: 'This spindle builds workflows of engine "tack", and this one names "x".'
          })
        )
      ],
      reports: [ignored('before', at(27)), ignored('before', at(27), '3mbd354me2222')]
    }
  }),
  example('T6.2 a running build is remembered, however few statuses are kept', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      says('BuildAccepted', 3, at(22)),
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x' })], at(26), { number: 4, rkey: OTHER })
    ],
    when: [comes(trigger(), at(27)), reports('success', at(28))],
    then: { effects: [publish('success', at(28)), unfollow()] }
  }),
  example('T6.3 a cancelled build is remembered until its provider has acknowledged the cancel', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      says('BuildAccepted', 3, at(22)),
      cancel(at(23)),
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x' })], at(26), { number: 5, rkey: OTHER })
    ],
    when: [says('CancelAcknowledged', 4, at(27)), comes(trigger(), at(28)), comes(trigger(), at(29), { rkey: '3mbd354mf2223' })],
    then: { effects: [unfollow(), read(6, { rkey: '3mbd354mf2223' })], reports: [ignored('before', at(28))] }
  }),
  example('T6.5 a run keeps the builds whose statuses are kept, and goes with the last of them', {
    given: [
      ...running({ keepStatuses: 2 }),
      comes(trigger(), at(20)),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' }), workflow({ engine: 'x', name: 'c' })], at(21))
    ],
    when: [comes(trigger(), at(22)), retry(at(23), 'a'), comes(trigger(), at(24), { rkey: '3mbd354me2222' })],
    then: { effects: [read(2, { rkey: '3mbd354me2222' })] }
  }),
  example('T6.6 a forgotten retry says nothing about the keys of the knot', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      refuses(3, at(22)),
      retry(at(23)),
      refuses(5, at(24), name('ci.yml', rev(at(23)))),
      comes(trigger(), at(25), { rkey: '3mbd354mg2222' })
    ],
    when: [filesRead([workflow({ engine: 'x' })], at(26), { number: 6, rkey: '3mbd354mg2222' }), comes(trigger(), at(27), { rkey: '3mbd354mh2222' })],
    then: {
      effects: [
        announce(at(26), [shown('ci.yml', { engine: 'x' })], { rkey: '3mbd354mg2222' }),
        publish('failed', at(26), {
          build: name('ci.yml', '3mbd354mg2222'),
          error: 'This spindle builds workflows of engine "tack", and this one names "x".'
        }),
        read(7, { rkey: '3mbd354mh2222' })
      ]
    }
  }),
  example('T6.7 an older key that is forgotten after a later one leaves the mark of forgotten keys alone', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20), { rkey: '3mbd354mb2222' }),
      filesRead([workflow()], at(21), { rkey: '3mbd354mb2222' }),
      comes(trigger(), at(22), { rkey: '3mbd354mc2222' }),
      filesRead([workflow({ engine: 'x' })], at(23), { number: 4, rkey: '3mbd354mc2222' }),
      comes(trigger(), at(24), { rkey: '3mbd354md2222' }),
      filesRead([workflow({ engine: 'x' })], at(25), { number: 5, rkey: '3mbd354md2222' }),
      refuses(3, at(26), name('ci.yml', '3mbd354mb2222')),
      comes(trigger(), at(27), { rkey: '3mbd354me2222' }),
      filesRead([workflow({ engine: 'x' })], at(28), { number: 6, rkey: '3mbd354me2222' })
    ],
    when: [comes(trigger(), at(29), { rkey: '3mbd354mc3222' }), comes(trigger(), at(30), { rkey: '3mbd354md2222' }), comes(trigger(), at(31), { rkey: '3mbd354md3222' })],
    then: { effects: [read(7, { rkey: '3mbd354md3222' })], reports: [ignored('before', at(29), '3mbd354mc3222'), ignored('before', at(30), '3mbd354md2222')] }
  }),
  example('T6.8 a forgotten key that is from the future, or no time at all, says nothing about others', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20), { rkey: 'zzz' }),
      filesRead([workflow({ engine: 'x' })], at(21), { rkey: 'zzz' }),
      comes(trigger(), at(22), { rkey: '3mbe354mb2222' }),
      filesRead([workflow({ engine: 'x' })], at(23), { number: 2, rkey: '3mbe354mb2222' }),
      comes(trigger(), at(24), { rkey: '3mbd354mb2222' }),
      filesRead([workflow({ engine: 'x' })], at(25), { number: 3, rkey: '3mbd354mb2222' })
    ],
    when: [comes(trigger(), at(26)), comes(trigger(), at(27), { rkey: 'zzz' }), comes(trigger(), at(28), { rkey: '3mbe354mb2222' }), comes(trigger(), at(29), { rkey: 'zz' })],
    then: {
      effects: [read(4), read(5, { rkey: 'zz' })],
      reports: [ignored('before', at(27), 'zzz'), ignored('before', at(28), '3mbe354mb2222')]
    }
  }),
  example('T6.4 a lower limit of statuses drops the oldest at the next start', {
    given: [...DONE, stop(at(25)), started(at(26), building({ keepStatuses: 0 })), knotOpened(K1, 4, at(27))],
    when: [comes(trigger(), at(28), { connection: 4 })],
    then: { effects: [], reports: [ignored('before', at(28))] }
  })
]
