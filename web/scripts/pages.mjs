// Every page in every state worth a look: where it is, the scene of the mock backend, and the text that says it is there.
export const PAGES = [
  { name: 'login', path: '/login', scene: 'fresh', ready: 'no owner yet', expects: ['401'] },
  {
    name: 'login-wrong',
    path: '/login',
    scene: 'fresh',
    ready: 'Sign in',
    act: signInWrongly,
    expects: ['401'],
  },
  { name: 'setup', path: '/setup', scene: 'fresh', ready: 'Welcome to Aether', expects: ['401'] },
  { name: 'register', path: '/register', scene: 'fresh', ready: 'Create an account', expects: ['401'] },
  { name: 'projects-empty', path: '/', scene: 'empty', ready: 'Deploy your first project' },
  {
    name: 'projects',
    path: '/',
    ready: 'Documentation',
    keep: ['desktop-dark', 'desktop-light', 'phone-dark'],
  },
  { name: 'projects-crowded', path: '/', scene: 'crowded', ready: 'Site 12' },
  {
    name: 'projects-menu',
    path: '/',
    ready: 'Documentation',
    act: (tab) => tab.getByLabel('Actions for Shop').first().click(),
  },
  { name: 'drawer', path: '/', ready: 'Documentation', act: openDrawer },
  {
    name: 'palette',
    path: '/projects/shop',
    ready: 'Current release',
    act: openPalette,
    keep: ['desktop-dark'],
  },
  { name: 'user-menu', path: '/', ready: 'Documentation', act: openUserMenu },
  { name: 'github', path: '/github', ready: 'Aether acme' },
  { name: 'new', path: '/new', scene: 'empty', ready: 'Vite + React', keep: ['desktop-light'] },
  { name: 'new-github', path: '/new', ready: 'acme/handbook' },
  {
    name: 'new-found',
    path: '/new',
    ready: 'Import a Git repository',
    act: lookAt('https://github.com/acme/shop'),
    keep: ['desktop-dark'],
  },
  {
    name: 'new-mono',
    path: '/new',
    ready: 'Import a Git repository',
    act: lookAt('https://github.com/acme/mono'),
  },
  {
    name: 'new-empty',
    path: '/new',
    ready: 'Import a Git repository',
    act: lookAt('https://github.com/acme/empty'),
  },
  {
    name: 'new-private',
    path: '/new',
    ready: 'Import a Git repository',
    act: lookAt('https://github.com/acme/private'),
    expects: ['422'],
  },
  {
    name: 'overview',
    path: '/projects/shop',
    ready: 'Current release',
    keep: ['desktop-light'],
  },
  {
    name: 'overview-failed',
    path: '/projects/landing',
    ready: 'The build command failed',
  },
  {
    name: 'overview-traffic',
    path: '/projects/shop',
    ready: 'p99',
    act: (tab) => tab.getByRole('slider').scrollIntoViewIfNeeded(),
  },
  {
    name: 'overview-quiet',
    path: '/projects/docs',
    ready: 'No visitor in the last hour',
    act: (tab) => tab.getByRole('heading', { name: 'Traffic' }).scrollIntoViewIfNeeded(),
  },
  {
    name: 'environments',
    path: '/projects/shop/environments',
    ready: 'is waiting for approval',
    keep: ['desktop-light'],
  },
  {
    name: 'environments-approve',
    path: '/projects/shop/environments',
    ready: 'is waiting for approval',
    act: (tab) => tab.getByRole('button', { name: 'Approve e94b7c0' }).click(),
  },
  {
    name: 'environments-preview',
    path: '/projects/shop/environments',
    ready: 'is waiting for approval',
    act: (tab) => tab.getByRole('button', { name: 'Preview a branch' }).click(),
  },
  { name: 'environments-none', path: '/projects/docs/environments', ready: 'No previews yet' },
  { name: 'overview-app', path: '/projects/orders-api', ready: 'Healthy' },
  { name: 'overview-new', path: '/projects/notes', ready: 'Nothing deployed yet' },
  { name: 'deployments', path: '/projects/shop/deployments', ready: '#12', keep: ['desktop-dark'] },
  {
    name: 'deployments-filtered',
    path: '/projects/shop/deployments?status=failed',
    ready: 'No deployment matches',
  },
  {
    name: 'deployment-changes',
    path: '/projects/shop/deployments/dep_shop_12',
    ready: 'Live after',
    act: (tab) => tab.getByRole('heading', { name: 'Changes' }).scrollIntoViewIfNeeded(),
  },
  {
    name: 'deployment',
    path: '/projects/shop/deployments/dep_shop_12',
    ready: 'Live after',
    keep: ['desktop-light', 'phone-dark'],
  },
  {
    name: 'deployment-failed',
    path: '/projects/landing/deployments/dep_landing_6',
    ready: 'What to do:',
    keep: ['desktop-dark'],
  },
  {
    name: 'deployment-live',
    path: '/projects/docs',
    scene: 'building',
    ready: 'Documentation',
    act: followBuild,
  },
  {
    name: 'log-search',
    path: '/projects/shop/deployments/dep_shop_12',
    scene: 'long-log',
    ready: 'Deployment #12',
    act: searchLog,
  },
  { name: 'runtime-logs', path: '/projects/orders-api/logs', ready: 'GET /health' },
  { name: 'runtime-logs-static', path: '/projects/shop/logs', ready: 'prints nothing while' },
  { name: 'settings', path: '/projects/shop/settings', ready: 'Production branch' },
  { name: 'settings-build', path: '/projects/shop/settings/build', ready: 'Install command' },
  { name: 'settings-runtime', path: '/projects/shop/settings/runtime', ready: 'Build limits' },
  {
    name: 'settings-env',
    path: '/projects/shop/settings/environment',
    ready: 'VITE_API_URL',
    keep: ['desktop-dark'],
  },
  {
    name: 'settings-env-add',
    path: '/projects/shop/settings/environment',
    ready: 'VITE_API_URL',
    act: (tab) => tab.getByRole('button', { name: 'Add', exact: true }).click(),
  },
  {
    name: 'settings-env-empty',
    path: '/projects/notes/settings/environment',
    ready: 'No environment variables',
  },
  {
    name: 'settings-domains',
    path: '/projects/shop/settings/domains',
    scene: 'domains',
    ready: 'Waiting for DNS',
  },
  { name: 'settings-domains-local', path: '/projects/shop/settings/domains', ready: 'no public address yet' },
  { name: 'settings-git', path: '/projects/shop/settings/git', ready: 'Trusted' },
  {
    name: 'settings-deliveries',
    path: '/projects/shop/settings/git',
    ready: 'Trusted',
    act: (tab) => tab.getByRole('heading', { name: 'Recent deliveries' }).scrollIntoViewIfNeeded(),
  },
  {
    name: 'settings-key',
    path: '/projects/shop/settings/git',
    ready: 'Trusted',
    act: (tab) => tab.getByRole('button', { name: 'Reset host key' }).scrollIntoViewIfNeeded(),
  },
  {
    name: 'settings-git-none',
    path: '/projects/docs/settings/git',
    ready: 'Generate key',
    act: (tab) => tab.getByRole('button', { name: 'Generate key' }).scrollIntoViewIfNeeded(),
    expects: ['404'],
  },
  {
    name: 'settings-provider',
    path: '/projects/docs/settings/git',
    ready: 'Generate key',
    act: (tab) => tab.getByRole('button', { name: 'Connect', exact: true }).click(),
    expects: ['404'],
  },
  {
    name: 'settings-provider-failed',
    path: '/projects/landing/settings/git',
    ready: 'The last status update failed',
    act: (tab) => tab.getByText('The last status update failed').scrollIntoViewIfNeeded(),
    expects: ['404'],
  },
  { name: 'settings-previews', path: '/projects/shop/settings/previews', ready: 'Remove after (days)' },
  { name: 'settings-storage', path: '/projects/orders-api/settings/storage', ready: '46.1 MiB' },
  { name: 'settings-storage-none', path: '/projects/shop/settings/storage', ready: 'No volumes' },
  {
    name: 'settings-danger',
    path: '/projects/shop/settings/danger',
    ready: 'Delete this project',
    act: (tab) => tab.getByRole('button', { name: 'Delete…' }).click(),
  },
  { name: 'account', path: '/account', ready: 'Firefox on Windows' },
  {
    name: 'account-email',
    path: '/account',
    ready: 'Firefox on Windows',
    act: (tab) => tab.getByLabel('Email').fill('ada@example.org'),
  },
  {
    name: 'account-tokens',
    path: '/account',
    ready: 'laptop',
    act: (tab) => tab.getByRole('heading', { name: 'Invitations' }).scrollIntoViewIfNeeded(),
  },
  { name: 'account-token', path: '/account', ready: 'laptop', act: makeToken },
  { name: 'system', path: '/system', ready: 'All systems operational', keep: ['desktop-dark'] },
  { name: 'system-trouble', path: '/system', scene: 'trouble', ready: 'need attention' },
  { name: 'not-found', path: '/nowhere/at/all', ready: 'There is no page here' },
  { name: 'project-not-found', path: '/projects/gone', ready: 'There is no such project', expects: ['404'] },
]

async function signInWrongly(tab) {
  await tab.getByLabel('Email').fill('ada@example.com')
  await tab.getByLabel('Password').fill('wrong')
  await tab.getByRole('button', { name: 'Sign in' }).click()
  await tab.getByRole('alert').waitFor()
}

async function openDrawer(tab, size) {
  if (size === 'phone') await tab.getByRole('button', { name: 'Menu' }).click()
}

async function openPalette(tab) {
  await tab.keyboard.press('Control+k')
  await tab.getByPlaceholder('A project, a page').waitFor()
}

async function openUserMenu(tab, size) {
  await openDrawer(tab, size)
  await tab
    .getByRole('button', { name: /Ada Lovelace/ })
    .last()
    .click()
}

function lookAt(address) {
  return async (tab) => {
    await tab.getByLabel('Repository').fill(address)
    await tab.getByRole('button', { name: 'Import' }).click()
    await tab
      .getByText(/Configure|could not be read/)
      .first()
      .waitFor()
  }
}

async function followBuild(tab) {
  await tab.getByRole('link', { name: 'Follow it' }).click()
  await tab.getByText('Packages:').waitFor({ timeout: 20_000 })
}

async function searchLog(tab) {
  await tab.getByText('module-').first().waitFor({ timeout: 30_000 })
  await tab.getByLabel('Search the log').fill('TS2304')
  await tab.getByText(/1 of 101/).waitFor({ timeout: 30_000 })
}

async function makeToken(tab) {
  await tab.getByRole('button', { name: 'New token' }).click()
  await tab.getByLabel('Name', { exact: true }).fill('deploy bot')
  await tab.getByRole('button', { name: 'Create token' }).click()
  await tab.getByText('Copy your token now').waitFor()
}
