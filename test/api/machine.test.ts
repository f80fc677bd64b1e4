/** The life of an installation: starts, stops and kills, with the command line beside it. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startProduct, tidemark, type Environment } from '../support/product.ts'

/** Below a folder that only its owner may enter, with an empty environment but for PATH: what once went wrong. */
let locked: string
let environment: Environment

beforeAll(() => {
  locked = mkdtempSync(join(tmpdir(), 'tidemark-start-'))
  chmodSync(locked, 0o700)
  environment = { DATA_DIR: join(locked, 'data'), TIDEMARK_DEMO: '0' }
})

afterAll(() => {
  rmSync(locked, { recursive: true, force: true })
})

const health = async (url: string) => (await fetch(`${url}/readyz`)).status
const postgresPid = () =>
  Number(readFileSync(join(locked, 'data', 'database', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])
const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('pnpm start', { timeout: 120_000 }, () => {
  it('brings its own PostgreSQL, says ready last, and ends it on SIGTERM and on Ctrl-C', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = await startProduct(environment, ['--no-dashboard'])
      expect(await health(server.url)).toBe(200)
      const pid = postgresPid()
      const { code, stdout, stderr } = await server.stop(signal)
      expect({ code, stderr, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
        code: 0,
        stderr: '',
        last: `ready ${server.url}`,
      })
      // The process is gone once its parent has heard of its end.
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000)
    }
  })

  it('lets the command line work with it and without it, on the same books', async () => {
    const organization = [
      'organization',
      'create',
      '--slug',
      'acme',
      '--name',
      'Acme',
      '--currency',
      'USD',
      '--time-zone',
      'UTC',
    ]
    expect((await tidemark(environment, ...organization)).code).toBe(0)
    const server = await startProduct(environment, ['--no-dashboard'])
    const made = await tidemark(environment, 'token', 'create', '--organization', 'acme', '--role', 'viewer')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${made.stdout.trim()}` },
      body: JSON.stringify({ query: '{ organization { slug } }' }),
    })
    expect(await answer.json()).toMatchObject({ data: { organization: { slug: 'acme' } } })
    await server.stop()
  })

  it('finds everything again after kill -9 of the server, and of its database', async () => {
    const first = await startProduct(environment, ['--no-dashboard'])
    const orphan = postgresPid()
    await first.stop('SIGKILL')
    expect(isRunning(orphan)).toBe(true)
    const second = await startProduct(environment, ['--no-dashboard'])
    expect(postgresPid()).toBe(orphan)
    process.kill(orphan, 'SIGKILL')
    await second.stop('SIGKILL')
    const third = await startProduct(environment, ['--no-dashboard'])
    const again = await tidemark(environment, 'token', 'create', '--organization', 'acme', '--role', 'viewer')
    expect(again.code).toBe(0)
    expect((await third.stop()).code).toBe(0)
  })
})
