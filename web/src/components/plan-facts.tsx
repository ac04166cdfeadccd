import type { Schemas } from '@/api/client'
import { Fact } from '@/ui/definition'

type Plan = Schemas['BuildPlan']

const KINDS: Record<Plan['kind'], string> = {
  static: 'Static site',
  server: 'Server app',
  docker: 'Dockerfile',
}

const NAMES: Record<string, string> = {
  nextjs: 'Next.js',
  vite: 'Vite',
  astro: 'Astro',
  nuxt: 'Nuxt',
  sveltekit: 'SvelteKit',
  svelte: 'Svelte',
  remix: 'Remix',
  gatsby: 'Gatsby',
  angular: 'Angular',
  vue: 'Vue',
  react: 'React',
  express: 'Express',
  fastify: 'Fastify',
  nestjs: 'NestJS',
  fastapi: 'FastAPI',
  flask: 'Flask',
  django: 'Django',
  hugo: 'Hugo',
  eleventy: 'Eleventy',
  docusaurus: 'Docusaurus',
  node: 'Node.js',
  python: 'Python',
  go: 'Go',
  rust: 'Rust',
  ruby: 'Ruby',
  php: 'PHP',
  static: 'Static files',
  dockerfile: 'Dockerfile',
}

export function planKind(plan: Plan): string {
  return KINDS[plan.kind]
}

/** "Vite", "FastAPI"; without a framework the language. */
export function planName(plan: Plan): string {
  const slug = plan.framework ?? plan.language
  return NAMES[slug] ?? slug.charAt(0).toUpperCase() + slug.slice(1)
}

/** How something is built, as rows of a list of facts. */
export function PlanFacts({ plan }: { plan: Plan }) {
  const runtimes = Object.entries(plan.runtime_version ?? {})
  return (
    <>
      <Fact name="Kind">
        {planName(plan)} <span className="text-ink-3">· {planKind(plan)}</span>
      </Fact>
      {plan.root_dir !== '.' && (
        <Fact name="Root">
          <Code>{plan.root_dir}</Code>
        </Fact>
      )}
      {plan.install_command && (
        <Fact name="Install">
          <Code>{plan.install_command}</Code>
        </Fact>
      )}
      {plan.build_command && (
        <Fact name="Build">
          <Code>{plan.build_command}</Code>
        </Fact>
      )}
      {plan.start_command && (
        <Fact name="Start">
          <Code>{plan.start_command}</Code>
        </Fact>
      )}
      {plan.kind === 'static' && plan.output_directory && (
        <Fact name="Output">
          <Code>{plan.output_directory}</Code>
        </Fact>
      )}
      {runtimes.length > 0 && (
        <Fact name="Runtime">
          {runtimes.map(([name, version]) => `${NAMES[name] ?? name} ${version}`).join(', ')}
        </Fact>
      )}
    </>
  )
}

function Code({ children }: { children: string }) {
  return <code className="[overflow-wrap:anywhere] font-mono text-[13px]">{children}</code>
}
