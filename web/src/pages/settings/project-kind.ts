import type { Schemas } from '@/api/client'
import type { Project } from '@/api/queries'

/** What the project is: as somebody set it, or as it was last detected; null before the first deployment. */
export function projectKind(project: Project): Schemas['PlanKind'] | null {
  return project.kind ?? (project.live_deployment ?? project.latest_deployment)?.plan?.kind ?? null
}
