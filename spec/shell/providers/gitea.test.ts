/** The provider for Gitea Actions: the contract, and what is Gitea's own. */
import { describe, expect, test } from 'vitest'
import type { BuildName, Plan, Status } from '../../../core/index.js'
import { markOf } from '../../../shell/providers/dispatched.js'
import { gitea } from '../../../shell/providers/gitea.js'
import type { Job, Progress } from '../../../shell/providers/provider.js'
import { BUILD, describeProvider, jobOf, openWorkshop, OTHER, type Workshop } from './contract.js'
import { answeredBy, failedIn, saidIn } from './servers/bench.js'
import { benchOfGitea, type GiteaOptions, type GiteaServer, target, TOKEN } from './servers/gitea.js'

describeProvider(target)

// ---------------------------------------------------------------------------------------- what is Gitea's own

const withShop = async (
  use: (shop: Workshop, server: GiteaServer) => Promise<void>,
  options: GiteaOptions = {},
  more: { readonly [name: string]: unknown } = {}
): Promise<void> => {
  const { server, ...bench } = await benchOfGitea(options, more)
  const shop = await openWorkshop({ ...target, open: () => Promise.resolve(bench) })
  try {
    await use(shop, server)
  } finally {
    await shop.close()
  }
}

const job = (plan: Partial<Plan> = {}, build: BuildName = BUILD): Job => jobOf(build, { pipeline: 'ci.yml', ...plan })

const LONG: BuildName = { ...BUILD, workflow: `${'ö'.repeat(80)}.yml` as BuildName['workflow'] }

const errorOf = (answer: object): string => ('error' in answer ? String(answer.error) : '')

describe('a start', () => {
  test('passes the key and the variables to the workflow on the default branch, and returns the run', () =>
    withShop(async ({ answer, restart }, server) => {
      const variables: Plan['variables'] = [
        ['CI', 'true'],
        ['__proto__', '"x"']
      ]
      expect(await answer((await restart()).start(job({ variables })))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
      expect(server.made()).toMatchObject([
        { inputs: { tack_key: 'knot.example/3mbd3542k2222/ci.yml', tack_variables: '{"CI":"true","__proto__":"\\"x\\""}' }, ref: 'main', workflow: 'ci.yml' }
      ])
    }))

  test.each<[Partial<Plan>, string]>([
    [{ settings: [['repo', 'acme/other']] }, 'are not started here'],
    [{ pipeline: 'acme/other/ci.yml' }, 'are not started here'],
    [{ settings: [['repo', '../app']] }, 'owner/name'],
    [{ pipeline: '..' }, 'workflow file'],
    [{ pipeline: 'tack-cancel.yml' }, 'none to build with']
  ])('a start of %j is refused before anything is requested', (plan, words) =>
    withShop(async ({ answer, restart }, server) => {
      const outcome = await answer((await restart()).start(job(plan)))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining(words)])
      expect(server.calls()).toEqual([])
    })
  )

  test.each<[Partial<Plan>, string]>([
    [{ pipeline: 'none.yml' }, `Gitea does not start the workflow "acme/app/none.yml" (404): workflow "none.yml" doesn't exist`],
    [{ settings: [['ref', 'gone']] }, `Gitea does not start the workflow "acme/app/ci.yml" (404): ref "gone" doesn't exist`]
  ])('a start of %j is refused in the words of Gitea', (plan, error) =>
    withShop(async ({ answer, restart }) => {
      expect(await answer((await restart()).start(job(plan)))).toEqual({ _tag: 'Refused', error })
    })
  )

  test('with more variables than a runner can take is refused', () =>
    withShop(async ({ answer, restart }, server) => {
      const outcome = await answer((await restart()).start(job({ variables: [['A', 'ö'.repeat(33_000)]] })))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('65535 bytes')])
      expect(server.made()).toEqual([])
    }))
})

describe('a look-up', () => {
  test('finds a run by the digest of a key that is too long for a name', () =>
    withShop(async ({ answer, restart }, server) => {
      await answer((await restart()).start(job({}, LONG)))
      expect(server.made()[0]?.title).toMatch(/^Tangled sha256\/[0-9a-f]{64}\/long$/)
      expect(await answer((await restart()).find(job({}, LONG)))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
    }))

  test('reads pages until a run began before the trigger, also beyond runs that wait', () =>
    withShop(async ({ answer, restart }, server) => {
      for (let n = 0; n < 30; n++) server.add(`old a/b/${String(n)}`, '2025-12-01T00:00:00Z')
      for (let n = 0; n < 7; n++) server.add(`waits a/c/${String(n)}`)
      expect(await answer((await restart()).find(job()))).toEqual({ _tag: 'Missing' })
      expect(server.answered()).toHaveLength(3)
    }))

  test.each<[string, string | undefined, 'Missing' | 'Uncertain']>([
    ['a run that waits', undefined, 'Uncertain'],
    ['a run that began after the trigger', '2026-01-01T00:00:00Z', 'Uncertain'],
    ['a run that began before it', '2025-12-31T12:00:00Z', 'Missing']
  ])('never passes over %s and does not tell its key', (_, startedAt, tag) =>
    withShop(async ({ answer, restart }, server) => {
      server.add('Add a button', startedAt)
      const found = await answer((await restart()).find(job()))
      expect(found._tag).toBe(tag)
      if (tag === 'Uncertain') expect(errorOf(found)).toContain('needs a run-name with ${{ inputs.tack_key }}')
    })
  )

  test('does not call a build missing when runs were removed while it read', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      for (const n of [1, 2, 3]) await answer(provider.start(job({}, { ...OTHER, rkey: `other${String(n)}` as BuildName['rkey'] })))
      // The run that we look for is alone on the second page, and moves to the first when another one is removed.
      server.misbehave(({ query }) => {
        if (query.get('page') === '2') server.remove(markOf('knot.example/other3/other.yml'))
        return null
      })
      expect(await answer((await restart()).find(job()))).toMatchObject({ _tag: 'Uncertain', error: 'runs were removed at Gitea while tack looked for one' })
      expect(await answer((await restart()).find(job()))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
    }))
})

describe('a cancel', () => {
  test('dispatches the workflow that ends the run, with its key, once', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      expect(await answer(provider.cancel(job(), 'acme/app/1000'))).toEqual({ _tag: 'Acknowledged' })
      expect(await answer(provider.cancel(job(), 'acme/app/1000'))).toEqual({ _tag: 'Acknowledged' })
      expect(server.made().map(({ inputs, workflow }) => [workflow, inputs['tack_key']])).toEqual([
        ['ci.yml', 'knot.example/3mbd3542k2222/ci.yml'],
        ['tack-cancel.yml', 'knot.example/3mbd3542k2222/ci.yml']
      ])
    }))

  test.each<[string, GiteaOptions, string]>([
    ['whose workflow has no concurrency group', { hasGroup: false }, 'needs a concurrency group with ${{ inputs.tack_key }}'],
    ['in a repository without the workflow that ends it', { workflows: ['ci.yml'] }, 'has no workflow "tack-cancel.yml"']
  ])('is not acknowledged for a run %s', (_, options, words) =>
    withShop(async ({ answer, restart }) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const outcome = await answer(provider.cancel(job(), 'acme/app/1000'))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Uncertain', expect.stringContaining(words)])
    }, options)
  )

  test.each<[string, 'Acknowledged' | 'Uncertain']>([
    ['acme/app/999', 'Acknowledged'],
    ['acme/hidden/1', 'Uncertain'],
    ['acme/app', 'Uncertain'],
    ['acme/app/../1', 'Uncertain']
  ])('of "%s" is %s', (external, tag) =>
    withShop(async ({ answer, restart }, server) => {
      expect((await answer((await restart()).cancel(job(), external)))._tag).toBe(tag)
      expect(server.made()).toEqual([])
    })
  )
})

describe('the check', () => {
  test.each<[string, GiteaOptions, { readonly [name: string]: unknown }, boolean, string]>([
    ['of an owner', {}, { repositories: ['acme/*'] }, true, 'Gitea accepts the token, for acme/*.'],
    ['of an owner that there is not', {}, { repositories: ['nobody/*'] }, false, 'Gitea does not show nobody/* with this token (404): not found'],
    ['of a repository that is not shown', {}, { repositories: ['acme/hidden'] }, false, 'Gitea does not show acme/hidden with this token (404): not found'],
    ['without the right to write', { mayPush: false }, {}, false, 'The token may not start workflows of acme/app: it needs write access to the repository.'],
    ['without the workflow that ends runs', { workflows: ['ci.yml'] }, {}, false, 'Builds in acme/app cannot be cancelled: it has no workflow "tack-cancel.yml" on its default branch (404).']
  ])('%s', (_, options, more, isFine, sentence) =>
    withShop(async ({ answer, restart }) => expect(await answer((await restart()).check())).toEqual({ isFine, sentence }), options, more)
  )
})

const SETTINGS = { repositories: ['acme/app'], token: TOKEN, url: 'https://git.example/' }

describe('what a run says', () => {
  const run = { display_title: 'Tangled', html_url: 'https://git.example/acme/app/actions/runs/7', id: 7, started_at: '1970-01-01T00:00:00Z' }

  test.each<[string, string | undefined, Status, string | null]>([
    ['queued', undefined, 'pending', null],
    ['waiting', undefined, 'pending', null],
    ['a new state', undefined, 'pending', null],
    ['in_progress', undefined, 'running', null],
    ['completed', 'success', 'success', null],
    ['completed', 'skipped', 'success', null],
    ['completed', 'cancelled', 'cancelled', null],
    ['completed', 'failure', 'failed', 'The run failed: https://git.example/acme/app/actions/runs/7'],
    ['completed', 'a new end', 'failed', 'The run ended as "a new end": https://git.example/acme/app/actions/runs/7'],
    ['completed', undefined, 'failed', 'The run ended as "unknown": https://git.example/acme/app/actions/runs/7']
  ])('%s, %s, is %s', async (status, conclusion, means, error) => {
    const { pass, provider } = answeredBy(gitea, SETTINGS, () => ({ ...run, status, ...(conclusion === undefined ? {} : { conclusion }) }))
    const reports: Array<Progress> = []
    provider.follow(job(), 'acme/app/7', (report) => reports.push(report))
    await pass(1)
    await provider.close()
    expect(reports).toEqual([{ error, exitCode: null, external: 'acme/app/7', status: means }])
  })
})

describe('the log', () => {
  const path = (url: string): string => new URL(url).pathname.replace('/api/v1/repos/acme/app/actions/', '')
  const jobs = [
    { conclusion: 'failure', id: 1, name: 'test', status: 'completed' },
    { conclusion: 'skipped', id: 2, name: 'deploy', status: 'completed' },
    { conclusion: 'cancelled', id: 3, name: 'late', status: 'completed' }
  ]
  const answer = (url: string): unknown => {
    switch (path(url)) {
      case 'runs/7':
        return { conclusion: 'failure', display_title: '', html_url: '', id: 7, started_at: '', status: 'completed' }
      case 'runs/7/jobs':
        return { jobs, total_count: 3 }
      case 'jobs/1':
        return jobs[0]
      case 'jobs/3':
        return jobs[2]
      case 'jobs/1/logs':
        return '2026-12-02T19:07:14.9385027Z one\n2026-12-02T19:07:14.9385028Z two 2026-12-02T19:07:14Z \n'
      default:
        return new Response('{"message":"job not started"}', { status: 404 })
    }
  }

  test('has a step for each job that ran, without the times of lines, and a sentence for a job without a log', async () => {
    const { answer: ask, provider } = answeredBy(gitea, SETTINGS, ({ url }) => answer(url))
    const read = () => provider.logs(job(), 'acme/app/7', new AbortController().signal)
    expect(await ask(saidIn(read()))).toEqual(['[test]', 'one', 'two 2026-12-02T19:07:14Z ', '[Log]', 'Gitea has no log of this job: job not started.'])
    expect(await ask(failedIn(read()))).toEqual(['test end'])
    await provider.close()
  })
})
