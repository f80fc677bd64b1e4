/** F15: disks that are full, of the database and of the log. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { openCompany } from '../support/company.ts'
import { followAll, untilLive } from '../support/follower.ts'
import { type Load, startLoad } from '../support/load.ts'
import { judge } from '../support/oracle.ts'
import { openOwnPostgres } from '../support/own-postgres.ts'
import { full, isFull } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const run = promisify(execFile)
const TIMEOUT_MS = full(300_000, 90_000)
const MEGABYTES = 400

const moves = async (load: Load, more: number): Promise<void> => {
  const before = load.acknowledged.size
  await expect
    .poll(() => load.acknowledged.size, { timeout: 60_000, interval: 20 })
    .toBeGreaterThanOrEqual(before + more)
}

/** A disk of that size, or null where this machine lets nobody mount one. */
const mountSmallDisk = async (): Promise<string | null> => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-disk-'))
  closing.push(() => rm(folder, { recursive: true, force: true }))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'none', folder])
  } catch {
    return null
  }
  closing.push(() => run('umount', ['--lazy', folder]))
  return folder
}

/** Writes until there is no room any more; settles with the bytes that it took. */
const fill = async (path: string): Promise<number> => {
  await using file = await open(path, 'w')
  const chunk = Buffer.alloc(256 * 1024, 1)
  try {
    for (;;) await file.write(chunk)
  } catch {
    return (await stat(path)).size
  }
}

describe.skipIf(!isFull)('the disk of the database', () => {
  it('that is full refuses changes, and loses none', { timeout: TIMEOUT_MS }, async (context) => {
    const did = `the disk of PostgreSQL (${MEGABYTES} MB) is filled to the last byte under payments, freed 10 s later, three times`
    tell(context, 'F15', did)
    const disk = await mountSmallDisk()
    if (disk === null) {
      console.warn('SKIPPED: a full disk. Nobody may mount a small one here.')
      context.skip()
      return
    }
    const folder = join(disk, 'data')
    await mkdir(folder)
    const postgres = await openOwnPostgres(folder)
    closing.push(() => postgres.close())
    const company = await openCompany({ databaseUrl: postgres.url })
    closing.push(() => company.close())
    const server = await company.startServer()
    const url = () => server.url
    const followers = await followAll(20, url, company.token)
    const load = startLoad(company, url, { clients: 6 })
    const ballast = join(disk, 'ballast')
    let servedWhileFull = 0
    for (let times = 0; times < 3; times++) {
      await moves(load, 50)
      await fill(ballast)
      const before = load.acknowledged.size
      await sleep(10_000)
      servedWhileFull += load.acknowledged.size - before
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      await rm(ballast)
      // Where it could not write its log any more it has ended, which is right: whoever watches it starts it again.
      await postgres.start()
      await moves(load, 20)
    }
    const refused = [...load.refusals.values()].reduce((sum, count) => sum + count, 0)
    await load.stop()
    await untilLive(followers, 20_000)
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F15', did, { refusedWhileFull: refused, servedWhileFull, ...counts })
    expect(wrongs).toEqual([])
    expect(refused).toBeGreaterThan(0)
    expect(server.process.child.exitCode).toBeNull()
    for (const follower of followers) follower.stop()
  })
})

describe.skipIf(!existsSync('/dev/full'))('the disk of the log', () => {
  it('that is full ends nothing', { timeout: TIMEOUT_MS }, async (context) => {
    const did =
      'every line of the log fails with ENOSPC (/dev/full) while backends are killed, which fills the log'
    tell(context, 'F15', did)
    const company = await openCompany()
    closing.push(() => company.close())
    const server = await company.startServer({ LOG_LEVEL: 'trace' }, '/dev/full')
    const url = () => server.url
    const followers = await followAll(5, url, company.token)
    const load = startLoad(company, url, { clients: 4, pauseMs: 10 })
    let killed = 0
    for (const until = performance.now() + full(30_000, 4_000); performance.now() < until;) {
      const rows = await company.connection.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'tidemark%' and datname = current_database() order by random() limit 1`
      killed += rows.length
      await sleep(100)
    }
    await load.stop()
    const { wrongs, counts } = await judge(company, { followers, loads: [load], url: server.url })
    tell(context, 'F15', did, { killed, ...counts })
    expect(wrongs).toEqual([])
    expect(process.platform === 'linux' && server.process.child.exitCode).toBeNull()
    for (const follower of followers) follower.stop()
  })
})
