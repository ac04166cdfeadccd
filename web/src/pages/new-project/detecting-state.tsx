import { useState } from 'react'
import { useNow } from '@/hooks/use-now'
import { Card } from '@/ui/card'
import { Skeleton } from '@/ui/skeleton'

/** From here on it is worth saying that large repositories take longer. */
const SLOW_SECONDS = 8

export function DetectingState() {
  const [start] = useState(() => Date.now())
  const seconds = Math.floor((useNow() - start) / 1000)
  return (
    <Card className="p-5">
      <p role="status" className="text-ink-2 text-sm">
        {seconds < SLOW_SECONDS
          ? 'Fetching the repository and reading what it is made of…'
          : 'Still fetching; a large repository takes up to a minute.'}
      </p>
      <div className="mt-4 grid gap-3 sm:grid-cols-2">
        <Skeleton className="h-24" />
        <Skeleton className="h-24" />
      </div>
    </Card>
  )
}
