/** `pnpm start` as a process: what it prints, how it ends, and what it says when it cannot begin. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '@tidemark/drizzle/connect.ts'
import { readConfig } from '@tidemark/server/config.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { startProcess } from '../support/process.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

const start = (environment: Readonly<Record<string, string>> = {}, options: readonly string[] = []) =>
  startProcess('server/main.ts', ['--no-dashboard', ...options], {
    DATABASE_URL: database.url,
    PORT: '0',
    TIDEMARK_DEMO: '0',
    ...environment,
  })

describe('starting', { timeout: 90_000 }, () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'prints where it is ready, last, and ends well on %s',
    async (signal) => {
      const server = start()
      const url = (await server.line(/^ready /)).replace('ready ', '')
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
      server.child.kill(signal)
      const { code, stdout, stderr } = await server.ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^(.*\n)*ready http:\/\/127\.0\.0\.1:\d+\n$/)
    },
  )

  it('starts again with the database of its folder, and is alone there', { timeout: 60_000 }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-start-'))
    const own = { DATABASE_URL: '', DATA_DIR: dataDir }
    const first = start(own)
    await first.line(/^ready /)

    const other = await start(own).ended
    expect(other.code).toBe(1)
    expect(other.stderr).toMatch(/^Another Tidemark server already uses .*\n$/)

    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)

    const second = start(own)
    await second.line(/^ready /)
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
    await rm(dataDir, { recursive: true, force: true })
  })

  it('ends well when it is told to stop before it is ready', async () => {
    const server = start()
    await new Promise((resolve) => setTimeout(resolve, 300))
    server.child.kill('SIGTERM')
    const { code, stdout } = await server.ended
    expect([0, null]).toContain(code)
    expect(stdout).not.toContain('Error')
  })
})

describe('not starting', { timeout: 60_000 }, () => {
  const failure = async (environment: Readonly<Record<string, string>>, options: readonly string[] = []) => {
    const { code, stdout, stderr } = await start(environment, options).ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    // One line: no stack, no second message.
    expect(stderr.split('\n')).toHaveLength(2)
    expect(stderr).not.toContain('secret')
    return stderr.trim()
  }

  it('names the variable at fault', async () => {
    expect(await failure({ PORT: 'http' })).toBe(
      'PORT must be a number from 0 to 65535 (0 for any free port), not "http".',
    )
  })

  it('says that the host is none of this machine', async () => {
    expect(await failure({ HOST: '203.0.113.7' })).toBe(
      'HOST is 203.0.113.7, which is no address of this machine. Set HOST to 127.0.0.1 or 0.0.0.0.',
    )
  })

  it('says that the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    expect(await failure({ PORT: String(port) })).toMatch(`Port ${port} on 127.0.0.1 is taken.`)
    taken.close()
  })

  it('says that the database cannot be reached', async () => {
    expect(await failure({ DATABASE_URL: 'postgres://app:secret@127.0.0.1:1/books' })).toMatch(
      'Cannot reach the database at postgres://app@127.0.0.1:1/books',
    )
  })

  it('says that the database is newer', async () => {
    const newer = await createDatabase()
    const connection = await connect(newer.url, { max: 1 })
    await connection.sql`
      insert into drizzle.__drizzle_migrations (hash, created_at, tag) values ('x', 9999999999999, '9999_later')`
    await connection.close()
    expect(await failure({ DATABASE_URL: newer.url })).toMatch('The database is newer than this Tidemark')
    await newer.drop()
  })

  it('says that the data folder cannot be made', async () => {
    const file = fileURLToPath(import.meta.url)
    expect(await failure({ DATABASE_URL: '', DATA_DIR: join(file, 'data') })).toContain('cannot be made')
  })
})

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(readConfig({}, [])).toEqual({
      database: { kind: 'embedded', dataDir: '.tidemark' },
      backups: { folder: '.tidemark/backups', hours: 24, keep: 7 },
      host: '127.0.0.1',
      port: 4000,
      demo: true,
      live: false,
      dashboard: true,
      trustedProxies: expect.any(Function),
      trustedDocuments: false,
      connections: { socketsPerAddress: 1_000, socketsPerActor: 500, subscriptionsPerActor: 2_000 },
      identity: { publicUrl: null, secret: null, oidc: null },
      delivery: { smtp: null, privateWebhooks: false, secret: null, publicUrl: null },
      logLevel: 'warn',
    })
  })

  it('takes the environment and the options, and an empty variable for none', () => {
    const environment = {
      DATABASE_URL: ' postgres://db/a ',
      HOST: '0.0.0.0',
      PORT: '80',
      TIDEMARK_DEMO: '0',
      DATA_DIR: '',
    }
    expect(readConfig(environment, ['--', '--live'])).toMatchObject({
      database: { kind: 'external', url: 'postgres://db/a', listenUrl: 'postgres://db/a' },
      host: '0.0.0.0',
      port: 80,
      demo: false,
      live: true,
    })
    const rarely = { DATA_DIR: '/data', BACKUP_HOURS: '168', BACKUP_KEEP: '4', BACKUP_DIR: '/backups' }
    expect(readConfig(rarely, []).backups).toEqual({ folder: '/backups', hours: 168, keep: 4 })
    expect(readConfig({ ...rarely, BACKUP_HOURS: '0' }, []).backups).toBeNull()
    expect(readConfig(environment, []).backups).toBeNull()
    const pooled = { DATABASE_URL: 'postgres://pool/a', DATABASE_LISTEN_URL: 'postgres://db/a' }
    expect(readConfig(pooled, []).database).toMatchObject({
      url: 'postgres://pool/a',
      listenUrl: 'postgres://db/a',
    })
  })

  it.each([
    [{ PORT: '70000' }, [], 'PORT must be a number from 0 to 65535'],
    [{ TRUSTED_PROXIES: 'proxy' }, [], 'TRUSTED_PROXIES must be addresses or CIDR blocks'],
    [{ SOCKETS_PER_ADDRESS: '0' }, [], 'SOCKETS_PER_ADDRESS must be a number from 1 on, not "0".'],
    [{ PUBLIC_URL: 'https://a.example/path' }, [], 'PUBLIC_URL must be an address without a path'],
    [{ PUBLIC_URL: 'tidemark.example' }, [], 'PUBLIC_URL must be an address without a path'],
    [{ TIDEMARK_SECRET: 'too short' }, [], 'TIDEMARK_SECRET must have at least 32 characters.'],
    [{ OIDC_ISSUER: 'https://a.example' }, [], 'belong together. Set all three or none.'],
    [
      { OIDC_ISSUER: 'http://a.example', OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: 'b' },
      [],
      'OIDC_ISSUER must be an https address',
    ],
    [{ BACKUP_HOURS: 'daily' }, [], 'BACKUP_HOURS must be a number from 0 on, not "daily".'],
    [{ BACKUP_KEEP: '0' }, [], 'BACKUP_KEEP must be a number from 1 on, not "0".'],
    [
      { DATABASE_URL: 'postgres://db/a', BACKUP_DIR: '/backups' },
      [],
      'BACKUP_DIR is set, but the server backs up its embedded database only',
    ],
    [{ TIDEMARK_DEMO: 'no' }, [], 'TIDEMARK_DEMO must be 0 or 1, not "no".'],
    [
      { LOG_LEVEL: 'loud' },
      [],
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, not "loud".',
    ],
    [
      { DATABASE_URL: 'mysql://root@db' },
      [],
      'DATABASE_URL must look like postgres://user:password@host:5432/name.',
    ],
    [{ DATABASE_LISTEN_URL: 'postgres://db' }, [], 'DATABASE_LISTEN_URL is set but DATABASE_URL is not.'],
    [{}, ['--fast'], 'There is no option --fast. The options are --live, --no-dashboard and --help.'],
  ] as [Record<string, string>, string[], string][])(
    'is refused with %o %o',
    (environment, options, expected) => {
      expect(() => readConfig(environment, options)).toThrow(expected)
    },
  )
})
