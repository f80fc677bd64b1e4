import { Search } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import { controlClass, Field } from './field.tsx'

type SearchFieldProps = {
  readonly text: string
  readonly placeholder: string
  readonly onChange: (text: string) => void
}

const typingPauseMs = 250

/** A field to look for something by. What is typed is told once somebody stops for a moment. */
export const SearchField = ({ text, placeholder, onChange }: SearchFieldProps) => {
  const [typed, setTyped] = useState(text)
  const [told, setTold] = useState(text)
  // It changed by itself, as when one goes back.
  if (text !== told) {
    setTold(text)
    setTyped(text)
  }
  const tell = useEffectEvent((next: string) => {
    setTold(next)
    onChange(next)
  })
  useEffect(() => {
    if (typed === told) return
    const timer = setTimeout(() => tell(typed), typingPauseMs)
    return () => clearTimeout(timer)
  }, [typed, told])
  return (
    <Field label="Search" className="min-w-0 flex-2 basis-56">
      {(ties) => (
        <div className="relative">
          <Search
            aria-hidden="true"
            className="pointer-events-none absolute top-3 left-3 size-4 text-faint"
          />
          <input
            {...ties}
            type="search"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            placeholder={placeholder}
            autoComplete="off"
            className={`${controlClass} h-10 pl-9`}
          />
        </div>
      )}
    </Field>
  )
}
