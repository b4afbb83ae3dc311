/** Checks the servers that tack depends on: the owner's, the stream, the providers. */
import * as E from 'fp-ts/lib/Either.js'
import { type Did, type Event, MEMBER, type Natural } from '../../core/index.js'
import { skewOf } from '../lib/clock-watch.js'
import { jetstreamClient, streamHint } from '../outbound/jetstream.js'
import { isListed } from '../outbound/records.js'
import type { Clock, Link, Log, Records } from '../ports.js'
import type { Provider } from '../providers/provider.js'
import { trustedPolicyOf } from './assemble.js'
import { ANSWER_MS, fullStop, type Finding, fine, wordsOf, wrong } from './finding.js'
import type { RunOptions } from './options.js'
import { type Ask, reasons } from './probe.js'

const RESOLVE = 'https://bsky.social/xrpc/com.atproto.identity.resolveHandle?handle=…'

/** The message about an owner who cannot be found. */
export const ownerAdvice = ({ owner, plc }: Pick<RunOptions, 'owner' | 'plc'>, error: string): string => {
  const isOfDirectory = owner.startsWith('did:plc:')
  if (isOfDirectory && !isListed(owner as Did)) return `${owner} is not a DID: after did:plc: there are 24 characters, a to z and 2 to 7. Yours is at ${RESOLVE}`
  if (isOfDirectory && error === `${plc.host} answered 404`)
    return `${owner}: ${plc.host} does not know this DID (404). Is it copied as a whole, and --plc right? Yours is at ${RESOLVE}`
  return `${owner}: ${fullStop(error)} Check the DID, and that this machine can reach ${isOfDirectory ? plc.host : 'its host'} and the account’s server.`
}

/** Reads the first page of the owner's member records, as `run` does. */
export const checkOwner = ({ owner, plc }: RunOptions, { records }: { readonly records: Records }, clock: Clock): Promise<Finding> =>
  new Promise((resolve) => {
    const done = (finding: Finding): void => {
      disarm()
      resolve(finding)
    }
    const disarm = clock.after(4 * ANSWER_MS, () => done(wrong('owner', `${owner}: no answer within ${String((4 * ANSWER_MS) / 1000)} s.`)))
    const answer = (event: Event): void => {
      if (event._tag === 'RecordsRead') done(fine('owner', `${owner} was found, and its server answers.`))
      else if (event._tag === 'RequestFailed')
        done(wrong('owner', ownerAdvice({ owner, plc }, event.error)))
    }
    records.read({ _tag: 'ReadRecords', collection: MEMBER, cursor: null, did: owner as Did, number: 1 as Natural }, answer)
  })

export const checkStream = (options: RunOptions, clock: Clock): Promise<Finding> =>
  new Promise((done) => {
    const { host } = options.jetstream
    const log = reasons()
    let link: Link | null = null
    let finding: Finding | null = null
    const opened = jetstreamClient({ clock, handshakeTimeoutMs: ANSWER_MS, log, policy: trustedPolicyOf(options), url: options.jetstream })(0 as Natural, null, (event) => {
      if (event._tag === 'JetstreamOpened') {
        finding = fine('stream', `${host} is reachable.`)
        void link?.close()
      } else if (event._tag === 'JetstreamClosed')
        done(finding ?? wrong('stream', `${host} is not reachable: ${fullStop(log.last())} ${streamHint(log.last()) ?? 'Check --jetstream, and that this machine can reach it.'}`))
    })
    link = opened
  })

const PROVIDER_MS = 60_000

/** Asks the provider whether it works. Never rejects. After `signal` has aborted, nothing is waited for. */
export const checkProvider = (provider: Provider, clock: Clock, signal?: AbortSignal): Promise<Finding> => {
  const what = `provider ${provider.name}`
  return new Promise((done) => {
    const disarm = clock.after(PROVIDER_MS, () => done(wrong(what, `No answer within ${String(PROVIDER_MS / 1000)} s.`)))
    signal?.addEventListener('abort', disarm, { once: true })
    Promise.resolve()
      .then(() => provider.check())
      .then(
        ({ isFine, sentence }) => done({ isFine, sentence, what }),
        (error: unknown) => done(wrong(what, `The check failed: ${fullStop(wordsOf(error))}`))
      )
      .finally(disarm)
  })
}

/**
 * Asks all providers in the background, and warns of those that do not work: without this, the first build would be the first to notice. Nobody waits
 * for it. Returns how to end it; after that it says nothing more.
 */
export const warnOfProviders = (providers: ReadonlyArray<Provider>, clock: Clock, log: Pick<Log, 'warn'>): (() => void) => {
  const asking = new AbortController()
  for (const provider of providers)
    void checkProvider(provider, clock, asking.signal).then(({ isFine, sentence }) => {
      if (isFine || asking.signal.aborted) return
      log.warn(`Provider "${provider.name}": ${fullStop(sentence)} Once that is mended, "tack check" tries it again.`, { provider: provider.name })
    })
  return () => asking.abort()
}

/** Compares the clock with that of the account directory. No finding if the directory does not answer: another check reports that. */
export const checkClock = async ({ plc }: RunOptions, ask: Ask, clock: Clock): Promise<ReadonlyArray<Finding>> => {
  const answer = await ask(new URL('/_health', plc).href, true)
  if (E.isLeft(answer) || answer.right.dateMs === null) return []
  const skew = skewOf(plc.host, answer.right.dateMs, clock.now() / 1000)
  return [skew === null ? fine('clock', `It agrees with that of ${plc.host}.`) : wrong('clock', skew)]
}
