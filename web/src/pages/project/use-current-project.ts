import { createContext, useContext } from 'react'
import type { Project } from '@/api/queries'

export const ProjectContext = createContext<Project | null>(null)

/** The project whose pages these are. */
export function useCurrentProject(): Project {
  const project = useContext(ProjectContext)
  if (!project) throw new Error('a project page outside of the project layout')
  return project
}
