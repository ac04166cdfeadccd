import { useNavigate } from '@tanstack/react-router'
import { FolderUp } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Skeleton } from '@/ui/skeleton'

const FolderForm = lazy(() =>
  import('@/components/deploy/folder-form').then((module) => ({ default: module.FolderForm })),
)

/** A project without any repository: its files come from this computer. */
export function FolderSection() {
  const navigate = useNavigate()
  const [asked, setAsked] = useState(false)
  return (
    <section aria-labelledby="folder">
      <h2 id="folder" className="font-semibold text-[15px]">
        Or upload a folder
      </h2>
      <p className="mt-0.5 mb-4 text-ink-2 text-sm">
        Straight from this computer, without Git. The project is named after the folder.
      </p>
      {asked ? (
        <Card className="p-5">
          <Suspense fallback={<Skeleton className="h-36" />}>
            <FolderForm
              project={null}
              onDeployed={(deployment) =>
                navigate({
                  to: '/projects/$project/deployments/$deployment',
                  params: { project: deployment.project_slug, deployment: deployment.id },
                })
              }
            />
          </Suspense>
        </Card>
      ) : (
        <Button onClick={() => setAsked(true)}>
          <FolderUp className="size-4" /> Choose a folder…
        </Button>
      )}
    </section>
  )
}
