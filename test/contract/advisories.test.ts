/** A20: no version with a known hole is installed, not even beneath another package; and no use of what made the hole. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')

type Version = readonly [number, number, number]

/** Every version of every package, by name. */
const installed: ReadonlyMap<string, readonly Version[]> = (() => {
  const [, packages = ''] = lock.split(/^packages:$/m)
  const found = new Map<string, Version[]>()
  for (const [, name = '', major, minor, patch] of packages.matchAll(
    /^ {2}'?((?:@[\w.-]+\/)?[\w.-]+)@(\d+)\.(\d+)\.(\d+)/gm,
  )) {
    const versions = found.get(name) ?? []
    found.set(name, [...versions, [Number(major), Number(minor), Number(patch)]])
  }
  return found
})()

const isBefore = (a: Version, b: Version): boolean => {
  const differing = a.findIndex((part, index) => part !== b[index])
  return differing !== -1 && (a[differing] ?? 0) < (b[differing] ?? 0)
}

describe('the installed packages', () => {
  it.each<[string, Version, string]>([
    ['drizzle-orm', [0, 45, 2], 'GHSA-gpj5-g38j-94v9, CVE-2026-39356: SQL by names of columns'],
    [
      '@apollo/server',
      [5, 5, 0],
      'GHSA-9q82-xgwf-vj6h: reading across sites by GET; before 5.4.0 a charset stops it',
    ],
    ['graphql', [16, 8, 1], 'CVE-2023-26144: a document that takes minutes to validate'],
    ['ws', [8, 17, 1], 'CVE-2024-37890: too many headers end the process'],
    ['fastify', [5, 3, 2], 'CVE-2025-32442: a body that is not checked, by its content type'],
    ['graphql-ws', [6, 0, 0], 'older ones still know the legacy subprotocol'],
  ])('%s is %j or newer: %s', (name, fixed) => {
    const versions = installed.get(name) ?? []
    expect(versions.length).toBeGreaterThan(0)
    expect(versions.filter((version) => isBefore(version, fixed))).toEqual([])
  })

  it('have none of those that speak the legacy subprotocol or batch by themselves', () => {
    const known = ['subscriptions-transport-ws', 'apollo-server', 'apollo-server-express', 'graphql-upload']
    expect(known.filter((name) => installed.has(name))).toEqual([])
  })

  it('have the cured driver, everywhere', () => {
    expect(lock).toMatch(/^ {2}postgres@3\.4\.9: [\da-f]{64}$/m)
    expect(lock.match(/^ {2}postgres@[^(\n]+:$/gm)).toEqual(['  postgres@3.4.9:'])
  })
})

describe('the code', () => {
  it('makes no names of SQL out of what is sent: no `sql.identifier`, no `.as()` of a variable', () => {
    const files = globSync(['server/**/*.ts', 'drizzle/*.ts'], { cwd: root, exclude: ['**/node_modules/**'] })
    const found = files.filter((file) =>
      /sql\.identifier\(|\.as\((?!['"`)])/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(found).toEqual([])
  })
})
