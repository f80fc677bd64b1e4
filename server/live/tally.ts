/** How far a long piece of work has come, told now and then to whoever reads the log: midnight in a thousand books. */

export type Tally = {
  /** One more is to be done. Gives what to call when it is. */
  begin(): () => void
}

/** Fewer are done before anybody reads of them. */
const TOLD_FROM = 100
const TOLD_EVERY_MS = 10_000

/** `tell` hears how many of how many are done, at most every ten seconds and at the end. `clock` is in ms. */
export function createTally(tell: (done: number, of: number) => void, clock: () => number): Tally {
  let of = 0
  let done = 0
  let toldAt = clock()
  return {
    begin() {
      if (of === 0) toldAt = clock()
      of += 1
      return () => {
        done += 1
        const isOver = done === of
        if (of >= TOLD_FROM && (isOver || clock() - toldAt >= TOLD_EVERY_MS)) {
          tell(done, of)
          toldAt = clock()
        }
        if (isOver) of = done = 0
      }
    },
  }
}
