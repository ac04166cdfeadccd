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

/** For a project without a repository this is all there is to deploy. */
export function DeployFolder({ project }: { project: Project }) {
  const [asked, setAsked] = useState(false)
  return (
    <>
      <Button variant="primary" onClick={() => setAsked(true)}>
        <FolderUp className="size-4" />
        Deploy a folder
      </Button>
      {asked && <AskedDialog asked="folder" project={project} onClose={() => setAsked(false)} />}
    </>
  )
}

export function DeployMore({ project }: { project: Project }) {
  const [asked, setAsked] = useState<keyof typeof ASKED | null>(null)
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
      {asked && <AskedDialog asked={asked} project={project} onClose={() => setAsked(null)} />}
    </>
  )
}

function AskedDialog(props: { asked: keyof typeof ASKED; project: Project; onClose: () => void }) {
  const navigate = useNavigate()
  const onDeployed = (deployment: Deployment) => {
    props.onClose()
    navigate({
      to: '/projects/$project/deployments/$deployment',
      params: { project: deployment.project_slug, deployment: deployment.id },
    })
  }
  const { slug } = props.project
  return (
    <Dialog open onOpenChange={(open) => !open && props.onClose()} {...ASKED[props.asked]}>
      <Suspense fallback={<Skeleton className="h-36" />}>
        {props.asked === 'ref' ? (
          <RefForm project={slug} preview={false} onClose={props.onClose} onDeployed={onDeployed} />
        ) : (
          <FolderForm project={slug} onClose={props.onClose} onDeployed={onDeployed} />
        )}
      </Suspense>
    </Dialog>
  )
}
