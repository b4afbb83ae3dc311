/**
 * Fetches a commit with its trees, without files, from a server that can leave files out but does not announce it. Some knots allow filters for one
 * of git's two requests, and not for the one that announces them; git would then fetch everything.
 *
 * One request of git's protocol, version 2 (gitprotocol-v2, gitprotocol-http), is enough. git verifies the pack: objects are named by the hash of
 * their content.
 */
import type { HttpClient } from './http-client.js'

/** The limit of a pack of trees: 16 MiB, held in memory. git fetches larger ones itself, and need not hold them in memory. */
const MAX_PACK_BYTES = 16 * 2 ** 20

/** The limit of the server's capability advertisement. */
const MAX_ADVERTISED_BYTES = 65_536

const line = (text: string): string => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`

const DELIMITER = '0001'
const FLUSH = '0000'

/** The packet lines of a response, without delimiters. Ends at the first invalid one. */
function* linesIn(answer: Buffer): Generator<Buffer> {
  for (let at = 0; at + 4 <= answer.length; ) {
    const text = answer.toString('latin1', at, at + 4)
    const length = /^[0-9a-f]{4}$/.test(text) ? parseInt(text, 16) : NaN
    if (length >= 4 && at + length <= answer.length) yield answer.subarray(at + 4, at + length)
    else if (!(length < 4)) return
    at += Math.max(length, 4)
  }
}

/** The side bands of a pack. */
const DATA = 1
const PROGRESS = 2

/** The pack in a response; `null` if there is none, or if it is incomplete. */
const packIn = (answer: Buffer): Buffer | null => {
  const chunks: Array<Buffer> = []
  let isPack = false
  for (const packet of linesIn(answer)) {
    if (!isPack) isPack = packet.toString('latin1') === 'packfile\n'
    else if (packet[0] === DATA) chunks.push(packet.subarray(1))
    else if (packet[0] !== PROGRESS) return null
  }
  return chunks.length === 0 || !answer.subarray(-FLUSH.length).equals(Buffer.from(FLUSH)) ? null : Buffer.concat(chunks)
}

/** Whether the server speaks version 2 and announces no filters. */
const isSilent = (advertised: string): boolean => advertised.includes('version 2\n') && !/fetch=[^\n]*\bfilter\b/.test(advertised)

/**
 * Fetches the pack of one commit from the server at `address`. Returns `null` if the server announces filters, because git can then do this itself,
 * and if it does not send the pack. Never rejects.
 */
export const packWithoutFiles = async ({ fetch }: HttpClient, address: URL, sha: string, signal: AbortSignal): Promise<Buffer | null> => {
  const protocol = { 'git-protocol': 'version=2' }
  try {
    const advertisement = await fetch(`${address.href}/info/refs?service=git-upload-pack`, { headers: protocol, maxBodyBytes: MAX_ADVERTISED_BYTES, signal })
    if (advertisement.status !== 200 || !isSilent(await advertisement.text())) return null
    const format = sha.length === 64 ? 'sha256' : 'sha1'
    const body = [
      ...['command=fetch\n', `object-format=${format}\n`].map(line),
      DELIMITER,
      ...['no-progress\n', 'ofs-delta\n', `want ${sha}\n`, 'deepen 1\n', 'filter blob:none\n', 'done\n'].map(line),
      FLUSH
    ].join('')
    const headers = { ...protocol, accept: 'application/x-git-upload-pack-result', 'content-type': 'application/x-git-upload-pack-request' }
    const answer = await fetch(`${address.href}/git-upload-pack`, { body, headers, maxBodyBytes: MAX_PACK_BYTES, method: 'POST', signal })
    return answer.status === 200 ? packIn(Buffer.from(await answer.arrayBuffer())) : null
  } catch {
    // git then fetches by itself, and reports the error.
    return null
  }
}
