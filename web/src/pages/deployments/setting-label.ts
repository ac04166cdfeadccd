// Settings by the names that the settings pages give them.

const LABELS: Record<string, string> = {
  root_dir: 'Root directory',
  kind: 'Project type',
  framework: 'Framework',
  install_command: 'Install command',
  build_command: 'Build command',
  start_command: 'Start command',
  output_directory: 'Output directory',
  port: 'Port',
  spa: 'Single-page app',
  health_check_path: 'Health check path',
  health_check_timeout_seconds: 'Health check timeout (seconds)',
  build_timeout_seconds: 'Build timeout (seconds)',
  auto_deploy: 'Deploy on push',
  submodules: 'Submodules',
  lfs: 'Git LFS',
}

const LIMITS: Record<string, string> = {
  memory_mb: 'Memory',
  cpus: 'CPU',
  pids: 'Processes',
  disk_mb: 'Disk',
}

/** "Memory of a build, MiB" for `build_limits.memory_mb`; a name that is not known here is made readable. */
export function settingLabel(name: string): string {
  const known = LABELS[name]
  if (known) return known
  const [group, field = ''] = name.split('.')
  if (group === 'runtime_version' && field) return `Version of ${field}`
  const limit = LIMITS[field]
  if (limit && (group === 'build_limits' || group === 'app_limits')) {
    const unit = field.endsWith('_mb') ? ', MiB' : ''
    return `${limit} of ${group === 'build_limits' ? 'a build' : 'the app'}${unit}`
  }
  const words = name.replace(/[._]+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
