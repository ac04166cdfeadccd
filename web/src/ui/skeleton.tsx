import { cn } from '@/lib/cn'

/** Holds the place of something that is being loaded, in its size. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('shimmer rounded-md', className)} />
}

export function SkeletonRows({ count, className = 'h-16' }: { count: number; className?: string }) {
  return (
    <div className="flex flex-col gap-2" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike.
        <Skeleton key={index} className={className} />
      ))}
    </div>
  )
}
