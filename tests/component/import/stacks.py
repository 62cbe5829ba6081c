# SPDX-License-Identifier: Apache-2.0
"""Random stacks of layers: what upper layers may do to lower ones, all of it, in small space.

Left out is what has no agreed meaning: a layer that puts something else where it has a directory of its
own with something in it, and a path through a symbolic link of its own."""
import os
import random

NAMES = ["a", "b", "c", ".why", "long-" + "x" * 120, "nam\u00e9", os.fsdecode(b"caf\xe9"), "tab\tnew\n",
         "n" * 251]  # and four for a mark
CAPABILITY = bytes([1, 0, 0, 2, 0, 4, 0, 0] + [0] * 12)  # cap_net_bind_service, effective
LATEST = 1700000000  # no entry is younger
KINDS = ["file"] * 6 + ["dir"] * 5 + ["link"] * 3 + ["symlink", "fifo", "char", "block"]


class Stack:
    """Grows layer by layer, and keeps the merged result only to know what may be linked or deleted.

    `prefix`: the folder that all of it is in, or "". `oracle`: what cannot be asked there is left out. For
    overlayfs, hard links to those files of lower layers that have several names, because it tears them
    apart. For umoci 0.4.7, extended attributes without a value, which it takes for none, and a file
    that its own layer turns into a directory, under which it forgets what lower layers have."""

    def __init__(self, seed, prefix="", oracle="overlayfs"):
        self.random = random.Random(seed)
        self.prefix = prefix
        self.oracle = oracle
        self.merged = {}  # what is at a path: its kind
        self.inode = {}  # and for all but directories, a number that its names share
        self.layers = []
        self.clock = 1600000000
        self.own = {}  # what the current layer has an entry for
        self.linked = set()  # what its links into lower layers lead to
        self.marked = set()  # the folders in which it deletes something

    def chance(self, share):
        return self.random.random() < share

    def full(self, path):
        return "/".join(x for x in [self.prefix, path] if x)

    def entry(self, path, kind, **more):
        """An entry in one of the dialects of tar."""
        is_pax = more.get("xattrs") or more.get("mtime", 0) % 1
        style = "pax" if is_pax else self.random.choice(["pax", "gnu"])
        if more.get("regions"):
            more["sparse"] = self.random.choice(["0.0", "0.1", "1.0"])
        lead = self.random.choice(["", "./", "/"]) if path else "./"
        return {"name": lead + self.full(path), "kind": kind, "style": style, "slash": self.chance(0.5),
                **more}

    def time(self):
        self.clock += self.random.randrange(1000)
        return self.random.choice([self.clock] * 6 + [self.clock + 0.75, -self.clock, -0.5, 0])

    def attributes(self, kind):
        modes = [0o755, 0o700, 0o1777, 0o2755] if kind == "dir" else [0o644, 0o4755, 0o600, 0o2755, 0o6711]
        more = {"mode": self.random.choice(modes), "mtime": self.time(),
                "uid": self.random.choice([0, 0, 1000, 65534, 3000000]), "gid": self.random.choice([0, 5])}
        if kind in ("char", "block"):
            more["device"] = (self.random.randrange(1, 9), self.random.randrange(300))
        xattrs = {}
        if kind in ("dir", "file") and self.chance(0.2):
            key = "user.k" + str(self.random.randrange(3))
            xattrs[key] = self.random.choice([b"u", b"a=b\n\0c", b"v" * 700, b""])
            if self.oracle == "umoci":
                xattrs[key] += b"."
        if kind == "file" and self.chance(0.1):
            xattrs["security.capability"] = CAPABILITY
        return {**more, "xattrs": xattrs} if xattrs else more

    def content(self):
        """Whole or sparse."""
        filling = self.random.choice([b"\0", b"x", self.random.randbytes(7)])
        if self.chance(0.8):
            return {"data": filling * self.random.choice([0, 1, 10, 700, 5000, 140000])}
        regions, at = [], self.random.choice([0, 4096])
        for _ in range(self.random.choice([0, 1, 3, 7, 40])):
            # GNU tar wants each region but the last to be whole blocks.
            data = (filling * 512)[:512 * self.random.randrange(1, 3)].ljust(512, b"-")
            regions.append((at, data))
            at += len(data) + 512 * self.random.choice([1, 8, 137])
        if regions and self.chance(0.5):
            regions[-1] = (regions[-1][0], regions[-1][1][:100])
        return {"regions": regions, "size": at + self.random.choice([0, 1, 200000])}

    def new_path(self):
        folder = self.random.choice([""] + [n for n, kind in self.merged.items() if kind == "dir"])
        name = self.random.choice(NAMES)
        path = f"{folder}/{name}" if folder else name
        return path if path.count("/") < 5 and len(path) < 900 else name

    def below(self, path):
        return [n for n in self.merged if not path or n.startswith(path + "/")]

    def forget(self, path):
        for name in [path, *self.below(path)]:
            self.merged.pop(name, None)
            self.inode.pop(name, None)

    def note(self, path, kind, inode=None):
        self.own[path] = self.merged[path] = kind
        if kind != "dir":
            self.inode[path] = inode or object()

    def parents(self, path):
        """The entries that must come before `path`. A directory of a lower layer may be left out."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder in self.own or self.merged.get(folder) == "dir" and self.chance(0.5):
                continue
            self.forget_other(folder)
            yield self.entry(folder, "dir", **self.attributes("dir"))
            self.note(folder, "dir")

    def forget_other(self, path):
        if self.merged.get(path) != "dir":
            self.forget(path)

    def targets(self, path):
        """What a hard link at `path` may lead to."""
        names = list(self.inode.values())
        single = self.oracle == "overlayfs"
        return sorted(
            n for n, kind in self.merged.items()
            if kind in ("file", "fifo", "symlink") and n != path and not n.startswith(path + "/") and
            (n in self.own or kind == "file" and not (single and names.count(self.inode[n]) > 1)))

    def add(self, path):
        """Entries that put something at `path`."""
        kind = self.random.choice(KINDS)
        made = list(self.parents(path))
        if any((n + "/").startswith(path + "/") for n in self.marked) or self.own.get(path) == "dir" or \
                any(n.startswith(path + "/") for n in self.own):
            kind = "dir"
        elif kind == "dir" and path in self.own and self.oracle == "umoci":
            kind = "file"
        targets = self.targets(path) if kind == "link" else []
        if targets:
            target = self.random.choice(targets)
            made.append(self.entry(path, "link", target=self.full(target)))
            inode, kind = self.inode[target], self.merged[target]
            if target not in self.own:
                self.linked.add(target)
                self.marked.add(target.rpartition("/")[0])
            self.forget(path)
            self.note(path, kind, inode)
            return made
        kind = "file" if kind == "link" else kind
        more = self.attributes(kind)
        if self.own.get(path) == "dir":
            more.pop("xattrs", None)  # whether the earlier ones go has no agreed meaning
        if kind == "symlink":
            more["target"] = self.random.choice(["a", "../b", "/c", "none", "t" * 150, os.fsdecode(b"\xff")])
        if kind == "file":
            more.update(self.content())
        made.append(self.entry(path, kind, **more))
        if kind != "dir":
            self.forget(path)
        self.forget_other(path)
        self.note(path, kind)
        return made

    def is_bare(self, path):
        """True when all that the layer has below `path` stands in directories that it has too, so that
        what it hides of the lower layers takes nothing of its own with it."""
        for name in self.own:
            if not path or name.startswith(path + "/"):
                between = name[len(path):].strip("/").split("/")[:-1]
                for depth in range(1, len(between) + 1):
                    if "/".join([x for x in [path] if x] + between[:depth]) not in self.own:
                        return False
        return True

    def hide(self, path):
        """Forgets what the lower layers have at and below `path`."""
        for name in [path, *self.below(path)]:
            if name not in self.own:
                self.merged.pop(name, None)
                self.inode.pop(name, None)

    def delete(self):
        """A whiteout: of something of the lower layers, of a name that the layer has itself, before or
        after it, or of nothing at all."""
        path = self.random.choice(sorted(self.merged) + ["none"])
        if not self.is_bare(path) or path not in self.own and any(n.startswith(path + "/") for n in self.own):
            return []
        made = list(self.parents(path))
        folder, _, name = path.rpartition("/")
        made.append(self.entry((folder + "/" if folder else "") + ".wh." + name, "file"))
        self.marked.add(folder)
        self.hide(path)
        return made

    def make_opaque(self):
        """An opaque mark, wherever a directory is or comes to be."""
        folders = [n for n, kind in self.merged.items() if kind == "dir"]
        path = self.random.choice(folders + [self.new_path()] + ([] if self.prefix else [""]))
        if not self.is_bare(path) or self.own.get(path, "dir") != "dir":
            return []
        made = list(self.parents(path))
        if path and path not in self.own and (self.merged.get(path) != "dir" or self.chance(0.5)):
            self.forget_other(path)
            made.append(self.entry(path, "dir", **self.attributes("dir")))
            self.note(path, "dir")
        made.append(self.entry((path + "/" if path else "") + ".wh..wh..opq", "file"))
        self.marked.add(path)
        for name in self.below(path):
            self.hide(name)
        return made

    def add_layer(self):
        self.own, self.linked, self.marked, entries = {}, set(), set(), []
        if self.chance(0.3) and not self.prefix:
            entries.append(self.entry("", "dir", **self.attributes("dir")))
        for _ in range(self.random.randrange(3, 14)):
            action = self.random.random()
            if action < 0.2:
                entries += self.delete()
            elif action < 0.3:
                entries += self.make_opaque()
            else:
                path = self.new_path()
                entries += self.add(path)
                if self.chance(0.1):
                    entries += self.add(path)  # the same name twice
        self.layers.append({"entries": entries, "own": {self.full(n) for n in self.own},
                            "linked": {self.full(n) for n in self.linked}})


def make_stack(seed, prefix="", layers=None, **more):
    """Layers, lowest first: their entries, the paths that have one, and the targets in lower layers."""
    stack = Stack(seed, prefix, **more)
    for _ in range(layers or stack.random.randrange(2, 7)):
        stack.add_layer()
    return stack.layers


def join(parts):
    """Several stacks of as many layers, each in a folder of its own, as one."""
    folder = {"kind": "dir", "mode": 0o755, "mtime": 1700000000}
    joined = []
    for layers in zip(*parts.values()):
        whole = {"entries": [], "own": set(parts), "linked": set()}
        for name, layer in zip(parts, layers):
            whole["entries"] += [{"name": name, **folder}, *layer["entries"]]
            whole["own"] |= layer["own"]
            whole["linked"] |= layer["linked"]
        joined.append(whole)
    return joined
