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
  readonly onDimension: (dimension: Dimension | null) => void
  readonly onChange: (filter: KpiFilter | null) => void
}

/** Of which segments a goal is: all of them, or some values of one dimension. */
export const ScopeField = ({ filter, dimension, rows, error, onDimension, onChange }: ScopeFieldProps) => {
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
        value={dimension?.dimension ?? ''}
        error={error}
        onChange={({ target }) =>
          onDimension(dimensions.find((other) => other.dimension === target.value) ?? null)
        }
      >
        <option value="">All receivables</option>
        {dimensions.map(({ dimension: id, label }) => (
          <option key={id} value={id}>
            Only some: {label.toLowerCase()}
          </option>
        ))}
      </SelectField>
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
