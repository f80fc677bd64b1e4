/** Backups by the clock: when one is due, what is kept, and what a failure changes. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLook, startBackups } from '@tidemark/server/backups.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
let now: Temporal.Instant
let failure: Error | null
let told: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-backups-'))
  now = Temporal.Instant.from('2026-11-22T05:14:00Z')
  failure = null
  told = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const services = {
  async backUp(path: string) {
    if (failure !== null) {
      await writeFile(`${path}.partial`, 'half')
      throw failure
    }
    await writeFile(path, 'whole')
  },
  clock: () => now,
  logError: (error: unknown, message: string) => told.push(`${message}: ${String(error)}`),
}

/** What a server has from its start on. */
const start = (keep = 3) => createLook({ folder, hours: 24, keep }, services, new AbortController().signal)

const pass = (hours: number, minutes = 0) => {
  now = now.add({ hours, minutes })
}

const files = async () => (await readdir(folder)).toSorted()

describe('a backup', () => {
  it('is due where there is none, and a day after the newest, whoever has started since', async () => {
    await start()()
    expect(await files()).toEqual(['tidemark-20261122T051400Z.zip'])
    pass(23, 59)
    await start()()
    expect(await files()).toHaveLength(1)
    pass(0, 1)
    await start()()
    expect(await files()).toEqual(['tidemark-20261122T051400Z.zip', 'tidemark-20261123T051400Z.zip'])
  })

  it('is due after a night in which nobody looked, once', async () => {
    const look = start()
    await look()
    pass(100)
    await look()
    await look()
    expect(await files()).toHaveLength(2)
  })

  it('that failed is told of and tried again an hour later; half a file is removed then', async () => {
    const look = start()
    failure = new Error('The disk is full')
    await look()
    expect(told).toEqual([
      `The backup into ${folder} failed, and is tried again in an hour: Error: The disk is full`,
    ])
    expect(await files()).toEqual(['tidemark-20261122T051400Z.zip.partial'])
    pass(0, 59)
    await look()
    expect(told).toHaveLength(1)
    failure = null
    pass(0, 1)
    await look()
    expect(await files()).toEqual(['tidemark-20261122T061400Z.zip'])
  })
})

describe('what is kept', () => {
  it('is the newest, as many as are wished', async () => {
    const look = start(3)
    for (let day = 0; day < 5; day++) {
      await look()
      pass(24)
    }
    expect(await files()).toEqual([
      'tidemark-20261124T051400Z.zip',
      'tidemark-20261125T051400Z.zip',
      'tidemark-20261126T051400Z.zip',
    ])
  })

  it('is everything while nothing new succeeds', async () => {
    const look = start(1)
    await look()
    failure = new Error('no')
    for (let day = 0; day < 30; day++) {
      pass(24)
      await look()
    }
    expect((await files()).filter((name) => name.endsWith('.zip'))).toEqual(['tidemark-20261122T051400Z.zip'])
  })

  it('is whatever else lies there, and what a clock that was wrong has dated ahead', async () => {
    const others = [
      'backup.zip',
      'tidemark-20200101T000000Z.zip.gpg',
      'tidemark-20209999T000000Z.zip',
      'tidemark-20300101T000000Z.zip',
      'my-tidemark-20200101T000000Z.zip',
    ]
    for (const name of others) await writeFile(join(folder, name), '')
    const look = start(1)
    await look()
    pass(24)
    await look()
    expect(await files()).toEqual([...others, 'tidemark-20261123T051400Z.zip'].toSorted())
  })
})

describe('the folder', () => {
  it('is made at the start, or the start is refused', async () => {
    const inner = join(folder, 'a', 'b')
    const backups = await startBackups({ folder: inner, hours: 24, keep: 1 }, services)
    await backups.close()
    expect(await files()).toEqual(['a'])
    await writeFile(join(folder, 'file'), '')
    const config = { folder: join(folder, 'file', 'b'), hours: 24, keep: 1 }
    await expect(startBackups(config, services)).rejects.toThrow(
      /cannot be made \(ENOTDIR\)\. Set BACKUP_DIR/,
    )
  })
})
