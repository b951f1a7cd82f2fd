import { Kbd } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'

const shortcuts: [keys: string[], does: string][] = [
  [['C'], 'New task'],
  [['T'], 'Threads of the project'],
  [['B'], 'Board of the project'],
  [['/'], 'Search the board'],
  [['↑', '↓', '←', '→'], 'From card to card'],
  [['Enter'], 'Open the card'],
  [['Ctrl', 'Enter'], 'Send, or create'],
  [['Esc'], 'Close a dialog, leave the search'],
  [['?'], 'This list'],
]

/** Every keyboard shortcut. */
export function ShortcutsDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog onOpenChange={open => open || onClose()} open title="Keyboard shortcuts">
      <dl className="space-y-2">
        {shortcuts.map(([keys, does]) => (
          <div className="flex items-center justify-between gap-4" key={does}>
            <dt>{does}</dt>
            <dd className="flex gap-1">
              {keys.map(key => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
