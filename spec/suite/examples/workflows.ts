/** Examples of T3: from files to builds. */
import {
  announce,
  begins,
  comes,
  deadline,
  dropped,
  filesRead,
  ignored,
  KEY,
  MAIN,
  MISTAKEN,
  name,
  NAMELESS,
  NO_ROOM,
  OLD_SHA,
  ON_MAIN,
  OTHER,
  pendingMs,
  plan,
  publish,
  push,
  read,
  ROOM,
  running,
  SHA,
  shown,
  start,
  trigger,
  unnamed,
  unread,
  variables,
  variablesByHand,
  workflow,
  workflowsTimer
} from './build-world.js'
import { ALICE, at, BOB, type Example, example, K1, put, repo, type WrittenEvent } from './support.js'

export const WORKFLOWS: ReadonlyArray<Example> = [
  example('T3.1 a workflow that applies becomes one build at the provider it names', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: begins(at(21), 2, 3), changes: ['builds'] }
  }),
  example('T3.2 each workflow becomes its own build, in the order of their names; of two with one name the first counts', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ name: 'b' }), workflow({ name: 'a' }), workflow({ engine: 'other', name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('pending', at(21), { build: name('a') }),
        deadline(2, pendingMs, name('a')),
        start(3, name('a')),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(4, pendingMs, name('b')),
        start(5, name('b'))
      ]
    }
  }),
  example('T3.3 a push passes on its variables to the workflow and its provider', {
    given: [...running(), comes(trigger({ defaultBranch: 'trunk' }), at(20))],
    when: [
      filesRead(
        [
          workflow({
            clone: { depth: 5, skip: true, submodules: true },
            environment: [
              ['A', '1'],
              ['CI', 'false'],
              ['TANGLED_SHA', 'mine']
            ],
            steps: [
              {
                command: 'make',
                environment: [
                  ['B', '2'],
                  ['TACK_X', '3']
                ],
                name: 'build'
              }
            ],
            targets: [{ pipeline: 'p', provider: 'local', settings: [['s', 't']] }]
          })
        ],
        at(21),
        { defaultBranch: 'main' }
      )
    ],
    then: {
      effects: [
        announce(at(21), [shown('ci.yml', { clone: { depth: 5, skip: true, submodules: true } })], { defaultBranch: 'main' }),
        publish('pending', at(21)),
        deadline(2, pendingMs),
        start(
          3,
          name(),
          plan({
            clone: { depth: 5, skip: true, submodules: true },
            pipeline: 'p',
            provider: 'local',
            settings: [['s', 't']],
            steps: [{ command: 'make', environment: [['B', '2']], name: 'build' }],
            variables: [['A', '1'], ...variables().slice(0, 7), ['TANGLED_REPO_DEFAULT_BRANCH', 'main'], ...variables().slice(7)]
          })
        )
      ]
    }
  }),
  example('T3.4 a pull request and a manual run pass on their variables', {
    given: [
      ...running(),
      comes(trigger({ cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: OLD_SHA, targetBranch: 'main' }, kind: 'pipeline' }), at(20)),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: 'refs/tags/v1', sha: SHA }, kind: 'pipeline' }), at(20), { rkey: 'm' })
    ],
    when: [
      filesRead([workflow({ when: [{ branch: ['main'], event: ['pull_request'], paths: null, tag: [], types: null, unknown: null }] })], at(21)),
      filesRead([workflow({ when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(22), { number: 2, rkey: 'm' })
    ],
    then: {
      effects: [
        announce(at(21), [shown()], { cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: OLD_SHA, targetBranch: 'main' } }),
        publish('pending', at(21)),
        deadline(3, pendingMs),
        start(
          4,
          name(),
          plan({
            ref: 'refs/heads/x',
            sha: OLD_SHA,
            variables: [
              ['CI', 'true'],
              ['TANGLED_COMMIT_SHA', OLD_SHA],
              ['TANGLED_PIPELINE_ID', `at://did:web:${K1}/sh.tangled.pipeline/${KEY}`],
              ['TANGLED_PIPELINE_KIND', 'pull_request'],
              ['TANGLED_PR_ACTION', 'opened'],
              ['TANGLED_PR_SOURCE_BRANCH', 'x'],
              ['TANGLED_PR_SOURCE_SHA', OLD_SHA],
              ['TANGLED_PR_TARGET_BRANCH', 'main'],
              ['TANGLED_REF', 'refs/heads/x'],
              ['TANGLED_REF_NAME', 'x'],
              ['TANGLED_REF_TYPE', 'branch'],
              ...variables().slice(7, 12),
              ['TANGLED_SHA', OLD_SHA]
            ]
          })
        ),
        announce(at(22), [shown()], { cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: 'refs/tags/v1', sha: SHA }, rkey: 'm' }),
        publish('pending', at(22), { build: name('ci.yml', 'm') }),
        deadline(5, pendingMs, name('ci.yml', 'm')),
        start(
          6,
          name('ci.yml', 'm'),
          plan({
            ref: 'refs/tags/v1',
            variables: [
              ['CI', 'true'],
              ['TANGLED_COMMIT_SHA', SHA],
              ['TANGLED_INPUT_K', 'v'],
              ['TANGLED_PIPELINE_ID', `at://did:web:${K1}/sh.tangled.pipeline/m`],
              ['TANGLED_PIPELINE_KIND', 'manual'],
              ['TANGLED_REF', 'refs/tags/v1'],
              ['TANGLED_REF_NAME', 'v1'],
              ['TANGLED_REF_TYPE', 'tag'],
              ...variables().slice(7)
            ]
          })
        )
      ]
    }
  }),
  example('T3.5 a workflow that does not apply is not built; with none left, the trigger is spent', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ when: [{ branch: ['release'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(21)), comes(trigger(), at(22))],
    then: { effects: [], reports: [ignored('workflows', at(21)), ignored('before', at(22))] }
  }),
  example('T3.6 a bad pattern, or no engine, drops the workflow with a word to the operator', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['['], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          workflow({ engine: null, name: 'b' }),
          workflow({ name: 'c' })
        ],
        at(21)
      )
    ],
    then: {
      effects: [announce(at(21), [shown('c')]), publish('pending', at(21), { build: name('c') }), deadline(2, pendingMs, name('c')), start(3, name('c'))],
      reports: [dropped('when', at(21), 'a'), dropped('engine', at(21), 'b')]
    }
  }),
  example('T3.7 an engine that is not needed is not checked', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ engine: null, when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(21))],
    then: { effects: [], reports: [ignored('workflows', at(21))] }
  }),
  ...(
    [
      ['T3.8 a file that cannot be understood', { _tag: 'Faulty', content: '', error: 'line 3: not YAML', name: 'ci.yml', when: null }, 'line 3: not YAML', unread('ci.yml')],
      ['T3.9 a workflow of another engine', workflow({ engine: 'nixery' }), 'This spindle builds workflows of engine "tack", and this one names "nixery".', shown('ci.yml', { engine: 'nixery' })],
      [
        'T3.10 a workflow without a provider',
        workflow({ targets: [] }),
        'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".',
        shown()
      ],
      [
        'T3.11 a workflow with several providers',
        workflow({
          targets: [
            { pipeline: 'a', provider: 'ci', settings: [] },
            { pipeline: 'b', provider: 'local', settings: [] }
          ]
        }),
        'The workflow names several providers: ci, local. One is needed.',
        shown()
      ],
      [
        'T3.12 a workflow of an unknown provider',
        workflow({ targets: [{ pipeline: 'a', provider: 'x', settings: [] }] }),
        'There is no provider "x" here. There are: ci, local.',
        shown()
      ]
    ] as const
  ).map(([title, file, error, told]) =>
    example(`${title} fails the build, with a sentence for its author`, {
      given: [...running(), comes(trigger(), at(20))],
      when: [filesRead([file], at(21))],
      then: { effects: [announce(at(21), [told]), publish('failed', at(21), { error })] }
    })
  ),
  example('T3.13 a failed build says that no providers are configured', {
    given: [...running({ providers: [] }), comes(trigger(), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: [announce(at(21)), publish('failed', at(21), { error: 'There is no provider "ci" here. There are: none.' })] }
  }),
  example('T3.14 repositories other than the owner’s have built only what the operator’s list allows', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({
        allow: [
          { pipelines: 'deploy', provider: 'ci', repos: `${ALICE}/*` },
          { pipelines: 'app', provider: 'local', repos: `${ALICE}/*` },
          { pipelines: 'app', provider: 'ci', repos: `${BOB}/*` },
          { pipelines: '[', provider: 'ci', repos: '**' }
        ]
      }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow()], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('failed', at(21), {
          error: `The operator of this spindle does not let ${ALICE}/x use pipeline "app" of provider "ci".`
        })
      ]
    }
  }),
  example('T3.31 an allow-list that takes too long to be searched says so', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      // Each line is tried on every character of the name: 16 000.
      ...running({
        allow: [...Array.from({ length: 200 }, () => ({ pipelines: '**z', provider: 'ci', repos: '**' })), { pipelines: '**', provider: 'ci', repos: '**' }]
      }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow({ targets: [{ pipeline: 'x'.repeat(4_000), provider: 'ci', settings: [] }] })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('failed', at(21), {
          error: `It takes too long to find out whether the operator of this spindle lets ${ALICE}/x use pipeline "${'x'.repeat(1_000)}`.slice(0, 1_000).concat('…')
        })
      ]
    }
  }),
  example('T3.32 an error in the rest of a file goes unreported where the workflow does not apply', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          { _tag: 'Faulty', content: '1', error: 'steps is not a list', name: 'a', when: [{ ...ON_MAIN, branch: ['other'] }] },
          { _tag: 'Faulty', content: '2', error: 'tack is not a map', name: 'b', when: [ON_MAIN] },
          workflow({ engine: 'nixery', name: 'c', when: [{ ...ON_MAIN, branch: ['other'] }] })
        ],
        at(21)
      )
    ],
    then: { effects: [announce(at(21), [unread('b')]), publish('failed', at(21), { build: name('b'), error: 'tack is not a map' })] }
  }),
  example('T3.33 a meaningless key, by which a workflow never applies, fails once for each content of the file', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] }), workflow({ name: 'good.yml' })], at(21)),
      comes(trigger(), at(22), { rkey: OTHER }),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(23), { number: 4, rkey: OTHER }),
      comes(trigger(), at(24), { rkey: '3mbd3562k2222' })
    ],
    when: [filesRead([workflow({ content: 'two', when: [MISTAKEN] })], at(25), { number: 5, rkey: '3mbd3562k2222' })],
    then: {
      effects: [
        announce(at(25), [shown()], { rkey: '3mbd3562k2222' }),
        publish('failed', at(25), {
          build: name('ci.yml', '3mbd3562k2222'),
          error: 'when[0] has an unknown key, "branches", so it never applies. Did you mean "branch"?'
        })
      ]
    }
  }),
  example('T3.34 a meaningless key leads to nothing more than its failed status', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(21)),
      comes(trigger(), at(22), { rkey: OTHER })
    ],
    when: [filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(23), { number: 2, rkey: OTHER })],
    then: { effects: [], reports: [ignored('workflows', at(23), OTHER)] }
  }),
  example('T3.15 a line that fits repository, provider and pipeline allows the build', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({ allow: [{ pipelines: 'a*', provider: 'ci', repos: `${ALICE}/*` }] }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow({ engine: 'tack' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('pending', at(21)),
        deadline(2, pendingMs),
        start(
          3,
          name(),
          plan({
            repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' },
            variables: [
              ...variables().slice(0, 7),
              ['TANGLED_REPO_DID', ALICE],
              ['TANGLED_REPO_KNOT', K1],
              ['TANGLED_REPO_NAME', 'x'],
              ['TANGLED_REPO_REPO_DID', 'did:plc:x'],
              ['TANGLED_REPO_URL', `https://${K1}/${ALICE}/x`],
              ['TANGLED_SHA', SHA]
            ]
          })
        )
      ]
    }
  }),
  example('T3.16 the first fifty of more than fifty workflows are built', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        Array.from({ length: 51 }, (_, i) => ({ _tag: 'Faulty' as const, content: '', error: 'x', name: `w${String(i).padStart(2, '0')}`, when: null })),
        at(21)
      )
    ],
    then: {
      effects: [
        announce(at(21), Array.from({ length: 50 }, (_, i) => unread(`w${String(i).padStart(2, '0')}`))),
        ...Array.from({ length: 50 }, (_, i) => publish('failed', at(21) + i, { build: name(`w${String(i).padStart(2, '0')}`), error: 'x' }))
      ],
      reports: [dropped('limit', at(21), 'w50')]
    }
  }),
  example('T3.35 the workflow that takes the last room of its run is built, and the next one fails', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ units: ROOM, name: 'a' }), workflow({ units: 1, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('pending', at(21), { build: name('a') }),
        deadline(2, pendingMs, name('a')),
        start(3, name('a')),
        publish('failed', at(21) + 1, { build: name('b'), error: NO_ROOM })
      ],
      reports: [dropped('limit', at(21), 'b')]
    }
  }),
  example('T3.36 a workflow that finds no room leaves it to those after it', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ units: ROOM + 1, name: 'a' }), workflow({ units: ROOM, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('failed', at(21), { build: name('a'), error: NO_ROOM }),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(2, pendingMs, name('b')),
        start(3, name('b'))
      ],
      reports: [dropped('limit', at(21), 'a')]
    }
  }),
  example('T3.37 inputs take room of a run once, however many workflows there are', {
    given: [
      ...running(),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [['k', 'x'.repeat(65_535)]], ref: MAIN, sha: SHA }, kind: 'pipeline', workflows: [] }), at(20))
    ],
    when: [filesRead([workflow({ units: ROOM - 65_000, name: 'a' }), workflow({ units: 200, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')], { cause: { _tag: 'Manual', inputs: [['k', 'x'.repeat(65_535)]], ref: MAIN, sha: SHA } }),
        publish('failed', at(21), { build: name('a'), error: NO_ROOM }),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(2, pendingMs, name('b')),
        start(3, name('b'), plan({ variables: variablesByHand(['TANGLED_INPUT_K', 'x'.repeat(65_535)]) }))
      ],
      reports: [dropped('limit', at(21), 'a')]
    }
  }),
  example('T3.38 a workflow that does not apply, or is no build for a provider, takes no room', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          workflow({ units: ROOM, name: 'a', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          workflow({ units: ROOM, name: 'b', targets: [] }),
          workflow({ units: ROOM, name: 'c' })
        ],
        at(21)
      )
    ],
    then: {
      effects: [
        announce(at(21), [shown('b'), shown('c')]),
        publish('failed', at(21), { build: name('b'), error: 'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".' }),
        publish('pending', at(21) + 1, { build: name('c') }),
        deadline(2, pendingMs, name('c')),
        start(3, name('c'))
      ]
    }
  }),
  example('T3.39 the name of a workflow file that cannot be kept is reported, and the other files are read', {
    given: running(),
    when: [comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml', ''], workflows: [{ name: 'ci.yml', text: '' }] }), at(20))],
    then: {
      effects: [read(1, { workflows: [{ name: 'ci.yml', text: '' }] })],
      reports: [unnamed('../ci.yml', at(20)), unnamed('', at(20))]
    }
  }),
  example('T3.40 the name of a workflow file that cannot be kept is reported once, also where its trigger comes again', {
    given: [...running(), comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml'], workflows: [] }), at(20))],
    when: [comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml'], workflows: [] }), at(30))],
    then: {}
  }),
  example('T3.41 the name of a file in the repository that cannot be kept is reported, also where nothing else comes of the trigger', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([], at(21), { unkept: ['a\\b.yml'] })],
    then: { effects: [], reports: [unnamed('a\\b.yml', at(21)), ignored('workflows', at(21))] }
  }),
  example('T3.17 files that cannot be read are tried again, after growing pauses', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      { _tag: 'RequestFailed', at: at(21), error: 'no answer', isFinal: false, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 },
      workflowsTimer(2, at(23)),
      { _tag: 'RequestFailed', at: at(24), error: 'no answer', isFinal: false, number: 3, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 }
    ],
    then: {
      effects: [
        { _tag: 'WakeAfter', highMs: 2_000, lowMs: 1_000, timer: { _tag: 'RequestTimer', number: 2, requested: { _tag: 'Workflows', knot: K1, rkey: KEY } } },
        read(3),
        { _tag: 'WakeAfter', highMs: 4_000, lowMs: 2_000, timer: { _tag: 'RequestTimer', number: 4, requested: { _tag: 'Workflows', knot: K1, rkey: KEY } } }
      ]
    }
  }),
  example('T3.22 files that cannot be read are tried up to thirty times', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      ...Array.from({ length: 30 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'RequestFailed', at: at(30 + i), error: 'no answer', isFinal: false, number: 1 + 2 * i, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 },
        workflowsTimer(2 + 2 * i, at(30 + i))
      ]).flat()
    ],
    when: [{ _tag: 'RequestFailed', at: at(100), error: 'no answer', isFinal: false, number: 61, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 }],
    then: { effects: [], reports: [{ _tag: 'WorkflowsReadFailed', at: at(100), knot: K1, rkey: KEY }] }
  }),
  example('T3.18 a missing commit is doubted for a minute: a knot may report it before it serves it', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      ...Array.from({ length: 5 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'RequestFailed', at: at(30 + i), error: 'not there', isFinal: true, number: 1 + 2 * i, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 },
        workflowsTimer(2 + 2 * i, at(30 + i))
      ]).flat()
    ],
    when: [
      { _tag: 'RequestFailed', at: at(90), error: 'not there', isFinal: true, number: 11, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 },
      filesRead([workflow()], at(91), { number: 11 }),
      comes(trigger(), at(92))
    ],
    then: { effects: [], reports: [{ _tag: 'WorkflowsReadFailed', at: at(90), knot: K1, rkey: KEY }, ignored('before', at(92))] }
  }),
  example('T3.19 an answer about files that nobody waits for changes nothing', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead([workflow()], at(21), { number: 2 }),
      filesRead([workflow()], at(21), { rkey: OTHER }),
      { _tag: 'RequestFailed', at: at(21), error: '', isFinal: true, number: 2, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 },
      { _tag: 'RequestFailed', at: at(21), error: '', isFinal: true, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: OTHER }, waitMs: 0 },
      workflowsTimer(1, at(22)),
      workflowsTimer(1, at(22), OTHER)
    ],
    then: { effects: [], changes: [] }
  }),
  example('T3.20 the files that a push changed decide together with the other conditions', {
    given: [...running(), comes(trigger({ cause: push({ changedFiles: ['docs/a.md'] }) }), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['main'], event: ['push'], paths: ['src/**'], tag: [], types: null, unknown: null }] }),
          { _tag: 'Faulty', content: '', error: 'x', name: 'b', when: null }
        ],
        at(21)
      )
    ],
    then: { effects: [announce(at(21), [unread('b')]), publish('failed', at(21), { build: name('b'), error: 'x' })] }
  }),

  example('T3.21 the changed files do not decide for a ready-made pipeline: the knot, which knew them, has chosen', {
    given: [...running(), comes(trigger({ kind: 'pipeline', workflows: [] }), at(20))],
    when: [
      filesRead(
        [
          workflow({ when: [{ branch: ['main'], event: ['push'], paths: ['src/**'], tag: [], types: null, unknown: null }] }),
          workflow({ name: 'd', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })
        ],
        at(21)
      )
    ],
    then: { effects: begins(at(21), 2, 3) }
  })
]
