import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { copyText } from '@/lib/clipboard'
import { Button, type ButtonProps } from './button'
import { toast } from './toast'

const CONFIRMED_MS = 1600

export function CopyButton(props: {
  /** A function when the text is expensive to make. */
  text: string | (() => string)
  label: string
  size?: ButtonProps['size']
  showLabel?: boolean
}) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), CONFIRMED_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    if (await copyText(typeof props.text === 'string' ? props.text : props.text())) setCopied(true)
    else
      toast({
        tone: 'bad',
        title: 'The browser refused to copy',
        detail: 'Select the text and copy it by hand.',
      })
  }
  return (
    <Button
      variant={props.showLabel ? 'secondary' : 'ghost'}
      size={props.size ?? (props.showLabel ? 'sm' : 'icon')}
      aria-label={copied ? 'Copied' : props.label}
      title={props.label}
      onClick={copy}
    >
      {copied ? <Check className="size-3.5 text-ok" /> : <Copy className="size-3.5" />}
      {props.showLabel && (copied ? 'Copied' : props.label)}
    </Button>
  )
}
