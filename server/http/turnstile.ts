/**
 * Counts the sockets of this process, so that no network address, token or member takes all there are. Whoever is
 * refused is told why and may come again; sockets that are open are never closed for it.
 */
import type { ConnectionLimits } from '../config.ts'

/** A socket, as far as it counts. */
export type Visitor = {
  /** Its network address, or the network of it: see `placeOf`. */
  readonly place: string
  /** Who it speaks for, with their organization; null until it was let in. */
  actor: string | null
  /** All that have not come to their end. */
  readonly operations: { readonly size: number }
}

export type Turnstile = {
  /** Null, or why no socket may come from there now. */
  refusalAt(place: string): string | null
  enter(visitor: Visitor): void
  /** Null, and the visitor speaks for the actor; or why that has sockets enough. */
  refusalOf(visitor: Visitor, actor: string): string | null
  /** Null, or why whom the visitor speaks for may not begin one more subscription. */
  subscriptionRefusal(visitor: Visitor): string | null
  leave(visitor: Visitor): void
}

/** Of one address, that have not said who they are: each has 3 s to do so. */
const UNKNOWN_MAX = 200
/** Of one address, once it has had as many at once as it may have open. */
const ARRIVALS_PER_SECOND = 100
const PLACES_MAX = 10_000

type Place = {
  readonly visitors: Set<Visitor>
  /** How many more may come now, as of `seenAt`. */
  arrivals: number
  seenAt: number
}

export const createTurnstile = (
  limits: ConnectionLimits,
  now: () => number = () => performance.now(),
): Turnstile => {
  const places = new Map<string, Place>()
  const actors = new Map<string, Set<Visitor>>()

  const lookAt = (name: string): Place => {
    let place = places.get(name)
    if (place === undefined) {
      if (places.size >= PLACES_MAX) forgetEmpty(places)
      place = { visitors: new Set(), arrivals: limits.socketsPerAddress, seenAt: now() }
      places.set(name, place)
    }
    const arrived = ((now() - place.seenAt) / 1_000) * ARRIVALS_PER_SECOND
    place.arrivals = Math.min(place.arrivals + arrived, limits.socketsPerAddress)
    place.seenAt = now()
    return place
  }

  return {
    refusalAt(name) {
      const { visitors, arrivals } = lookAt(name)
      if (visitors.size >= limits.socketsPerAddress) {
        return `There are ${visitors.size} sockets from your network address, and no more are allowed.`
      }
      if (arrivals < 1) return 'Sockets are opened too fast from your network address. Try again in a second.'
      let unknown = 0
      for (const { actor } of visitors) if (actor === null) unknown += 1
      return unknown < UNKNOWN_MAX
        ? null
        : 'Too many sockets from your network address have not said who they are. Try again in a second.'
    },
    enter(visitor) {
      const place = lookAt(visitor.place)
      place.visitors.add(visitor)
      place.arrivals -= 1
    },
    refusalOf(visitor, actor) {
      const visitors = actors.get(actor) ?? new Set()
      if (visitors.size >= limits.socketsPerActor) {
        return `At most ${limits.socketsPerActor} sockets at once`
      }
      actors.set(actor, visitors.add(visitor))
      visitor.actor = actor
      return null
    },
    subscriptionRefusal({ actor }) {
      let count = 0
      for (const { operations } of actors.get(actor ?? '') ?? []) count += operations.size
      // The one that asks is among them.
      if (count <= limits.subscriptionsPerActor) return null
      return `You have ${limits.subscriptionsPerActor} subscriptions over all your sockets, and no more are allowed.`
    },
    leave(visitor) {
      places.get(visitor.place)?.visitors.delete(visitor)
      const { actor } = visitor
      const visitors = actor === null ? undefined : actors.get(actor)
      visitors?.delete(visitor)
      if (actor !== null && visitors?.size === 0) actors.delete(actor)
    },
  }
}

/** A flood from ever new addresses must not fill the memory; what it forgets may come faster for a moment. */
const forgetEmpty = (places: Map<string, Place>): void => {
  for (const [name, { visitors }] of places) if (visitors.size === 0) places.delete(name)
}
