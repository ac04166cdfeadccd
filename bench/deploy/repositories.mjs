// The three repositories of the benchmark, and new commits to them.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "init.defaultBranch=main"];
const git = (cwd, ...args) => execFileSync("git", [...identity, ...args], { cwd, stdio: ["ignore", "ignore", "inherit"] });

const page = (title, marker) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><body><h1>${title}</h1><p id="marker">${marker}</p></body></html>\n`;

export const KINDS = {
  static: {
    files: () => Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`page${n}.html`, page(`Page ${n}`, "x".repeat(4000))])),
    marked: (marker) => ({ "index.html": page("Static", marker) }),
    lock: false,
  },
  vite: {
    files: () => ({
      "package.json": JSON.stringify({
        name: "bench-vite",
        private: true,
        type: "module",
        scripts: { build: "vite build" },
        dependencies: { react: "19.3.1", "react-dom": "19.3.1" },
        devDependencies: { vite: "8.3.8", "@vitejs/plugin-react": "6.3.0" },
      }),
      "vite.config.js": 'import react from "@vitejs/plugin-react";\nexport default { plugins: [react()] };\n',
      "src/main.jsx":
        'import { createRoot } from "react-dom/client";\ncreateRoot(document.getElementById("root")).render(<h1>Vite</h1>);\n',
    }),
    marked: (marker) => ({
      "index.html": `<!doctype html><html lang="en"><meta charset="utf-8"><title>Vite</title><body><p id="marker">${marker}</p><div id="root"></div><script type="module" src="/src/main.jsx"></script></body></html>\n`,
    }),
    lock: true,
  },
  express: {
    files: () => ({
      "package.json": JSON.stringify({
        name: "bench-express",
        private: true,
        scripts: { start: "node server.js" },
        dependencies: { express: "5.2.1" },
      }),
    }),
    marked: (marker) => ({
      "server.js": `const app = require("express")();\napp.get("/", (_, response) => response.send(${JSON.stringify(page("Express", marker))}));\nconst server = app.listen(process.env.PORT, process.env.HOST);\nprocess.on("SIGTERM", () => server.close(() => process.exit(0)));\n`,
    }),
    lock: true,
  },
};

/** Another version of the package itself: the lockfile is new, what is to be installed is not. */
function relock(work, version) {
  for (const name of ["package.json", "package-lock.json"]) {
    const path = join(work, name);
    const manifest = { ...JSON.parse(readFileSync(path, "utf8")), version };
    if (manifest.packages) manifest.packages[""].version = version;
    writeFileSync(path, JSON.stringify(manifest, null, 2));
  }
}

/** Makes a bare repository `<root>/<name>.git` with one commit; `commit(marker)` adds another, with a new lockfile if asked. */
export function makeRepository(root, name, kind, marker) {
  const work = join(root, "work", name);
  const bare = join(root, `${name}.git`);
  const write = (files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), text);
    }
  };
  mkdirSync(work, { recursive: true });
  write({ ...KINDS[kind].files(), ...KINDS[kind].marked(marker) });
  if (KINDS[kind].lock) execFileSync("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund"], { cwd: work, stdio: ["ignore", "ignore", "ignore"] });
  git(work, "init", "-q");
  git(work, "add", "-A");
  git(work, "commit", "-qm", "First");
  execFileSync("git", ["clone", "-q", "--bare", work, bare]);
  git(work, "remote", "add", "origin", bare);
  return {
    path: `/${name}.git`,
    commit(next, version) {
      if (version) relock(work, version);
      write(KINDS[kind].marked(next));
      git(work, "commit", "-qam", `Mark ${next}`);
      git(work, "push", "-q", "origin", "HEAD:main");
    },
  };
}
