import { createQueue } from '@tidemark/server/live/queue.ts'
import { describe, expect, it } from 'vitest'

describe('the queue', () => {
  const queueOf = (first: readonly string[] = [], itemsMax = 4) => {
    let ends = 0
    const options = { itemsMax, keyOf: (item: string) => item[0], onEnd: () => ends++ }
    return { queue: createQueue(first, options), ended: () => ends }
  }

  it('lets the consumer leave while it waits', async () => {
    const { queue, ended } = queueOf()
    const waiting = queue.next()
    await queue.return()
    expect(await waiting).toEqual({ value: undefined, done: true })
    queue.push('a1')
    expect(await queue.next()).toEqual({ value: undefined, done: true })
    expect(ended()).toBe(1)
  })

  it('keeps the last of each key, in order, for a consumer that is too slow', async () => {
    const { queue } = queueOf(['x0', 'y0'])
    for (const item of ['a1', 'b1', 'a2', 'c1', 'a3', 'a4', 'b2', 'a5', 'b3']) queue.push(item)
    const got: string[] = []
    for (let index = 0; index < 5; index++) got.push((await queue.next()).value ?? '')
    expect(got).toEqual(['x0', 'y0', 'c1', 'a5', 'b3'])
  })

  it('gives what waits before it fails', async () => {
    const { queue, ended } = queueOf()
    queue.push('a1')
    queue.fail(new Error('gone'))
    expect(await queue.next()).toEqual({ value: 'a1', done: false })
    await expect(queue.next()).rejects.toThrow('gone')
    expect(await queue.next()).toEqual({ value: undefined, done: true })
    expect(ended()).toBe(1)
  })
})
