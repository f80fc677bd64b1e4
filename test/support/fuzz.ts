/** What no client sends on purpose, as arbitraries of fast-check; and what no answer may ever have in it. */
import { resolve } from 'node:path'
import * as fc from 'fast-check'

/** Bears this mark wherever a text can: if it is in the log, a value of somebody is. */
export const MARK = 'fuzzmark'

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '',
    MARK,
    '\0',
    '\ud800',
    '\udfff\ud800',
    '\u202egnp.exe',
    '\ufeff',
    '\u2028',
    '../../../../etc/passwd',
    '${7*7}{{7*7}}<%= 7*7 %>',
    '<script>alert(1)</script>',
    '=cmd|calc!A0',
    '%00%0a%0d',
    '\r\nset-cookie: a=b',
    'null',
    'NaN',
    '-0',
    '1e999',
    '99999999999999999999999999999999999999',
    '0000-00-00',
    '2026-02-30',
    '-271821-04-20T00:00:00Z',
    '+999999-12-31T23:59:60Z',
    'customer_00000000-0000-0000-0000-000000000000',
  ),
  fc.constantFrom('x', '🌊', '\u0301', '(', '[').map((piece) => piece.repeat(20_000)),
)

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  'toJSON',
  '',
]

/** JSON as a text, so that it can say what JSON.stringify cannot: 1e999, a key twice, 10,000 levels. */
export const anyJson: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    texts.map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', 'false', '0', '-1', '-0', '1.5', '1e999', '-1e999', '1e-400'),
    fc.constantFrom('2147483648', '-2147483649', '9007199254740993', `1${'0'.repeat(400)}`),
    fc.constantFrom(`${'['.repeat(3_000)}${']'.repeat(3_000)}`, `${'{"a":'.repeat(900)}1${'}'.repeat(900)}`),
    fc.constantFrom(`[${'1,'.repeat(2_000)}1]`, `[${'{},'.repeat(500)}{}]`),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 8 })), tie('value')), {
        maxLength: 4,
      })
      .map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`),
  ),
})).value

type Edit = {
  readonly at: number
  readonly kind: 'delete' | 'insert' | 'repeat' | 'swap'
  readonly piece: string
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom('delete', 'insert', 'repeat', 'swap'),
  piece: fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      '"',
      '"""',
      ':',
      '!',
      '@',
      '$',
      '...',
      '#',
      '\\',
      '\0',
      ',',
      '|',
      '&',
    ),
    fc.constantFrom(
      'null',
      '__typename',
      'fragment',
      'on',
      'query',
      'mutation',
      '@include(if: $x)',
      '\ufeff',
      '1e999',
    ),
    fc.string({ unit: 'binary', maxLength: 6 }),
  ),
})

const LONGEST_PIECE = 40

const edited = (text: string, { at, kind, piece }: Edit): string => {
  const place = Math.floor(at * text.length)
  const [before, after] = [text.slice(0, place), text.slice(place)]
  switch (kind) {
    case 'delete':
      return before + after.slice(1 + (piece.length % 7))
    case 'insert':
      return before + piece + after
    case 'repeat':
      return before + after.slice(0, LONGEST_PIECE) + after
    case 'swap':
      return after + before
  }
}

/** A text with some slips of the pen in it, from a comma to half of it. */
export const slipsOf = (text: string): fc.Arbitrary<string> =>
  fc.array(edit, { minLength: 1, maxLength: 5 }).map((edits) => edits.reduce(edited, text))

/**
 * Frames of a stack, paths, SQL and names of tables. Words that a schema, a message or a page has as well are not
 * among them.
 */
export const LEAK = new RegExp(
  [
    String.raw`\n\s+at |node_modules|\.ts:\d|/home/|/tmp/|/etc/tidemark`,
    RegExp.escape(resolve(import.meta.dirname, '../..')),
    String.raw`\bselect .* from\b|\binsert into\b|syntax error at|relation "|column "|violates|\bpg_`,
    'tidemark_app|api_token|ledger_entry|organization_id|drizzle|postgres|ECONN',
    'TypeError|RangeError|call stack|is not a function|Cannot read prop',
  ].join('|'),
)
