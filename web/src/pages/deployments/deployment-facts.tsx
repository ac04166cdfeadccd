import { Lightbulb, TriangleAlert } from 'lucide-react'
import type { Deployment } from '@/api/queries'
import { BranchName, isOfTemplate, isUpload } from '@/components/commit-line'
import { triggerText } from '@/components/deployment-rows'
import { PlanFacts } from '@/components/plan-facts'
import { Elapsed, TimeAgo } from '@/components/time-ago'
import { hostOf, repositoryPage } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Card } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Fact, Facts } from '@/ui/definition'

const SHORT_SHA = 10

/** Where it came from, how it is built, and why it is built that way. */
export function DeploymentFacts({ deployment }: { deployment: Deployment }) {
  return (
    <Card className="grid gap-x-10 gap-y-5 p-5 md:grid-cols-2" as="div">
      <Facts>
        <CommitFacts deployment={deployment} />
        <Fact name="Started">
          <TimeAgo at={deployment.created_at} /> <span className="text-ink-3">{triggerText(deployment)}</span>
        </Fact>
        <Fact name="Took">
          {deployment.started_at ? (
            <Elapsed from={deployment.started_at} until={deployment.finished_at} />
          ) : deployment.finished_at ? (
            'never started'
          ) : (
            'waiting for a worker'
          )}
          {deployment.attempt > 1 && <span className="text-ink-3"> · attempt {deployment.attempt}</span>}
        </Fact>
        {deployment.status === 'READY' && (
          <Fact name="Address">
            <span className="-my-1.5 flex items-center gap-1">
              <a href={deployment.url} target="_blank" rel="noreferrer" className="link truncate">
                {hostOf(deployment.url)}
              </a>
              <CopyButton text={deployment.url} label="Copy the address" />
            </span>
          </Fact>
        )}
      </Facts>
      {deployment.plan ? (
        <div>
          <Facts>
            <PlanFacts plan={deployment.plan} />
          </Facts>
          <PlanReasons deployment={deployment} />
        </div>
      ) : (
        <p className="text-ink-3 text-sm">How it is built is decided once the repository is cloned.</p>
      )}
    </Card>
  )
}

function CommitFacts({ deployment }: { deployment: Deployment }) {
  const { repo_url } = useCurrentProject()
  const { commit, ref } = deployment
  if (!commit) {
    if (isUpload(deployment)) return <Fact name="Source">Uploaded folder</Fact>
    return (
      <Fact name="Source">{isOfTemplate(deployment) ? 'Aether template' : <BranchName name={ref} />}</Fact>
    )
  }
  const page = repo_url ? repositoryPage(repo_url, commit.sha) : null
  const short = commit.sha.slice(0, SHORT_SHA)
  return (
    <>
      <Fact name="Commit">
        <span className="line-clamp-2">{commit.message}</span>
        <span className="flex flex-wrap items-center gap-x-2 text-[13px] text-ink-3">
          {page ? (
            <a
              href={page}
              target="_blank"
              rel="noreferrer"
              className="font-mono hover:text-ink hover:underline"
            >
              {short}
            </a>
          ) : (
            <code className="font-mono">{short}</code>
          )}
          {commit.author && <span>by {commit.author}</span>}
        </span>
      </Fact>
      {!commit.sha.startsWith(ref) && (
        <Fact name="Branch">
          <BranchName name={ref} />
        </Fact>
      )}
    </>
  )
}

function PlanReasons({ deployment }: { deployment: Deployment }) {
  const { evidence = [], warnings = [] } = deployment.plan ?? {}
  return (
    <>
      {warnings.map((warning) => (
        <p key={warning} className="mt-3 flex gap-2 text-sm text-warn">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {warning}
        </p>
      ))}
      {evidence.length > 0 && (
        <details className="mt-3 text-sm">
          <summary className="flex w-fit items-center gap-2 text-ink-2 hover:text-ink">
            <Lightbulb aria-hidden className="size-4" /> Why it is built this way
          </summary>
          <ul className="mt-2 flex flex-col gap-1.5 border-l pl-4">
            {evidence.map((item) => (
              <li key={item.file + item.says} className="text-ink-2">
                <code className="font-mono text-[13px] text-ink">{item.file}</code> — {item.says}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
