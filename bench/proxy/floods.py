#!/usr/bin/env python3
"""Slow clients by the thousand, and a visitor beside them: `slowhttptest` attacks, wrk visits another host.

    bench/proxy/floods.py target/release/aether-proxy [--connections 1000] [--seconds 75] [--append bench/RESULTS.md]

For each attack: what slowhttptest says of the service (it probes with a request of its own), when the last of its
connections was closed, and the p50 and p99 of 16 visitors without and beside the attack.
"""

import argparse, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

from run import wrk
from servers import APP, HOST, PORTS, Folder, start_aether, start_others, tool

ATTACKS = [
    # name, options of slowhttptest: a byte of a header or body every 2 s; readers that take 1 to 8 bytes every 5 s
    ("slow headers", ["-H", "-i", "2"], "/1k"),
    ("slow bodies", ["-B", "-i", "2", "-s", "8192"], "/"),
    ("slow readers", ["-X", "-w", "1", "-y", "8", "-n", "5", "-z", "8", "-k", "3"], "/big.bin"),
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--connections", type=int, default=1000)
    arguments.add_argument("--seconds", type=int, default=75)
    arguments.add_argument("--append")
    options = arguments.parse_args()
    root = Path(tempfile.mkdtemp(prefix="bench-floods-"))
    servers = {}
    try:
        folder = Folder(root, 0)
        start_others(folder, servers)
        servers["aether"] = start_aether(options.binary, folder)
        visit = lambda: wrk(PORTS["aether"], APP, "/", 16, [], 4)
        visit()
        lines = ["| attack | service available | the attack ended | quiet p50 / p99 ms | beside it p50 / p99 ms | rate beside / quiet |",
                 "| --- | --- | --- | --- | --- | --- |"]
        for name, how, path in ATTACKS:
            quiet = visit()
            # As if through a proxy, because slowhttptest would look the host up; the Host field is the URL's all the same.
            host = APP if name == "slow bodies" else HOST
            command = [tool("slowhttptest"), *how, "-c", str(options.connections), "-r", "500", "-l", str(options.seconds), "-p", "3",
                       "-d", f"127.0.0.1:{PORTS['aether']}", "-u", f"http://{host}{path}"]
            attack = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(5)
            beside = visit()
            out = re.sub(r"\x1b\[[0-9;]*m", "", attack.communicate()[0])
            last = lambda pattern: (re.findall(pattern, out) or ["?"])[-1]
            available, second, status = last(r"service available:\s+(\w+)"), last(r"Test ended on (\d+)"), last(r"Exit status: (.+)")
            lines.append(f"| {name}, {options.connections} connections | {available} | after {second} s: {status.strip().lower()} "
                         f"| {quiet['p50']:.2f} / {quiet['p99']:.2f} | {beside['p50']:.2f} / {beside['p99']:.2f} | {beside['rate'] / quiet['rate']:.2f} |")
            print(lines[-1], flush=True)
        text = "\n".join([f"## Slow clients, {time.strftime('%Y-%m-%d')}", "", *lines, ""])
        if options.append:
            with open(options.append, "a") as out:
                out.write(text + "\n")
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
