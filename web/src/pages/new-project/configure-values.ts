// What the form of a new project holds, and what of it is sent.
//
// Only what the user changed becomes a setting: everything else stays with detection, so that a later commit that
// changes its build is followed. Choosing another candidate than the best one is a change, too.

import type { Schemas } from '@/api/client'

type Plan = Schemas['BuildPlan']

export type ConfigureValues = {
  name: string
  root_dir: string
  install_command: string
  build_command: string
  output_directory: string
  start_command: string
  env: string
  secret: boolean
}

const COMMANDS = ['install_command', 'build_command', 'output_directory', 'start_command'] as const

export function initialValues(plan: Plan | undefined, name: string): ConfigureValues {
  return {
    name,
    root_dir: plan?.root_dir ?? '.',
    install_command: plan?.install_command ?? '',
    build_command: plan?.build_command ?? '',
    output_directory: plan?.output_directory ?? '',
    start_command: plan?.start_command ?? '',
    env: '',
    secret: true,
  }
}

export function projectBody(
  values: ConfigureValues,
  initial: ConfigureValues,
  plan: Plan | undefined,
  source: {
    repoUrl: string
    branch: string
    candidateIndex: number
    github?: Schemas['GitHubRepositoryRef'] | undefined
  },
): Schemas['CreateProject'] {
  const body: Schemas['CreateProject'] = {
    ...(source.github ? { github_repository: source.github } : { repo_url: source.repoUrl }),
    name: values.name.trim(),
  }
  if (source.branch) body.branch = source.branch
  if (values.root_dir.trim() !== '.' && values.root_dir.trim() !== '') body.root_dir = values.root_dir.trim()
  // Detection would take its best match, and never a guess: either choice has to be written down, a guess in full.
  const isGuess = plan?.confidence === 'low'
  if (plan && (source.candidateIndex > 0 || isGuess)) {
    body.kind = plan.kind
    if (plan.framework) body.framework = plan.framework
  }
  for (const name of COMMANDS) {
    const value = values[name].trim()
    if (value !== initial[name] || (isGuess && value !== '')) body[name] = value
  }
  const kind = plan ? null : kindOf(body)
  return kind ? { ...body, kind } : body
}

/** Of a repository in which nothing was recognised: what is started is a server, what has an output is a site. */
function kindOf(body: Schemas['CreateProject']): Plan['kind'] | null {
  if (body.start_command) return 'server'
  return body.output_directory ? 'static' : null
}
