// See README.md. Deploys every app of apps/ and prints a table in Markdown.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startAether } from "../deploy/aether.mjs";
import { serveRepositories } from "../deploy/git-server.mjs";
import { send } from "../deploy/http.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target");
const binary = process.env.AETHER_BIN ?? join(target, "debug/aether");
/** One deployment, a cold cache and a busy machine included. */
const DEPLOY_SECONDS = Number(process.env.DEPLOY_SECONDS ?? 300);
/** Between a deployment's end and the proxy's answer. */
const ANSWER_SECONDS = 5;
/** What an operator behind a registry of their own passes on to builds. */
const PASSED_ON = [
  "GOPROXY",
  "NODE_EXTRA_CA_CERTS",
  "NPM_CONFIG_REGISTRY",
  "PIP_CERT",
  "PIP_INDEX_URL",
  "REQUESTS_CA_BUNDLE",
  "SSL_CERT_FILE",
  "UV_DEFAULT_INDEX",
];

process.env.AETHER_BUILD_ENV_PASSTHROUGH ??= PASSED_ON.join(",");
const wanted = process.argv.slice(2);
const apps = readdirSync(join(here, "apps")).filter((name) => wanted.length === 0 || wanted.includes(name));
const root = mkdtempSync(join(tmpdir(), "bench-ecosystems-"));
const server = await serveRepositories(root);
const aether = await startAether(binary);
let failed = 0;
try {
  console.log("| app | found | kind | install | seconds | answer |\n|---|---|---|---|---|---|");
  for (const app of apps) console.log(await measure(app));
  console.log(`\n${apps.length - failed} of ${apps.length} apps answered`);
} finally {
  await aether.stop();
  server.close();
  rmSync(root, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

async function measure(app) {
  const repository = makeRepository(app);
  const started = performance.now();
  await aether.call("POST", "/projects", { repo_url: server.url + repository, name: app });
  const { id } = await aether.call("POST", `/projects/${app}/deployments`, {});
  const deployment = await ended(id);
  const answer = await outcome(app, deployment);
  if (answer !== "ok") failed += 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const plan = deployment.plan ?? {};
  const cells = [app, plan.framework ?? plan.language, plan.kind, plan.install_command, seconds, answer];
  return `| ${cells.map((cell) => String(cell ?? "").replaceAll("|", "\\|").replaceAll("\n", "<br>")).join(" | ")} |`;
}

/** The bare repository of a copy of the app's folder, as a path on the server. */
function makeRepository(app) {
  const work = join(root, "work", app);
  mkdirSync(dirname(work), { recursive: true });
  cpSync(join(here, "apps", app), work, { recursive: true });
  const identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "init.defaultBranch=main"];
  const git = (...args) => execFileSync("git", [...identity, ...args], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  git("init", "-q");
  git("add", "-A", "--force");
  git("commit", "-qm", "First");
  git("clone", "-q", "--bare", work, join(root, `${app}.git`));
  return `/${app}.git`;
}

async function ended(id) {
  for (const end = performance.now() + DEPLOY_SECONDS * 1000; ; ) {
    const deployment = await aether.call("GET", `/deployments/${id}`);
    if (["READY", "FAILED", "CANCELLED", "SUPERSEDED"].includes(deployment.status)) return deployment;
    if (performance.now() > end) {
      await aether.call("POST", `/deployments/${id}/cancel`);
      return { ...deployment, status: `not done after ${DEPLOY_SECONDS} s` };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** "ok" when the app's page comes through the proxy; every app answers "<its folder's name> answers". */
async function outcome(app, { status, error }) {
  if (status !== "READY") return `failed: ${status} ${error ? [error.title, error.detail, error.log_excerpt].flat().filter(Boolean).join(" ") : ""}`;
  let last;
  for (const end = performance.now() + ANSWER_SECONDS * 1000; performance.now() < end; ) {
    last = await send(aether.site, { headers: aether.host(app) }).catch((problem) => ({ status: 0, text: String(problem) }));
    if (last.status === 200 && last.text.includes(`${app} answers`)) return "ok";
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return `failed: ${last.status} ${last.text.slice(0, 300)}`;
}
