/**
 * From a push to a start, the durable note before each step that may take long included: how long after a knot has published a trigger a provider is asked to start the build. A real knot on a loopback
 * socket, the whole bridge with its durable store, the real reader of workflows; files come along with the trigger, so git's own time
 * is not in it. One push at a time: what is measured is the way, not the queue.
 */
import * as E from 'fp-ts/lib/Either.js'
import { Config, initial, type TimeUs } from '../../core/index.js'
import { createBuilder } from '../../shell/drive/builder.js'
import { systemClock, systemRandom } from '../../shell/lib/clock.js'
import { knotClient } from '../../shell/outbound/knot.js'
import { silentLog as log } from '../../shell/lib/log.js'
import { pipeline, startKnot, tid } from '../../shell/demo-network/index.js'
import type { Provider } from '../../shell/providers/provider.js'
import { startBridge } from '../../shell/drive/runtime.js'
import { openStore } from '../../shell/store/index.js'
import { workflowReader } from '../../shell/outbound/workflows.js'
import { nothingElse } from '../shell/support/bridge.js'
import { pushJob, serve } from './jobs.js'
import { succeed } from './measure.js'
import { config } from './workload.js'

const WORKFLOW = 'when:\n  - event: push\n    branch: main\nengine: tack\ntack:\n  ci:\n    pipeline: app\n'

const settings = E.getOrElse<unknown, Config>(() => {
  throw new Error('not a configuration')
})(Config.decode({ ...config, backfill: false, builds: { ...config.builds, providers: ['ci'] }, hosts: { defaultPort: 80, loopback: true, ports: true } }))

serve(pushJob, async ({ pushes, store: folder }) => {
  const clock = systemClock()
  const knot = await startKnot({ clock, generation: 'newer' })
  let asked: () => void = () => undefined
  const provider: Provider = {
    cancel: () => Promise.resolve({ _tag: 'Acknowledged' }),
    check: () => Promise.resolve({ isFine: true, sentence: '' }),
    close: () => Promise.resolve(),
    find: () => Promise.resolve({ _tag: 'Missing' }),
    settleMs: 0,
    follow: () => () => undefined,
    logs: async function* () {
      await Promise.resolve()
      yield* []
    },
    name: 'ci',
    start: ({ key }) => {
      asked()
      return Promise.resolve({ _tag: 'Accepted', external: key })
    }
  }
  const store = await succeed(openStore({ folder, initial: () => initial(settings) }))
  let listening: () => void = () => undefined
  const listens = new Promise<void>((resolve) => (listening = resolve))
  const bridge = startBridge(
    {
      ...nothingElse,
      builder: createBuilder([provider], clock),
      clock,
      log,
      network: {
        // The record stream says one thing, and then nothing.
        openJetstream: (connection, _, deliver) => {
          const at = clock.now()
          setImmediate(() => {
            deliver({ _tag: 'JetstreamOpened', at, connection })
            deliver({
              _tag: 'CommitReceived',
              at,
              collection: 'sh.tangled.repo',
              connection,
              did: settings.owner,
              ordinal: null,
              record: { createdAt: '', knot: knot.host, name: 'app', repoDid: '', spindle: settings.hostname },
              rev: null,
              rkey: 'app' as never,
              timeUs: at
            })
          })
          return { close: () => Promise.resolve(), gone: new Promise(() => undefined), pause: () => undefined, resume: () => undefined }
        },
        openKnot: knotClient({ clock, isInsecure: true, log, policy: { allowLoopback: true } })
      },
      random: systemRandom,
      store,
      workflows: workflowReader({ clock, log, readFiles: () => Promise.reject(new Error('all files come along')) })
    },
    settings,
    null as TimeUs | null,
    (_, events) => {
      if (events.some(({ _tag }) => _tag === 'KnotOpened')) listening()
    }
  )
  await listens

  const push = async (n: number): Promise<number> => {
    const start = new Promise<void>((resolve) => (asked = resolve))
    const from = performance.now()
    knot.publish(
      pipeline(
        tid(clock.now(), n % 1_024),
        knot.host,
        'app',
        {
          committerDid: settings.owner,
          newSha: (n + 1).toString(16).padStart(40, '0'),
          oldSha: 'f'.repeat(40),
          ownerDid: settings.owner,
          ref: 'refs/heads/main',
          repo: 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'
        },
        [{ clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name: 'ci.yml', raw: WORKFLOW }]
      )
    )
    await start
    return performance.now() - from
  }

  return async () => {
    const ms: Array<number> = []
    for (let n = 0; n < pushes; n++) ms.push(await push(n))
    const ended = await bridge.stop()
    if (E.isLeft(ended)) throw new Error(ended.left)
    await knot.stop()
    return { ms }
  }
})
