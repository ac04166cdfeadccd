"""The servers of the benchmark, set up as their manuals advise, and the files they serve."""

import gzip, json, os, random, shutil, signal, socket, subprocess, sys, time, uuid
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PORTS = {
    "aether": 18005, "aether-admin": 18006, "aether-tls": 18007, "nginx": 18010, "nginx-tls": 18011, "haproxy": 18020,
    "upstream": 18030, "sockets": 18031, "caddy": 18040,
}
HOST = "site.bench.localhost"
APP = "app.bench.localhost"
SOCKETS = "sockets.bench.localhost"
PACKAGES = {
    "nginx": "nginx libnginx-mod-http-brotli-static", "haproxy": "haproxy", "wrk": "wrk", "caddy": "caddy",
    "h2load": "nghttp2-client", "brotli": "brotli", "openssl": "openssl", "slowhttptest": "slowhttptest",
}


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES[name].split()], check=True, stdout=subprocess.DEVNULL)
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
            os.link(files / digest, web / name)
            entry = {"sha256": digest, "size": size, "content_type": "text/html; charset=utf-8"}
            if name == "100k.html":
                packed = gzip.compress(content, 9)
                (files / f"{digest}.gz").write_bytes(packed)
                (web / f"{name}.gz").write_bytes(packed)
                subprocess.run([tool("brotli"), "-q", "11", "-k", str(web / name)], check=True)
                brotli = (web / f"{name}.br").read_bytes()
                (files / f"{digest}.br").write_bytes(brotli)
                entry["encodings"] = {"gzip": len(packed), "br": len(brotli)}
            entries[name] = entry
        manifest = {"version": 1, "spa": False, "created": 1_700_000_000, "files": entries}
        (files.parent / "manifest.json").write_text(json.dumps(manifest))
        self.write_routes(hosts)
        self.certificate = make_certificate(root)

    def write_routes(self, hosts):
        static = {"type": "static", "deployment_id": type_id("dep", self.release)}
        app_id = uuid.UUID(int=self.release.int + 1)
        app = {"type": "app", "deployment_id": type_id("dep", app_id), "upstreams": [f"127.0.0.1:{PORTS['upstream']}"]}
        sockets_id = uuid.UUID(int=self.release.int + 2)
        sockets = {"type": "app", "deployment_id": type_id("dep", sockets_id), "upstreams": [f"127.0.0.1:{PORTS['sockets']}"]}
        project = type_id("prj", self.release)
        names = [(HOST, static), (APP, app), (SOCKETS, sockets)] + [(f"s{n}.bench.localhost", static) for n in range(hosts)]
        routes = [
            {"host": host, "project_id": project, "kind": "production", "target": target, "version": 1}
            for host, target in names
        ]
        data = self.root / "data" / "proxy"
        data.mkdir(parents=True, exist_ok=True)
        (data / "routes.json").write_text(json.dumps({"version": 1, "routes": routes, "removed": []}))


def make_certificate(root):
    certificate, key = root / "cert.pem", root / "key.pem"
    subprocess.run(
        [tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:*.bench.localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    return certificate, key


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
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.process.kill()
                    sys.exit(f"{name} does not listen on {port}")
                time.sleep(0.05)
        # Whoever answered on a port that was taken is not what is to be measured.
        time.sleep(0.2)
        if self.process.poll() is not None:
            sys.exit(f"{name} ended at once: is something else listening on {port}?")

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
    return f"""load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so;
daemon off; worker_processes {workers}; pid {root}/nginx.pid; error_log {root}/nginx.err crit;
user root;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; etag on;
  keepalive_timeout 75s; keepalive_requests 10000000; gzip_static on; brotli_static on;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
  upstream app {{ server 127.0.0.1:{PORTS['upstream']}; keepalive 128; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{PORTS['nginx']} reuseport backlog=4096; root {root}/web; server_name {HOST};
  }}
  server {{
    listen 127.0.0.1:{PORTS['nginx-tls']} ssl http2 reuseport backlog=4096; root {root}/web; server_name {HOST};
    ssl_certificate {root}/cert.pem; ssl_certificate_key {root}/key.pem; ssl_session_cache shared:tls:1m;
  }}
  server {{
    listen 127.0.0.1:{PORTS['nginx']}; server_name {SOCKETS};
    location / {{
      proxy_pass http://127.0.0.1:{PORTS['sockets']}; proxy_http_version 1.1; proxy_read_timeout 1h;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;
    }}
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


def caddy_config(root):
    return f"""{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
http://{HOST}:{PORTS['caddy']} {{
  bind 127.0.0.1
  root * {root}/web
  file_server {{
    precompressed br gzip
  }}
}}
http://{APP}:{PORTS['caddy']} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{PORTS['upstream']} {{
    transport http {{
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""


def start_aether(binary, folder, data=None, offset=0):
    """A proxy with the table in `data`; `offset` moves its ports, for several beside each other."""
    root, port = folder.root, PORTS["aether"] + offset
    certificate, key = folder.certificate
    return Server("aether", [binary], port, {
        "AETHER_PROXY_ADDR": f"127.0.0.1:{port}",
        "AETHER_PROXY_ADMIN_ADDR": f"127.0.0.1:{port + 1}",
        "AETHER_PROXY_TLS_ADDR": f"127.0.0.1:{port + 2}",
        "AETHER_PROXY_TLS_CERT": str(certificate),
        "AETHER_PROXY_TLS_KEY": str(key),
        "AETHER_DATA_DIR": str(data or root / "data"),
        "AETHER_DEPLOYMENTS_DIR": str(root / "deployments"),
        "AETHER_PROXY_MAX_CLIENT_CONNECTIONS": "20000",
        "AETHER_PROXY_MAX_SITE_REQUESTS": "20000",
        "AETHER_PROXY_DRAIN": "1s",
        "AETHER_LOG": "error",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
    })


def start_others(folder, servers):
    """Into `servers` one by one, so that those that started are stopped when one does not."""
    root = folder.root
    (root / "nginx.conf").write_text(nginx_config(root, os.cpu_count()))
    (root / "up.conf").write_text(upstream_config(root))
    (root / "haproxy.cfg").write_text(haproxy_config())
    (root / "Caddyfile").write_text(caddy_config(root))
    for name, command in [
        ("upstream", [tool("nginx"), "-c", f"{root}/up.conf"]),
        ("nginx", [tool("nginx"), "-c", f"{root}/nginx.conf"]),
        ("haproxy", [tool("haproxy"), "-db", "-f", f"{root}/haproxy.cfg"]),
        ("caddy", [tool("caddy"), "run", "--config", f"{root}/Caddyfile", "--adapter", "caddyfile"]),
    ]:
        servers[name] = Server(name, command, PORTS[name], {"HOME": str(root)})
