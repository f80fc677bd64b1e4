/** How passwords are kept and checked, and which may be chosen. */
import { argon2Sync } from 'node:crypto'
import { weaknessOf } from '@tidemark/server/identity/password-rules.ts'
import { BusyError, hashPassword, verifyPassword } from '@tidemark/server/identity/passwords.ts'
import { describe, expect, it } from 'vitest'

const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
const nonce = Buffer.alloc(16, 7)
/** As any program writes it in PHC format. */
const phcOf = (message: string, memory: number, passes: number, parallelism: number): string => {
  const hash = argon2Sync('argon2id', { message, nonce, memory, passes, parallelism, tagLength: 32 })
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(hash)}`
}

describe('a password', () => {
  it('is kept as argon2id of its own salt, and is right or wrong', async () => {
    const [one, two] = [await hashPassword('four random words'), await hashPassword('four random words')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(two)
    expect(await verifyPassword(one, 'four random words')).toBe(true)
    expect(await verifyPassword(one, 'four random word')).toBe(false)
    expect(await verifyPassword(one, '')).toBe(false)
  })

  it('is the same however the keyboard composes its letters', async () => {
    expect(await verifyPassword(await hashPassword('pässwörter überall'), 'pässwörter überall')).toBe(true)
  })

  it('is checked by what its hash says, as long as that is no attack', async () => {
    expect(await verifyPassword(phcOf('x', 64, 3, 2), 'x')).toBe(true)
    const stored = phcOf('x', 64, 3, 2)
    for (const wrong of [
      '',
      'plain',
      '$2b$12$abcdefghijklmnopqrstuv',
      stored.replace('m=64', 'm=9999999'),
      stored.replace('t=3', 't=999'),
      stored.replace('argon2id', 'argon2i'),
    ]) {
      expect(await verifyPassword(wrong, 'x')).toBe(false)
    }
  })

  it(
    'waits its turn, so that many take neither the memory nor the event loop',
    { timeout: 60_000 },
    async () => {
      const before = process.memoryUsage().rss
      let last = performance.now()
      let longest = 0
      const beat = setInterval(() => {
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }, 5)
      let most = 0
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 5)
      await Promise.all(Array.from({ length: 40 }, () => hashPassword('four random words')))
      clearInterval(beat)
      clearInterval(watch)
      // All at once they would have taken 760 MB.
      expect(most).toBeLessThan(200_000_000)
      expect(longest).toBeLessThan(500)
    },
  )

  it('is refused at once where a hundred wait already', async () => {
    const stored = phcOf('x', 64, 1, 1)
    const answers = await Promise.allSettled(Array.from({ length: 110 }, () => verifyPassword(stored, 'x')))
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(8)
    expect(refused[0]).toMatchObject({ reason: expect.any(BusyError) })
    expect(await verifyPassword(stored, 'x')).toBe(true)
  })
})

describe('a new password', () => {
  const person = { email: 'ann.lee@acme.example', name: 'Ann Lee-Smith' }

  it.each([
    'short',
    'elevenchars',
    'password1234',
    'P@ssw0rd!2026',
    'passwordpassword',
    'Welcome2026!!',
    'qwertyuiop123',
    '1q2w3e4r5t6z',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    '123456789012',
    '20260101202602',
    'SummerWinter2026',
    'ann.lee@acme.example',
    'Lee-Smith2026!',
    'Acme.example1!',
    'x'.repeat(257),
  ])('is refused as %s', (password) => {
    expect(weaknessOf(password, person)).toMatch(/^(A|This) password .*\.$/)
  })

  it.each([
    'four random words here',
    'correct horse battery staples',
    'ann likes long walks by the sea',
    'kT9#mQ2$vL7!xR4',
    '日本語のとても長い文章ですよね',
    'x1'.padEnd(256, 'random words of many kinds '),
  ])('may be %s', (password) => {
    expect(weaknessOf(password, person)).toBeNull()
  })
})
