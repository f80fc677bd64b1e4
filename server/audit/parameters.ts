/** A filter of the audit as plain names and values: of an address's query, or of the command line. */
import { scalars } from '../scalars.ts'
import type { AuditActorKind, AuditFilter, OrderDirection } from '../schema.generated.ts'
import { isActorId } from './filter.ts'

/** What is wrong with a parameter. */
export type Slip = { readonly parameter: string; readonly message: string }

export type ExportChoice = { readonly filter: AuditFilter; readonly direction: OrderDirection }

/** `recordedAt.gte=...&action=...&action=...`: names as `AuditFilter` has them; those of lists may stand several times. */
export function readParameters(parameters: Iterable<readonly [string, string]>): ExportChoice | Slip {
  const moments: Record<string, Temporal.Instant> = {}
  const lists: Record<ListName, string[]> = { action: [], actorKind: [], actorId: [], subject: [] }
  let direction: OrderDirection = 'ASC'
  for (const [parameter, value] of parameters) {
    const slip = (message: string): Slip => ({ parameter, message })
    const bound = MOMENT.exec(parameter)?.[1]
    if (bound !== undefined) {
      const moment = readMoment(value)
      if (moment === null) return slip('Expected a moment, such as 2026-06-30T14:03:22Z.')
      moments[bound] = moment
    } else if (parameter === 'direction') {
      if (value !== 'ASC' && value !== 'DESC') return slip('Expected ASC or DESC.')
      direction = value
    } else if (isListName(parameter)) {
      const fault =
        lists[parameter].length < VALUES_MAX ? LISTS[parameter](value) : `Expected at most ${VALUES_MAX}.`
      if (fault !== null) return slip(fault)
      lists[parameter].push(value)
    } else {
      return slip(`There is no such parameter. There are ${NAMES}.`)
    }
  }
  return {
    direction,
    filter: {
      recordedAt: moments,
      ...(lists.action.length > 0 && { action: { in: lists.action } }),
      ...(lists.actorKind.length > 0 && { actorKind: lists.actorKind as AuditActorKind[] }),
      ...(lists.actorId.length > 0 && { actorId: lists.actorId }),
      ...(lists.subject.length > 0 && { subject: lists.subject }),
    },
  }
}

const MOMENT = /^recordedAt\.(gte?|lte?)$/

type ListName = 'action' | 'actorKind' | 'actorId' | 'subject'

const KINDS: Readonly<Record<AuditActorKind, true>> = {
  MEMBER: true,
  TOKEN: true,
  TERMINAL: true,
  DEMO: true,
  SYSTEM: true,
}
const VALUE_LENGTH_MAX = 1_000
const VALUES_MAX = 100

const anyText = (value: string): string | null =>
  value.length > VALUE_LENGTH_MAX || value.includes('\0') ? 'Expected a short text.' : null

/** Of each list: what is wrong with a value of it. */
const LISTS: Readonly<Record<ListName, (value: string) => string | null>> = {
  action: anyText,
  actorKind: (value) => (Object.hasOwn(KINDS, value) ? null : `Expected ${Object.keys(KINDS).join(', ')}.`),
  actorId: (value) => (isActorId(value) ? null : 'Expected the id of a person or a token.'),
  subject: anyText,
}
const NAMES = [
  ...['gt', 'gte', 'lt', 'lte'].map((bound) => `recordedAt.${bound}`),
  ...Object.keys(LISTS),
  'direction',
].join(', ')

const isListName = (name: string): name is ListName => Object.hasOwn(LISTS, name)

const readMoment = (text: string): Temporal.Instant | null => {
  try {
    return scalars.DateTime.parseValue(text)
  } catch {
    // It says so for GraphQL; here the parameter is named.
    return null
  }
}
