/** What keeps sign-in apart: its library is loaded when somebody signs in, and its tables are named in one room. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const files = globSync('{server,drizzle}/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] }).map(
  (name) => ({
    name,
    text: readFileSync(join(root, name), 'utf8'),
  }),
)
const namesOf = (pattern: RegExp) =>
  files
    .filter(({ text }) => pattern.test(text))
    .map(({ name }) => name)
    .toSorted()

it('better-auth is imported by two files, which nothing imports before somebody signs in', () => {
  expect(namesOf(/from 'better-auth/)).toEqual(['server/identity/adapter.ts', 'server/identity/auth.ts'])
  expect(
    namesOf(/^import (?!type ).*identity\/(auth|adapter)\.ts'|^import (?!type ).*'\.\/(auth|adapter)\.ts'/m),
  ).toEqual(['server/identity/auth.ts'])
  expect(namesOf(/import\('\.\/auth\.ts'\)/)).toEqual(['server/identity/identity.ts'])
})

it('the tables of sign-in are read and written by the identity folder alone', () => {
  const importing = namesOf(/drizzle\/identity\.ts'/)
  expect(importing.filter((name) => !name.startsWith('server/identity/'))).toEqual([])
})
