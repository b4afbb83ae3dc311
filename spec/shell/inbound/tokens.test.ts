/** Tokens over restarts: the program as a process with a store of its own, and tokens that an account of the embedded network has signed. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Did, REPO } from '../../../core/index.js'
import { plc, rfc3339, seeded, startNetwork, startPds, tid } from '../../../shell/demo-network/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { eventually, inFolder, type Running, start } from '../support/process.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did
const HOSTNAME = 'ci.example.com'
const REPO_DID = plc(seeded(5))
const CANCEL = 'sh.tangled.ci.cancelPipeline'

const clock = systemClock()

test('a token that was used before a stop, or before a kill, is refused as a replay afterwards', () =>
  inFolder(async (folder) => {
    const network = await startNetwork({ clock, generation: 'v2', knots: 1, seed: 3 })
    const pds = await startPds()
    onTestFinished(async () => {
      await Promise.all([network.stop(), pds.stop()])
    })
    pds.putAccount(OWNER)
    const timeUs = clock.now()
    network.jetstream.publishCommit({
      did: OWNER,
      operations: [
        {
          collection: REPO,
          operation: 'create',
          record: { $type: REPO, createdAt: rfc3339(timeUs), knot: network.knots[0]?.host, name: 'app', repoDid: REPO_DID, spindle: HOSTNAME },
          rkey: 'app'
        }
      ],
      rev: tid(timeUs),
      timeUs
    })

    const begin = async (): Promise<{ readonly running: Running; readonly url: string }> => {
      const running = start([
        ...['run', '--dev', '--hostname', HOSTNAME, '--owner', OWNER, '--jetstream', network.jetstreamUrl, '--store', join(folder, 'store')],
        ...['--listen', '127.0.0.1:0', '--plc', pds.url, '--backfill', 'off', '--cursor', String(timeUs - 1_000_000), '--max-backoff', '0.05', '--log', 'json']
      ])
      onTestFinished(() => running.end('SIGKILL').then(() => undefined))
      await running.says('"event":"Serving"')
      const { port } = JSON.parse(running.lines.find((line) => line.includes('"event":"Serving"')) ?? '{}') as { readonly port: number }
      return { running, url: `http://127.0.0.1:${String(port)}` }
    }
    const token = (): Promise<string> => pds.tokenOf(OWNER, { aud: `did:web:${HOSTNAME}`, exp: Math.floor(Date.now() / 1_000) + 290, lxm: CANCEL })
    /** The name of the error: there is no such pipeline, which uses up the token of who has a say all the same. */
    const called = async (url: string, by: string): Promise<string> => {
      const response = await fetch(`${url}/xrpc/${CANCEL}`, {
        body: JSON.stringify({ pipeline: '3mbd3542k2222', repo: REPO_DID }),
        headers: { authorization: `Bearer ${by}` },
        method: 'POST'
      })
      return ((await response.json()) as { readonly error: string }).error
    }

    const before = await begin()
    // Until the record has been taken in, nobody has a say, and no token is used up.
    await eventually(async () => (await called(before.url, await token())) === 'PipelineNotFound')
    // The time of a token goes by the clock: each has to outlive one start, and no more.
    const first = await token()
    expect(await called(before.url, first)).toBe('PipelineNotFound')
    expect(await called(before.url, first)).toBe('NonceNotUnique')
    await before.running.end('SIGKILL')

    const killed = await begin()
    expect(await called(killed.url, first)).toBe('NonceNotUnique')
    const second = await token()
    expect(await called(killed.url, second)).toBe('PipelineNotFound')
    expect(await killed.running.end('SIGTERM')).toBe(0)

    const stopped = await begin()
    expect(await called(stopped.url, second)).toBe('NonceNotUnique')
    expect(await called(stopped.url, await token())).toBe('PipelineNotFound')
    expect(await stopped.running.end('SIGTERM')).toBe(0)
  }))
