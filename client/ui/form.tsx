import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { type FormProblem, messageAbove } from './form-problem.ts'
import { Notice } from './notice.tsx'

export type Sending = {
  readonly isBusy: boolean
  readonly problem: FormProblem | null
  /** Sends, unless it is being sent already. What it resolves with is the problem, null where there is none. */
  readonly send: (what: () => Promise<FormProblem | null>) => void
}

/** Sends one thing at a time and keeps what was wrong with it. */
export const useSending = (): Sending => {
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<FormProblem | null>(null)
  const isSending = useRef(false)
  const send = async (what: () => Promise<FormProblem | null>) => {
    if (isSending.current) return
    isSending.current = true
    setIsBusy(true)
    try {
      setProblem(await what())
    } finally {
      isSending.current = false
      setIsBusy(false)
    }
  }
  return { isBusy, problem, send: (what) => void send(what) }
}

/** What people fill in; a hidden name for the password manager is not among it. */
export const fieldSelector = ':is(input, select, textarea):not([readonly], [type="hidden"])'

type FormProps = {
  readonly sending: Sending
  /** The paths that fields of the form show the problems of; all others are said above it. */
  readonly fields: readonly string[]
  readonly onSend: (values: FormData) => Promise<FormProblem | null>
  /** Whether its first field gets the focus: where the form came in place of what had it. */
  readonly takesFocus?: boolean
  readonly className?: string
  readonly children: ReactNode
}

/** A form that says what was wrong: at the field at fault, which gets the focus, or above. */
export const Form = ({
  sending,
  fields,
  onSend,
  takesFocus = false,
  className = '',
  children,
}: FormProps) => {
  const form = useRef<HTMLFormElement>(null)
  const { problem } = sending
  const above = messageAbove(problem, fields)
  useEffect(() => {
    if (!problem) return
    const target = form.current?.querySelector<HTMLElement>(
      '[aria-invalid="true"], [data-invalid], [role="alert"]',
    )
    target?.focus()
  }, [problem])
  useEffect(() => {
    if (takesFocus) form.current?.querySelector<HTMLElement>(fieldSelector)?.focus()
  }, [takesFocus])
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = new FormData(event.currentTarget)
    sending.send(() => onSend(values))
  }
  return (
    <form ref={form} onSubmit={submit} className={`grid grid-cols-[minmax(0,1fr)] gap-4 ${className}`}>
      {above !== null && (
        <Notice tone="act" role="alert" tabIndex={-1}>
          {above}
        </Notice>
      )}
      {children}
    </form>
  )
}

/** A field of a form as text, without space around it. */
export const textOf = (values: FormData, name: string): string => {
  const value = values.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** A password as it was typed: spaces are part of it. */
export const secretOf = (values: FormData, name: string): string => {
  const value = values.get(name)
  return typeof value === 'string' ? value : ''
}
