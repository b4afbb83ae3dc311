/** Examples of S6–S10: what one event does to the rows. */
import { COLLABORATOR, type Collection, MEMBER, REPO } from '../../../core/index.js'
import {
  ALICE,
  at,
  BOB,
  collaborator,
  del,
  type Example,
  example,
  frame,
  K1,
  K2,
  knotless,
  member,
  OWNER,
  put,
  receipt,
  refused,
  rejected,
  repo,
  rev,
  row,
  subscribe,
  tooLong,
  unsubscribe,
  US
} from './support.js'

const CREATED = '2026-01-01T00:00:00Z'

/** A whole record of each collection, as it comes over the wire, with every field that is read. */
const WHOLE = {
  [MEMBER]: { $type: MEMBER, createdAt: CREATED, instance: US, subject: ALICE },
  [REPO]: { $type: REPO, createdAt: CREATED, knot: K1, name: 'app', repoDid: 'did:plc:r', spindle: 'elsewhere.example' },
  [COLLABORATOR]: { $type: COLLABORATOR, createdAt: CREATED, repo: 'at://r', repoDid: 'did:plc:r', subject: BOB }
} as const

/** A commit of Alice's, stamped `at(seconds)` and received a second later. */
const commit = (seconds: number, commit: object) =>
  frame({ did: ALICE, time_us: at(seconds), kind: 'commit', commit: { rev: rev(at(seconds)), ...commit } }, at(seconds + 1))

const created = (seconds: number, collection: string, rkey: string, record: unknown) =>
  commit(seconds, { operation: 'create', collection, rkey, record })

const ROWS = {
  [MEMBER]: row(ALICE, 'x', member({ subject: ALICE })),
  [REPO]: row(ALICE, 'x', repo({ repoDid: 'did:plc:r', spindle: 'elsewhere.example' })),
  [COLLABORATOR]: row(ALICE, 'x', collaborator({ repo: 'at://r', repoDid: 'did:plc:r' }))
}

const rowWithout = (collection: Collection, field: string) => {
  const whole = ROWS[collection]
  return { ...whole, record: { ...whole.record, [field]: collection === REPO && field === 'knot' ? null : '' } } as typeof whole
}

const FIELDS = [
  [MEMBER, ['instance', 'subject', 'createdAt']],
  [REPO, ['knot', 'name', 'spindle', 'repoDid', 'createdAt']],
  [COLLABORATOR, ['repo', 'repoDid', 'subject', 'createdAt']]
] as const

/** Every field that is read, in the ways in which it can be absent, and with a value that is not text. */
const FIELD_EXAMPLES: ReadonlyArray<Example> = FIELDS.flatMap(([collection, fields]) =>
  fields.flatMap((field) => [
    example(`S9.5 ${collection}: ${field} absent, null and "" are one thing`, {
      when: [
        created(1, collection, 'x', { ...WHOLE[collection], [field]: undefined }),
        created(3, collection, 'y', { ...WHOLE[collection], [field]: null }),
        created(5, collection, 'z', { ...WHOLE[collection], [field]: '' })
      ],
      then: { rows: ['x', 'y', 'z'].map((rkey) => ({ ...rowWithout(collection, field), rkey })) }
    }),
    example(`S9.6 ${collection}: a ${field} that is not text makes the record bad`, {
      when: [1, true, ['x'], { x: 'x' }].map((value, i) =>
        created(10 * (i + 1), collection, 'x', { ...WHOLE[collection], [field]: value })
      ),
      then: {
        rows: [],
        cursor: at(40),
        reports: [11, 21, 31, 41].map((when) =>
          rejected('record', at(when), { collection, did: ALICE, operation: 'create', rkey: 'x' })
        )
      }
    })
  ])
)

export const ROWS_EXAMPLES: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- S6
  example('S6.1 an identity event changes no rows', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [
      frame(
        { did: ALICE, time_us: at(2), kind: 'identity', identity: { did: ALICE, seq: 1, time: '2026-01-01T00:00:02Z' } },
        at(3)
      )
    ],
    then: { rows: [row(ALICE, 'app', repo())], cursor: at(2), changes: ['counters', 'cursor'] }
  }),
  example('S6.2 an account event about somebody without records changes nothing', {
    when: [frame({ did: BOB, time_us: at(2), kind: 'account', account: { active: false, did: BOB, status: 'deleted' } }, at(3))],
    then: { rows: [], accounts: [], cursor: at(2), changes: ['counters', 'cursor'] }
  }),
  example('S6.3 an unknown kind changes nothing', {
    when: [
      frame(
        {
          did: ALICE,
          time_us: at(2),
          kind: 'sync',
          commit: { rev: rev(at(2)), operation: 'create', collection: REPO, rkey: 'app', record: WHOLE[REPO] }
        },
        at(3)
      )
    ],
    then: { rows: [], accounts: [], cursor: at(2), changes: ['counters', 'cursor'] }
  }),
  example('S6.4 a kind that is missing, or not text, changes nothing', {
    when: [frame({ did: ALICE, time_us: at(2) }, at(3)), frame({ did: ALICE, time_us: at(4), kind: 7 }, at(5))],
    then: { rows: [], accounts: [], cursor: at(4), changes: ['counters', 'cursor'] }
  }),
  example('S6.5 an event of kind commit that carries no commit changes nothing', {
    when: [
      frame({ did: ALICE, time_us: at(2), kind: 'commit' }, at(3)),
      frame({ did: ALICE, time_us: at(4), kind: 'commit', commit: null }, at(5))
    ],
    then: { rows: [], accounts: [], cursor: at(4), changes: ['counters', 'cursor'] }
  }),
  example('S6.6 the commit of another kind of event is not read, whatever it is', {
    when: [frame({ did: ALICE, time_us: at(2), kind: 'identity', commit: 'x', account: 7 }, at(3))],
    then: { cursor: at(2), changes: ['counters', 'cursor'] }
  }),

  // ---------------------------------------------------------------------------------------- S7
  example('S7.1 a commit of another collection is ignored, and counts as processed', {
    when: [created(2, 'app.bsky.feed.like', 'x', WHOLE[REPO])],
    then: { rows: [], accounts: [], cursor: at(2), changes: ['counters', 'cursor'] }
  }),
  example('S7.2 a collection is ours by its whole name, not by its beginning or end', {
    when: [
      created(2, 'sh.tangled.repo.pull', 'x', WHOLE[REPO]),
      created(3, 'sh.tangled', 'x', WHOLE[REPO]),
      created(4, 'SH.tangled.repo', 'x', WHOLE[REPO]),
      created(5, 'sh.tangled.repo ', 'x', WHOLE[REPO]),
      created(6, '', 'x', WHOLE[REPO])
    ],
    then: { rows: [], accounts: [], cursor: at(6), changes: ['counters', 'cursor'] }
  }),
  example('S7.3 in a collection that is not ours nothing else is looked at', {
    when: [commit(2, { collection: 'app.bsky.feed.like', rkey: '..', operation: 7, record: 'x' })],
    then: { cursor: at(2), changes: ['counters', 'cursor'] }
  }),
  example('S7.4 a commit without a collection is ignored too', {
    when: [commit(2, { operation: 'create', rkey: 'x', record: WHOLE[REPO] }), commit(3, { collection: null })],
    then: { rows: [], cursor: at(3), changes: ['counters', 'cursor'] }
  }),

  // ---------------------------------------------------------------------------------------- S8
  example('S8.1 rows of one key in three collections, and of three accounts, are different rows', {
    when: [
      put(OWNER, 'x', member(), at(1)),
      put(OWNER, 'x', repo({ spindle: '' }), at(2)),
      put(OWNER, 'x', collaborator(), at(3)),
      put(ALICE, 'x', repo({ spindle: '' }), at(4)),
      put(BOB, 'x', repo({ spindle: '' }), at(5)),
      del(OWNER, REPO, 'x', at(6))
    ],
    then: {
      rows: [
        row(ALICE, 'x', repo({ spindle: '' })),
        row(BOB, 'x', repo({ spindle: '' })),
        row(OWNER, 'x', member()),
        row(OWNER, 'x', collaborator())
      ]
    }
  }),
  example('S8.2 create and update both put: an update of a missing row creates it', {
    when: [commit(1, { operation: 'update', collection: REPO, rkey: 'x', record: WHOLE[REPO] })],
    then: { rows: [ROWS[REPO]] }
  }),
  example('S8.3 a create of an existing row replaces it', {
    given: [created(1, REPO, 'x', { ...WHOLE[REPO], name: 'old', website: 'x' })],
    when: [created(3, REPO, 'x', WHOLE[REPO])],
    then: { rows: [ROWS[REPO]] }
  }),
  example('S8.4 a delete removes the row', {
    given: [
      created(1, MEMBER, 'x', WHOLE[MEMBER]),
      created(2, REPO, 'x', WHOLE[REPO]),
      created(3, COLLABORATOR, 'x', WHOLE[COLLABORATOR])
    ],
    when: [MEMBER, REPO, COLLABORATOR].map((collection, i) => commit(5 + i, { operation: 'delete', collection, rkey: 'x' })),
    then: { rows: [], cursor: at(7) }
  }),
  example('S8.5 a record in a delete is not read', {
    given: [created(1, REPO, 'x', WHOLE[REPO])],
    when: [commit(3, { operation: 'delete', collection: REPO, rkey: 'x', record: 7 })],
    then: { rows: [] }
  }),
  example('S8.6 an unknown operation does nothing', {
    given: [created(1, REPO, 'x', WHOLE[REPO])],
    when: [
      commit(2, { operation: 'upsert', collection: REPO, rkey: 'x', record: WHOLE[REPO] }),
      commit(3, { operation: 'DELETE', collection: REPO, rkey: 'x' }),
      commit(4, { operation: '', collection: REPO, rkey: 'x' }),
      commit(5, { collection: REPO, rkey: 'x', record: WHOLE[REPO] })
    ],
    then: { rows: [ROWS[REPO]], cursor: at(5), changes: ['counters', 'cursor'] }
  }),
  example('S8.7 a delete of a missing row changes no row', {
    given: [put(ALICE, 'x', repo(), at(1))],
    when: [del(ALICE, REPO, 'y', at(2)), del(BOB, MEMBER, 'x', at(3))],
    then: { rows: [row(ALICE, 'x', repo())], subscriptions: [K1] }
  }),

  // ---------------------------------------------------------------------------------------- S9
  example('S9.1 a member record has an instance, a subject and a time of creation', {
    when: [created(1, MEMBER, 'x', WHOLE[MEMBER])],
    then: {
      rows: [
        { collection: MEMBER, did: ALICE, record: { createdAt: CREATED, instance: 'ci.example', subject: ALICE }, rkey: 'x' }
      ]
    }
  }),
  example('S9.2 a repo record has a knot, a name, a spindle, a DID of its own and a time of creation', {
    when: [created(1, REPO, 'x', WHOLE[REPO])],
    then: {
      rows: [
        {
          collection: REPO,
          did: ALICE,
          record: { createdAt: CREATED, knot: 'knot1.example', name: 'app', repoDid: 'did:plc:r', spindle: 'elsewhere.example' },
          rkey: 'x'
        }
      ]
    }
  }),
  example('S9.3 a collaborator record has a repo, its DID, a subject and a time of creation', {
    when: [created(1, COLLABORATOR, 'x', WHOLE[COLLABORATOR])],
    then: {
      rows: [
        {
          collection: COLLABORATOR,
          did: ALICE,
          record: { createdAt: CREATED, repo: 'at://r', repoDid: 'did:plc:r', subject: BOB },
          rkey: 'x'
        }
      ]
    }
  }),
  example('S9.4 a record must be a JSON object', {
    when: [
      created(10, MEMBER, 'x', [WHOLE[MEMBER]]),
      created(20, REPO, 'x', 'text'),
      created(30, COLLABORATOR, 'x', null),
      created(40, REPO, 'x', undefined),
      created(50, REPO, 'x', 7),
      created(60, REPO, 'x', true)
    ],
    then: {
      rows: [],
      reports: [
        rejected('record', at(11), { collection: MEMBER, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(21), { collection: REPO, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(31), { collection: COLLABORATOR, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(41), { collection: REPO, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(51), { collection: REPO, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(61), { collection: REPO, did: ALICE, operation: 'create', rkey: 'x' })
      ]
    }
  }),
  ...FIELD_EXAMPLES,
  example('S9.7 an empty object is a record', {
    when: [created(1, MEMBER, 'x', {}), created(2, REPO, 'x', {}), created(3, COLLABORATOR, 'x', {})],
    then: {
      rows: [
        row(ALICE, 'x', member({ createdAt: '', instance: '', subject: '' })),
        knotless(ALICE, 'x', repo({ createdAt: '', name: '', spindle: '' })),
        row(ALICE, 'x', collaborator({ createdAt: '', subject: '' }))
      ]
    }
  }),
  example('S9.8 fields are read only when they are spelled exactly so, and others may be anything', {
    when: [
      created(1, REPO, 'x', {
        Knot: K1,
        knot_: K1,
        ' name': 'app',
        Spindle: 7,
        reponame: 7,
        description: 7,
        topics: { a: [] },
        knot: K2
      })
    ],
    then: { rows: [row(ALICE, 'x', repo({ createdAt: '', knot: K2, name: '', spindle: '' }))] }
  }),
  example('S9.9 the type that a record claims is not checked', {
    when: [
      created(1, REPO, 'x', { ...WHOLE[REPO], $type: 'app.bsky.feed.like' }),
      created(2, REPO, 'y', { ...WHOLE[REPO], $type: 7 })
    ],
    then: { rows: [ROWS[REPO], { ...ROWS[REPO], rkey: 'y' }] }
  }),
  example('S9.10 a lone surrogate becomes U+FFFD, a pair stays what it is', {
    when: [created(1, REPO, 'x', { ...WHOLE[REPO], name: 'a\ud800b\udc00c\ud83d\ude00', createdAt: '\udfff\ud800' })],
    then: {
      rows: [
        row(
          ALICE,
          'x',
          repo({
            createdAt: '\ufffd\ufffd',
            name: 'a\ufffdb\ufffdc\ud83d\ude00',
            repoDid: 'did:plc:r',
            spindle: 'elsewhere.example'
          })
        )
      ]
    }
  }),
  example('S9.11 the last of two values under one key is read', {
    when: [
      frame(
        `{"did":"${ALICE}","time_us":${String(at(1))},"kind":"commit","commit":{"rev":"${rev(at(1))}","operation":"create",` +
          `"collection":"sh.tangled.repo","rkey":"x","record":{"name":7,"name":"app"}}}`,
        at(2)
      )
    ],
    then: { rows: [knotless(ALICE, 'x', repo({ createdAt: '', spindle: '' }))] }
  }),

  example('S9.12 an overlong field counts as absent, and that is reported', {
    when: [put(ALICE, 'x', repo({ name: 'n'.repeat(512), repoDid: 'd'.repeat(2_049) }), at(1)), put(ALICE, 'y', repo({ name: 'n'.repeat(513) }), at(2))],
    then: {
      effects: [subscribe(K1, 1)],
      reports: [tooLong(ALICE, REPO, 'x', ['repoDid', 2_048], receipt(at(1))), tooLong(ALICE, REPO, 'y', ['name', 512], receipt(at(2)))],
      rows: [row(ALICE, 'x', repo({ name: 'n'.repeat(512) })), row(ALICE, 'y', repo({ name: '' }))]
    }
  }),
  example('S9.13 overlong fields are reported for each collection, in ascending order', {
    when: [
      put(ALICE, 'x', member({ createdAt: 'c'.repeat(65), instance: 'i'.repeat(261), subject: 's'.repeat(2_049) }), at(1)),
      put(ALICE, 'x', collaborator({ createdAt: 'c'.repeat(65), repo: 'r'.repeat(2_601), repoDid: 'd'.repeat(2_049), subject: 's'.repeat(2_049) }), at(2)),
      put(ALICE, 'x', repo({ createdAt: 'c'.repeat(65), knot: 'k'.repeat(261), spindle: 's'.repeat(261) }), at(3))
    ],
    then: {
      reports: [
        ...([['createdAt', 64], ['instance', 260], ['subject', 2_048]] as const).map((field) => tooLong(ALICE, MEMBER, 'x', field, receipt(at(1)))),
        ...([['createdAt', 64], ['repo', 2_600], ['repoDid', 2_048], ['subject', 2_048]] as const).map((field) =>
          tooLong(ALICE, COLLABORATOR, 'x', field, receipt(at(2)))
        ),
        ...([['createdAt', 64], ['knot', 260], ['spindle', 260]] as const).map((field) => tooLong(ALICE, REPO, 'x', field, receipt(at(3))))
      ],
      rows: [
        row(ALICE, 'x', member({ createdAt: '', instance: '', subject: '' })),
        knotless(ALICE, 'x', repo({ createdAt: '', spindle: '' })),
        row(ALICE, 'x', collaborator({ createdAt: '', subject: '' }))
      ]
    }
  }),
  example('S9.16 of one record the knot that is refused is reported before the fields that are too long', {
    when: [put(ALICE, 'x', repo({ createdAt: 'c'.repeat(65), knot: 'no host', spindle: 's'.repeat(261) }), at(1))],
    then: {
      reports: [
        refused(ALICE, 'x', 'no host', receipt(at(1))),
        ...([['createdAt', 64], ['spindle', 260]] as const).map((field) => tooLong(ALICE, REPO, 'x', field, receipt(at(1))))
      ]
    }
  }),
  example('S9.14 a record that withdraws something withdraws it at any length', {
    given: [put(ALICE, 'x', repo(), at(1))],
    when: [put(ALICE, 'x', repo({ spindle: 'elsewhere.example'.padStart(300, 'e') }), at(2))],
    then: { effects: [unsubscribe(K1, 1)], reports: [tooLong(ALICE, REPO, 'x', ['spindle', 260], receipt(at(2)))] }
  }),
  example('S9.15 a record that a gate stops is not reported for its length', {
    given: [put(ALICE, 'x', repo(), at(2))],
    when: [put(ALICE, 'x', repo({ name: 'n'.repeat(513) }), at(1))],
    then: { rows: [row(ALICE, 'x', repo())] }
  }),

  // ---------------------------------------------------------------------------------------- S10
  example(
    'S10.1 a bad record is reported with DID, collection, operation and rkey, leaves the row as it was, and the cursor moves on',
    {
      given: [created(1, REPO, 'x', WHOLE[REPO])],
      when: [commit(3, { operation: 'update', collection: REPO, rkey: 'x', record: { ...WHOLE[REPO], name: 7 } })],
      then: {
        rows: [ROWS[REPO]],
        cursor: at(3),
        changes: ['counters', 'cursor'],
        reports: [rejected('record', at(4), { collection: REPO, did: ALICE, operation: 'update', rkey: 'x' })]
      }
    }
  ),
  example('S10.2 a bad record does not disturb what comes after it', {
    when: [
      created(1, REPO, 'x', 'bad'),
      created(3, MEMBER, 'x', { instance: {} }),
      created(5, REPO, 'x', { ...WHOLE[REPO], spindle: US })
    ],
    then: {
      subscriptions: [K1],
      cursor: at(5),
      effects: [subscribe(K1, 1)],
      reports: [
        rejected('record', at(2), { collection: REPO, did: ALICE, operation: 'create', rkey: 'x' }),
        rejected('record', at(4), { collection: MEMBER, did: ALICE, operation: 'create', rkey: 'x' })
      ]
    }
  }),
  example('S10.3 a bad update releases no knot; a good one that names an invalid knot does', {
    given: [created(1, REPO, 'x', { ...WHOLE[REPO], spindle: US })],
    when: [
      commit(3, { operation: 'update', collection: REPO, rkey: 'x', record: { spindle: US, knot: 7 } }),
      commit(5, { operation: 'update', collection: REPO, rkey: 'x', record: { spindle: US, knot: '127.0.0.1' } })
    ],
    then: {
      rows: [knotless(ALICE, 'x', repo({ createdAt: '', name: '' }))],
      effects: [unsubscribe(K1, 1)],
      reports: [
        rejected('record', at(4), { collection: REPO, did: ALICE, operation: 'update', rkey: 'x' }),
        refused(ALICE, 'x', '127.0.0.1', at(6))
      ]
    }
  })
]
