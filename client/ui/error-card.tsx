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

/** The same over the page, where older figures are still shown: nothing of them moves. */
export const ErrorNote = ({
  message,
  onRetry,
}: {
  readonly message: string
  readonly onRetry: () => void
}) => (
  <div
    role="alert"
    className="panel fixed inset-x-4 bottom-4 z-30 mx-auto flex w-fit max-w-xl items-center gap-3 py-2 pr-2 pl-4 shadow-[0_12px_32px_-12px_rgb(0_0_0/0.35)] print:hidden"
  >
    <CloudAlert aria-hidden="true" className="size-5 shrink-0 text-act" />
    <p>{message}</p>
    <Button onClick={onRetry} className="shrink-0">
      Try again
    </Button>
  </div>
)
