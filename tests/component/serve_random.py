# SPDX-License-Identifier: Apache-2.0
"""serve_random.py A B: four processes read the same random ranges of every file of two trees."""
import os
import random
import sys

def check(seed):
    chance = random.Random(seed)
    sizes = os.path.join(sys.argv[1], "sizes")
    for name in sorted(os.listdir(sizes)):
        pair = [os.open(os.path.join(tree, "sizes", name), os.O_RDONLY) for tree in sys.argv[1:3]]
        size = os.fstat(pair[0]).st_size
        for _ in range(60):
            offset = chance.randrange(size + 5000)
            length = chance.choice([1, 100, 4096, 70000, 300000])
            one, two = (os.pread(fd, length, offset) for fd in pair)
            if one != two:
                sys.exit(f"{name} differs at {offset}+{length}")
        os.posix_fadvise(pair[0], 0, 0, os.POSIX_FADV_DONTNEED)
        for fd in pair:
            os.close(fd)

children = []
for number in range(4):
    pid = os.fork()
    if pid == 0:
        check(number)
        os._exit(0)
    children.append(pid)
sys.exit(any([os.waitpid(pid, 0)[1] for pid in children]))
