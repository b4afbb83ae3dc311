/** The fetch of a commit without its files, on real sockets: what is asked for, byte by byte, and which answers hold a pack. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../shell/lib/clock.js'
import { packWithoutFiles } from '../../../shell/outbound/git-pack.js'
import { httpClient } from '../../../shell/outbound/http-client.js'
import { httpServer } from '../support/sockets.js'

const SHA1 = 'a'.repeat(40)
const SHA256 = 'b'.repeat(64)

/** One line of git's protocol: its length with the four digits, in hexadecimal, then its bytes. */
const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text
const DELIMITER = '0001'
const END = '0000'

/** Lines of a pack begin with what they are: 1, bytes of the pack; 2, progress; 3, an error. */
const data = (bytes: string): string => line(`\u0001${bytes}`)
const progress = line('\u0002counting')
const error = line('\u0003not today')

const ADVERTISED = ['version 2\n', 'agent=git/2.43.0\n', 'fetch=shallow wait-for-done\n', 'object-format=sha1\n'].map(line).join('') + END
const PACK = ['packfile\n', '\u0001PACK one', '\u0002counting', '\u0001 and two'].map(line).join('') + END

interface Server {
  readonly advertised?: string
  readonly advertisedStatus?: number
  readonly answer?: string
  readonly status?: number
}

interface Asked {
  readonly body: string
  readonly headers: { readonly [name: string]: unknown }
  readonly method: string | undefined
  readonly url: string | undefined
}

/** The pack that is taken from such a server, and what it was asked. */
const taken = async (server: Server, sha = SHA1): Promise<{ readonly asked: ReadonlyArray<Asked>; readonly pack: string | null }> => {
  const { advertised = ADVERTISED, advertisedStatus = 200, answer = PACK, status = 200 } = server
  const asked: Array<Asked> = []
  const { port } = await httpServer((request, response) => {
    const { headers, method, url } = request
    let body = ''
    request.setEncoding('latin1').on('data', (text: string) => (body += text))
    request.on('end', () => {
      asked.push({ body, headers, method, url })
      const isFirst = method === 'GET'
      response.writeHead(isFirst ? advertisedStatus : status).end(isFirst ? advertised : answer, 'latin1')
    })
  })
  const client = httpClient({ clock: systemClock(), policy: { allowLoopback: true }, timeoutMs: 86_400_000 })
  onTestFinished(client.close)
  const pack = await packWithoutFiles(client, new URL(`http://localhost:${String(port)}/did:plc:a/thing`), sha, new AbortController().signal)
  return { asked, pack: pack?.toString('latin1') ?? null }
}

describe('a commit without its files', () => {
  it('is the data of the pack’s lines, put together', async () => {
    expect((await taken({})).pack).toBe('PACK one and two')
  })

  it('is asked for in one request of version 2, after the server has said what it can do', async () => {
    const { asked } = await taken({})
    expect(asked.map(({ method, url }) => [method, url])).toEqual([
      ['GET', '/did:plc:a/thing/info/refs?service=git-upload-pack'],
      ['POST', '/did:plc:a/thing/git-upload-pack']
    ])
    expect(asked.map(({ headers }) => headers['git-protocol'])).toEqual(['version=2', 'version=2'])
    expect(asked[1]?.headers).toMatchObject({
      accept: 'application/x-git-upload-pack-result',
      'content-type': 'application/x-git-upload-pack-request'
    })
    expect(asked[1]?.body).toBe(
      `0012command=fetch\n0017object-format=sha1\n0001` +
        `0010no-progress\n000eofs-delta\n0032want ${SHA1}\n000ddeepen 1\n0015filter blob:none\n0009done\n0000`
    )
  })

  it('is asked for in the object format of its name', async () => {
    const { asked } = await taken({}, SHA256)
    expect(asked[1]?.body).toContain(`0019object-format=sha256\n0001`)
    expect(asked[1]?.body).toContain(`004awant ${SHA256}\n`)
  })

  it.each<[string, Server]>([
    ['announces filters', { advertised: ADVERTISED.replace(line('fetch=shallow wait-for-done\n'), line('fetch=shallow filter wait-for-done\n')) }],
    ['speaks version 1', { advertised: ADVERTISED.replace('version 2', 'version 1') }],
    ['has no such repository', { advertisedStatus: 404 }],
    ['lists more than 64 KiB of capabilities', { advertised: ADVERTISED + line('more'.repeat(10_000)) + line('more'.repeat(10_000)) }]
  ])('is not asked of a server that %s', async (_, server) => {
    const { asked, pack } = await taken(server)
    expect([asked.length, pack]).toEqual([1, null])
  })

  it('is asked of a server that names a filter elsewhere', async () => {
    expect((await taken({ advertised: line('filter\n') + ADVERTISED })).pack).toBe('PACK one and two')
  })

  it.each<[string, string, string | null]>([
    ['without progress', line('packfile\n') + data('PACK') + END, 'PACK'],
    ['after other sections', line('shallow-info\n') + line(`shallow ${SHA1}`) + DELIMITER + line('packfile\n') + data('PACK') + END, 'PACK'],
    ['after a keep-alive, which is an empty line', line('packfile\n') + line('\u0001') + data('PACK') + END, 'PACK'],
    ['that is cut off before its end', line('packfile\n') + data('PACK'), null],
    ['whose last line is cut off', line('packfile\n') + data('PACK') + data('more').slice(0, -1), null],
    ['with an error in it', line('packfile\n') + data('PACK') + error + END, null],
    ['with a line of no known kind', line('packfile\n') + data('PACK') + line('\u0004?') + END, null],
    ['with an empty line in it', line('packfile\n') + data('PACK') + line('') + END, null],
    ['of progress alone', line('packfile\n') + progress + END, null],
    ['that never begins', data('PACK') + END, null],
    ['with a length that is no number', `${line('packfile\n')}00g9\u0001PACK${END}`, null],
    ['that is empty', '', null],
    ['that is an end alone', END, null]
  ])('an answer %s', async (_, answer, pack) => {
    expect((await taken({ answer })).pack).toBe(pack)
  })

  it('ends where a line is longer than what is left', async () => {
    const answer = `${line('packfile\n')}${data('PACK')}ffff\u0001${END}`
    expect((await taken({ answer })).pack).toBe('PACK')
  })

  it('is not taken from an answer with another status', async () => {
    const { asked, pack } = await taken({ status: 403 })
    expect([asked.length, pack]).toEqual([2, null])
  })

  it('is null where nobody answers', async () => {
    const client = httpClient({ clock: systemClock(), policy: { allowLoopback: true }, timeoutMs: 86_400_000 })
    onTestFinished(client.close)
    expect(await packWithoutFiles(client, new URL('http://localhost:1/x'), SHA1, new AbortController().signal)).toBeNull()
  })
})
