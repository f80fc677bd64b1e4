/** The pure parts of signing in, rights and forms. */
import { addressesOf, expiryOf } from '@tidemark/client/pages/token-form.ts'
import { organizationPath, parseOrganizationPath } from '@tidemark/client/pages/addresses.ts'
import { agentWords } from '@tidemark/client/format/agent.ts'
import {
  groupScopes,
  isWithin,
  nounWord,
  roleOfScopes,
  scopesInWords,
} from '@tidemark/client/format/scopes.ts'
import { roleWord } from '@tidemark/client/format/words.ts'
import { linkSecretOf } from '@tidemark/client/identity/link-secret.ts'
import { isRefusal, waitWords } from '@tidemark/client/identity/requests.ts'
import { safeReturnPath, signInPath } from '@tidemark/client/identity/return-path.ts'
import { providerErrorWords } from '@tidemark/client/identity/session.ts'
import { isProblem, makeProblem, messageAbove, messageAt } from '@tidemark/client/ui/form-problem.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, it } from 'vitest'

const origin = 'https://tidemark.example'

describe('the way back after signing in', () => {
  it.each(['/acme', '/acme/audit?period=7d&action=createToken', '/account', '/'])('keeps %s', (path) => {
    expect(safeReturnPath(path, origin)).toBe(path)
  })

  it.each([
    null,
    '',
    'acme',
    'https://evil.example/acme',
    '//evil.example',
    String.raw`/\evil.example`,
    String.raw`\\evil.example`,
    '/\t/evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/sign-in?to=/acme',
    '/invitation',
    '/password',
  ])('goes to the start instead of %j', (to) => {
    expect(safeReturnPath(to, origin)).toBe('/')
  })

  it('never leaves the origin, whatever stands in the address', () => {
    const pieces = constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '@',
      ':',
      '\t',
      '\n',
      '?',
      '#',
      '%2f',
      'evil.example',
      'a',
    )
    assert(
      property(array(pieces, { maxLength: 8 }), (parts) => {
        const path = safeReturnPath(parts.join(''), origin)
        expect(path.startsWith('/')).toBe(true)
        expect(new URL(path, origin).origin).toBe(origin)
      }),
      { numRuns: 2000 },
    )
  })

  it('survives the trip through the sign-in page', () => {
    const path = '/acme/audit?from=2026-01-01&action=createToken'
    const { searchParams } = new URL(signInPath(path), origin)
    expect(safeReturnPath(searchParams.get('to'), origin)).toBe(path)
    expect(signInPath('/')).toBe('/sign-in')
  })
})

describe('addresses of an organization', () => {
  it.each(['dashboard', 'kpis', 'aging', 'members', 'tokens', 'audit'] as const)(
    'lead to its %s and back',
    (page) => {
      expect(parseOrganizationPath(organizationPath('acme', page))).toEqual({
        slug: 'acme',
        page,
        detail: null,
      })
    },
  )

  it('bear a slash too many, and nothing else', () => {
    expect(parseOrganizationPath('/acme/')).toEqual({ slug: 'acme', page: 'dashboard', detail: null })
    expect(parseOrganizationPath('/acme/nothing')).toBeNull()
    expect(parseOrganizationPath('/acme/members/more')).toBeNull()
    expect(parseOrganizationPath('/')).toBeNull()
  })

  it('have one word more for one KPI, and no two', () => {
    expect(parseOrganizationPath('/acme/kpis/dso')).toEqual({ slug: 'acme', page: 'kpis', detail: 'dso' })
    expect(parseOrganizationPath('/acme/kpis/')).toEqual({ slug: 'acme', page: 'kpis', detail: null })
    expect(parseOrganizationPath('/acme/kpis/dso/more')).toBeNull()
    expect(parseOrganizationPath('/acme/aging/more')).toBeNull()
  })
})

describe('the secret of a link', () => {
  it('is found in the state of its history entry alone', () => {
    expect(linkSecretOf({ secret: 'tdi_x' })).toBe('tdi_x')
    for (const state of [null, undefined, 'tdi_x', {}, { secret: 1 }]) expect(linkSecretOf(state)).toBeNull()
  })
})

describe('words of the sign-in', () => {
  it('say how long to wait, never too short', () => {
    expect(waitWords(3)).toBe('in a minute')
    expect(waitWords(61)).toBe('in 2 minutes')
    expect(waitWords(840)).toBe('in 14 minutes')
    expect(waitWords(7201)).toBe('in 3 hours')
  })

  it('explain each way in which a provider sends somebody back', () => {
    expect(providerErrorWords(null)).toBeNull()
    expect(providerErrorWords('oidc_unknown_person')).toMatch(/invitation/)
    expect(providerErrorWords('whatever')).toMatch(/try again/i)
  })

  it('tell a refusal from an answer', () => {
    expect(isRefusal({ kind: 'REFUSAL', code: 'GONE', message: '', field: null })).toBe(true)
    expect(isRefusal({ twoFactor: false })).toBe(false)
    expect(isRefusal(null)).toBe(false)
  })
})

describe('scopes', () => {
  const viewer = ['organization:read', 'kpi:read']
  const roles = [
    { role: 'VIEWER', scopes: viewer },
    { role: 'SALES', scopes: viewer },
    { role: 'COLLECTOR', scopes: [...viewer, 'receipt:write'] },
  ]

  it('are grouped by noun', () => {
    expect(groupScopes(['credit:read', 'kpi:read', 'credit:write'])).toEqual([
      { noun: 'credit', verbs: ['read', 'write'] },
      { noun: 'kpi', verbs: ['read'] },
    ])
  })

  it('are known as those of a role, in any order', () => {
    expect(roleOfScopes(viewer.toReversed(), roles)).toBe('VIEWER')
    expect(roleOfScopes(['receipt:write', ...viewer], roles)).toBe('COLLECTOR')
    expect(roleOfScopes(['kpi:read'], roles)).toBeNull()
  })

  it('lie within others or do not', () => {
    expect(isWithin(viewer, new Set([...viewer, 'goal:read']))).toBe(true)
    expect(isWithin(viewer, new Set(['kpi:read']))).toBe(false)
  })

  it('are told in one line', () => {
    expect(scopesInWords(['kpi:read', 'goal:read', 'receipt:write'])).toBe(
      'reads KPIs, goals; writes receipts',
    )
    expect(scopesInWords(['period:close', 'goal:read', 'period:reopen'])).toBe(
      'reads goals; closes accounting months; reopens accounting months',
    )
    expect(scopesInWords([])).toBe('nothing')
  })

  it('have a word each', () => {
    const nouns = groupScopes(SCOPES).map(({ noun }) => noun)
    expect(nouns.filter((noun) => nounWord(noun) === noun)).toEqual([])
  })

  it('belong to roles by their names, in small letters and in capitals', () => {
    expect(roleWord('credit_manager')).toBe('Credit manager')
    expect(roleWord('ADMIN')).toBe('Admin')
    expect(roleWord('something new')).toBe('something new')
  })
})

describe('a problem', () => {
  const problem = makeProblem('This is no address.', 'addresses.1')

  it('is said at its field, also where it lies deeper in it', () => {
    expect(messageAt(problem, 'addresses')).toBe('This is no address.')
    expect(messageAt(problem, 'address')).toBeNull()
    expect(messageAt(null, 'addresses')).toBeNull()
  })

  it('is said above where no field can', () => {
    expect(messageAbove(problem, ['name', 'addresses'])).toBeNull()
    expect(messageAbove(problem, ['name'])).toBe('This is no address.')
    expect(messageAbove(makeProblem('Forbidden.'), ['name'])).toBe('Forbidden.')
  })

  it('is told from what was done', () => {
    expect(isProblem(problem)).toBe(true)
    expect(isProblem({ message: 'x', path: [] })).toBe(false)
  })
})

describe('the form of a token', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')

  it('counts a lifetime from now, and ends a day with its last moment', () => {
    expect(expiryOf('P30D', '', now)).toBe('2026-12-22T10:00:00.000Z')
    expect(expiryOf('NEVER', '', now)).toBeNull()
    expect(expiryOf('DAY', '2027-02-28', now)).toBe(new Date(2027, 2, 1).toISOString())
    expect(expiryOf('DAY', '', now)).toBeNull()
  })

  it('reads addresses however they are separated', () => {
    expect(addressesOf(' 203.0.113.7, 2001:db8::/32\n\n198.51.100.0/24;')).toEqual([
      '203.0.113.7',
      '2001:db8::/32',
      '198.51.100.0/24',
    ])
    expect(addressesOf('  ')).toEqual([])
  })
})

describe('what a browser says of itself', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
      'Safari on macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/150.0 Mobile/15E148 Safari/604.1',
      'Chrome on iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['curl/8.9.1', 'curl'],
    ['collector-nightly/2', 'collector-nightly/2'],
    [null, 'Unknown program'],
  ])('%s is %s', (agent, words) => {
    expect(agentWords(agent)).toBe(words)
  })
})
