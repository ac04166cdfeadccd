// Beside "Deploy": everything else that can be deployed. The dialogs are loaded when they are asked for.

import { useNavigate } from '@tanstack/react-router'
import { ChevronDown, FolderUp, GitCommitHorizontal } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { Deployment, Project } from '@/api/queries'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Menu, MenuItem } from '@/ui/menu'
import { Skeleton } from '@/ui/skeleton'

const RefForm = lazy(() => import('./ref-form').then((module) => ({ default: module.RefForm })))
const FolderForm = lazy(() => import('./folder-form').then((module) => ({ default: module.FolderForm })))

const ASKED = {
  ref: {
    title: 'Deploy something else',
    description: 'To production, once. The next push to its branch takes its place again.',
  },
  folder: {
    title: 'Deploy a folder of this computer',
    description: 'To production, as it is, without a commit.',
  },
} as const

export function DeployMore({ project }: { project: Project }) {
  const navigate = useNavigate()
  const [asked, setAsked] = useState<keyof typeof ASKED | null>(null)
  const close = () => setAsked(null)
  const onDeployed = (deployment: Deployment) => {
    close()
    navigate({
      to: '/projects/$project/deployments/$deployment',
      params: { project: deployment.project_slug, deployment: deployment.id },
    })
  }
  return (
    <>
      <Menu
        label="Deploy something else"
        trigger={
          <Button variant="primary" className="w-8 rounded-l-none px-0!" aria-label="Deploy something else">
            <ChevronDown className="size-4" />
          </Button>
        }
      >
        {project.repo_url && (
          <MenuItem onSelect={() => setAsked('ref')}>
            <GitCommitHorizontal /> Another branch, tag or commit…
          </MenuItem>
        )}
        <MenuItem onSelect={() => setAsked('folder')}>
          <FolderUp /> A folder of this computer…
        </MenuItem>
      </Menu>
      {asked && (
        <Dialog open onOpenChange={(open) => !open && close()} {...ASKED[asked]}>
          <Suspense fallback={<Skeleton className="h-36" />}>
            {asked === 'ref' ? (
              <RefForm project={project.slug} preview={false} onClose={close} onDeployed={onDeployed} />
            ) : (
              <FolderForm project={project.slug} onClose={close} onDeployed={onDeployed} />
            )}
          </Suspense>
        </Dialog>
      )}
    </>
  )
}
