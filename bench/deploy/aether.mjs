// An `aether up` of the benchmark's own, and its API.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./bare.mjs";
import { send, waitForMarker } from "./http.mjs";

/** `settings` are variables of the platform; without them it runs sandboxed processes. */
export async function startAether(binary, settings = { AETHER_RUNTIME: "process" }) {
  const data = mkdtempSync(join(tmpdir(), "bench-aether-"));
  chmodSync(data, 0o755); // as root, its servers and builds run as other users
  const [api, proxy, admin] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(binary, ["up"], {
    env: {
      ...process.env,
      ...settings,
      AETHER_DATA_DIR: data,
      AETHER_API_ADDR: `127.0.0.1:${api}`,
      AETHER_PROXY_ADDR: `127.0.0.1:${proxy}`,
      AETHER_PROXY_ADMIN_ADDR: `127.0.0.1:${admin}`,
    },
    stdio: ["ignore", process.env.VERBOSE ? "inherit" : "ignore", "inherit"],
  });
  const base = `http://127.0.0.1:${api}/api/v1`;
  const tokenFile = join(data, "setup-token");
  await until(() => existsSync(tokenFile) && send(`http://127.0.0.1:${api}/ready`).then((r) => r.status === 200));
  const account = { email: "bench@example.com", password: "a long bench passphrase", name: "Bench" };
  await call("POST", "/auth/register", { ...account, setup_token: readFileSync(tokenFile, "utf8").trim() }, null);
  const session = await call("POST", "/auth/login", { email: account.email, password: account.password }, null);
  const token = (await call("POST", "/tokens", { name: "bench", scopes: ["read", "write", "deploy"] }, session.access_token)).secret;

  async function call(method, path, body, bearer = token) {
    const headers = bearer ? { authorization: `Bearer ${bearer}` } : {};
    const answer = await send(base + path, { method, headers, body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : undefined;
  }

  return {
    pid: child.pid,
    api: `http://127.0.0.1:${api}`,
    call,
    host: (slug) => ({ host: `${slug}.aether.localhost:${proxy}` }),
    site: `http://127.0.0.1:${proxy}/`,
    /** Milliseconds from the call to the first request that shows the marker. */
    async deploy(slug, marker) {
      const started = performance.now();
      const deployment = await call("POST", `/projects/${slug}/deployments`, {});
      const failed = this.watch(deployment.id);
      await Promise.race([waitForMarker(this.site, this.host(slug), marker), failed]);
      return { elapsed: performance.now() - started, id: deployment.id };
    },
    /** Rejects when the deployment ends without being live. */
    async watch(id) {
      for (;;) {
        const { status, error } = await call("GET", `/deployments/${id}`);
        if (["FAILED", "CANCELLED", "SUPERSEDED"].includes(status)) throw new Error(`${status}: ${JSON.stringify(error)}`);
        if (status === "READY") return new Promise(() => {});
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    },
    async stop() {
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function until(condition, seconds = 60) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    if (await Promise.resolve(condition()).catch(() => false)) return;
    if (performance.now() > end) throw new Error("aether up did not become ready");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Resident memory in MiB: the process itself, and with all its descendants. */
export function residentMemory(pid) {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const field = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      return [{ pid: Number(name), parent: field("PPid"), rss: field("RssAnon") + field("RssFile") , shared: field("RssShmem")}];
    } catch {
      return [];
    }
  });
  const own = processes.find((process) => process.pid === pid);
  const family = new Set([pid]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const process of processes) if (family.has(process.parent)) family.add(process.pid);
  }
  const total = processes.filter((process) => family.has(process.pid)).reduce((sum, process) => sum + process.rss, 0);
  return { own: own.rss / 1024, total: total / 1024 };
}
