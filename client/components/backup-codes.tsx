import { Download } from 'lucide-react'
import { buttonClass } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'

type BackupCodesProps = { readonly codes: readonly string[] }

const download = (text: string) => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'tidemark-backup-codes.txt'
  link.click()
  URL.revokeObjectURL(url)
}

/** The codes for the day on which the device is lost. */
export const BackupCodes = ({ codes }: BackupCodesProps) => {
  const text = codes.join('\n')
  return (
    <div>
      <p className="text-pretty text-muted">
        Each of these works once instead of a code from the app, should you lose the device. Keep them where
        you keep your passwords: they are shown only now.
      </p>
      <ul
        aria-label="Backup codes"
        className="figures mt-3 grid grid-cols-2 gap-x-6 gap-y-1.5 rounded-md bg-sunken px-4 py-3 font-mono text-sm select-all"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="mt-3 flex flex-wrap gap-2">
        <CopyButton text={text} what="the codes" />
        <button type="button" className={buttonClass('plain')} onClick={() => download(`${text}\n`)}>
          <Download aria-hidden="true" className="size-4" />
          Save as a file
        </button>
      </div>
    </div>
  )
}
