/** Where the pages of builds are at their CIs, and which of them a page of ours links to. */
import { describe, expect, test } from 'vitest'
import { shownBy } from '../../../shell/inbound/shown.js'
import { buildbot } from '../../../shell/providers/buildbot.js'
import { buildkite } from '../../../shell/providers/buildkite.js'
import { gitea } from '../../../shell/providers/gitea.js'
import { github } from '../../../shell/providers/github.js'
import type { Kind } from '../../../shell/providers/provider.js'
import { webhook } from '../../../shell/providers/webhook.js'
import { answeredBy } from './servers/bench.js'

const GITHUB = { repositories: ['acme/app'], token: 'a-token-of-github' }
const BUILDKITE = { organizations: ['acme'], token: 'a-token-of-buildkite' }

const pageOf = async (kind: Kind, settings: object, external: string): Promise<string | null> => {
  const { provider } = answeredBy(kind, settings, () => ({}))
  const page = provider.pageOf?.(external) ?? null
  expect(shownBy([provider], undefined).pageOf('another', external)).toBe(null)
  await provider.close()
  return page
}

describe('the page of a build', () => {
  test.each<[string, Kind, object, string, string | null]>([
    ['at Buildkite', buildkite, BUILDKITE, 'acme/app/7', 'https://buildkite.com/acme/app/builds/7'],
    ['at Buildkite, of an odd name', buildkite, BUILDKITE, 'a<b/c?d/7', 'https://buildkite.com/a%3Cb/c%3Fd/builds/7'],
    ['at Buildkite, of no name', buildkite, BUILDKITE, 'acme/app', null],
    ['behind another API of Buildkite', buildkite, { ...BUILDKITE, url: 'https://proxy.example' }, 'acme/app/7', null],
    ['at GitHub', github, GITHUB, 'acme/app/7', 'https://github.com/acme/app/actions/runs/7'],
    ['at GitHub, of no name', github, GITHUB, 'acme/app/x', null],
    ['at a GitHub of one’s own', github, { ...GITHUB, url: 'https://git.example/api/v3/' }, 'acme/app/7', 'https://git.example/acme/app/actions/runs/7'],
    ['behind another API of GitHub', github, { ...GITHUB, url: 'https://git.example/api' }, 'acme/app/7', null],
    ['at a Gitea', gitea, { ...GITHUB, url: 'https://git.example/forge/' }, 'acme/app/7', 'https://git.example/forge/acme/app/actions/runs/7'],
    ['at a Gitea, of no name', gitea, { ...GITHUB, url: 'https://git.example' }, 'acme/app/../7', null],
    ['at Buildbot', buildbot, { url: 'https://bot.example/ci/' }, '7', 'https://bot.example/ci/#/buildrequests/7'],
    ['at Buildbot, of no name', buildbot, { url: 'https://bot.example' }, '7/../8', null],
    ['of a webhook', webhook, { secret: 'a-secret-of-32-characters-or-more', url: 'https://hook.example' }, '7', null]
  ])('%s', async (_, kind, settings, external, page) => {
    expect(await pageOf(kind, settings, external)).toBe(page)
  })
})

describe('a page of ours', () => {
  const linked = async (page: string | null): Promise<string | null> => {
    const { provider } = answeredBy(webhook, { secret: 'a-secret-of-32-characters-or-more', url: 'https://hook.example' }, () => ({}))
    const { pageOf } = shownBy([{ ...provider, name: 'ci', pageOf: () => page }], undefined)
    await provider.close()
    return pageOf('ci', '7')
  }

  test.each([
    ['https://ci.example/7', 'https://ci.example/7'],
    ['http://ci.example/#/7', 'http://ci.example/#/7'],
    ['https://ci.example/"><b>', 'https://ci.example/%22%3E%3Cb%3E'],
    [null, null],
    ['', null],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
    ['//ci.example/7', null],
    ['https://user:secret@ci.example/7', null],
    ['https://secret@ci.example/7', null],
    ['http://10.0.0.1/7', null],
    ['http://[::1]/7', null],
    ['http://buildbot:8010/7', null],
    ['https://ci.internal/7', null],
    [`https://ci.example/${'x'.repeat(2_048)}`, null]
  ])('links to %s as %s', async (page, address) => {
    expect(await linked(page)).toBe(address)
  })
})
