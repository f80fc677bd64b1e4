/** What a fault test tells the report: support/fault-report.ts makes the table of it. */
import type { TestContext } from 'vitest'
import type { Counts } from './oracle.ts'

export type ToldFault = {
  /** As in the catalog of faults, such as `F3`. */
  readonly fault: string
  /** What was done, in a sentence. */
  readonly did: string
  /** What was counted, in words. */
  readonly counted: string
}

declare module 'vitest' {
  interface TaskMeta {
    fault?: ToldFault
  }
}

type Figures = Readonly<Record<string, number | string>>

/** Call it at the beginning with what is done, and again with what was counted: a test that fails is told of too. */
export const tell = (
  { task }: Pick<TestContext, 'task'>,
  fault: string,
  did: string,
  figures: Figures | Counts = {},
): void => {
  task.meta.fault = { fault, did, counted: inWords(figures) }
}

const inWords = (figures: object): string =>
  Object.entries(figures)
    .map(([name, value]) => {
      const words = name.replaceAll(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
      return `${words} ${typeof value === 'number' ? Math.round(value).toLocaleString('en') : String(value)}`
    })
    .join(', ')
