import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createEvents, createPublisher, type Events } from '@tidemark/server/events.ts'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let connection: Connection
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
})
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const errors: unknown[] = []
const opened: Events[] = []
/** Another process, as far as events go. */
const join = async (): Promise<Events> => {
  const events = await createEvents(connection, database.url, (error) => errors.push(error))
  opened.push(events)
  return events
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((events) => events.close()))
  const [error] = errors.splice(0)
  if (error !== undefined) throw error
})

const heardBy = (events: Events): string[] => {
  const heard: string[] = []
  events.on('posted', ({ organizationId }) => heard.push(`posted ${organizationId}`))
  events.on('progress', ({ organizationId }) => heard.push(`progress ${organizationId}`))
  events.on('missed', () => heard.push('missed'))
  return heard
}

describe('events', () => {
  it('reach this process at once and the others soon, each once', async () => {
    const [here, there] = [await join(), await join()]
    const [heardHere, heardThere] = [heardBy(here), heardBy(there)]
    here.publish('posted', { organizationId: 'a' })
    expect(heardHere).toEqual(['posted a'])
    await expect.poll(() => heardThere).toEqual(['posted a'])
    there.publish('progress', { organizationId: 'b' })
    await expect.poll(() => heardHere).toEqual(['posted a', 'progress b'])
    expect(heardThere).toEqual(['posted a', 'progress b'])
  })

  it('of a burst become one message for each organization', async () => {
    const [here, there] = [await join(), await join()]
    const heard = heardBy(there)
    for (let index = 0; index < 2_000; index++)
      here.publish('posted', { organizationId: String(index % 250) })
    await expect.poll(() => heard.length).toBe(250)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(heard.length).toBe(250)
  })

  it('end with the function that was returned, and one listener that throws stops no other', async () => {
    const events = await join()
    const heard: string[] = []
    const stop = events.on('posted', () => heard.push('first'))
    events.on('posted', () => {
      throw new Error('broken listener')
    })
    events.on('posted', () => heard.push('last'))
    events.publish('posted', { organizationId: 'a' })
    stop()
    events.publish('posted', { organizationId: 'a' })
    expect(heard).toEqual(['first', 'last', 'last'])
    expect(errors.splice(0)).toHaveLength(2)
  })

  it('that were lost with the connection are told as missed', async () => {
    const events = await join()
    const heard = heardBy(events)
    await connection.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'tidemark listener' and datname = current_database()`
    await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['missed'])
    const other = createPublisher(connection, (error) => errors.push(error))
    other.publish('posted', { organizationId: 'a' })
    await other.close()
    await expect.poll(() => heard).toEqual(['missed', 'posted a'])
  })

  it('mind no strange message on the channel', async () => {
    const heard = heardBy(await join())
    for (const text of ['', 'x', 'null', '{}', '{"from":1}', '{"from":"x","events":[["drop","a"]]}']) {
      await connection.sql`select pg_notify('tidemark', ${text})`
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard).toEqual([])
  })
})
