import type { Schemas } from '@/api/client'
import { http } from './typed-http'

export const TEMPLATES: Schemas['Template'][] = [
  ['static-page', 'Static page', 'One HTML page and a style sheet. No build, live in a second.', 'static'],
  ['vite-react', 'Vite + React', 'A single-page app with React, built by Vite.', 'node'],
  ['astro', 'Astro', 'A content site, rendered to static pages by Astro.', 'node'],
  ['express', 'Express', 'A Node server with Express that runs as an app.', 'node'],
  ['fastapi', 'FastAPI', 'A Python API with FastAPI, served by uvicorn.', 'python'],
  ['dockerfile', 'Dockerfile', 'Anything that a Dockerfile can build.', 'dockerfile'],
].map(([name = '', title = '', description = '', language = '']) => ({
  name,
  title,
  description,
  language,
  unavailable:
    name === 'dockerfile' ? 'Needs a Docker engine, and no worker of this instance has one.' : null,
}))

export function templateHandlers() {
  return [
    http.get('/api/v1/templates', ({ response }) =>
      response(200).json({ items: TEMPLATES, next_cursor: null }),
    ),
  ]
}
