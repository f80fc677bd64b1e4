/** The resolver map: the nouns meet here and nowhere else. */
import { formatMinor } from './domain/money.ts'
import { organizationResolvers } from './organization/resolvers.ts'
import type { Resolvers } from './schema.generated.ts'
import { scalars } from './scalars.ts'

/** What belongs to no noun. */
const baseResolvers = {
  Money: { amount: formatMinor },
} satisfies Resolvers

const nouns: readonly Resolvers[] = [baseResolvers, organizationResolvers]

/** The functions of one GraphQL type: its field resolvers, or how a scalar is read and written. */
export type TypeFunctions = Readonly<Record<string, unknown>>

/** All nouns' resolvers by type. Throws where two nouns resolve the same field. */
export const mergeResolvers = (
  maps: readonly Readonly<Record<string, unknown>>[] = [...nouns, scalars],
): ReadonlyMap<string, TypeFunctions> => {
  const types = new Map<string, Record<string, unknown>>()
  for (const map of maps) {
    for (const [type, functions] of Object.entries(map)) {
      const merged = types.get(type) ?? {}
      types.set(type, merged)
      for (const [name, value] of Object.entries(functions as TypeFunctions)) {
        if (name in merged) throw new Error(`${type}.${name} is resolved twice`)
        merged[name] = value
      }
    }
  }
  return types
}
