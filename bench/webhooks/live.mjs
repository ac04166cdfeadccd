// From `git push` to the live site, through the webhook; then a pull request from its opening to its end, a fork's request,
// and a push that is ignored. See README.md. Prints Markdown for bench/RESULTS.md.
import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startAether } from "../deploy/aether.mjs";
import { serveRepositories } from "../deploy/git-server.mjs";
import { send, waitForMarker } from "../deploy/http.mjs";
import { makeRepository } from "../deploy/repositories.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const target = process.env.CARGO_TARGET_DIR ?? join(dirname(fileURLToPath(import.meta.url)), "../../target");
const binary = process.env.AETHER_BIN ?? join(target, "release/aether");

const root = mkdtempSync(join(tmpdir(), "bench-live-"));
const server = await serveRepositories(root);
const aether = await startAether(binary);
const provider = await startProvider();
try {
  console.log(`machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}\n`);
  console.log("| work | push to live ms | install and build ms | difference ms | bar ms |\n|---|---|---|---|---|");
  for (const kind of ["static", "vite"]) console.log(await pushes(kind));
  await requests();
} finally {
  await aether.stop();
  provider.close();
  server.close();
  rmSync(root, { recursive: true, force: true });
}

/** Pushes a change and waits for it, `RUNS` times after one that warms caches. */
async function pushes(kind) {
  const name = `live-${kind}`;
  const repository = makeRepository(root, name, kind, "marker-0");
  const project = await aether.call("POST", "/projects", { repo_url: server.url + repository.path, name, branch: "main" });
  await aether.deploy(name, "marker-0");
  const measured = [];
  for (let run = 1; run <= RUNS + 1; run += 1) {
    const started = performance.now();
    repository.commit(`marker-${run}`);
    const answer = await push(project, name, "main");
    await waitForMarker(aether.site, aether.host(name), `marker-${run}`);
    const elapsed = performance.now() - started;
    const build = await buildTime(answer.deployment_id);
    if (run > 1) measured.push({ elapsed, build, difference: elapsed - build });
  }
  const at = (key) => median(measured.map((one) => one[key])).toFixed(0);
  return `| ${kind} | ${at("elapsed")} | ${at("build")} | ${at("difference")} (most ${Math.max(...measured.map((one) => one.difference)).toFixed(0)}) | 1000 |`;
}

/** Milliseconds of what the project's own commands took. */
async function buildTime(id) {
  for (;;) {
    const { status, steps } = await aether.call("GET", `/deployments/${id}`);
    if (status === "READY") {
      const own = steps.filter(({ step }) => step === "install" || step === "build");
      return own.reduce((sum, { started_at, finished_at }) => sum + (Date.parse(finished_at) - Date.parse(started_at)), 0);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function requests() {
  const repository = makeRepository(root, "site", "static", "ours");
  const work = join(root, "work/site");
  const project = await aether.call("POST", "/projects", { repo_url: server.url + repository.path, name: "site", branch: "main" });
  await aether.deploy("site", "ours");
  await aether.call("PUT", "/projects/site/provider", { forge: "gitea", api_url: `${provider.url}/api/v1`, token: "a-token" });

  const head = branch(work, "page", "a preview");
  const opened = await request(project, 7, "opened", "page", head, 1);
  console.log(`\npull request #7 opened: ${opened.verdict}: ${opened.reason}`);
  await waitForMarker(aether.site, aether.host("site-pr-7"), "a preview");
  const comment = await until(() => provider.comments().find((text) => text.includes("is live")));
  console.log(`its preview answers at ${aether.host("site-pr-7").host}, and its comment says: ${comment.split("\n")[0]}`);
  const closed = await request(project, 7, "closed", "page", head, 1);
  console.log(`closed: ${closed.verdict}: ${closed.reason}`);
  await until(() => provider.comments().length === 0);
  const gone = await until(async () => (await send(aether.site, { headers: aether.host("site-pr-7") })).status === 404);
  console.log(`the preview's host answers 404: ${gone}; comments left: ${provider.comments().length}`);

  const stranger = branch(work, "strange", "a stranger's");
  execFileSync("git", ["-C", join(root, "site.git"), "update-ref", "refs/pull/8/head", stranger]);
  const fork = await request(project, 8, "opened", "strange", stranger, 99);
  console.log(`\nfork's request #8: ${fork.verdict}: ${fork.reason}`);
  const { items } = await aether.call("GET", "/projects/site/environments");
  const waiting = items.find((item) => item.pull_request?.number === 8);
  console.log(`deployments of it before an approval: ${(await aether.call("GET", "/projects/site/deployments")).items.filter((one) => one.environment === "pull-request:8").length}`);
  await aether.call("POST", `/projects/site/environments/${waiting.id}/approve`, { head: stranger });
  await waitForMarker(aether.site, aether.host("site-pr-8"), "a stranger's");
  console.log("approved: its preview answers");

  await push(project, "site", "strange");
  console.log("\nthe delivery log:");
  const log = await aether.call("GET", "/projects/site/webhook-deliveries");
  for (const { forge, event, verdict, reason } of log.items.toReversed()) console.log(`  ${forge} ${event}: ${verdict}: ${reason}`);
}

/** Another branch with one change; answers with its head. */
function branch(work, name, marker) {
  const git = (...args) => execFileSync("git", ["-c", "user.name=bench", "-c", "user.email=bench@localhost", ...args], { cwd: work, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  git("checkout", "-q", "-B", name);
  writeFileSync(join(work, "index.html"), `<p id="marker">${marker}</p>`);
  git("commit", "-qam", `Mark ${marker}`);
  git("push", "-q", "origin", `HEAD:${name}`);
  return git("rev-parse", "HEAD").trim();
}

function push(project, name, branchName) {
  const commit = execFileSync("git", ["-C", join(root, `${name}.git`), "rev-parse", branchName], { encoding: "utf8" }).trim();
  return deliver(project, "push", { ref: `refs/heads/${branchName}`, after: commit, head_commit: { id: commit, message: "Change" } });
}

function request(project, number, action, branchName, sha, repository) {
  return deliver(project, "pull_request", {
    action,
    number,
    pull_request: { number, title: "Change a page", html_url: `${server.url}/site/pulls/${number}`, head: { ref: branchName, sha, repo: { id: repository } }, base: { ref: "main", sha, repo: { id: 1 } } },
    repository: { id: 1, clone_url: `${server.url}/site.git`, default_branch: "main" },
  });
}

async function deliver(project, event, body) {
  const text = JSON.stringify(body);
  const answer = await fetch(`${aether.api}${new URL(project.webhook.url).pathname}`, {
    method: "POST",
    body: text,
    headers: {
      "content-type": "application/json",
      "x-gitea-event": event,
      "x-gitea-delivery": randomUUID(),
      "x-gitea-signature": createHmac("sha256", project.webhook.secret).update(text).digest("hex"),
    },
  });
  if (!answer.ok) throw new Error(`${event}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Gitea's comments on loopback; statuses are only taken. */
async function startProvider() {
  const comments = new Map();
  const listener = createServer(async (call, response) => {
    let body = "";
    for await (const chunk of call) body += chunk;
    const id = Number(/\/issues\/comments\/(\d+)$/.exec(call.url)?.[1] ?? 0);
    if (call.method === "DELETE") comments.delete(id);
    else if (/comments(\/\d+)?$/.test(call.url)) comments.set(id || 42, JSON.parse(body).body);
    response.writeHead(call.method === "DELETE" ? 204 : 201, { "content-type": "application/json" });
    response.end(call.method === "DELETE" ? undefined : JSON.stringify({ id: id || 42 }));
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, comments: () => [...comments.values()], close: () => listener.close() };
}

async function until(look, seconds = 60) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited too long: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
