import { FileUp } from 'lucide-react'
import { type DragEvent, type ReactNode, useId, useState } from 'react'

type FileDropProps = {
  /** Of the file that was taken; null before. */
  readonly name: string | null
  /** What such a file has to have. */
  readonly hint: ReactNode
  readonly error: string | null
  readonly onFile: (file: File) => void
}

/** Where a CSV file is dropped, or chosen. */
export const FileDrop = ({ name, hint, error, onFile }: FileDropProps) => {
  const id = useId()
  const [isOver, setIsOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(false)
    const [dropped] = event.dataTransfer.files
    if (dropped) onFile(dropped)
  }
  return (
    <div>
      <div
        onDragOver={(event) => {
          event.preventDefault()
          setIsOver(true)
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={drop}
        className={`relative grid justify-items-center gap-1 rounded-lg border border-dashed px-4 py-8 text-center has-focus-visible:outline-2 has-focus-visible:outline-accent ${isOver ? 'border-accent bg-accent-tint' : 'border-line-strong bg-page'}`}
      >
        <FileUp aria-hidden="true" className="size-5 text-accent" />
        <label htmlFor={id} className="font-medium">
          {name ?? 'Drop a CSV file here, or choose one'}
        </label>
        <p id={`${id}-hint`} className="max-w-prose text-xs text-pretty text-muted">
          {hint}
        </p>
        <input
          id={id}
          type="file"
          accept=".csv,text/csv"
          aria-describedby={`${id}-hint`}
          aria-invalid={error !== null}
          onChange={({ target }) => {
            const [chosen] = target.files ?? []
            if (chosen) onFile(chosen)
          }}
          className="absolute inset-0 cursor-pointer opacity-0"
        />
      </div>
      {error !== null && <p className="mt-1.5 text-xs font-medium text-pretty text-act">{error}</p>}
    </div>
  )
}
