// What each copy of the app uses. Processor time is a counter, so a share takes two looks.

import { useEffect, useRef, useState } from 'react'
import { api, type Schemas } from '@/api/client'

type App = Schemas['AppUsage']
export type CopyUsage = App & {
  /** Processors in use, 1 being a whole one; null until the second look. */
  cpus: number | null
}

const REFRESH_MS = 10_000

/** Usage by copy; empty where the runtime does not count, or nobody has reported yet. */
export function useAppUsage(project: string, enabled: boolean): Map<string, CopyUsage> {
  const { data, dataUpdatedAt } = api.useQuery(
    'get',
    '/api/v1/projects/{project}/usage',
    { params: { path: { project } } },
    { refetchInterval: REFRESH_MS, enabled },
  )
  const before = useRef<{ at: number; apps: App[] }>({ at: 0, apps: [] })
  const [usage, setUsage] = useState(new Map<string, CopyUsage>())
  useEffect(() => {
    if (!data) return
    const previous = before.current
    before.current = { at: dataUpdatedAt, apps: data.apps }
    setUsage(
      new Map(
        data.apps.map((app) => [
          app.instance_id,
          { ...app, cpus: cpusBetween(previous, app, dataUpdatedAt) },
        ]),
      ),
    )
  }, [data, dataUpdatedAt])
  return usage
}

/** Processors used between two looks. */
export function cpusBetween(before: { at: number; apps: App[] }, now: App, at: number): number | null {
  const then = before.apps.find((app) => app.instance_id === now.instance_id)
  const passed = at - before.at
  if (!then || passed <= 0) return null
  return Math.max(0, now.cpu_nanos - then.cpu_nanos) / (passed * 1e6)
}
