# SPDX-License-Identifier: Apache-2.0
"""plan_mounts.py PLAN NODE INSIDE: the mounts that a plan names are those that a container has.

PLAN is what --plan prints; NODE and INSIDE are /proc/self/mountinfo outside and in the container.
Says what one side has and the other has not; exits with 1 then.
"""
import collections
import os.path
import re
import sys

Mount = collections.namedtuple("Mount", "place root kind flags")
RIGHTS = ("ro", "nosuid", "nodev", "noexec")
WORDS = {"read-only": "ro", "read-write": "rw"}


def read_mounts(path):
    """As proc(5) has them; the order is that of mounting, so the last one on a place is seen."""
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        left, right = line.split(" - ", 1)
        fields = left.split(" ")
        flags = frozenset(fields[5].split(",")) & set(RIGHTS)
        yield Mount(fields[4], fields[3], right.split(" ")[0], flags)


def is_below(place, top):
    return place.startswith(top.rstrip("/") + "/")


def moved(place, top, to):
    rest = os.path.relpath(place, top)
    return to if rest == "." else os.path.join(to, rest)


def with_words(flags, words):
    """What the plan says of a mount's rights: 'read-only', 'noexec', 'exec', ..."""
    flags = set(flags)
    for word in words:
        word = WORDS.get(word, word)
        if word in RIGHTS:
            flags.add(word)
        elif word == "rw" or "no" + word in RIGHTS:
            flags.discard("ro" if word == "rw" else "no" + word)
    return frozenset(flags)


def words_of(text):
    return [word for part in text.split(" with ") for word in part.strip().split(", ") if word]


class Plan:
    """Carries a plan out on lists."""

    def __init__(self, node):
        self.node = node
        self.taken = collections.defaultdict(list)  # source -> what AttachTree will attach, in order
        self.mounts = []

    def take(self, source, words):
        source = os.path.realpath(source)
        holder = [m for m in self.node if m.place == source or is_below(source, m.place)]
        longest = max(len(m.place) for m in holder)
        top = [m for m in holder if len(m.place) == longest][-1]
        root = moved(source, top.place, top.root)
        trees = [Mount(source, root, top.kind, with_words(top.flags, words))]
        if "nothing mounted below" not in words:
            trees += [m._replace(flags=with_words(m.flags, words))
                      for m in self.node if is_below(m.place, source)]
        return source, trees

    def line(self, text):
        if found := re.fullmatch(r"show '(.*)' of this node(.*)", text):
            self.taken[found[1]].append(self.take(found[1], words_of(found[2])))
        elif found := re.fullmatch(r"make a file system '(.*)' for this container(.*)", text):
            words = words_of(found[2]) or ["nosuid", "nodev", "noexec"]
            self.taken[found[1]].append(("/", [Mount("/", "/", found[1], with_words([], words))]))
        elif found := re.fullmatch(r"(?:bind '(.*)' to|mount a (\S+) on) '(.*)'", text):
            source, trees = self.taken[found[1] or found[2]].pop(0)
            self.mounts += [m._replace(place=moved(m.place, source, found[3])) for m in trees]
        elif found := re.fullmatch(r"make '(.*)' the( read-only)? root directory", text):
            self.mounts.append(Mount("/", "/", "overlay", frozenset({"ro"} if found[2] else ())))
        elif found := re.fullmatch(r"make '(.*)' read-only", text):
            self.mounts.append(Mount(found[1], found[1], "overlay", frozenset({"ro"})))
        elif found := re.fullmatch(r"mask '(.*)'", text):
            self.mounts.append(Mount(found[1], "/", "tmpfs", frozenset(RIGHTS)))


def main():
    plan, node, inside = sys.argv[1:]
    wanted = Plan(list(read_mounts(node)))
    for line in open(plan, encoding="utf-8", errors="surrogateescape"):
        if step := re.match(r" *\d+  (.*)", line):
            wanted.line(step[1])
    # An overlay's own rights come from the scratch file system below it.
    seen = [m._replace(flags=m.flags & {"ro"}) if m.kind == "overlay" else m
            for m in read_mounts(inside)]
    wanted, seen = collections.Counter(wanted.mounts), collections.Counter(seen)
    for mount in (wanted - seen).elements():
        print("planned and not there:", *mount[:3], *sorted(mount.flags))
    for mount in (seen - wanted).elements():
        print("there and not planned:", *mount[:3], *sorted(mount.flags))
    print(sum((wanted & seen).values()), "mounts are as planned")
    sys.exit(wanted != seen)


main()
