import type { GoalGuard, GoalTemplatesQuery, KpiMetric } from '../documents.generated.ts'
import { Button } from '../ui/button.tsx'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { guardWords } from './goal-watch.tsx'

const isGuard = (name: string): name is GoalGuard => Object.hasOwn(guardWords, name)

/** All that can be watched beside a goal, in the order of the contract. */
const guards = Object.keys(guardWords).filter(isGuard)

type Template = Pick<GoalTemplatesQuery['goalTemplates'][number], 'metric' | 'guards'>

/** What the templates of a KPI watch beside it, in the order of the contract. */
export const usualGuards = (metric: KpiMetric, templates: readonly Template[]): readonly GoalGuard[] => {
  const named = new Set<string>(
    templates
      .filter((template) => template.metric?.metric === metric)
      .flatMap((template) => template.guards.map((guard) => guard.metric)),
  )
  return guards.filter((guard) => named.has(guard))
}

type GuardsFieldProps = {
  readonly chosen: readonly GoalGuard[]
  /** What is usually watched; nothing where that is not known. */
  readonly usual: readonly GoalGuard[]
  readonly error: string | null
  readonly onChange: (chosen: readonly GoalGuard[]) => void
}

/** What is watched so that an improvement is none on paper only. */
export const GuardsField = ({ chosen, usual, error, onChange }: GuardsFieldProps) => {
  const missing = usual.filter((guard) => !chosen.includes(guard))
  return (
    <Fieldset
      legend="Guards"
      error={error}
      className="grid gap-x-5 gap-y-2 min-[26rem]:grid-cols-2 sm:grid-cols-3"
    >
      <p className="col-span-full text-xs text-pretty text-muted">
        Ways to look better without being paid. What of the progress comes from them is told beside it.
      </p>
      {guards.map((guard) => (
        <CheckField
          key={guard}
          label={guardWords[guard]}
          checked={chosen.includes(guard)}
          onChange={({ target }) =>
            onChange(guards.filter((other) => (other === guard ? target.checked : chosen.includes(other))))
          }
        />
      ))}
      {missing.length > 0 && (
        <p className="col-span-full">
          <Button
            className="h-8 px-2.5 text-xs"
            onClick={() =>
              onChange(guards.filter((guard) => chosen.includes(guard) || usual.includes(guard)))
            }
          >
            Watch the usual ones
          </Button>
        </p>
      )}
    </Fieldset>
  )
}
