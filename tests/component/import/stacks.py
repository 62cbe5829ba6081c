# SPDX-License-Identifier: Apache-2.0
"""Random stacks of layers: what upper layers may do to lower ones, all of it, in small space."""
import random

from layout import entry

NAMES = ["a", "b", "c", "long-" + "x" * 120, "nam\u00e9"]


class Stack:
    """Grows layer by layer, and keeps the merged result only to know what may be linked or deleted.

    `links_down`: hard links may point into lower layers, which a layer by itself cannot resolve.
    `implied`: parents that a lower layer has may be left out."""

    def __init__(self, seed, links_down, implied):
        self.random = random.Random(seed)
        self.links_down = links_down
        self.implied = implied
        self.merged = {}
        self.layers = []
        self.clock = 1600000000

    def attributes(self, kind):
        self.clock += self.random.randrange(1000)
        modes = [0o755, 0o700, 0o1777, 0o2755] if kind == "dir" else [0o644, 0o4755, 0o600, 0o2755]
        more = {"mode": self.random.choice(modes), "mtime": self.clock,
                "uid": self.random.choice([0, 0, 1000, 65534]), "gid": self.random.choice([0, 5])}
        if kind in ("dir", "file") and self.random.random() < 0.2:
            more["xattrs"] = {"user.k" + str(self.random.randrange(3)): self.random.choice("uvw")}
        return more

    def data(self):
        size = self.random.choice([0, 1, 10, 700, 5000, 140000])
        return self.random.choice([b"\0", b"x", self.random.randbytes(7)]) * size

    def folders(self):
        return [""] + [n for n, kind in self.merged.items() if kind == "dir"]

    def new_path(self):
        folder = self.random.choice(self.folders())
        name = self.random.choice(NAMES)
        path = f"{folder}/{name}" if folder else name
        return path if path.count("/") < 5 and len(path) < 400 else name

    def forget(self, path):
        for name in [n for n in self.merged if n == path or n.startswith(path + "/")]:
            del self.merged[name]

    def parents(self, path, own):
        """The parents' entries that this layer must have before `path`."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder in own:
                continue
            if self.implied and self.merged.get(folder) == "dir" and self.random.random() < 0.5:
                continue
            yield entry(folder, "dir", **self.attributes("dir"))
            own[folder] = "dir"
            self.merged[folder] = "dir"

    def add(self, path, own):
        """Entries that put something at `path`."""
        kind = self.random.choice(["file"] * 5 + ["dir"] * 4 + ["symlink", "fifo", "link", "link"])
        made = list(self.parents(path, own))
        below = [n for n in own if n.startswith(path + "/")]
        if kind != "dir" and (below or own.get(path) == "dir"):
            kind = "dir"  # what a layer deletes of its own has no agreed meaning
        elif own.get(path, "dir") != "dir" and kind == "dir":
            kind = "file"  # and so has a file that turns into a directory within one layer
        if kind == "link":
            have = self.merged if self.links_down else own
            files = [n for n in have if have[n] == "file" and n != path and
                     self.merged.get(n) == "file" and not n.startswith(path + "/")]
            if not files:
                kind = "file"
        if kind != "dir":
            self.forget(path)
        if kind == "link":
            target = self.random.choice(sorted(files))
            made.append(entry(path, "link", target=target))
            own[path] = self.merged[path] = "file"
            return made
        more = self.attributes(kind)
        if kind == "symlink":
            more["target"] = self.random.choice(["a", "../b", "/c", "none"])
        made.append(entry(path, kind, self.data() if kind == "file" else b"", **more))
        own[path] = self.merged[path] = kind
        return made

    def delete(self, own, gone):
        """A whiteout or an opaque mark for something of the lower layers."""
        lower = [n for n in self.merged if n not in own and
                 not any(m.startswith(n + "/") for m in own)]
        if not lower:
            return []
        path = self.random.choice(sorted(lower))
        folder, _, name = path.rpartition("/")
        made = list(self.parents(path, own))
        if self.merged[path] == "dir" and self.random.random() < 0.4:
            made += [entry(path, "dir", **self.attributes("dir")), entry(path + "/.wh..wh..opq")]
            self.forget(path)
            own[path] = self.merged[path] = "dir"
        else:
            made.append(entry((folder + "/" if folder else "") + ".wh." + name))
            self.forget(path)
            gone.add(path)
        return made

    def add_layer(self):
        own, gone, entries = {}, set(), []
        for _ in range(self.random.randrange(3, 14)):
            if self.random.random() < 0.25:
                entries += self.delete(own, gone)
                continue
            path = self.new_path()
            if any(path == g or path.startswith(g + "/") for g in gone):
                continue  # deleted and made anew in one layer: tested by name, not at random
            entries += self.add(path, own)
            if self.random.random() < 0.1 and own.get(path) == "file":
                entries += self.add(path, own)  # the same name twice
        self.layers.append(entries)


def make_stack(seed, links_down, implied):
    stack = Stack(seed, links_down, implied)
    for _ in range(stack.random.randrange(2, 7)):
        stack.add_layer()
    return stack.layers
