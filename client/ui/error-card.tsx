import { CloudAlert } from 'lucide-react'
import { Button } from './button.tsx'

type ErrorCardProps = {
  readonly title: string
  readonly message: string
  readonly onRetry: () => void
}

export const ErrorCard = ({ title, message, onRetry }: ErrorCardProps) => (
  <div role="alert" className="panel flex flex-col items-start gap-3 p-5">
    <div className="flex items-center gap-2">
      <CloudAlert aria-hidden="true" className="size-5 shrink-0 text-act" />
      <h2 className="text-base font-semibold">{title}</h2>
    </div>
    <p className="max-w-prose text-muted">{message}</p>
    <Button onClick={onRetry}>Try again</Button>
  </div>
)

/** The same in one line, where older figures are still shown below it. */
export const ErrorLine = ({ title, onRetry }: { readonly title: string; readonly onRetry: () => void }) => (
  <p role="alert" className="flex flex-wrap items-center gap-x-2 text-sm text-act">
    <CloudAlert aria-hidden="true" className="size-4 shrink-0" />
    {title}
    <button
      type="button"
      className="font-medium underline underline-offset-2 hover:no-underline"
      onClick={onRetry}
    >
      Try again
    </button>
  </p>
)
