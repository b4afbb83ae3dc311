/** What an operator is told whose store cannot be used: what the platform says, and what to do about it. */
import { describe, expect, test } from 'vitest'
import { storeTrouble } from '../../../shell/cli/finding.js'

const trouble = (message: string, use: 'read' | 'write'): string => storeTrouble({ _tag: 'Failed', message, path: '/store' }, use)

describe('a store that cannot be used', () => {
  test.each(['ENOSPC: no space left on device, write', 'EDQUOT: disk quota exceeded, write'])('is on a full disk: %s', (message) => {
    for (const use of ['read', 'write'] as const)
      expect(trouble(message, use)).toBe(`/store: ${message}. The disk is full: free some space, or choose a folder on another one with --store.`)
  })

  test.each(["EACCES: permission denied, open '/store/state.json'", "EPERM: operation not permitted, open '/store/state.json'"])('is not ours: %s', (message) => {
    expect(trouble(message, 'read')).toBe(`/store: ${message}. Run this as the user that tack runs as, who owns the store, or as root.`)
    expect(trouble(message, 'write')).toMatch(/\. The user that runs tack must be able to create and write the folder: .*--store\.$/)
  })

  test('is told of as it is, where it says itself what to do', () => {
    expect(storeTrouble({ _tag: 'Held', message: 'stop it first', path: '/store/lock' }, 'write')).toBe('/store/lock: stop it first')
    expect(trouble('EIO: i/o error, read', 'read')).toBe('/store: EIO: i/o error, read')
  })
})
