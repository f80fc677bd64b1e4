import { Pencil } from 'lucide-react'
import type { GoalNotes_NoteFragment } from '../documents.generated.ts'
import { formatSecond, formatSince } from '../format/moment.ts'
import { IconButton } from '../ui/button.tsx'

export type Note = GoalNotes_NoteFragment

type GoalNotesProps = {
  readonly notes: readonly Note[]
  readonly now: number
  readonly timeZone: string
  readonly onEdit: ((note: Note) => void) | null
}

/** What was noted on a goal, the newest first. */
export const GoalNotes = ({ notes, now, timeZone, onEdit }: GoalNotesProps) => (
  <ul>
    {notes.map((note) => (
      <li key={note.id} className="flex items-start gap-3 border-t border-line px-4 py-3 sm:px-5">
        <div className="min-w-0 flex-1">
          <p className="text-pretty wrap-anywhere whitespace-pre-line">{note.text}</p>
          <p className="figures mt-1 text-xs text-muted">
            {note.author},{' '}
            <time dateTime={note.writtenAt} title={formatSecond(note.writtenAt, timeZone)}>
              {formatSince(note.writtenAt, now)}
            </time>
            {note.changedAt !== null && <> · written anew {formatSince(note.changedAt, now)}</>}
          </p>
        </div>
        {onEdit && (
          <IconButton label="Edit the note" onClick={() => onEdit(note)}>
            <Pencil aria-hidden="true" className="size-4" />
          </IconButton>
        )}
      </li>
    ))}
  </ul>
)
