/** What a half-written provider hears from the contract: for each thing that is missing a sentence, and for none that is there. */
import { expect, test, vi } from 'vitest'
import type { Provider } from '../../../shell/providers/provider.js'
import { type Bench, BUILD, jobOf, openWorkshop, OTHER, type Target } from './contract.js'
import { missingFeatures } from './missing-features.js'
import { startServer } from './ledger.js'
import { openSkeleton, target } from './servers/skeleton.js'

// Programs take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

/** What a provider lacks that is the skeleton, but for what is changed. */
const lacks = async (change: (whole: Provider) => Partial<Provider>, bench: Partial<Bench> = {}): Promise<ReadonlyArray<string>> => {
  const open: Target['open'] = async () => {
    const opened = await openSkeleton()
    return {
      ...opened,
      ...bench,
      provider: async (ports) => {
        const whole = await opened.provider(ports)
        return { ...whole, ...change(whole) }
      }
    }
  }
  const workshop = await openWorkshop({ ...target, open })
  try {
    return await missingFeatures(workshop, { ends: target.ends, jobs: [jobOf(BUILD, {}), jobOf(OTHER, {})], patienceMinutes: 2 })
  } finally {
    await workshop.close()
  }
}

const unwritten = (): never => {
  throw new Error('not written yet')
}

test('nothing is said of a provider that lacks nothing', async () => expect(await lacks(() => ({}))).toEqual([]))

const CASES: ReadonlyArray<readonly [what: string, change: (whole: Provider) => Partial<Provider>, said: ReadonlyArray<string>]> = [
  [
    'of which nothing is written',
    () => ({ cancel: unwritten, check: unwritten, find: unwritten, follow: unwritten, logs: unwritten, start: unwritten }),
    ['start throws (Error: not written yet)', 'check throws (Error: not written yet)']
  ],
  [
    'that starts, and does no more',
    () => ({ cancel: unwritten, check: unwritten, find: unwritten, follow: unwritten, logs: unwritten }),
    ['find throws', 'find throws', 'follow throws', 'logs rejects (Error: not written yet)', 'cancel throws', 'check throws']
  ],
  ['that says no', () => ({ start: () => Promise.resolve({ _tag: 'Refused', error: 'no' }) }), ['start answers Refused ("no"), where the CI has not begun the build']],
  ['that never answers', () => ({ start: () => new Promise(() => undefined) }), ['start has not answered after 2 minutes']],
  ['that rejects', () => ({ find: () => Promise.reject(new Error('ECONNRESET')) }), ['find rejects (Error: ECONNRESET)', 'find rejects (Error: ECONNRESET)']],
  [
    'that hands the key to nobody',
    ({ start }) => ({ start: (job) => start({ ...job, key: 'build' }) }),
    ['start answers Accepted, and the CI has no build under job.key']
  ],
  [
    'that starts twice',
    ({ start }) => ({
      start: async (job) => {
        await start(job)
        return start(job)
      }
    }),
    ['start has begun 2 builds']
  ],
  [
    'that finds builds by another name',
    ({ find }) => ({
      find: async (job) => {
        const found = await find(job)
        return found._tag === 'Accepted' ? { ...found, external: `build ${found.external}` } : found
      }
    }),
    ['find calls the build "build 1000", and start called it "1000"']
  ],
  ['that finds nothing', () => ({ find: () => Promise.resolve({ _tag: 'Missing' }) }), ['find answers Missing for a build that is there']],
  [
    'that finds any build',
    ({ find }) => ({ find: () => find(jobOf(BUILD, {})) }),
    ['find answers Accepted for a build that was never begun']
  ],
  [
    'that names builds in two ways',
    ({ follow }) => ({ follow: (job, external, report) => follow(job, external, (progress) => report({ ...progress, external: `build ${external}` })) }),
    ['follow calls the build "build 1000", and start called it "1000"']
  ],
  ['that does not follow', () => ({ follow: () => () => undefined }), ['follow does not report "running" within 2 minutes']],
  [
    'that misses the end',
    ({ follow }) => ({
      follow: (job, external, report) =>
        follow(job, external, (progress) => {
          if (progress.status === 'running') report(progress)
        })
    }),
    ['follow does not report "success" within 2 minutes']
  ],
  ['without logs', () => ({ logs: async function* () { yield* await Promise.resolve([]) } }), ['logs does not bring what the CI has logged: of one line there came 0 pieces']],
  [
    'whose logs never end',
    () => ({
      logs: async function* (_job, _external, signal) {
        yield* await new Promise<[]>((resolve) => signal.addEventListener('abort', () => resolve([])))
      }
    }),
    ["logs has not answered after 2 minutes of the provider's clock: the log is to end where the build has ended"]
  ],
  ['that cancels nothing', () => ({ cancel: () => Promise.resolve({ _tag: 'Acknowledged' }) }), ['cancel answers Acknowledged, and the CI was not told']],
  ['that doubts its cancel', () => ({ cancel: () => Promise.resolve({ _tag: 'Uncertain', error: 'who knows', waitMs: 0 }) }), ['cancel answers Uncertain ("who knows")']],
  ['that says nothing of itself', () => ({ check: () => Promise.resolve({ isFine: false, sentence: '' }) }), ['check says nothing', 'check finds fault ("")']],
  ['with calls that nobody tries', () => ({ webhook: () => ({ _tag: 'Unauthorized', reason: 'no' }) }), ['webhook is there, and is not tried']]
]

test.each(CASES)('a provider %s is told so in sentences', async (_, change, said) =>
  expect(await lacks(change)).toEqual(said.map((begin) => expect.stringMatching(new RegExp(`^${begin.replace(/[()."]/g, '\\$&')}.*\\.$`)) as string))
)

test('a target that signs calls which the provider does not take is told so', async () => {
  const signing = { body: () => Buffer.alloc(0), coversBody: true, hasTime: true, header: 'x', sign: () => ({}) }
  expect(await lacks(() => ({}), { signing })).toEqual([expect.stringMatching(/^webhook is missing, and the target says how calls are signed/)])
})

test('a provider that asks at the wrong place, or nowhere, sees what reached the CI', async () => {
  // The numbers of builds that there are not stand in for a path that is wrong.
  const [elsewhere = ''] = await lacks(({ cancel }) => ({ cancel: async (job) => {
    await cancel(job, '7')
    return { _tag: 'Uncertain', error: 'lost', waitMs: 0 }
  } }))
  expect(elsewhere).toMatch(/ What reached the CI, with its answer: POST \/api\/builds\/7\/cancel \(404\)\.$/)
  const [nowhere = ''] = await lacks(() => ({ start: () => Promise.resolve({ _tag: 'Refused', error: 'no' }) }))
  expect(nowhere).toMatch(/ Nothing reached the CI\.$/)
})

test('an error of the server of the test is told beside the call', async () => {
  const broken = (): never => {
    throw new Error('no such field')
  }
  const server = await startServer(broken, (status) => ({ status }))
  try {
    expect((await fetch(`${server.url}/api/user`)).status).toBe(599)
    expect(server.answered()).toEqual(['GET /api/user (the server of the test failed: Error: no such field)'])
  } finally {
    await server.close()
  }
})
