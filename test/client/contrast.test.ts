/** The contrast of the colours of `client/tokens.css`, by the formula of WCAG 2.2, in both themes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../../client/tokens.css', import.meta.url), 'utf8')
const pairs = new Map(
  [...css.matchAll(/--color-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
)

const luminance = (hex: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
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

const texts = ['ink', 'muted', 'faint', 'accent', 'watch', 'act'].flatMap((front) =>
  ['page', 'surface'].map((ground) => [front, ground] as const),
)
const tinted = [
  ['on-accent', 'accent'],
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

  it('the ages stand out the more the older they are', () => {
    const steps = [0, 1, 2, 3, 4].map((age) => contrastIn(theme, `age-${age}`, 'surface'))
    const pastDue = steps.slice(1)
    expect(pastDue).toEqual(pastDue.toSorted((a, b) => a - b))
  })
})
