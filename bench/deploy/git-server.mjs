// Serves the bare repositories of a folder over smart HTTP by `git http-backend`, on loopback.
import { spawn, execFileSync } from "node:child_process";
import { createServer } from "node:http";

const backend = `${execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim()}/git-http-backend`;

export function serveRepositories(root) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const env = {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: request.headers["git-protocol"] ?? "",
      REMOTE_ADDR: "127.0.0.1",
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_CONFIG_KEY_1: "uploadpack.allowReachableSHA1InWant",
      GIT_CONFIG_VALUE_1: "true",
    };
    const child = spawn(backend, { env, stdio: ["pipe", "pipe", "inherit"] });
    request.pipe(child.stdin);
    child.stdin.on("error", () => {});
    relay(child.stdout, response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() });
    });
  });
}

// Turns the CGI answer (headers, empty line, body) into an HTTP answer.
function relay(stdout, response) {
  let head = Buffer.alloc(0);
  let started = false;
  stdout.on("data", (chunk) => {
    if (started) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    started = true;
    for (const line of head.subarray(0, end).toString().split("\r\n")) {
      const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      if (name?.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
      else if (name) response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
  });
  stdout.on("end", () => response.end());
}
