/** Which customers are shown, and in which order: as the address has it and as the API is asked. */
import type {
  CreditRiskClass,
  CustomerFilter,
  CustomerOrderField,
  OrderDirection,
} from '../documents.generated.ts'
import type { Day } from '../format/day.ts'

export const showChoices = [
  { id: 'all', label: 'All' },
  { id: 'owing', label: 'Owe something' },
  { id: 'over', label: 'Over the limit' },
  { id: 'hold', label: 'On hold' },
  { id: 'due', label: 'Review due' },
  { id: 'unset', label: 'Without a limit' },
  { id: 'unlimited', label: 'Unlimited' },
] as const

export const sortChoices = [
  { id: 'balance', label: 'Largest balance', field: 'BALANCE', direction: 'DESC' },
  { id: 'name', label: 'Name', field: 'NAME', direction: 'ASC' },
  { id: 'number', label: 'Number', field: 'NUMBER', direction: 'ASC' },
  { id: 'review', label: 'Next review', field: 'NEXT_REVIEW_ON', direction: 'ASC' },
] as const satisfies readonly {
  id: string
  label: string
  field: CustomerOrderField
  direction: OrderDirection
}[]

type Show = (typeof showChoices)[number]['id']

export type CustomerSearch = {
  readonly text: string
  readonly show: Show
  readonly risk: CreditRiskClass | null
  readonly sort: (typeof sortChoices)[number]
}

const risks: readonly CreditRiskClass[] = ['LOW', 'MEDIUM', 'HIGH']

/** What the address does not know how to say is as if it said nothing. */
export const parseCustomerSearch = (parameters: URLSearchParams): CustomerSearch => ({
  text: parameters.get('q') ?? '',
  show: showChoices.find(({ id }) => id === parameters.get('show'))?.id ?? 'all',
  risk: risks.find((risk) => risk.toLowerCase() === parameters.get('risk')) ?? null,
  sort: sortChoices.find(({ id }) => id === parameters.get('sort')) ?? sortChoices[0],
})

const filterOf = (show: Show, today: Day): CustomerFilter => {
  switch (show) {
    case 'all':
      return {}
    case 'owing':
      return { hasBalance: true }
    case 'over':
      return { isOverLimit: true }
    case 'hold':
      return { isOnHold: true }
    case 'due':
      return { nextReviewOn: { lte: today } }
    case 'unset':
      return { limitState: ['NOT_SET'] }
    case 'unlimited':
      return { limitState: ['UNLIMITED'] }
  }
}

/** The variables of the list. */
export const customersAsked = ({ text, show, risk, sort }: CustomerSearch, today: Day) => ({
  search: text.trim() || null,
  filter: { ...filterOf(show, today), ...(risk === null ? {} : { riskClass: [risk] }) },
  orderBy: [{ field: sort.field, direction: sort.direction }],
})
