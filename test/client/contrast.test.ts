/** The contrast of the colours of `client/tokens.css`, by the formula of WCAG 2.2, in both themes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../../client/tokens.css', import.meta.url), 'utf8')
const pairs = new Map(
  [...css.matchAll(/--color-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
)

type Vector = readonly [number, number, number]
const apply = (matrix: readonly [Vector, Vector, Vector], [a, b, c]: Vector): Vector => {
  const [x, y, z] = matrix
  return [x, y, z].map((row) => row[0] * a + row[1] * b + row[2] * c) as unknown as Vector
}

/** Red, green and blue in linear light, 0 to 1. */
const linear = (hex: string): Vector =>
  [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as unknown as Vector

const luminance = (hex: string): number => {
  const [red, green, blue] = linear(hex)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
const contrast = (a: string, b: string): number => {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}
const contrastIn = (theme: 'light' | 'dark', front: string, ground: string): number => {
  const [a, b] = [pairs.get(front)?.[theme], pairs.get(ground)?.[theme]]
  if (!a || !b) throw new Error(`tokens.css lacks ${front} or ${ground}`)
  return contrast(a, b)
}

/** CIELAB under daylight, from linear red, green and blue. */
const labOf = (rgb: Vector): Vector => {
  const cut = rgb.map((part) => Math.min(1, Math.max(0, part))) as unknown as Vector
  const xyz = apply(
    [
      [0.4124 / 0.95047, 0.3576 / 0.95047, 0.1805 / 0.95047],
      [0.2126, 0.7152, 0.0722],
      [0.0193 / 1.08883, 0.1192 / 1.08883, 0.9505 / 1.08883],
    ],
    cut,
  )
  const [x, y, z] = xyz.map((part) =>
    part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116,
  ) as unknown as Vector
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** Machado, Oliveira and Fernandes (2009), severity 1: what linear light looks like without one kind of cone. */
const blindness = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const
const meanings = ['accent', 'watch', 'act'] as const

const texts = ['ink', 'muted', 'faint', 'accent', 'watch', 'act'].flatMap((front) =>
  ['page', 'surface'].map((ground) => [front, ground] as const),
)
const tinted = [
  ['on-accent', 'accent'],
  ['on-act', 'act'],
  ['accent', 'accent-tint'],
  ['act', 'act-tint'],
  ['ink', 'sunken'],
  ['muted', 'sunken'],
  ['watch', 'watch-tint'],
  ['ink', 'accent-tint'],
] as const
const graphics = ['accent-fill', 'watch-fill', 'act-fill', 'idle-fill', 'faint', 'ink'].map(
  (front) => [front, 'surface'] as const,
)

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each([...texts, ...tinted])('%s can be read on %s', (front, ground) => {
    expect(contrastIn(theme, front, ground)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(graphics)('%s can be seen on %s', (front, ground) => {
    expect(contrastIn(theme, front, ground)).toBeGreaterThanOrEqual(3)
  })

  it.each(Object.entries(blindness))('the meaning colours stay apart in %s', (_, matrix) => {
    for (const suffix of ['', '-fill']) {
      const seen = meanings.map((name) =>
        labOf(apply(matrix, linear(pairs.get(name + suffix)?.[theme] ?? '#000000'))),
      )
      for (const [first, second] of [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const) {
        const [a, b] = [seen[first] ?? [0, 0, 0], seen[second] ?? [0, 0, 0]]
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(20)
      }
    }
  })

  it('the ages stand out the more the older they are', () => {
    const steps = [0, 1, 2, 3, 4].map((age) => contrastIn(theme, `age-${age}`, 'surface'))
    const pastDue = steps.slice(1)
    expect(pastDue).toEqual(pastDue.toSorted((a, b) => a - b))
  })
})
