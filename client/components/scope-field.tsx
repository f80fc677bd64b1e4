import type { ReactNode } from 'react'
import type { KpiFilter } from '../documents.generated.ts'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { SelectField } from '../ui/field.tsx'
import { groupOf } from './kpi-breakdown.tsx'
import { type Dimension, dimensions } from './question.ts'

type ScopeFieldProps = {
  readonly filter: KpiFilter | null
  /** The dimension that is chosen; null for all receivables. */
  readonly dimension: Dimension | null
  /** Of that dimension, as the books have them. */
  readonly rows: readonly Parameters<typeof groupOf>[0][]
  readonly error: string | null
  /** The control that chooses one customer, where one is asked for; null where segments are. */
  readonly customer: ReactNode
  /** Whether one customer can be asked for. */
  readonly hasCustomers: boolean
  readonly onDimension: (dimension: Dimension | null) => void
  readonly onCustomer: () => void
  readonly onChange: (filter: KpiFilter | null) => void
}

const oneCustomer = 'CUSTOMER'

/** What something is measured on: all receivables, some values of one dimension, or one customer. */
export const ScopeField = (props: ScopeFieldProps) => {
  const { filter, dimension, rows, error, customer, hasCustomers, onDimension, onCustomer, onChange } = props
  const values = (dimension && filter?.[dimension.field]) ?? []
  const groups = dimension ? rows.flatMap((row) => groupOf(row, dimension) ?? []) : []
  const toggle = (value: string, isOn: boolean) => {
    if (!dimension) return
    const next = isOn ? [...values, value] : values.filter((other) => other !== value)
    onChange(next.length === 0 ? null : { [dimension.field]: next })
  }
  return (
    <div className="grid gap-3">
      <SelectField
        label="Of"
        value={customer === null ? (dimension?.dimension ?? '') : oneCustomer}
        error={error}
        onChange={({ target }) =>
          target.value === oneCustomer
            ? onCustomer()
            : onDimension(dimensions.find((other) => other.dimension === target.value) ?? null)
        }
      >
        <option value="">All receivables</option>
        {dimensions.map(({ dimension: id, label }) => (
          <option key={id} value={id}>
            Only some: {label.toLowerCase()}
          </option>
        ))}
        {hasCustomers && <option value={oneCustomer}>Only one customer</option>}
      </SelectField>
      {customer}
      {dimension && (
        <Fieldset
          legend={dimension.label}
          className="flex max-h-40 flex-wrap gap-x-5 gap-y-2 overflow-y-auto p-1"
        >
          {groups.map(({ value, name }) => (
            <CheckField
              key={value}
              label={name}
              checked={values.includes(value)}
              onChange={({ target }) => toggle(value, target.checked)}
            />
          ))}
        </Fieldset>
      )}
    </div>
  )
}
