/** Every transition of an alert rule, by a table, and what always holds. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  freshMemory,
  stepAlert,
  type AlertMemory,
  type AlertReading,
  type AlertTiming,
  type Silence,
} from '@tidemark/server/domain/alert-state.ts'

const FIRST = Temporal.PlainDate.from('2026-03-27')
const dayOf = (days: number) => FIRST.add({ days })

const BEYOND: AlertReading = { kind: 'FIGURE', isBeyond: true, isWell: false }
const WITHIN: AlertReading = { kind: 'FIGURE', isBeyond: false, isWell: false }
const WELL: AlertReading = { kind: 'FIGURE', isBeyond: false, isWell: true }
const LOST: AlertReading = { kind: 'NO_DATA' }
const LETTERS = { B: BEYOND, b: WITHIN, w: WELL, x: LOST } as const

const plain: AlertTiming = {
  forDays: 0,
  forEvaluations: 1,
  keepFiringDays: 0,
  noData: 'KEEP_LAST',
  repeatDays: null,
}

/** One reading a day, each a letter; the kinds of transitions with their days. */
const run = (timing: AlertTiming, letters: string, silence: Silence = 'NONE') => {
  let memory: AlertMemory = freshMemory
  const told: string[] = []
  letters.split('').forEach((letter, index) => {
    const reading = LETTERS[letter as keyof typeof LETTERS]
    const step = stepAlert(timing, memory, { day: dayOf(index), key: String(index), reading }, silence)
    ;({ memory } = step)
    told.push(...step.transitions.map(({ kind, from, to }) => `${index} ${kind} ${from}>${to}`))
  })
  return { told, phase: memory.phase, episode: memory.episode }
}

describe('a rule', () => {
  it.each([
    ['nothing happens while all is well', plain, 'wwbw', [], 'OK'],
    ['fires at once', plain, 'wB', ['1 RAISED OK>FIRING'], 'FIRING'],
    ['keeps firing between threshold and recovery', plain, 'BbbB', ['0 RAISED OK>FIRING'], 'FIRING'],
    ['is over when it is well', plain, 'Bw', ['0 RAISED OK>FIRING', '1 RECOVERED FIRING>OK'], 'OK'],
    [
      'is armed again',
      plain,
      'BwB',
      ['0 RAISED OK>FIRING', '1 RECOVERED FIRING>OK', '2 RAISED OK>FIRING'],
      'FIRING',
    ],
    ['waits for its days', { ...plain, forDays: 2 }, 'BB', ['0 PENDING OK>PENDING'], 'PENDING'],
    [
      'fires after its days',
      { ...plain, forDays: 2 },
      'BBB',
      ['0 PENDING OK>PENDING', '2 RAISED PENDING>FIRING'],
      'FIRING',
    ],
    [
      'begins anew where it was well in between, and within the band too',
      { ...plain, forDays: 2 },
      'BBwBb',
      ['0 PENDING OK>PENDING', '2 CLEARED PENDING>OK', '3 PENDING OK>PENDING', '4 CLEARED PENDING>OK'],
      'OK',
    ],
    [
      'waits for its evaluations',
      { ...plain, forEvaluations: 3 },
      'BBB',
      ['0 PENDING OK>PENDING', '2 RAISED PENDING>FIRING'],
      'FIRING',
    ],
    [
      'stays open for some days after it is well',
      { ...plain, keepFiringDays: 2 },
      'Bwww',
      ['0 RAISED OK>FIRING', '1 RECOVERING FIRING>RECOVERING', '3 RECOVERED RECOVERING>OK'],
      'OK',
    ],
    [
      'fires again while it recovers, without a new alert',
      { ...plain, keepFiringDays: 2 },
      'BwB',
      ['0 RAISED OK>FIRING', '1 RECOVERING FIRING>RECOVERING', '2 REFIRED RECOVERING>FIRING'],
      'FIRING',
    ],
    [
      'does not recover within the band',
      { ...plain, keepFiringDays: 2 },
      'Bwbww',
      [
        '0 RAISED OK>FIRING',
        '1 RECOVERING FIRING>RECOVERING',
        '2 REFIRED RECOVERING>FIRING',
        '3 RECOVERING FIRING>RECOVERING',
      ],
      'RECOVERING',
    ],
    [
      'is told again every so many days',
      { ...plain, repeatDays: 2 },
      'BBBBB',
      ['0 RAISED OK>FIRING', '2 REPEATED FIRING>FIRING', '4 REPEATED FIRING>FIRING'],
      'FIRING',
    ],
    ['stays as it is without data', plain, 'Bxx', ['0 RAISED OK>FIRING'], 'FIRING'],
    [
      'is well without data, where it is told so',
      { ...plain, noData: 'OK' },
      'Bx',
      ['0 RAISED OK>FIRING', '1 RECOVERED FIRING>OK'],
      'OK',
    ],
    [
      'fires without data, where it is told so',
      { ...plain, noData: 'ALERT' },
      'wx',
      ['1 RAISED OK>NO_DATA'],
      'NO_DATA',
    ],
    [
      'is over when data is back, also within the band',
      { ...plain, noData: 'ALERT' },
      'xxb',
      ['0 RAISED OK>NO_DATA', '2 RECOVERED NO_DATA>OK'],
      'OK',
    ],
    [
      'is one alert where data is back and bad',
      { ...plain, noData: 'ALERT' },
      'xB',
      ['0 RAISED OK>NO_DATA', '1 REFIRED NO_DATA>FIRING'],
      'FIRING',
    ],
    ['fires on where data is lost', { ...plain, noData: 'ALERT' }, 'Bx', ['0 RAISED OK>FIRING'], 'FIRING'],
    [
      'waits for its days without data too',
      { ...plain, noData: 'ALERT', forDays: 1 },
      'xx',
      ['0 PENDING OK>PENDING', '1 RAISED PENDING>NO_DATA'],
      'NO_DATA',
    ],
    [
      'loses its data while it recovers',
      { ...plain, noData: 'ALERT', keepFiringDays: 3 },
      'Bwx',
      ['0 RAISED OK>FIRING', '1 RECOVERING FIRING>RECOVERING', '2 REFIRED RECOVERING>NO_DATA'],
      'NO_DATA',
    ],
  ] as const)('%s', (_what, timing, letters, told, phase) => {
    expect(run(timing, letters)).toMatchObject({ told: [...told], phase })
  })

  it.each(['ACKNOWLEDGED', 'SNOOZED'] as const)('is not told again while it is %s', (silence) => {
    expect(run({ ...plain, repeatDays: 1 }, 'BBB', silence).told).toEqual(['0 RAISED OK>FIRING'])
  })

  it('is told once more when a snooze is over, though nothing else is new', () => {
    const { memory } = stepAlert(plain, freshMemory, { day: FIRST, key: 'a', reading: BEYOND })
    const again = stepAlert(plain, memory, { day: FIRST, key: 'a', reading: BEYOND }, 'SNOOZE_ENDED')
    expect(again.transitions).toEqual([{ kind: 'REPEATED', from: 'FIRING', to: 'FIRING' }])
  })

  it('announces every level once, two in a row too, and none that was there at first', () => {
    let memory = freshMemory
    const told = [3, 3, 4, 5, 2, 5, 6].map((level, index) => {
      const step = stepAlert(plain, memory, {
        day: dayOf(index),
        key: String(index),
        reading: { kind: 'LEVEL', level },
      })
      ;({ memory } = step)
      return step.transitions.map(({ kind }) => kind).join()
    })
    expect(told).toEqual(['', '', 'RAISED', 'RECOVERED,RAISED', 'RECOVERED', '', 'RAISED'])
    expect(memory.episode).toBe(3)
  })
})

const timings = fc.record({
  forDays: fc.integer({ min: 0, max: 4 }),
  forEvaluations: fc.integer({ min: 1, max: 4 }),
  keepFiringDays: fc.integer({ min: 0, max: 4 }),
  noData: fc.constantFrom('KEEP_LAST', 'ALERT', 'OK'),
  repeatDays: fc.option(fc.integer({ min: 1, max: 5 })),
} as const)

describe('always', () => {
  it('what lies between threshold and recovery changes nothing of whether an alert is open', () => {
    fc.assert(
      fc.property(timings, fc.array(fc.constantFrom('b', 'B'), { maxLength: 40 }), (timing, letters) => {
        const { told } = run(timing, `${'B'.repeat(12)}${letters.join('')}`)
        expect(told.filter((line) => line.includes('RAISED')).length).toBe(1)
        expect(told.filter((line) => line.includes('RECOVER'))).toEqual([])
      }),
    )
    fc.assert(
      fc.property(timings, fc.array(fc.constantFrom('b', 'w'), { maxLength: 40 }), (timing, letters) => {
        expect(run(timing, letters.join('')).told).toEqual([])
      }),
    )
  })

  it('looking again, and going on from what was stored, gives the same', () => {
    const letters = fc.array(fc.constantFrom('B', 'b', 'w', 'x'), { maxLength: 60 })
    fc.assert(
      fc.property(timings, letters, (timing, all) => {
        const live: string[] = []
        let stored = JSON.stringify(freshMemory)
        all.forEach((letter, index) => {
          const observation = { day: dayOf(index), key: String(index), reading: LETTERS[letter] }
          for (let look = 0; look < 3; look++) {
            const step = stepAlert(timing, JSON.parse(stored) as AlertMemory, observation)
            stored = JSON.stringify(step.memory)
            live.push(...step.transitions.map(({ kind, from, to }) => `${index} ${kind} ${from}>${to}`))
          }
        })
        expect(live).toEqual(run(timing, all.join('')).told)
      }),
    )
  })

  it('an alert is over before the next one is raised, and each is counted', () => {
    const letters = fc.array(fc.constantFrom('B', 'b', 'w', 'x'), { maxLength: 60 })
    fc.assert(
      fc.property(timings, letters, (timing, all) => {
        const { told, episode } = run(timing, all.join(''))
        const kinds = told.flatMap((line) => /RAISED|RECOVERED/.exec(line)?.[0] ?? [])
        expect(kinds.every((kind, index) => kind === (index % 2 === 0 ? 'RAISED' : 'RECOVERED'))).toBe(true)
        expect(episode).toBe(kinds.filter((kind) => kind === 'RAISED').length)
      }),
    )
  })
})
