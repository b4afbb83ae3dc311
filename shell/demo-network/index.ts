/**
 * The embedded network: a Jetstream server and knots on real sockets of the loopback interface. A bridge can run and be tested against it without the
 * outside world.
 *
 *     const network = await startNetwork({ clock, generation: 'v2', knots: 3, seed: 1 })
 *     const { steps, expected } = world(1, { hostname, knots: network.knots.map((knot) => knot.host), owner })
 *     for (const step of steps) play(network, step)
 *     await network.stop()
 *
 * Knots are named `localhost:<port>`, because names below `localhost` do not resolve everywhere. A bridge must allow loopback names and ports, and
 * speak `ws:` to them.
 */
import type { Clock } from '../ports.js'
import { type JetstreamOptions, type JetstreamServer, startJetstream } from './jetstream-server.js'
import { type KnotServer, startKnot } from './knot-server.js'
import type { PdsServer } from './pds-server.js'
import type { Step } from './script.js'

export type { Connection, Goodbye } from './endpoint.js'
export * from './frames.js'
export { type Change, type GitOptions, type GitServer, gitServer, type Moved, type Repo, type RepoOptions } from './git-server.js'
export * from './jetstream-server.js'
export * from './knot-server.js'
export * from './pds-server.js'
export * from './script.js'
export * from './web-app.js'

export interface NetworkOptions {
  readonly clock: Clock
  /** The generation of the Jetstream server. */
  readonly generation: JetstreamOptions['generation']
  /** Whether knots of the newer generation keep lists of who may push. `false` by default. */
  readonly keepLists?: boolean
  /** How many knots to start. All but the last `olderKnots` are of the newer generation. */
  readonly knots: number
  /** 0 by default. */
  readonly olderKnots?: number
  readonly seed: number
}

export interface EmbeddedNetwork {
  readonly jetstream: JetstreamServer
  readonly jetstreamUrl: string
  readonly knots: ReadonlyArray<KnotServer>
  /** Closes everything. Resolves when no socket is left. */
  readonly stop: () => Promise<void>
}

/** Starts a network whose servers listen on free ports. */
export const startNetwork = async ({ clock, generation, keepLists = false, knots, olderKnots = 0, seed }: NetworkOptions): Promise<EmbeddedNetwork> => {
  const jetstream = await startJetstream({ clock, generation, seed })
  const start = (isOlder: boolean): Promise<KnotServer> => startKnot(isOlder ? { clock, generation: 'older' } : { clock, generation: 'newer', keepsLists: keepLists })
  const servers = await Promise.all(Array.from({ length: knots }, (_, i) => start(i >= knots - olderKnots)))
  return {
    jetstream,
    jetstreamUrl: jetstream.url,
    knots: servers,
    stop: async () => {
      await Promise.all([jetstream, ...servers].map((server) => server.stop()))
    }
  }
}

/**
 * Carries out a step. A commit is stored at the account's own server, if there is one, before the stream reports it. @throws RangeError if the step
 * names a knot that does not exist.
 */
export const play = ({ jetstream, knots }: EmbeddedNetwork, { action }: Step, pds?: PdsServer): void => {
  const knotAt = (index: number): KnotServer => {
    const knot = knots[index]
    if (knot === undefined) throw new RangeError(`there is no knot ${String(index)} in this network`)
    return knot
  }
  switch (action._tag) {
    case 'Commit': {
      const { did, operations } = action.commit
      for (const change of operations)
        if (change.operation === 'delete') pds?.removeRecord(did, change.collection, change.rkey)
        else pds?.putRecord(did, change.collection, change.rkey, change.record)
      return void jetstream.publishCommit(action.commit)
    }
    case 'Account':
      return void jetstream.publishAccount(action.news)
    case 'Identity':
      return void jetstream.publishIdentity(action.news)
    case 'Raw':
      return jetstream.publishRaw(action.text)
    case 'Repeat':
      return jetstream.repeat(action.count)
    case 'Restart':
      return jetstream.restart(action.again)
    case 'Push':
      for (const { created, event } of action.events) knotAt(action.knot).publish(event, created)
      return
    case 'Flap':
      return knotAt(action.knot).dropConnections()
  }
}
