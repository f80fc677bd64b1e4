import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createPace, createTurns } from '@tidemark/server/live/turns.ts'

const EVERY_MS = 40

it('calls at once, then once more for however many asked meanwhile, for each key on its own', async () => {
  const calls: string[] = []
  const pace = createPace(EVERY_MS, (key) => calls.push(key))
  for (const key of ['a', 'a', 'b', 'a', 'a']) pace.ask(key)
  expect(calls).toEqual(['a', 'b'])
  await expect.poll(() => calls).toEqual(['a', 'b', 'a'])
  await sleep(2 * EVERY_MS)
  pace.ask('a')
  expect(calls).toEqual(['a', 'b', 'a', 'a'])
  pace.close()
})

it('calls no more once closed', async () => {
  const calls: string[] = []
  const pace = createPace(EVERY_MS, (key) => calls.push(key))
  pace.ask('a')
  pace.ask('a')
  pace.close()
  await sleep(2 * EVERY_MS)
  expect(calls).toEqual(['a'])
})

it('rests after the second run of a burst and all that follow, and ends a rest when it is closed', async () => {
  let runs = 0
  let rests = 0
  // Nothing was asked for after the fourth run, so that no rest follows it.
  const asked = 4
  const turns = createTurns(
    1,
    async (key) => {
      runs += 1
      if (runs < asked) void turns.take(key)
      await Promise.resolve()
    },
    () => {},
    () => {
      rests += 1
      return rests === 1 ? 1 : 60_000
    },
  )
  const done = turns.take('a')
  // The rest after the third run would take a minute.
  await expect.poll(() => [runs, rests]).toEqual([3, 2])
  await turns.close()
  await done
  expect([runs, rests]).toEqual([3, 2])
})
