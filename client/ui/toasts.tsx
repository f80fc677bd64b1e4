import { CircleCheck, X } from 'lucide-react'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { IconButton } from './button.tsx'

const shownMs = 7000

/** Says that something was done. */
type Tell = (message: string) => void

const ToastContext = createContext<Tell>(() => {})

/** The function that says, in passing, that something was done: seen for some seconds, read out once. */
export const useToast = (): Tell => useContext(ToastContext)

type Toast = { readonly id: number; readonly message: string }

const ToastCard = ({ toast, onClose }: { readonly toast: Toast; readonly onClose: () => void }) => {
  const [isHeld, setIsHeld] = useState(false)
  useEffect(() => {
    if (isHeld) return
    const timer = setTimeout(onClose, shownMs)
    return () => clearTimeout(timer)
  }, [isHeld, onClose])
  return (
    <div
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      className="panel pointer-events-auto flex items-center gap-2.5 py-1.5 pr-1.5 pl-3.5 shadow-[0_12px_32px_-12px_rgb(0_0_0/0.35)]"
    >
      <CircleCheck aria-hidden="true" className="size-4 shrink-0 text-accent" strokeWidth={2.25} />
      <p className="text-pretty">{toast.message}</p>
      <IconButton label="Dismiss" onClick={onClose}>
        <X aria-hidden="true" className="size-4" />
      </IconButton>
    </div>
  )
}

/** The place of the toasts, over everything below it. At most one is shown: the newest. */
export const Toasts = ({ children }: { readonly children: ReactNode }) => {
  const [toast, setToast] = useState<Toast | null>(null)
  const [tell] = useState<Tell>(() => {
    let id = 0
    return (message: string) => {
      id += 1
      setToast({ id, message })
    }
  })
  const [close] = useState(() => () => setToast(null))
  return (
    <ToastContext value={tell}>
      {children}
      <output className="pointer-events-none fixed inset-x-4 bottom-4 z-40 flex justify-center print:hidden">
        {toast && <ToastCard key={toast.id} toast={toast} onClose={close} />}
      </output>
    </ToastContext>
  )
}
