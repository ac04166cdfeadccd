import { FolderUp, GitBranch, GitCommitHorizontal, LayoutTemplate } from 'lucide-react'
import type { Schemas } from '@/api/client'
import { cn } from '@/lib/cn'

const SHORT_SHA = 7

/** "main · 4f2c1aa Fix the header", on one line. */
export function CommitLine(props: {
  deployment: Pick<Schemas['Deployment'], 'commit' | 'ref' | 'steps'>
  className?: string
}) {
  const { commit, ref } = props.deployment
  return (
    <span className={cn('flex min-w-0 items-center gap-1.5', props.className)}>
      {commit ? (
        <>
          <GitCommitHorizontal aria-hidden className="size-4 shrink-0 text-ink-3" />
          <code className="shrink-0 font-mono text-[0.92em]" title={commit.sha}>
            {commit.sha.slice(0, SHORT_SHA)}
          </code>
          <span className="truncate" title={commit.message}>
            {commit.message}
          </span>
        </>
      ) : isUpload(props.deployment) ? (
        <>
          <FolderUp aria-hidden className="size-4 shrink-0 text-ink-3" />
          <span className="truncate">Uploaded folder</span>
        </>
      ) : isOfTemplate(props.deployment) ? (
        <>
          <LayoutTemplate aria-hidden className="size-4 shrink-0 text-ink-3" />
          <span className="truncate">Template</span>
        </>
      ) : (
        <BranchName name={ref} />
      )}
    </span>
  )
}

/** A folder that was sent stands under this name, and never has a commit. */
export function isUpload(deployment: Pick<Schemas['Deployment'], 'commit' | 'ref'>): boolean {
  return deployment.commit === null && deployment.ref === 'upload'
}

/** A repository's commit is known once it is cloned; a template has none. */
export function isOfTemplate(deployment: Pick<Schemas['Deployment'], 'commit' | 'steps'>): boolean {
  return (
    deployment.commit === null &&
    deployment.steps.some((record) => record.step === 'clone' && record.outcome === 'succeeded')
  )
}

export function BranchName({ name }: { name: string }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5">
      <GitBranch aria-hidden className="size-4 shrink-0 text-ink-3" />
      <span className="truncate font-mono text-[0.92em]">{name === 'HEAD' ? 'default branch' : name}</span>
    </span>
  )
}
