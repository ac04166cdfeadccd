#!/usr/bin/env python3
"""Measures the proxy beside nginx, HAProxy and Caddy: same machine, same files, runs interleaved, medians printed.

    cargo build --release -p aether-proxy --bin aether-proxy --example route_changes
    bench/proxy/run.py target/release/aether-proxy [--rounds 3] [--seconds 4] [--only PART,...] [--append bench/RESULTS.md] [--here]

Needs Debian's nginx (with brotli), haproxy, caddy, wrk and nghttp2-client (installed when missing and the user is root).
Everything listens on loopback and lives in a private folder that is removed at the end. As root it all runs in a network
namespace of its own, so that neither the machine's packet filter nor its connection tracking nor a congestion control that
paces (BBR) is part of the figures; `--here` keeps to the machine's network as it is. The proxy runs without Postgres
and Redis, from its route snapshot. Figures: requests/s, p50 and p99 as wrk saw them, CPU milliseconds of the server (all
its processes) and of the client per 1,000 requests, resident memory after the run. PART is a piece of a work's name, or
`rate`, `memory`, `hosts` or `changes`. `floods.py` beside it measures slow clients, `proofs.mjs` what has no figure.
"""

import argparse, os, platform, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, threading, time
from pathlib import Path

from servers import APP, HOST, PORTS, SOCKETS, Folder, start_aether, start_others, tool

ALL = ["nginx", "caddy", "aether"]
PAGE = {"aether": "/1k", "nginx": "/1k.html", "caddy": "/1k.html"}
LARGE = {"aether": "/100k", "nginx": "/100k.html", "caddy": "/100k.html"}
ROOT = {"aether": "/", "nginx": "/", "haproxy": "/", "caddy": "/"}
BIG = {"aether": "/big.bin", "nginx": "/big.bin"}
WORK = [
    # name, host, path, connections, headers, servers
    ("static 1 KiB", HOST, PAGE, 64, [], ALL),
    ("static 100 KiB", HOST, LARGE, 64, [], ["nginx", "aether"]),
    ("static 100 KiB, br", HOST, LARGE, 64, ["Accept-Encoding: br"], ["nginx", "aether"]),
    ("200 MB file", HOST, BIG, 4, [], ["nginx", "aether"]),
    ("reverse proxy 1 KiB", APP, ROOT, 64, [], ["nginx", "haproxy", "caddy", "aether"]),
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


def h2load(port, path, seconds):
    """HTTP/2 over TLS, 32 connections with 8 streams each."""
    command = [tool("h2load"), "-c32", "-m8", "-t2", "-D", str(seconds), "--connect-to", f"127.0.0.1:{port}", f"https://{HOST}{path}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count = int(re.search(r"(\d+) succeeded", out).group(1))
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+(\S+)", out).group(1)
    return {"rate": float(re.search(r"([\d.]+) req/s", out).group(1)), "count": count, "p50": milliseconds(mean), "p99": float("nan")}


def h2load_at(port, host, path, rate, seconds):
    """HTTP/1.1 at a fixed rate, 64 connections: how long answers take when neither side is at its limit."""
    with tempfile.NamedTemporaryFile() as log:
        command = [tool("h2load"), "--h1", "-c64", "-t2", f"--rps={rate / 64}", "-D", str(seconds), f"--log-file={log.name}",
                   "--connect-to", f"127.0.0.1:{port}", f"http://{host}{path}"]
        subprocess.run(command, capture_output=True, text=True, check=True)
        times = sorted(int(line.split("\t")[2]) / 1000 for line in open(log.name))
    return {"rate": len(times) / seconds, "count": len(times), "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}


def client_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(server, load):
    before, client = server.cpu(), client_cpu()
    result = load()
    result["cpu"] = (server.cpu() - before) * 1000 / (result["count"] / 1000)
    result["client"] = (client_cpu() - client) * 1000 / (result["count"] / 1000)
    result["memory"] = server.memory()
    return result


def measure(server, *arguments, **more):
    return measured(server, lambda: wrk(PORTS[server.name], *arguments, **more))


def isolate():
    """Starts this script again in a network namespace of its own, with the congestion control Linux has by default."""
    setup = "ip link set lo up; for cc in cubic reno; do echo $cc 2>/dev/null > /proc/sys/net/ipv4/tcp_congestion_control && break; done; exec \"$@\""
    os.environ["BENCH_ISOLATED"] = "yes"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", setup, "sh", sys.executable, *sys.argv])


def median(results):
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def held(server, count, host, head, settle):
    """User memory per connection that was answered and is idle, in KiB, after `settle` seconds."""
    before = server.memory()
    sockets = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", PORTS[server.name]))
        s.sendall(head.encode())
        got = b""
        while b"\r\n\r\n" not in got:
            piece = s.recv(65536)
            if not piece:
                sys.exit(f"{server.name} closed an idle connection")
            got += piece
        sockets.append(s)
    time.sleep(settle)
    after = server.memory()
    for s in sockets:
        s.close()
    return (after - before) * 1024 / count


class SocketApp:
    """An app that agrees to every upgrade and then says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", PORTS["sockets"]), backlog=4096)
        self.held = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            got = b""
            while b"\r\n\r\n" not in got:
                got += s.recv(4096)
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            self.held.append(s)


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


class Table:
    def __init__(self):
        self.lines = [row("work", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms / 1,000", "client's CPU", "RSS MiB", "rate ratio", "CPU ratio"),
                      row(*["---"] * 10)]

    def add(self, name, medians):
        others = [m for server, m in medians.items() if server != "aether"]
        rate, cpu = max(m["rate"] for m in others), min(m["cpu"] for m in others)
        for server, m in medians.items():
            ratio = (f"{m['rate'] / rate:.2f}", f"{m['cpu'] / cpu:.2f}") if server == "aether" else ("", "")
            self.lines.append(row(name, server, f"{m['rate']:,.0f}", f"{m['p50']:.2f}", f"{m['p99']:.2f}", f"{m['cpu']:.1f}", f"{m['client']:.1f}", f"{m['memory']:.0f}", *ratio))
            print(self.lines[-1], flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--append")
    arguments.add_argument("--only")
    arguments.add_argument("--here", action="store_true")
    options = arguments.parse_args()
    if os.geteuid() == 0 and not options.here and "BENCH_ISOLATED" not in os.environ:
        isolate()
    root = Path(tempfile.mkdtemp(prefix="bench-proxy-"))
    servers = {}
    try:
        folder = Folder(root, 0)
        start_others(folder, servers)
        servers["aether"] = start_aether(options.binary, folder)
        time.sleep(2)
        idle_rss = {name: server.memory() for name, server in servers.items()}
        table, notes = Table(), []
        wanted = lambda name: not options.only or any(part in name for part in options.only.split(","))
        for name, host, paths, connections, headers, names in WORK:
            if not wanted(name):
                continue
            seconds = options.seconds if "200 MB" not in name else options.seconds + 2
            load = lambda server, seconds=seconds: measure(servers[server], host, paths[server], connections, headers, seconds)
            table.add(name, interleaved(names, load, options.rounds))
        if wanted("HTTP/2"):
            load = lambda server: measured(servers[server], lambda: h2load(PORTS[f"{server}-tls"], PAGE[server], options.seconds))
            table.add("HTTP/2 over TLS, 1 KiB (p50: mean)", interleaved(["nginx", "aether"], load, options.rounds))
        if wanted("rate"):
            for name, host, paths, rate in [("static 1 KiB at 20,000/s", HOST, PAGE, 20_000), ("reverse proxy 1 KiB at 10,000/s", APP, ROOT, 10_000)]:
                load = lambda server: measured(servers[server], lambda: h2load_at(PORTS[server], host, paths[server], rate, options.seconds))
                table.add(name, interleaved(["nginx", "aether"], load, options.rounds))
        if wanted("memory"):
            notes.append("Resident memory before any request: " + ", ".join(f"{n} {idle_rss[n]:.1f} MiB" for n in ("nginx", "haproxy", "caddy", "aether")) + ".")
            notes += idle_notes(folder, servers, options)
        if wanted("hosts"):
            notes += many_hosts(folder, servers, options)
        if wanted("changes"):
            notes += route_changes(options)
        report(table.lines, notes, options)
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(root)


def interleaved(names, load, rounds):
    results = {name: [] for name in names}
    for name in names:
        load(name)
    for _ in range(rounds):
        for name in names:
            results[name].append(load(name))
    return {name: median(results[name]) for name in names}


def idle_notes(folder, servers, options):
    """Fresh processes, so that no memory of earlier work hides what a connection takes."""
    app = SocketApp()
    notes = []
    for what, count, host, fields, settle in [
        ("idle keep-alive connection, 0.3 s after its answer", 2000, HOST, "", 0.3),
        ("idle keep-alive connection, 12 s after its answer", 2000, HOST, "", 12),
        ("idle WebSocket", 1000, SOCKETS, "Connection: Upgrade\r\nUpgrade: websocket\r\n", 12),
    ]:
        servers.pop("aether").stop()
        servers["aether"] = start_aether(options.binary, folder)
        time.sleep(1)
        texts = []
        for name in ("nginx", "aether"):
            head = f"GET {PAGE[name]} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
            texts.append(f"{name} {held(servers[name], count, host, head, settle):.1f} KiB")
        notes.append(f"User memory per {what} ({count:,} open): " + ", ".join(texts) + ".")
        print(notes[-1], flush=True)
    app.listener.close()
    return notes


def many_hosts(folder, servers, options):
    """One proxy for each size of the table, measured in turns. The requests are made beforehand, as many different ones for
    each size (`X-Turn`), so that the client has as much memory to walk through."""
    sizes, notes = (1, 10_000, 100_000), []
    servers.pop("aether").stop()
    for index, hosts in enumerate(sizes):
        folder.write_routes(hosts)
        data = folder.root / f"data-{hosts}"
        shutil.copytree(folder.root / "data", data, ignore=shutil.ignore_patterns("*.sock"))
        server = start_aether(options.binary, folder, data, 100 + 10 * index)
        servers[f"aether-{hosts}"] = server
        deadline = time.monotonic() + 20
        while f'"routes":{hosts + 3}' not in ready(server.port + 1):
            if time.monotonic() > deadline:
                sys.exit("the routes were not loaded")
            time.sleep(0.05)
        server.loaded = server.memory()
        (folder.root / f"hosts-{hosts}.lua").write_text(
            f"local n, i, all = {hosts}, 0, {{}}\nfunction init(args)\n"
            " for k = 0, 99999 do all[k] = wrk.format('GET', '/1k', {Host = 's' .. (k % n) .. '.bench.localhost', ['X-Turn'] = k}) end\n i = math.random(0, 99999)\nend\n"
            "function request()\n i = (i * 1101 + 12347) % 100000\n return all[i]\nend\n"
        )
    load = lambda name: measured(servers[name], lambda: wrk(
        servers[name].port, HOST, "/1k", 64, [], options.seconds, script=folder.root / f"hosts-{name.removeprefix('aether-')}.lua"))
    medians = interleaved([f"aether-{hosts}" for hosts in sizes], load, options.rounds)
    base, base_memory = medians["aether-1"], servers["aether-1"].loaded
    for hosts in sizes:
        m, memory = medians[f"aether-{hosts}"], servers[f"aether-{hosts}"].loaded
        a_route = f" ({(memory - base_memory) * 2**20 / hosts:.0f} bytes a route)" if hosts > 1 else ""
        notes.append(f"{hosts:,} hosts in the table, requests spread over all: {m['rate']:,.0f} requests/s ({m['rate'] / base['rate']:.2f} of one host), p99 {m['p99']:.2f} ms, "
                     f"CPU {m['cpu']:.1f} ms per 1,000 requests (client {m['client']:.1f}), resident memory after loading {memory:.1f} MiB{a_route}.")
        print(notes[-1], flush=True)
    return notes


def route_changes(options):
    """The example beside the binary brings a store of its own, since changes come from there."""
    example = Path(options.binary).parent / "examples/route_changes"
    notes = []
    for changes in (0, 1000):
        server = subprocess.Popen([example, "--hosts", "10000", "--changes", str(changes), "--seconds", str(options.seconds + 1)],
                                  stdout=subprocess.PIPE, text=True)
        port = int(server.stdout.readline())
        result = wrk(port, HOST, "/1k", 64, [], options.seconds)
        figures = server.stdout.read().strip()
        server.wait(20)
        notes.append(f"10,000 hosts, {changes} changes a second under full load: {result['rate']:,.0f} requests/s, p99 {result['p99']:.2f} ms; {figures}.")
        print(notes[-1], flush=True)
    return notes


def ready(port):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: s.recv(4096), b"")).decode()


def report(lines, notes, options):
    version = lambda command: subprocess.run(command, capture_output=True, text=True)
    nginx = version([tool("nginx"), "-v"]).stderr.strip().split("/")[-1]
    haproxy = version([tool("haproxy"), "-v"]).stdout.split()[2]
    caddy = version([tool("caddy"), "version"]).stdout.split()[0]
    cpu = next((l.split(":")[1].strip() for l in Path("/proc/cpuinfo").read_text().splitlines() if l.startswith("model name")), platform.machine())
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    network = "in a network namespace of its own" if "BENCH_ISOLATED" in os.environ else "in the machine's own network"
    head = f"## Proxy, {time.strftime('%Y-%m-%d')}\n\n{os.cpu_count()} x {cpu}, Linux {platform.release()}, load average {os.getloadavg()[0]:.1f}, loopback {network} ({control}), wrk beside the servers; nginx {nginx}, HAProxy {haproxy}, Caddy {caddy}. {options.rounds} interleaved runs of {options.seconds} s, medians. Ratios are to the better of the others."
    text = "\n".join([head, "", *lines, "", *(f"- {note}" for note in notes), ""])
    print(text)
    if options.append:
        with open(options.append, "a") as out:
            out.write(text + "\n")


if __name__ == "__main__":
    main()
