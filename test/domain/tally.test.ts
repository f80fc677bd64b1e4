import { describe, expect, it } from 'vitest'
import { createTally } from '@tidemark/server/live/tally.ts'

describe('a tally', () => {
  const run = (count: number, msEach: number): string[] => {
    const told: string[] = []
    let now = 0
    const tally = createTally(
      (done, of) => told.push(`${done} of ${of}`),
      () => now,
    )
    const ends = Array.from({ length: count }, () => tally.begin())
    for (const end of ends) {
      now += msEach
      end()
    }
    return told
  }

  it('tells now and then how far many have come, and the end', () => {
    expect(run(1_000, 30)).toEqual(['334 of 1000', '668 of 1000', '1000 of 1000'])
  })

  it('says nothing of a few', () => {
    expect(run(99, 1_000)).toEqual([])
  })

  it('begins anew once all are done', () => {
    const told: number[][] = []
    const tally = createTally(
      (...counts) => told.push(counts),
      () => 0,
    )
    for (let round = 0; round < 2; round++) {
      const ends = Array.from({ length: 100 }, () => tally.begin())
      for (const end of ends) end()
    }
    expect(told).toEqual([
      [100, 100],
      [100, 100],
    ])
  })
})
