# SPDX-License-Identifier: Apache-2.0
"""ranks.py BERTH IMAGE KILLS: ranks start together, and one process of berth's is killed while they do.

Each time four ranks of a step begin, and at a random moment SIGKILL meets a rank, most likely the one that leads,
or a server or keeper. A second later at the latest all others have to be through: their programs have run, or they
have said in one line why not. Prints how often which came to pass.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import time

BERTH, IMAGE, KILLS = sys.argv[1], sys.argv[2], int(sys.argv[3])
RANKS = 4
BOUND = 1.0  # seconds
SAID = "the program has run"


def start(step, rank):
    variables = dict(os.environ, PMIX_NAMESPACE=step, OMPI_COMM_WORLD_LOCAL_SIZE=str(RANKS),
                     OMPI_COMM_WORLD_RANK=str(rank), OMPI_COMM_WORLD_LOCAL_RANK=str(rank))
    return subprocess.Popen([BERTH, "run", IMAGE, "--", "/bin/echo", SAID], env=variables,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def processes():
    """Of berth's with this image: ranks, servers and keepers."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/comm") as comm, open(f"/proc/{name}/cmdline", "rb") as words:
                if comm.read().startswith("berth") and IMAGE.encode() in words.read():
                    found.append(int(name))
        except OSError:
            pass
    return found


def kill_one(ranks):
    """A rank, or now and then another process. Its number, or 0 where there was none any more."""
    numbers = [rank.pid for rank in ranks]
    if random.random() < 0.3:
        numbers = [pid for pid in processes() if pid not in numbers]
    victim = random.choice(numbers or [0])
    try:
        if victim:
            os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return victim


def judge(rank, victim, killed_at, number):
    try:
        out, err = rank.communicate(timeout=max(0.0, killed_at + 10 - time.monotonic()))
    except subprocess.TimeoutExpired:
        sys.exit(f"kill {number}: rank {rank.pid} hangs, {victim} was killed")
    late = time.monotonic() - killed_at
    if late > BOUND:
        sys.exit(f"kill {number}: rank {rank.pid} ended {late:.1f} s after {victim} was killed: {err}")
    if rank.pid == victim:
        return "killed" if rank.returncode == -signal.SIGKILL else "killed too late"
    if rank.returncode == 0:
        return "ran" if SAID in out else sys.exit(f"kill {number}: success, and the program has not run")
    lines = [line for line in err.splitlines() if not line.startswith("berth") or "hint:" not in line]
    if not victim or len(lines) > 1:
        sys.exit(f"kill {number}: {victim} was killed, and a rank ended with {rank.returncode}: {err}")
    return f"ended with {rank.returncode}: {lines[0].split(': ', 1)[-1] if lines else 'no word'}"


def main():
    seed = random.randrange(1 << 32)
    random.seed(seed)
    print("seed", seed, flush=True)
    seen = collections.Counter()
    for number in range(KILLS):
        ranks = [start(f"kill-{os.getpid()}-{number}", rank) for rank in range(RANKS)]
        time.sleep(random.uniform(0, 0.012))
        victim = kill_one(ranks)
        killed_at = time.monotonic()
        for rank in ranks:
            seen[judge(rank, victim, killed_at, number).replace(IMAGE, "IMAGE")] += 1
    for what, times in seen.most_common():
        print(f"{times:6} {what}")


main()
