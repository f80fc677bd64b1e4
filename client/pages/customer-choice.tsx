import { useState } from 'react'
import { CustomerField, type NamedCustomer } from '../components/customer-field.tsx'
import { GoalCustomersDocument } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useSettled } from '../live/use-settled.ts'
import { errorWords } from './error-words.ts'

const typingPauseMs = 250

type CustomerChoiceProps = {
  /** The one that it begins with; null for none. */
  readonly first?: NamedCustomer | null
  readonly error: string | null
  /** Whether there has to be one. */
  readonly isRequired?: boolean
  /** What is typed, before one is chosen. */
  readonly onText?: (text: string) => void
  readonly onChoose: (customer: NamedCustomer | null) => void
}

/** Finds one customer by the beginning of the number or a part of the name. */
export const CustomerChoice = ({
  first = null,
  error,
  isRequired = true,
  onText,
  onChoose,
}: CustomerChoiceProps) => {
  const [chosen, setChosen] = useState<NamedCustomer | null>(first)
  const [text, setText] = useState('')
  const search = useSettled(text.trim(), typingPauseMs)
  const found = useKeptQuery(GoalCustomersDocument, { search }, { pause: search === '' })
  const page = search === '' ? null : (found.data?.customers ?? null)
  const isFound = page !== null && page.nodes.length > 0
  return (
    <CustomerField
      text={text}
      chosen={chosen}
      found={page?.nodes ?? null}
      more={page === null ? 0 : (page.totalCount ?? page.totalCountAtLeast) - page.nodes.length}
      error={
        found.error ? errorWords(found.error) : error !== null && isFound ? 'Choose one of these.' : error
      }
      isRequired={isRequired}
      onText={(next) => {
        setText(next)
        onText?.(next)
      }}
      onChoose={(customer) => {
        setChosen(customer)
        onChoose(customer)
      }}
    />
  )
}
