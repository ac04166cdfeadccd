import { Fragment, type ReactNode } from 'react'
import type { Schemas } from '@/api/client'
import { CopyButton } from '@/ui/copy-button'

/** A record to make at a DNS provider, each part ready to be copied. */
export function DnsRecord({ record }: { record: Schemas['DnsRecord'] }) {
  return (
    <dl className="mt-3 grid grid-cols-[3.5rem_minmax(0,1fr)] items-center gap-x-3 gap-y-1 rounded-lg border bg-raised/50 px-4 py-2">
      <Part name="Type">{record.type}</Part>
      <Part
        name="Name"
        copy={<CopyButton text={record.name} label={`Copy the ${record.type} record's name`} />}
      >
        {record.name}
      </Part>
      <Part
        name="Value"
        copy={<CopyButton text={record.value} label={`Copy the ${record.type} record's value`} />}
      >
        {record.value}
      </Part>
    </dl>
  )
}

function Part({ name, copy, children }: { name: string; copy?: ReactNode; children: string }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="flex min-h-8 items-center gap-2">
        <code className="min-w-0 flex-1 font-mono text-[13px] [overflow-wrap:anywhere]">
          <Breakable>{children}</Breakable>
        </code>
        {copy}
      </dd>
    </>
  )
}

/** Wraps between the labels of a name before it wraps within one. */
function Breakable({ children }: { children: string }) {
  return children.split(/(?<=[.=])/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change places.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ))
}
