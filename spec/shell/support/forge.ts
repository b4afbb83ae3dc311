/** What is around a tack that is run as a whole: a stream, the owner's server, and a knot with a repository of the owner. */
import { onTestFinished } from 'vitest'
import { refUpdate, rfc3339, startNetwork, startPds, tid } from '../../../shell/demo-network/index.js'
import { systemClock } from '../../../shell/lib/clock.js'

interface File {
  readonly content: string
  readonly path: string
}

export const startForge = async ({ hostname, owner }: { readonly hostname: string; readonly owner: string }) => {
  const network = await startNetwork({ clock: systemClock(), generation: 'v2', knots: 1, seed: 12 })
  onTestFinished(() => network.stop())
  const pds = await startPds()
  onTestFinished(() => pds.stop())
  const [knot] = network.knots
  if (knot === undefined) throw new Error('there is no knot')
  const did = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'
  const repo = await knot.git.createRepository({ did, name: 'forge', owner })
  const record = { $type: 'sh.tangled.repo', createdAt: rfc3339(Date.now() * 1_000), knot: knot.host, name: 'forge', repoDid: did, spindle: hostname }
  pds.putRecord(owner, 'sh.tangled.repo', 'forge', record)
  return {
    /** Everything that is not as on the real network. */
    environment: { TACK_DEV: '1', TACK_JETSTREAM_URL: network.jetstreamUrl, TACK_PLC_URL: pds.url },
    push: async (files: ReadonlyArray<File>): Promise<void> => {
      const moved = await repo.commitAndPush(files)
      knot.publish(refUpdate(tid(Date.now() * 1_000, 7), { committerDid: owner, ownerDid: owner, repo: did, ...moved }))
    }
  }
}
