/** The operator's page of limits says what the program does: each number in it is that of the source. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultServerLimits } from '../../../shell/inbound/server.js'
import { defaultCheckoutLimits } from '../../../shell/providers/checkout.js'
import { defaultLogTextLimits } from '../../../shell/providers/log-texts.js'
import { PAGE_LIMITS } from '../../../shell/cli/replay-page.js'

const page = readFileSync(new URL('../../../shell/deploy/limits.md', import.meta.url), 'utf8')

/** What the page says is the limit of something. */
const rowOf = (what: string): string => page.split('\n').find((line) => line.startsWith(`| ${what} |`)) ?? ''

/** A number as the page writes it. */
const written = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ' ')

const bytes = (n: number): string => (n % 2 ** 30 === 0 ? `${String(n / 2 ** 30)} GiB` : n % 2 ** 20 === 0 ? `${String(n / 2 ** 20)} MiB` : `${String(n / 1_024)} KiB`)
const seconds = (ms: number): string => `${String(ms / 1_000)} s`

const mebi = (n: number): string => String(n / 2 ** 20)

const { events, http, logs, turns, webhookBytes, webhooksBytes } = defaultServerLimits
const { away, maxBytes, timeoutMs } = defaultCheckoutLimits

test.each<[what: string, says: string]>([
  ['readers of `/events`', `${written(events.readers)}. One that does not read loses its connection at ${bytes(events.owedBytes)}`],
  ['readers of `/events`', `written to in pieces of ${bytes(events.chunkBytes)}, or ${String(events.chunkEntries)} messages`],
  ['readers of logs', `${String(logs.readers)}. Readers of one`],
  ['readers of logs', `of which the last ${mebi(logs.shared.keptChars)} MiB are kept, and ${mebi(logs.shared.keptOfAllChars)} MiB of all`],
  ['written to readers of `/events` and of logs, in one turn of the event loop', `${bytes(turns.quietBytes)} together; ${bytes(turns.busyBytes)} where a connection was accepted, in ${String(turns.busyWrites)} writes at most`],
  ['connections', written(http.connections)],
  ['address and headers of a request', `${written(http.headerBytes)} bytes; 431`],
  ['time for a request to arrive', `${seconds(http.headersMs)} for its headers, ${seconds(http.requestMs)} for all of it; 408`],
  ['requests on one connection', `${String(http.requestsPerConnection)}; the last is answered`],
  ['connections of one address', `${String(http.socketsPerAddress)} websockets, ${String(http.connectionsPerAddress)} connections`],
  ['silence of a websocket', `${seconds(http.pingMs)}, then it is pinged, and gone if it is silent as long again`],
  ['silence of a websocket', `${seconds(http.goodbyeMs)} to answer a close, ${seconds(http.closeMs)} at a stop`],
  ['a webhook', `${bytes(webhookBytes)}, ${bytes(webhooksBytes)} of all that are being received`],
  ['a checkout of `local`', `${bytes(maxBytes)} from the knot, ${String(timeoutMs / 60_000)} min`],
  ['a checkout of `local`', `tried again for ${seconds(away.forMs)}, every ${seconds(away.everyMs)}`],
  ['texts of logs held for them', `${String(defaultLogTextLimits.held)} at a time for each provider`],
  ['texts of logs held for them', `After ${seconds(defaultLogTextLimits.turnMs)} a text is given up`],
  ['texts of logs held for them', `Those of up to ${bytes(defaultLogTextLimits.shortChars)} are not counted`],
  ['a page of `tack replay --html`', `${written(PAGE_LIMITS.steps)} steps, ${mebi(PAGE_LIMITS.characters)} Mi characters; the state at its beginning ${mebi(PAGE_LIMITS.characters / 2)} Mi`]
])('%s: %s', (what, says) => {
  expect(rowOf(what)).toContain(says)
})
