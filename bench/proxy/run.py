#!/usr/bin/env python3
"""Measures the proxy beside nginx and HAProxy: same machine, same files, runs interleaved, medians printed.

    cargo build --release -p aether-proxy
    bench/proxy/run.py target/release/aether-proxy [--rounds 3] [--seconds 4] [--append bench/RESULTS.md]

Needs Debian's nginx, haproxy and wrk (installed when missing and the user is root). Everything listens on loopback and
lives in a private folder that is removed at the end. The proxy runs without Postgres and Redis, from its route
snapshot. Figures: requests/s, p50 and p99 as wrk saw them, CPU milliseconds of the server (all its processes) per
1,000 requests, resident memory after the run.
"""

import argparse, gzip, json, os, platform, random, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PORTS = {"aether": 18005, "aether-admin": 18006, "nginx": 18010, "haproxy": 18020, "upstream": 18030}
HOST = "site.bench.localhost"
APP = "app.bench.localhost"
PACKAGES = {"nginx": "nginx", "haproxy": "haproxy", "wrk": "wrk"}


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "-q", PACKAGES[name]], check=True, stdout=subprocess.DEVNULL)
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return found or sys.exit(f"{name} is missing: apt-get install {PACKAGES[name]}")


def text_of(size):
    words = [bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 9))) for _ in range(400)]
    out = b""
    while len(out) < size:
        out += random.choice(words) + b" "
    return out[:size]


class Folder:
    """The files, once as a release of ours and once as a plain root for nginx."""

    def __init__(self, root, hosts):
        random.seed(1)
        self.root = root
        self.release = uuid.UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0001)
        files = root / "deployments" / str(self.release) / "files"
        web = root / "web"
        files.mkdir(parents=True)
        web.mkdir()
        entries = {}
        for name, size in [("1k.html", 1024), ("100k.html", 100 * 1024), ("big.bin", 200 * 1024 * 1024)]:
            digest = name.encode().hex().ljust(64, "0")
            content = text_of(size) if size < 1 << 20 else os.urandom(1 << 20) * (size >> 20)
            (files / digest).write_bytes(content)
            (web / name).write_bytes(content)
            entry = {"sha256": digest, "size": size, "content_type": "text/html; charset=utf-8"}
            if name == "100k.html":
                packed = gzip.compress(content, 9)
                (files / f"{digest}.gz").write_bytes(packed)
                (web / f"{name}.gz").write_bytes(packed)
                entry["encodings"] = {"gzip": len(packed)}
            entries[name] = entry
        manifest = {"version": 1, "spa": False, "created": 1_700_000_000, "files": entries}
        (files.parent / "manifest.json").write_text(json.dumps(manifest))
        self.write_routes(hosts)

    def write_routes(self, hosts):
        static = {"type": "static", "deployment_id": type_id("dep", self.release)}
        app_id = uuid.UUID(int=self.release.int + 1)
        app = {"type": "app", "deployment_id": type_id("dep", app_id), "upstreams": [f"127.0.0.1:{PORTS['upstream']}"]}
        project = type_id("prj", self.release)
        names = [(HOST, static), (APP, app)] + [(f"s{n}.bench.localhost", static) for n in range(hosts)]
        routes = [
            {"host": host, "project_id": project, "kind": "production", "target": target, "version": 1}
            for host, target in names
        ]
        data = self.root / "data" / "proxy"
        data.mkdir(parents=True, exist_ok=True)
        (data / "routes.json").write_text(json.dumps({"version": 1, "routes": routes, "removed": []}))


def type_id(prefix, value):
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    return prefix + "_" + "".join(digits[(value.int >> (5 * (25 - i))) & 31] for i in range(26))


class Server:
    def __init__(self, name, command, port, env=None, log=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            command, env={**os.environ, **(env or {})}, stdout=log or subprocess.DEVNULL, stderr=log or subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f"{name} does not listen on {port}")
                time.sleep(0.05)

    def pids(self):
        found, parents = [self.process.pid], {self.process.pid}
        for entry in sorted(int(p) for p in os.listdir("/proc") if p.isdigit()):
            try:
                parent = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if parent in parents:
                parents.add(entry)
                found.append(entry)
        return found

    def cpu(self):
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self):
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE for pid in self.pids()) / 2**20

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(35)
        except subprocess.TimeoutExpired:
            self.process.kill()


def nginx_config(root, workers):
    return f"""daemon off; worker_processes {workers}; pid {root}/nginx.pid; error_log {root}/nginx.err crit;
user root;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; etag on;
  keepalive_timeout 75s; keepalive_requests 10000000; gzip_static on;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
  upstream app {{ server 127.0.0.1:{PORTS['upstream']}; keepalive 128; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{PORTS['nginx']} reuseport backlog=4096; root {root}/web; server_name {HOST};
  }}
  server {{
    listen 127.0.0.1:{PORTS['nginx']}; server_name {APP};
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Request-Id $request_id;
    }}
  }}
}}
"""


def upstream_config(root):
    return f"""daemon off; worker_processes 1; pid {root}/up.pid; error_log {root}/up.err crit;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 10000000; keepalive_timeout 60s;
  server {{ listen 127.0.0.1:{PORTS['upstream']} backlog=4096; location / {{ default_type text/plain; return 200 "{'x' * 1024}"; }} }}
}}
"""


def haproxy_config():
    return f"""global
  maxconn 8000
  nbthread {os.cpu_count()}
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{PORTS['haproxy']}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Request-Id %[uuid()]
  default_backend b
backend b
  server s 127.0.0.1:{PORTS['upstream']} pool-max-conn 256
"""


WORK = [
    # name, host, path, connections, headers, servers
    ("static 1 KiB", HOST, {"aether": "/1k", "nginx": "/1k.html"}, 64, [], ["nginx", "aether"]),
    ("static 100 KiB", HOST, {"aether": "/100k", "nginx": "/100k.html"}, 64, [], ["nginx", "aether"]),
    ("static 100 KiB, gzip", HOST, {"aether": "/100k", "nginx": "/100k.html"}, 64, ["Accept-Encoding: gzip"], ["nginx", "aether"]),
    ("200 MB file", HOST, {"aether": "/big.bin", "nginx": "/big.bin"}, 4, [], ["nginx", "aether"]),
    ("reverse proxy 1 KiB", APP, {"aether": "/", "nginx": "/", "haproxy": "/"}, 64, [], ["nginx", "haproxy", "aether"]),
]


def wrk(port, host, path, connections, headers, seconds, script=None):
    command = [tool("wrk"), "-t1" if connections < 64 else "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-H", f"Host: {host}"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", str(script)]
    out = subprocess.run(command + [f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        print(out, file=sys.stderr)
    number = lambda pattern: re.search(pattern, out).group(1)
    return {
        "rate": float(number(r"Requests/sec:\s+([\d.]+)")),
        "count": int(number(r"(\d+) requests in")),
        "p50": milliseconds(number(r"50%\s+([\d.]+\w+)")),
        "p99": milliseconds(number(r"99%\s+([\d.]+\w+)")),
    }


def milliseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def measure(server, *arguments, **more):
    before = server.cpu()
    result = wrk(server.port, *arguments, **more)
    result["cpu"] = (server.cpu() - before) * 1000 / (result["count"] / 1000)
    result["memory"] = server.memory()
    return result


def median(results):
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def idle_memory(server, count):
    """User memory per idle keep-alive connection, in KiB."""
    before = server.memory()
    sockets = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", server.port))
        path = "/1k" if server.name == "aether" else "/1k.html"
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        while b"\r\n\r\n" not in s.recv(65536):
            pass
        sockets.append(s)
    time.sleep(0.5)
    after = server.memory()
    for s in sockets:
        s.close()
    return (after - before) * 1024 / count


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--append")
    arguments.add_argument("--only")
    options = arguments.parse_args()
    root = Path(tempfile.mkdtemp(prefix="bench-proxy-"))
    servers = {}
    try:
        folder = Folder(root, 0)
        (root / "nginx.conf").write_text(nginx_config(root, os.cpu_count()))
        (root / "up.conf").write_text(upstream_config(root))
        (root / "haproxy.cfg").write_text(haproxy_config())
        start = lambda: Server("aether", [options.binary], PORTS["aether"], {
            "AETHER_PROXY_ADDR": f"127.0.0.1:{PORTS['aether']}",
            "AETHER_PROXY_ADMIN_ADDR": f"127.0.0.1:{PORTS['aether-admin']}",
            "AETHER_DATA_DIR": str(root / "data"),
            "AETHER_DEPLOYMENTS_DIR": str(root / "deployments"),
            "AETHER_PROXY_MAX_CLIENT_CONNECTIONS": "20000",
            "AETHER_PROXY_DRAIN": "1s",
            "AETHER_LOG": "error",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1",
        })
        servers["upstream"] = Server("upstream", [tool("nginx"), "-c", f"{root}/up.conf"], PORTS["upstream"])
        servers["nginx"] = Server("nginx", [tool("nginx"), "-c", f"{root}/nginx.conf"], PORTS["nginx"])
        servers["haproxy"] = Server("haproxy", [tool("haproxy"), "-db", "-f", f"{root}/haproxy.cfg"], PORTS["haproxy"])
        servers["aether"] = start()
        time.sleep(0.5)
        lines = [row("work", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms / 1,000", "RSS MiB", "rate ratio", "CPU ratio"),
                 row(*["---"] * 9)]
        idle_rss = {name: server.memory() for name, server in servers.items()}
        for name, host, paths, connections, headers, names in WORK:
            if options.only and options.only not in name:
                continue
            results = {server: [] for server in names}
            seconds = options.seconds if "200 MB" not in name else options.seconds + 2
            for server in names:
                wrk(PORTS[server], host, paths[server], connections, headers, 1)
            for _ in range(options.rounds):
                for server in names:
                    results[server].append(measure(servers[server], host, paths[server], connections, headers, seconds))
            medians = {server: median(results[server]) for server in names}
            base_rate = max(medians[server]["rate"] for server in names if server != "aether")
            base_cpu = min(medians[server]["cpu"] for server in names if server != "aether")
            for server in names:
                m = medians[server]
                ratio = (f"{m['rate'] / base_rate:.2f}", f"{m['cpu'] / base_cpu:.2f}") if server == "aether" else ("", "")
                lines.append(row(name, server, f"{m['rate']:,.0f}", f"{m['p50']:.2f}", f"{m['p99']:.2f}", f"{m['cpu']:.1f}", f"{m['memory']:.0f}", *ratio))
                print(lines[-1], flush=True)
        notes = []
        if not options.only:
            idle = {name: idle_memory(servers[name], 2000) for name in ("nginx", "aether")}
            notes.append("Resident memory before any request: " + ", ".join(f"{n} {idle_rss[n]:.1f} MiB" for n in ("nginx", "haproxy", "aether")) + ".")
            notes.append("User memory per idle keep-alive connection (2,000 open): " + ", ".join(f"{n} {v:.1f} KiB" for n, v in idle.items()) + ".")
            notes += many_hosts(folder, servers, start, options)
        report(lines, notes, options)
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(root)


def many_hosts(folder, servers, start, options):
    notes, base = [], None
    for hosts in (1, 10_000, 100_000):
        servers.pop("aether").stop()
        folder.write_routes(hosts)
        servers["aether"] = start()
        deadline = time.monotonic() + 20
        while f'"routes":{hosts + 2}' not in ready():
            if time.monotonic() > deadline:
                sys.exit("the routes were not loaded")
            time.sleep(0.05)
        memory = servers["aether"].memory()
        script = folder.root / "hosts.lua"
        script.write_text(
            f"local n={hosts}\nlocal i=0\nrequest = function()\n i = (i * 1103515245 + 12345) % 2147483648\n"
            " return wrk.format('GET', '/1k', {Host = 's' .. (i % n) .. '.bench.localhost'})\nend\n"
        )
        results = [measure(servers["aether"], HOST, "/1k", 64, [], options.seconds, script=script) for _ in range(options.rounds)]
        m = median(results)
        base = base or m
        note = f"{hosts:,} hosts in the table, requests spread over all: {m['rate']:,.0f} requests/s ({m['rate'] / base['rate']:.2f} of one host), p99 {m['p99']:.2f} ms, resident memory after loading {memory:.1f} MiB."
        print(note, flush=True)
        notes.append(note)
    return notes


def ready():
    with socket.create_connection(("127.0.0.1", PORTS["aether-admin"])) as s:
        s.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: s.recv(4096), b"")).decode()


def report(lines, notes, options):
    version = lambda command: subprocess.run(command, capture_output=True, text=True)
    nginx = version([tool("nginx"), "-v"]).stderr.strip().split("/")[-1]
    haproxy = version([tool("haproxy"), "-v"]).stdout.split()[2]
    cpu = next((l.split(":")[1].strip() for l in Path("/proc/cpuinfo").read_text().splitlines() if l.startswith("model name")), platform.machine())
    head = f"## Proxy, {time.strftime('%Y-%m-%d')}\n\n{os.cpu_count()} x {cpu}, Linux {platform.release()}, loopback, wrk beside the servers; nginx {nginx}, HAProxy {haproxy}. {options.rounds} interleaved runs of {options.seconds} s, medians. Ratios are to the better of the others."
    text = "\n".join([head, "", *lines, "", *(f"- {note}" for note in notes), ""])
    print(text)
    if options.append:
        with open(options.append, "a") as out:
            out.write(text + "\n")


main()
