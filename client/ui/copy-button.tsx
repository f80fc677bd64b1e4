import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button, type ButtonLook } from './button.tsx'

const shownMs = 2500

type CopyButtonProps = {
  readonly text: string
  /** What is copied, such as "the link". */
  readonly what: string
  readonly look?: ButtonLook
  readonly className?: string
  readonly onCopied?: () => void
}

/** Copies a text and says so, also to those who do not see it. */
export const CopyButton = ({ text, what, look = 'plain', className = '', onCopied }: CopyButtonProps) => {
  const [outcome, setOutcome] = useState<'COPIED' | 'FAILED' | null>(null)
  useEffect(() => {
    if (outcome === null) return
    const timer = setTimeout(() => setOutcome(null), shownMs)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => {
        setOutcome('COPIED')
        onCopied?.()
      },
      () => setOutcome('FAILED'),
    )
  }
  const Icon = outcome === 'COPIED' ? Check : Copy
  const word = { COPIED: 'Copied', FAILED: 'Select and copy it' }
  return (
    <Button look={look} onClick={copy} className={className}>
      <Icon aria-hidden="true" className="size-4" />
      {outcome === null ? `Copy ${what}` : word[outcome]}
      <output className="sr-only">{outcome === 'COPIED' ? 'Copied to the clipboard' : ''}</output>
    </Button>
  )
}

type SecretBoxProps = { readonly label: string; readonly text: string; readonly what: string }

/** A text that is shown once: all of it to be seen, selected with a click, and a button that copies it. */
export const SecretBox = ({ label, text, what }: SecretBoxProps) => (
  <div>
    <p className="mb-1.5 text-sm font-medium">{label}</p>
    <p className="rounded-md bg-sunken px-3.5 py-3 font-mono text-xs leading-relaxed break-all select-all">
      {text}
    </p>
    <CopyButton text={text} what={what} look="primary" className="mt-3 max-sm:w-full" />
  </div>
)
