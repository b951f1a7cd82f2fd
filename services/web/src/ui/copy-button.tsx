import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'
import { IconButton } from './button.tsx'

/** Copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 1_500)
    } catch {
      toast.error('The browser does not let this page copy. Select the text and copy it yourself.')
    }
  }
  return (
    <IconButton label={copied ? 'Copied' : label} onClick={copy}>
      {copied ? <Check aria-hidden className="size-3.5 text-state-green" /> : <Copy aria-hidden className="size-3.5" />}
    </IconButton>
  )
}
