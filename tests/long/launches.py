# SPDX-License-Identifier: Apache-2.0
"""launches.py BERTH IMAGE LAUNCHES KILLED: many launches in a row, then some of which one process is killed.

Of the first, each has to succeed. Of the others one of berth's processes, the launcher among them, gets
SIGKILL at a random moment; who ends otherwise than with success without that is a failure. Afterwards there
are no more processes, mounts, namespaces, control groups or files than before. Prints what was seen.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import time

BERTH, IMAGE = sys.argv[1:3]
PATIENCE = 10
SAID = "the program has run"


def processes():
    """The pids that bear the image's name: launcher, server, keeper and program."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as words:
                if name.isdigit() and int(name) != os.getpid() and IMAGE.encode() in words.read():
                    found.append(int(name))
        except OSError:
            pass
    return found


def namespaces():
    """Those that somebody's process is in."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"):
            try:
                found.add(os.readlink(f"/proc/{name}/ns/{kind}"))
            except OSError:
                pass
    return found


def groups():
    return {folder for folder, _, _ in os.walk("/sys/fs/cgroup")}


def mounts():
    with open("/proc/self/mountinfo") as text:
        return sorted(line.split(" ", 4)[4] for line in text)


def files():
    """The user's own, where programs leave such things."""
    found = set()
    for top in ("/tmp", "/dev/shm", "/run", "/var/tmp"):
        for entry in os.scandir(top):
            if "berth" in entry.name and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                found.add(entry.path)
    return found


def everything():
    return {"processes": processes(), "namespaces": namespaces(), "groups": groups(), "mounts": mounts(), "files": files()}


def launch():
    return subprocess.Popen([BERTH, "run", "--pid", "--net=none", IMAGE, "--", "sh", "-c", f"echo {SAID}"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process):
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, SAID in out, err


def await_nothing(before):
    end = time.monotonic() + PATIENCE
    while left := {kind: new for kind, seen in everything().items() if (new := set(seen) - set(before[kind]))}:
        if time.monotonic() > end:
            sys.exit(f"left behind: {left}")
        time.sleep(0.05)


def launch_in_a_row(count):
    for number in range(count):
        code, has_run, err = outcome(launch())
        if code != 0 or not has_run:
            sys.exit(f"launch {number} ended with {code}: {err}")


def launch_and_kill(count, others):
    seen = collections.Counter()
    for number in range(count):
        process = launch()
        time.sleep(random.uniform(0, 0.02))
        victim = random.choice([pid for pid in processes() if pid not in others] or [0])
        try:
            if victim:
                os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            victim = 0
        code, has_run, err = outcome(process)
        if code == 0 and not has_run:
            sys.exit(f"kill {number}: success, and the program has not run")
        if code != 0 and not victim:
            sys.exit(f"kill {number}: nobody was killed, and it ended with {code}: {err}")
        seen["in vain" if code == 0 else "of the launcher" if victim == process.pid else "of another"] += 1
    return seen


def main():
    launches, kills = int(sys.argv[3]), int(sys.argv[4])
    before = everything()
    launch_in_a_row(launches)
    await_nothing(before)
    print(launches, "launches in a row, nothing is left", flush=True)
    seed = random.randrange(1 << 32)
    random.seed(seed)
    print("seed", seed, flush=True)
    seen = launch_and_kill(kills, before["processes"])
    await_nothing(before)
    print(kills, "launches with a kill, nothing is left:", dict(seen))
    if len(seen) < 3:
        sys.exit("not every kind of kill was seen")


main()
