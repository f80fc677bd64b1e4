/**
 * What stands between who announces and who consumes at a pace of its own. Not an async generator: one that waits
 * for its next item cannot be left before that item comes.
 */

export type Queue<Item> = {
  next(): Promise<IteratorResult<Item, undefined>>
  /** Leaves at once, also while `next` waits. */
  return(): Promise<IteratorResult<Item, undefined>>
  throw(error: unknown): Promise<IteratorResult<Item, undefined>>
  [Symbol.asyncIterator](): Queue<Item>
  /** Ignored once the queue has ended. */
  push(item: Item): void
  /** The consumer gets what waits, then the error. */
  fail(error: unknown): void
  /** What was handed over first and was not consumed yet; it is no longer waited for. */
  takeFirst(): Item[]
  /** What was pushed and waits, as far as it is there. */
  take(): Item[]
  /** Null where its items have no order that others could join in. */
  readonly order: Order<Item> | null
  readonly keyOf: (item: Item) => unknown
}

/** Where an item stands, so that who has seen everything up to a place can go on with what others are told. */
export type Order<Item> = {
  /** What is handed out first tells everything up to here, what is pushed lies beyond. */
  readonly position: bigint
  readonly sequenceOf: (item: Item) => bigint
}

export type QueueOptions<Item> = {
  /** Beyond it, only the last item of each key is kept: for states, of which the last one says all. */
  readonly itemsMax: number
  readonly keyOf: (item: Item) => unknown
  /** Called once, when the consumer leaves or the queue failed. */
  readonly onEnd: () => void
  /** With it, one queue serves all who ask for the same (hub.ts). */
  readonly order?: Order<Item>
}

/** `first` is handed out before anything that is pushed, and in full. */
export function createQueue<Item>(first: readonly Item[], options: QueueOptions<Item>): Queue<Item> {
  const waiting: PromiseWithResolvers<IteratorResult<Item, undefined>>[] = []
  let backlog = first.toReversed()
  let items: Item[] = []
  let itemsMax = options.itemsMax
  let failure: { readonly error: unknown } | null = null
  let ended = false

  const end = () => {
    if (ended) return
    ended = true
    options.onEnd()
  }
  const take = (): Item | undefined => backlog.pop() ?? items.shift()

  const queue: Queue<Item> = {
    push(item) {
      if (ended) return
      const consumer = waiting.shift()
      if (consumer !== undefined) {
        consumer.resolve({ value: item, done: false })
        return
      }
      items.push(item)
      if (items.length > itemsMax) {
        items = lastOfEachKey(items, options.keyOf)
        // With more keys than fit there is nothing to drop: wait until it pays again.
        itemsMax = Math.max(options.itemsMax, items.length * 2)
      }
    },
    fail(error) {
      if (ended) return
      end()
      const consumer = waiting.shift()
      if (consumer === undefined) failure = { error }
      else consumer.reject(error)
      finish(waiting)
    },
    async next() {
      const item = take()
      if (item !== undefined) return { value: item, done: false }
      if (failure !== null) {
        const { error } = failure
        failure = null
        throw error
      }
      if (ended) return { value: undefined, done: true }
      const consumer = Promise.withResolvers<IteratorResult<Item, undefined>>()
      waiting.push(consumer)
      return consumer.promise
    },
    takeFirst: () => backlog.splice(0).toReversed(),
    take: () => items.splice(0),
    order: options.order ?? null,
    keyOf: options.keyOf,
    async return() {
      end()
      backlog = []
      items = []
      failure = null
      finish(waiting)
      return { value: undefined, done: true }
    },
    async throw(error: unknown) {
      await queue.return()
      throw error
    },
    [Symbol.asyncIterator]: () => queue,
  }
  return queue
}

const finish = <Item>(waiting: PromiseWithResolvers<IteratorResult<Item, undefined>>[]): void => {
  for (const consumer of waiting.splice(0)) consumer.resolve({ value: undefined, done: true })
}

/** In their order. */
export function lastOfEachKey<Item>(items: readonly Item[], keyOf: (item: Item) => unknown): Item[] {
  const last = new Map(items.map((item, index) => [keyOf(item), index]))
  return items.filter((item, index) => last.get(keyOf(item)) === index)
}
