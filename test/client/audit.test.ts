/** The pure parts of the audit log: its filters in the address, its differences, what was noted down. */
import { readFileSync } from 'node:fs'
import {
  auditFilterOf,
  exportPath,
  parseAuditSearch,
  withParameters,
} from '@tidemark/client/components/audit-filter.ts'
import { differencesOf, pathWords } from '@tidemark/client/components/difference.ts'
import { noteOf, readNoted } from '@tidemark/client/components/noted.ts'
import { actionWord, knownActions, subjectKind } from '@tidemark/client/format/audit-words.ts'
import { formatAgo, formatSecond, startOfDay } from '@tidemark/client/format/moment.ts'
import { instantsOf, parsePeriod } from '@tidemark/client/format/period.ts'
import { buildSchema } from 'graphql'
import { describe, expect, it } from 'vitest'

const today = '2026-11-22'
const periodOf = (query: string) => parsePeriod(new URLSearchParams(query), today, '30d')

describe('a period in the address', () => {
  it.each([
    ['', { id: '30d', from: '2026-10-24', to: null }],
    ['period=today', { id: 'today', from: '2026-11-22', to: null }],
    ['period=7d', { id: '7d', from: '2026-11-16', to: null }],
    ['period=all', { id: 'all', from: null, to: null }],
    ['from=2026-01-01', { id: 'days', from: '2026-01-01', to: null }],
    ['to=2026-01-31&period=7d', { id: 'days', from: null, to: '2026-01-31' }],
    ['from=2026-03-01&to=2026-02-01', { id: 'days', from: '2026-02-01', to: '2026-03-01' }],
  ])('"%s" is %j', (query, period) => {
    expect(periodOf(query)).toEqual(period)
  })

  it.each(['period=century', 'from=yesterday', 'from=2026-02-30', 'to=2026-13-01', 'from='])(
    '"%s" is as if it were not there',
    (query) => {
      expect(periodOf(query).id).toBe('30d')
    },
  )

  it('begins and ends on the clock of the organization, both days included', () => {
    expect(instantsOf({ from: '2026-11-22', to: '2026-11-22' }, 'America/New_York')).toEqual({
      gte: '2026-11-22T05:00:00.000Z',
      lt: '2026-11-23T05:00:00.000Z',
    })
    expect(instantsOf({ from: null, to: null }, 'UTC')).toEqual({ gte: null, lt: null })
  })
})

describe('the start of a day', () => {
  // Clocks that go back over midnight, that skip it, and that move by half an hour.
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/Sao_Paulo',
    'America/Havana',
    'Asia/Gaza',
    'Asia/Beirut',
    'Australia/Lord_Howe',
  ]
  const days = Array.from({ length: 12 * 365 }, (_, index) =>
    Temporal.PlainDate.from('2010-01-01').add({ days: index }),
  )
  it.each(zones)('is that of Temporal on every day of twelve years in %s', (timeZone) => {
    const differing = days.filter(
      (day) =>
        Date.parse(startOfDay(day.toString(), timeZone)) !==
        day.toZonedDateTime({ timeZone }).epochMilliseconds,
    )
    expect(differing.map(String)).toEqual([])
  })
})

describe('the filter of the audit log', () => {
  const filterOf = (query: string) =>
    auditFilterOf(parseAuditSearch(new URLSearchParams(query), today), 'UTC')

  it('is null where nothing is asked for', () => {
    expect(filterOf('period=all')).toBeNull()
  })

  it('takes period, action, actor and subject out of the address', () => {
    expect(
      filterOf('from=2026-11-01&to=2026-11-02&action=createToken&actor=person_1&subject=token_2'),
    ).toEqual({
      recordedAt: { gte: '2026-11-01T00:00:00.000Z', lt: '2026-11-03T00:00:00.000Z' },
      action: { eq: 'createToken' },
      actorId: ['person_1'],
      subject: ['token_2'],
    })
  })

  it('goes into the address of the export, with the organization', () => {
    const search = parseAuditSearch(new URLSearchParams('to=2026-11-02&action=createToken&actor=DEMO'), today)
    expect(exportPath(search, 'UTC', 'acme')).toBe(
      '/export/audit.csv?organization=acme&direction=DESC&bom=1&recordedAt.lt=2026-11-03T00%3A00%3A00.000Z&action=createToken&actorKind=DEMO',
    )
  })

  it('knows kinds of actors from ids', () => {
    expect(filterOf('period=all&actor=TERMINAL')).toEqual({ actorKind: ['TERMINAL'] })
  })

  it('changes one parameter and leaves the others', () => {
    const before = new URLSearchParams('period=7d&actor=TERMINAL')
    expect(withParameters(before, { action: 'createToken', period: null }).toString()).toBe(
      'actor=TERMINAL&action=createToken',
    )
    expect(before.toString()).toBe('period=7d&actor=TERMINAL')
  })
})

describe('the difference of before and after', () => {
  const differ = (before: unknown, after: unknown) =>
    differencesOf(
      before === null ? null : JSON.stringify(before),
      after === null ? null : JSON.stringify(after),
    )

  it('is empty where nothing is on record', () => {
    expect(differ(null, null)).toEqual([])
  })

  it('names what was added, changed, removed and what stayed, down to the last field', () => {
    const before = { limit: { amount: '100.00', currency: 'USD' }, note: 'old', risk: 'A' }
    const after = { limit: { amount: '250.00', currency: 'USD' }, risk: 'A', since: '2026-01-01' }
    expect(differ(before, after)).toEqual([
      { path: ['limit', 'amount'], kind: 'CHANGED', before: '100.00', after: '250.00' },
      { path: ['limit', 'currency'], kind: 'SAME', before: 'USD', after: 'USD' },
      { path: ['note'], kind: 'REMOVED', before: 'old', after: null },
      { path: ['risk'], kind: 'SAME', before: 'A', after: 'A' },
      { path: ['since'], kind: 'ADDED', before: null, after: '2026-01-01' },
    ])
  })

  it('says of lists what came and what went', () => {
    expect(differ({ scopes: ['kpi:read', 'goal:read'] }, { scopes: ['goal:read', 'goal:write'] })).toEqual([
      { path: ['scopes'], kind: 'REMOVED', before: 'kpi:read', after: null },
      { path: ['scopes'], kind: 'ADDED', before: null, after: 'goal:write' },
    ])
    expect(differ({ order: [1, 2] }, { order: [2, 1] })).toEqual([
      { path: ['order'], kind: 'CHANGED', before: '1, 2', after: '2, 1' },
    ])
  })

  it('shows all of what is new, and goes into lists of objects', () => {
    expect(differ(null, { lines: [{ amount: '1.00' }], paid: false, until: null })).toEqual([
      { path: ['lines', '0', 'amount'], kind: 'ADDED', before: null, after: '1.00' },
      { path: ['paid'], kind: 'ADDED', before: null, after: 'no' },
      { path: ['until'], kind: 'ADDED', before: null, after: 'none' },
    ])
  })

  it('hides nothing: what is no JSON is shown as it is, and a name with a dot is one name', () => {
    expect(differencesOf('{"a":', null)).toEqual([
      { path: [], kind: 'REMOVED', before: '{"a":', after: null },
    ])
    expect(differ({ 'a.b': 1 }, { a: { b: 1 } }).map(({ kind }) => kind)).toEqual(['REMOVED', 'ADDED'])
    expect(differ({ list: [] }, {})).toEqual([
      { path: ['list'], kind: 'REMOVED', before: 'none', after: null },
    ])
    expect(differ({ __proto__x: 1, constructor: 2 }, {}).map(({ kind }) => kind)).toEqual([
      'REMOVED',
      'REMOVED',
    ])
  })

  it('names fields as people do', () => {
    expect(pathWords(['creditLimit', 'amount'])).toBe('Credit limit, amount')
    expect(pathWords(['lines', '0', 'amount'])).toBe('Lines, 1, amount')
  })
})

describe('what was noted down of the audit', () => {
  const hash = 'ab'.repeat(32)
  const id = 'audit_01a20206-ec0a-7898-a454-de858ad05601'

  it('is read as it was copied', () => {
    expect(readNoted(noteOf({ sequence: '12', hash }))).toEqual({
      heads: [{ sequence: '12', hash }],
      receipts: [],
      unread: [],
    })
  })

  it('is read from notes of people too: receipts, numbers with words, capitals, empty lines', () => {
    const text = `\n no. 12: ${hash.toUpperCase()}  \n${id}, ${hash}\n\n`
    expect(readNoted(text)).toEqual({
      heads: [{ sequence: '12', hash }],
      receipts: [{ id, hash }],
      unread: [],
    })
  })

  it('names the lines that say nothing', () => {
    expect(readNoted(`12\n${hash}\nhello`).unread).toEqual(['12', hash, 'hello'])
  })
})

describe('words of the audit log', () => {
  it('say what was done, also what is not known yet', () => {
    expect(actionWord('setCreditLimit')).toBe('Set a credit limit')
    expect(actionWord('newThingOfTomorrow')).toBe('New thing of tomorrow')
    expect(knownActions).toContain('createToken')
  })

  it('are there for everything that the API can do', () => {
    const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})
    expect(mutations.filter((name) => !knownActions.includes(name))).toEqual([])
  })

  it('say what was changed', () => {
    expect(subjectKind('customer_01a20206-ec0a-7898-a454-de858ad05601')).toBe('Customer')
    expect(subjectKind('credit_note_01a20206-ec0a-7898-a454-de858ad05601')).toBe('Credit note')
    expect(subjectKind('01a20206')).toBe('Something')
  })

  it('say when, by a clock and from now', () => {
    const now = Date.parse('2026-11-22T12:00:00Z')
    expect(formatSecond('2026-11-22T03:04:05Z', 'America/New_York', 'en-GB')).toBe('21 Nov 2026, 22:04:05')
    expect(formatAgo('2026-11-22T11:59:30Z', now, 'en')).toBe('just now')
    expect(formatAgo('2026-11-22T11:57:00Z', now, 'en')).toBe('3 minutes ago')
    expect(formatAgo('2026-11-29T12:00:00Z', now, 'en')).toBe('in 7 days')
    expect(formatAgo('2026-11-22T12:00:20Z', now, 'en')).toBe('in a moment')
  })
})
