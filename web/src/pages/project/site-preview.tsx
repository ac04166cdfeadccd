import { ExternalLink } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { Project } from '@/api/queries'
import { useIdle } from '@/hooks/use-idle'
import { hostOf } from '@/lib/address'

/** The site is drawn at the width of a desktop and scaled down to the card. */
const PAGE_WIDTH = 1280
const PAGE_HEIGHT = 800

/**
 * The live site in a frame that can do nothing to this page: of another origin, without a way to navigate it, to open
 * windows or to send forms, and not reachable by keyboard. It keeps its own origin, without which a browser refuses it its
 * own modules and storage; that gives it nothing of this page's.
 */
export function SitePreview({ project }: { project: Project }) {
  const box = useRef<HTMLAnchorElement>(null)
  const [scale, setScale] = useState(0)
  const idle = useIdle()
  useEffect(() => {
    if (!box.current) return
    const observer = new ResizeObserver(([entry]) => setScale((entry?.contentRect.width ?? 0) / PAGE_WIDTH))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  return (
    <a
      ref={box}
      href={project.url}
      target="_blank"
      rel="noreferrer"
      aria-label={`Open ${hostOf(project.url)}`}
      className="group relative block aspect-[16/10] overflow-hidden rounded-lg border bg-white"
    >
      {idle && scale > 0 && isElsewhere(project.url) && (
        <iframe
          key={project.live_deployment?.id}
          title={`Preview of ${project.name}`}
          src={project.url}
          sandbox="allow-scripts allow-same-origin"
          referrerPolicy="no-referrer"
          loading="lazy"
          tabIndex={-1}
          width={PAGE_WIDTH}
          height={PAGE_HEIGHT}
          className="pointer-events-none absolute border-0 top-0 left-0 origin-top-left"
          style={{ transform: `scale(${scale})` }}
        />
      )}
      <span className="absolute right-2 bottom-2 rounded-md bg-black/75 p-1.5 text-white opacity-0 transition-opacity group-hover:opacity-100 group-focus-visible:opacity-100">
        <ExternalLink aria-hidden className="size-4" />
      </span>
    </a>
  )
}

/** A frame of this page's own origin could take its sandbox away. */
function isElsewhere(url: string): boolean {
  const site = URL.parse(url)
  return site !== null && site.origin !== location.origin
}
