import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createPace } from '@tidemark/server/live/turns.ts'

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
