import { useState } from 'react'
import { type Dimension, dimensions } from '../components/question.ts'
import { ScopeField } from '../components/scope-field.tsx'
import { GoalScopesDocument, type KpiFilter } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { CustomerChoice } from './customer-choice.tsx'
import { useViewing } from './use-viewer.ts'

type ScopeChoiceProps = {
  readonly filter: KpiFilter | null
  readonly error: string | null
  readonly onChange: (filter: KpiFilter | null) => void
}

const dimensionIn = (filter: KpiFilter | null): Dimension | null =>
  dimensions.find(({ field }) => filter?.[field] !== undefined) ?? null

/** Until one is chosen it is the customer of this very number, or nobody: never all receivables. */
const filterOfNumber = (number: string): KpiFilter | null => (number === '' ? null : { customer: { number } })

const ScopeCustomer = ({ error, onChange }: Omit<ScopeChoiceProps, 'filter'>) => (
  <CustomerChoice
    error={error}
    onText={(text) => onChange(filterOfNumber(text.trim()))}
    onChoose={(customer) => onChange(customer && filterOfNumber(customer.number))}
  />
)

/** What something is measured on, out of what the books have. */
export const ScopeChoice = ({ filter, error, onChange }: ScopeChoiceProps) => {
  const { may } = useViewing()
  const [dimension, setDimension] = useState(() => dimensionIn(filter))
  const [isCustomer, setIsCustomer] = useState(false)
  const { data } = useKeptQuery(
    GoalScopesDocument,
    { dimension: dimension?.dimension ?? 'REGION' },
    { pause: dimension === null },
  )
  const choose = (next: Dimension | null, ofCustomer: boolean) => {
    setDimension(next)
    setIsCustomer(ofCustomer)
    onChange(null)
  }
  return (
    <ScopeField
      filter={filter}
      dimension={dimension}
      rows={data?.kpis ?? []}
      error={isCustomer ? null : error}
      customer={isCustomer ? <ScopeCustomer error={error} onChange={onChange} /> : null}
      hasCustomers={may('customer:read')}
      onDimension={(next) => choose(next, false)}
      onCustomer={() => choose(null, true)}
      onChange={onChange}
    />
  )
}
