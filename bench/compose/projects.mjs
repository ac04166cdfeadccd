// Four kinds of projects: a Node server, a Python server, a Dockerfile, a static site that needs a build.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"];

const nodeServer = (marker, port) =>
  `const server = require("node:http").createServer((_, answer) => answer.end(${JSON.stringify(marker)}));
server.listen(${port}, "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

const PROJECTS = [
  {
    slug: "node-server",
    what: "Node server",
    marker: "answered by node",
    files: {
      "package.json": JSON.stringify({ name: "app", private: true, scripts: { start: "node server.js" }, dependencies: { ms: "2.1.3" } }),
      "server.js": `require("ms");\n${nodeServer("answered by node", "process.env.PORT")}`,
    },
  },
  {
    slug: "python-server",
    what: "Python server",
    marker: "answered by python",
    files: {
      "requirements.txt": "flask==3.1.0\ngunicorn==23.0.0\n",
      "app.py": 'from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get("/")\ndef index():\n    return "answered by python"\n',
    },
  },
  {
    slug: "dockerfile",
    what: "Dockerfile project",
    marker: "answered by an image",
    files: {
      Dockerfile: 'FROM node:22-bookworm-slim\nCOPY server.js /srv/\nEXPOSE 8080\nUSER node\nCMD ["node", "/srv/server.js"]\n',
      "server.js": nodeServer("answered by an image", "8080"),
    },
  },
  {
    slug: "static-site",
    what: "static site with a build",
    marker: "built page",
    settings: { kind: "static", output_directory: "dist" },
    files: {
      "package.json": JSON.stringify({ name: "site", private: true, scripts: { build: "node build.js" } }),
      "build.js": 'const fs = require("node:fs");\nfs.mkdirSync("dist", { recursive: true });\nfs.writeFileSync("dist/index.html", "<p>built page</p>");\n',
    },
  },
];

/** Makes a bare repository `<folder>/<slug>.git` of each. */
export function makeProjects(folder) {
  for (const { slug, files } of PROJECTS) {
    const work = join(folder, "work", slug);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), text);
    }
    const git = (...args) => execFileSync("git", [...identity, ...args], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "First");
    git("clone", "-q", "--bare", work, join(folder, `${slug}.git`));
  }
  return PROJECTS;
}
