// The whole platform by docker compose, as an operator starts it: images, `up`, four kinds of projects deployed through
// it, an upgrade under load, `down` and `up` again. Prints what it measured; ends with an error when anything was lost.
//
//   node bench/compose/run.mjs                       with images that are there (IMAGE_PREFIX, default aether)
//   node bench/compose/run.mjs --build               builds them first; binaries in deploy/bin are taken as they are
//   COMPOSE="docker compose" node bench/compose/run.mjs
//
// It uses folders, ports, volumes and names of its own, and takes all of them away at the end.
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serveRepositories } from "../deploy/git-server.mjs";
import { send, waitForMarker } from "../deploy/http.mjs";
import { makeProjects } from "./projects.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const compose = (process.env.COMPOSE ?? "docker-compose").split(" ");
const prefix = process.env.IMAGE_PREFIX ?? "aether";
const owner = `compose${process.pid}`;
const SERVICES = ["api", "worker", "proxy"];
const MIB = 1024 * 1024;

const say = (text) => console.log(text);
const docker = (...args) => execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();

/** Ports that are free now, all held at once so that they differ. */
async function freePorts(names) {
  const servers = names.map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return Object.fromEntries(names.map((name, index) => [name, ports[index]]));
}

function buildImages() {
  const hasBinaries = existsSync(join(root, "deploy/bin/aether-api"));
  const bases = hasBinaries ? ["RUST_IMAGE", "NODE_IMAGE"].flatMap((name) => ["--build-arg", `${name}=debian:bookworm-slim`]) : [];
  for (const service of SERVICES) {
    const started = performance.now();
    execFileSync(
      "docker",
      ["build", "-q", "-f", "deploy/Dockerfile", "--target", service, "-t", `${prefix}-${service}:latest`, ...bases, "."],
      { cwd: root, env: { ...process.env, DOCKER_BUILDKIT: "0" }, stdio: ["ignore", "ignore", "inherit"] },
    );
    say(`built ${prefix}-${service} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}

/** An installation in a folder of its own: compose file, settings and secrets. */
async function install() {
  const folder = mkdtempSync("/var/tmp/aether-compose-");
  chmodSync(folder, 0o755);
  cpSync(join(root, "docker-compose.yml"), join(folder, "docker-compose.yml"));
  cpSync(join(root, "deploy"), join(folder, "deploy"), { recursive: true, filter: (path) => !path.endsWith("/bin") });
  const secrets = `/dev/shm/${owner}`;
  const ports = await freePorts(["api", "proxy", "admin", "beside", "postgres", "redis"]);
  const settings = {
    COMPOSE_PROJECT_NAME: owner,
    IMAGE_PREFIX: prefix,
    AETHER_APPS_DOMAIN: "aether.localhost",
    AETHER_PUBLIC_URL: `http://127.0.0.1:${ports.api}`,
    API_BIND: `127.0.0.1:${ports.api}`,
    POSTGRES_PORT: ports.postgres,
    REDIS_PORT: ports.redis,
    AETHER_PROXY_ADDR: `127.0.0.1:${ports.proxy}`,
    AETHER_PROXY_ADMIN_ADDR: `127.0.0.1:${ports.admin}`,
    AETHER_DATA_DIR: join(folder, "data"),
    AETHER_DEPLOYMENTS_DIR: join(folder, "deployments"),
    AETHER_DOCKER_SECRETS_DIR: secrets,
    AETHER_DOCKER_OWNER: owner,
    AETHER_GIT_ALLOWED_HOSTS: "127.0.0.0/8",
    ...authorities(),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(folder, ".env"), `${lines.join("\n")}\n`);
  mkdirSync(secrets, { mode: 0o700 });
  execFileSync("./deploy/make-secrets", {
    cwd: folder,
    env: { ...process.env, POSTGRES_PORT: String(ports.postgres), REDIS_PORT: String(ports.redis) },
    stdio: "ignore",
  });
  return { folder, secrets, ports };
}

/** Registries behind an authority of this machine's own: builds get it as an operator would give it to them. */
function authorities() {
  const file = "/etc/ssl/certs/ca-certificates.crt";
  if (process.env.NODE_EXTRA_CA_CERTS !== file) return {};
  const names = ["NODE_EXTRA_CA_CERTS", "PIP_CERT", "SSL_CERT_FILE"];
  return {
    ...Object.fromEntries(names.map((name) => [name, file])),
    AETHER_BUILD_ENV_PASSTHROUGH: names.join(","),
    AETHER_BUILD_MOUNTS: `${file}:${file}`,
  };
}

class Installation {
  constructor({ folder, secrets, ports }) {
    Object.assign(this, { folder, secrets, ports });
    this.base = `http://127.0.0.1:${ports.api}`;
    this.site = `http://127.0.0.1:${ports.proxy}/`;
  }

  // Not synchronous: visitors go on meanwhile.
  async compose(...args) {
    const [program, ...before] = compose;
    const { stdout, stderr } = await promisify(execFile)(program, [...before, ...args], { cwd: this.folder });
    if (process.env.VERBOSE) process.stderr.write(stderr);
    return stdout;
  }

  host(slug) {
    return { host: `${slug}.aether.localhost:${this.ports.proxy}` };
  }

  /** `up`, and the time until the API is ready and the proxy answers. */
  async up(...args) {
    const started = performance.now();
    await this.compose("up", "-d", ...args);
    await until("the API to be ready", () => send(`${this.base}/ready`).then((answer) => answer.status === 200));
    await until("the proxy to answer", () => send(this.site).then((answer) => answer.status < 600));
    return (performance.now() - started) / 1000;
  }

  /** The operator's upgrade; the images are here already. */
  async upgrade() {
    const env = { ...process.env, COMPOSE: compose.join(" "), AETHER_PROXY_BESIDE_ADMIN_ADDR: `127.0.0.1:${this.ports.beside}` };
    const { stdout } = await promisify(execFile)("./deploy/upgrade", ["--no-pull"], { cwd: this.folder, env });
    say(stdout.trim());
    await until("the API to be ready", () => send(`${this.base}/ready`).then((answer) => answer.status === 200));
  }

  /** The container of each service. */
  async containers() {
    const ids = {};
    for (const service of ["postgres", "redis", ...SERVICES]) ids[service] = (await this.compose("ps", "-q", service)).trim();
    return ids;
  }

  async call(method, path, body) {
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : {};
    const answer = await send(`${this.base}/api/v1${path}`, { method, headers, body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : undefined;
  }

  async claim() {
    const setup = await this.compose("exec", "-T", "api", "/bin/busybox", "cat", "/var/lib/aether/setup-token");
    const account = { email: "owner@example.com", password: "a long compose passphrase", name: "Owner" };
    await this.call("POST", "/auth/register", { ...account, setup_token: setup.trim() });
    this.token = (await this.call("POST", "/auth/login", { email: account.email, password: account.password })).access_token;
    this.token = (await this.call("POST", "/tokens", { name: "test", scopes: ["read", "write", "deploy"] })).secret;
  }

  async deploy(slug) {
    const { id } = await this.call("POST", `/projects/${slug}/deployments`, {});
    let deployment;
    await until(`${slug} to be deployed`, async () => {
      deployment = await this.call("GET", `/deployments/${id}`);
      return ["READY", "FAILED", "CANCELLED", "SUPERSEDED"].includes(deployment.status);
    }, 300);
    if (deployment.status !== "READY") {
      const log = await this.call("GET", `/deployments/${id}/logs?limit=1000`);
      throw new Error(`${slug}: ${deployment.status} ${JSON.stringify(deployment.error)}\n${log.items.map((line) => line.text).join("\n")}`);
    }
    return deployment;
  }

  apps() {
    return docker("ps", "-q", "--no-trunc", "--filter", `label=aether.owner=${owner}`, "--filter", "label=aether.kind=app").split("\n").sort();
  }

  async remove() {
    try {
      await this.compose("down", "-v", "--remove-orphans");
    } catch (error) {
      console.error(`down: ${error.message}`);
    }
    const mine = ["--filter", `label=aether.owner=${owner}`];
    for (const [list, removal] of [
      [["ps", "-aq"], ["rm", "-fv"]],
      [["network", "ls", "-q"], ["network", "rm"]],
      [["volume", "ls", "-q"], ["volume", "rm"]],
      [["images", "-q"], ["rmi", "-f"]],
    ]) {
      const ids = [...new Set(docker(...list, ...mine).split("\n").filter(Boolean))];
      if (ids.length > 0) docker(...removal, ...ids);
    }
    for (const path of [this.folder, this.secrets]) rmSync(path, { recursive: true, force: true });
  }
}

async function until(what, condition, seconds = 120) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    if (await Promise.resolve().then(condition).catch(() => false)) return;
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Visits all sites without pause while `work` is done. */
async function underLoad(platform, sites, work) {
  let running = true;
  let answered = 0;
  const failures = [];
  const visitor = async ({ slug, marker }, fresh) => {
    while (running) {
      const answer = await send(platform.site, { headers: platform.host(slug), fresh }).catch((error) => ({ status: 0, text: String(error) }));
      if (answer.status === 200 && answer.text.includes(marker)) answered += 1;
      else failures.push(`${slug}: ${answer.status} ${answer.text.slice(0, 80)}`);
    }
  };
  // Over connections that are kept, and over new ones.
  const visitors = sites.flatMap((site) => [visitor(site, false), visitor(site, true)]);
  try {
    await work();
  } finally {
    running = false;
    await Promise.all(visitors);
  }
  return { answered, failures };
}

function expect(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

function printSizes() {
  for (const service of SERVICES) {
    const bytes = Number(docker("image", "inspect", "--format", "{{.Size}}", `${prefix}-${service}:latest`));
    say(`image ${prefix}-${service}: ${(bytes / MIB).toFixed(1)} MiB`);
  }
}

/** New images of all three services, and the operator's command, while the sites have visitors. */
async function upgrade(platform, projects) {
  for (const service of SERVICES) {
    const image = `${prefix}-${service}:latest`;
    const dockerfile = `FROM ${image}\nLABEL upgraded=${owner}\n`;
    execFileSync("docker", ["build", "-q", "-t", image, "-"], { input: dockerfile, env: { ...process.env, DOCKER_BUILDKIT: "0" }, stdio: ["pipe", "ignore", "inherit"] });
  }
  const before = await platform.containers();
  const started = performance.now();
  const { answered, failures } = await underLoad(platform, projects, () => platform.upgrade());
  const after = await platform.containers();
  say(`upgrade of ${SERVICES.join(", ")} under load, ${((performance.now() - started) / 1000).toFixed(0)} s: ${answered} requests, ${failures.length} failed`);
  expect(failures.length === 0 && answered > 100, `no request fails: ${failures.slice(0, 3).join("; ")}`);
  for (const service of SERVICES) {
    expect(after[service] && after[service] !== before[service], `${service} was replaced: ${before[service]} to ${after[service]}`);
  }
  expect(docker("ps", "-aq", "--filter", `label=com.docker.compose.project=${owner}`).split("\n").length === Object.keys(after).length, "nothing is left beside");
}

async function main() {
  if (process.argv.includes("--build")) buildImages();
  say(`${docker("version", "--format", "engine {{.Server.Version}}")}, ${execFileSync(compose[0], [...compose.slice(1), "version", "--short"], { encoding: "utf8" }).trim()} (${compose.join(" ")})`);
  printSizes();
  const repositories = mkdtempSync("/var/tmp/aether-compose-git-");
  const git = await serveRepositories(repositories);
  const platform = new Installation(await install());
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => platform.remove().finally(() => process.exit(1)));
  try {
    await exercise(platform, git, repositories);
    say("nothing was lost");
  } catch (error) {
    for (const service of SERVICES) console.error(await platform.compose("logs", "--tail", "40", service));
    throw error;
  } finally {
    git.close();
    await platform.remove();
    rmSync(repositories, { recursive: true, force: true });
  }
}

async function exercise(platform, git, repositories) {
  say(`up after ${(await platform.up()).toFixed(1)} s`);
  await platform.claim();
  const projects = makeProjects(repositories);
  for (const project of projects) {
    await platform.call("POST", "/projects", { repo_url: `${git.url}/${project.slug}.git`, name: project.slug, ...project.settings });
    await platform.call("PUT", `/projects/${project.slug}/env/GREETING`, { value: "kept over down and up", secret: true });
    const started = performance.now();
    await platform.deploy(project.slug);
    await waitForMarker(platform.site, platform.host(project.slug), project.marker, 30);
    say(`${project.what}: deployed and answering after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  const status = await platform.call("GET", "/system/status");
  expect(status.workers[0]?.runtime === "docker", `the worker runs containers: ${JSON.stringify(status.workers)}`);

  const apps = platform.apps();
  await upgrade(platform, projects);

  const before = await platform.call("GET", "/projects?limit=100");
  await platform.compose("down");
  say(`down and up again after ${(await platform.up()).toFixed(1)} s`);
  for (const { slug, marker } of projects) await waitForMarker(platform.site, platform.host(slug), marker, 60);
  const after = await platform.call("GET", "/projects?limit=100");
  const live = (list) => JSON.stringify(list.items.map((project) => [project.slug, project.live_deployment?.id]).sort());
  expect(live(after) === live(before), "every project and its live release is there");
  const kept = apps.filter((id) => platform.apps().includes(id));
  expect(kept.length === apps.length, `the apps' containers were not touched: ${kept.length} of ${apps.length}`);
  // Sealed values can still be opened, and new releases made.
  await platform.deploy(projects[0].slug);
  expect(readFileSync(join(platform.folder, "secrets/secret_key"), "utf8").length > 30, "the key is where it was");
}

await main();
