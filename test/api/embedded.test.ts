import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { claimServer, type EmbeddedOptions, openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const CHILD = fileURLToPath(new URL('../support/embedded-child.ts', import.meta.url))
const isRoot = process.getuid?.() === 0

/** Everything here happens below this folder, which mkdtemp makes 0700. */
let home: string
/** A folder whose database was made and stopped, to copy where the making is not the point. */
let prepared: string
let folders = 0

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidemark-embedded-'))
  prepared = newFolder()
  await (await openEmbedded(prepared, { durable: false })).close()
})
afterAll(() => rm(home, { recursive: true, force: true }))

const newFolder = () => join(home, `data-${++folders}`)

const copyPrepared = async (): Promise<string> => {
  const dataDir = newFolder()
  await cp(prepared, dataDir, { recursive: true })
  return dataDir
}

describe('a folder and its database', () => {
  test('with an empty environment, below a 0700 folder, it speaks UTF-8 and keeps its secret', async () => {
    const dataDir = newFolder()
    const child = await openInChild(dataDir, {}, {})
    await using connection = await connected(child.url)
    const [row] = await connection.sql`
      select current_setting('server_encoding') as encoding, upper('ä') as upper,
        (select datlocprovider::text || datlocale from pg_database where datname = current_database()) as locale,
        current_setting('listen_addresses') as address, current_setting('fsync') as fsync`
    expect(row).toEqual({
      encoding: 'UTF8',
      upper: 'Ä',
      locale: 'bC.UTF-8',
      address: '127.0.0.1',
      fsync: 'on',
    })
    expect((await stat(join(dataDir, 'database/connection.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    await connection.close()
    await child.close()
    expect(isRunning(dataDir)).toBe(false)
  })

  test('what was written is there at the next start, which takes less than a second', async () => {
    const dataDir = newFolder()
    const first = await openEmbedded(dataDir)
    await note(first.url, 'kept')
    await first.close()
    await first.close()

    const started = performance.now()
    const second = await openEmbedded(dataDir)
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(second.url).toBe(first.url)
    expect(await notesIn(second.url)).toEqual(['kept'])
    await second.close()
  })

  test('two that come at the same moment to an empty folder share one database', async () => {
    const dataDir = newFolder()
    const [one, two] = await Promise.all([openInChild(dataDir), openInChild(dataDir)])
    expect(two.url).toBe(one.url)
    await Promise.all([one.close(), two.close()])
    expect(isRunning(dataDir)).toBe(false)
  })

  test('when its port is taken, it moves to another', async () => {
    const dataDir = await copyPrepared()
    const first = await openEmbedded(dataDir, { durable: false })
    await first.close()
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
    await once(squatter, 'listening')
    const second = await openEmbedded(dataDir, { durable: false })
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port)
    await note(second.url, 'reachable')
    await second.close()
    squatter.close()
  })
})

describe('processes that come and go', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await copyPrepared()
  })

  test.each(['first', 'second'])(
    'the %s to come leaves, the other goes on; then it stops',
    async (leaver) => {
      const [first, second] = [await openInChild(dataDir), await openInChild(dataDir)]
      const [leaving, staying] = leaver === 'first' ? [first, second] : [second, first]
      await leaving.close()
      await note(staying.url, `written after the ${leaver} left`)
      await staying.close()
      expect(isRunning(dataDir)).toBe(false)
    },
  )

  test('another client that is connected keeps it running', async () => {
    const child = await openInChild(dataDir)
    await using visitor = await connected(child.url)
    await child.close()
    expect(await visitor.sql`select 1 as one`).toHaveLength(1)
    await visitor.close()
    await (await openEmbedded(dataDir)).close()
    expect(isRunning(dataDir)).toBe(false)
  })

  test('the database of a server that was killed is adopted', async () => {
    const child = await openInChild(dataDir)
    const pid = postmasterOf(dataDir)
    await child.kill()
    const heir = await openEmbedded(dataDir)
    expect([heir.url, postmasterOf(dataDir)]).toEqual([child.url, pid])
    await heir.close()
    expect(isRunning(dataDir)).toBe(false)
  })

  test('Ctrl-C at the terminal does not reach PostgreSQL', async () => {
    const child = await openInChild(dataDir)
    const pid = postmasterOf(dataDir)
    child.interruptGroup()
    await sleep(100)
    await note(child.url, 'alive')
    expect(postmasterOf(dataDir)).toBe(pid)
    await child.close()
  })

  test('only one server may claim the folder, until it ends', async () => {
    const child = await openInChild(dataDir, { claim: true })
    await expect(claimServer(dataDir)).rejects.toThrow(`Another Tidemark server already uses ${dataDir}`)
    await child.kill()
    const claim = await claimServer(dataDir)
    claim.release()
    const again = await claimServer(dataDir)
    again.release()
    await (await openEmbedded(dataDir)).close()
  })
})

describe('deaths', () => {
  test('PostgreSQL killed while nobody watches: the next start recovers', async () => {
    const dataDir = await copyPrepared()
    const child = await openInChild(dataDir, {})
    await note(child.url, 'committed')
    await child.kill()
    await killPostmaster(dataDir)
    // After a restart of a container the number of the dead process is soon somebody else's.
    const lockFile = join(dataDir, 'database/cluster/postmaster.pid')
    await writeFile(lockFile, (await readFile(lockFile, 'utf8')).replace(/^\d+/, String(process.pid)))

    const heir = await openEmbedded(dataDir)
    expect(await notesIn(heir.url)).toEqual(['committed'])
    await heir.close()
  })

  test('PostgreSQL killed while it is open: it comes back at the same address', async () => {
    const dataDir = await copyPrepared()
    const database = await openEmbedded(dataDir)
    await note(database.url, 'committed')
    await killPostmaster(dataDir)
    await expect.poll(() => notesIn(database.url).catch(() => []), { timeout: 5_000 }).toEqual(['committed'])
    await database.close()
    expect(isRunning(dataDir)).toBe(false)
  })

  test.each([150, 600])('killed %i ms into the first start, it starts anew', async (afterMs) => {
    const dataDir = newFolder()
    const child = spawnChild(dataDir)
    await once(child, 'spawn')
    while (!existsSync(dataDir) || (await readdir(dataDir)).length < 2) await sleep(5)
    await sleep(afterMs)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const database = await openEmbedded(dataDir, { durable: false })
    await note(database.url, 'works')
    await database.close()
    // An initdb that outlived its parent may have gone on for a while: what it wrote goes at a later start.
    const left = async () => {
      await (await openEmbedded(dataDir, { durable: false })).close()
      return (await readdir(dataDir)).filter((name) => name.startsWith('database'))
    }
    await expect.poll(left, { timeout: 30_000 }).toEqual(['database'])
  })
})

describe('what the operator is told', () => {
  const refusal = async (dataDir: string, options: EmbeddedOptions = { durable: false }): Promise<string> => {
    const error = await openEmbedded(dataDir, options).then(
      (database) => database.close(),
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ name: 'OperatorError' })
    const { message } = error as Error
    expect(message).not.toContain('\n')
    return message
  }

  test('the folder cannot be made', async () => {
    const file = join(home, 'file')
    await writeFile(file, '')
    expect(await refusal(join(file, 'data'))).toMatch(/cannot be made.*DATA_DIR/)
  })

  test('the database is another version’s, or not whole', async () => {
    const dataDir = newFolder()
    await mkdir(join(dataDir, 'database/cluster'), { recursive: true })
    expect(await refusal(dataDir)).toMatch(/not a whole Tidemark database.*PG_VERSION/)
    await writeFile(join(dataDir, 'database/cluster/PG_VERSION'), '19\n')
    expect(await refusal(dataDir)).toContain('connection.json is missing')
    await writeFile(join(dataDir, 'database/connection.json'), '{"port":20000,"password":"x"}')
    expect(await refusal(dataDir)).toMatch(/made by PostgreSQL 19.*Use the newer Tidemark/)
    await writeFile(join(dataDir, 'database/cluster/PG_VERSION'), '17\n')
    expect(await refusal(dataDir)).toMatch(/made by PostgreSQL 17.*dump/)
  })

  test('PostgreSQL itself refuses', async () => {
    const dataDir = await copyPrepared()
    await rm(join(dataDir, 'database/cluster/global'), { recursive: true })
    expect(await refusal(dataDir)).toMatch(/could not be started: .*global.*postgres\.log/)
  })

  test.runIf(isRoot)('the disk is full', async ({ skip }) => {
    const dataDir = newFolder()
    await mkdir(dataDir)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', dataDir], { stdio: 'ignore' })
    } catch {
      skip('this machine does not let us mount a small disk')
    }
    try {
      expect(await refusal(dataDir)).toMatch(/The disk that holds .* is full/)
    } finally {
      execFileSync('umount', [dataDir])
    }
  })
})

describe.runIf(isRoot)('root, where unshare is not permitted', () => {
  test('another user runs it, as long as it can pass through to the folder', async () => {
    const outer = await mkdtemp(join(tmpdir(), 'tidemark-embedded-'))
    const dataDir = join(outer, 'data')
    try {
      await expect(openEmbedded(dataDir, { durable: false, mayUnshare: false })).rejects.toThrow(
        'Start Tidemark as an ordinary user',
      )
      await chmod(outer, 0o711)
      const database = await openEmbedded(dataDir, { durable: false, mayUnshare: false })
      await note(database.url, 'works')
      expect((await stat(join(dataDir, 'database/cluster'))).uid).not.toBe(0)
      await database.close()
      // Where it is permitted again, the owner of the files stays their owner.
      const again = await openEmbedded(dataDir)
      expect(await notesIn(again.url)).toEqual(['works'])
      await again.close()
    } finally {
      await rm(outer, { recursive: true, force: true })
    }
  })
})

type ChildOptions = EmbeddedOptions & { readonly claim?: boolean }

type Child = {
  readonly url: string
  /** Lets the process close the database and end. */
  close(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** What a terminal does on Ctrl-C. */
  interruptGroup(): void
}

const spawnChild = (dataDir: string, options: ChildOptions = { durable: false }, env = process.env) =>
  spawn(process.execPath, [CHILD, dataDir, JSON.stringify(options)], {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })

const openInChild = async (
  dataDir: string,
  options: ChildOptions = { durable: false },
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> => {
  const child = spawnChild(dataDir, options, env)
  const exited = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const answer = JSON.parse(line) as { url?: string; refusal?: string }
  if (answer.url === undefined) throw new Error(answer.refusal)
  return {
    url: answer.url,
    async close() {
      child.stdin.end()
      expect((await exited)[0]).toBe(0)
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    interruptGroup: () => process.kill(-(child.pid ?? 0), 'SIGINT'),
  }
}

const connected = async (url: string): Promise<Connection & AsyncDisposable> => {
  const connection = await connect(url, { max: 1 })
  return { ...connection, [Symbol.asyncDispose]: () => connection.close() }
}

const note = async (url: string, text: string): Promise<void> => {
  await using connection = await connected(url)
  await connection.sql`create table if not exists note (text text)`
  await connection.sql`insert into note values (${text})`
}

const notesIn = async (url: string): Promise<string[]> => {
  await using connection = await connected(url)
  const rows = await connection.sql<{ text: string }[]>`select text from note`
  return rows.map(({ text }) => text)
}

const postmasterOf = (dataDir: string): number =>
  Number(execFileSync('head', ['-1', join(dataDir, 'database/cluster/postmaster.pid')], { encoding: 'utf8' }))

const isRunning = (dataDir: string): boolean => existsSync(join(dataDir, 'database/cluster/postmaster.pid'))

/** kill -9, and waits until its helpers have noticed, as they do at once. */
const killPostmaster = async (dataDir: string): Promise<void> => {
  process.kill(postmasterOf(dataDir), 'SIGKILL')
  await sleep(200)
}
