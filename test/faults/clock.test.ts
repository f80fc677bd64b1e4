/** F16: clocks that jump, of one of two servers, while PostgreSQL's goes on. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openCompany } from '../support/company.ts'
import { followAll } from '../support/follower.ts'
import { request } from '../support/graphql.ts'
import { startLoad } from '../support/load.ts'
import { CONNECTIONS_PER_SERVER, judge } from '../support/oracle.ts'
import { full } from '../support/scale.ts'
import { tell } from '../support/tell.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const HOUR_MS = 3_600_000
/** A day as well: midnight comes and is taken back. */
const JUMPS_MS = [HOUR_MS, -HOUR_MS, 0, 24 * HOUR_MS, 0]

describe('a clock that jumps', () => {
  it(
    'an hour or a day, there and back, changes no figure and bars nobody',
    { timeout: full(600_000, 120_000) },
    async (context) => {
      const stayMs = full(8_000, 1_500)
      const did =
        'the clock of one of two servers jumps an hour ahead, an hour behind, and a day ahead, and back'
      tell(context, 'F16', did)
      const company = await openCompany()
      closing.push(() => company.close())
      const folder = await mkdtemp(join(tmpdir(), 'tidemark-clock-'))
      closing.push(() => rm(folder, { recursive: true, force: true }))
      const shift = join(folder, 'shift')
      await writeFile(shift, '0')
      const jumping = await company.startServer({
        SHIFT_FILE: shift,
        NODE_OPTIONS: `--import ${new URL('../support/shifted-clock.ts', import.meta.url).href}`,
      })
      const steady = await company.startServer()
      const followers = [
        ...(await followAll(10, () => jumping.url, company.token)),
        ...(await followAll(10, () => steady.url, company.token)),
      ]
      const loads = [jumping, steady].map(({ url }) =>
        startLoad(company, () => url, { clients: 3, pauseMs: 10 }),
      )
      const told: string[] = []
      for (const ms of Array.from({ length: full(3, 1) }, () => JUMPS_MS).flat()) {
        await writeFile(shift, String(ms))
        // Whoever comes now comes with the same token.
        const { data } = await request<{ organization: { today: string } }>(
          jumping.url,
          company.token,
          '{ organization { today } }',
        )
        told.push(String(data?.organization.today))
        followers[0]?.drop(0)
        await sleep(stayMs)
      }
      for (const load of loads) await load.stop()
      const codes = loads.flatMap(({ refusals }) => [...refusals.keys()])
      const evidence = { followers, loads, url: steady.url, connectionsMax: 2 * CONNECTIONS_PER_SERVER }
      const { wrongs, counts } = await judge(company, evidence)
      tell(context, 'F16', did, { jumps: told.length, ...counts })
      expect(wrongs).toEqual([])
      expect(codes).toEqual([])
      // It did have another day meanwhile, else this proves nothing.
      expect(new Set(told).size).toBeGreaterThan(1)
      // What was sent under an hour's shift is known again: the same answer for the same key.
      expect(await again(company.connection, company.organization.id)).toEqual([])
      for (const follower of followers) follower.stop()
    },
  )
})

/** Keys that were carried out more than once. */
const again = async (
  { sql }: Awaited<ReturnType<typeof openCompany>>['connection'],
  organizationId: string,
): Promise<readonly object[]> => sql`
  select reference from receipt where organization_id = ${organizationId} group by reference having count(*) > 1`
