# SPDX-License-Identifier: Apache-2.0
"""What programs do in a container, at random, through a real overlayfs: its upper directory is then
what `berth image save` is given, and what it shows is what a merge must come to."""
import contextlib
import os
import random
import shutil
import socket
import subprocess

NAMES = ["a", "b", "c", ".wh.a", ".wh..wh..opq", os.fsdecode(b"caf\xe9"), "n" * 255, "x y\n"]


@contextlib.contextmanager
def mounted(top, lower, options="userxattr", image=None):
    """A writable overlay of `lower`; its upper directory is top/upper, and stays. It calls itself as the
    root of a container of `image` does."""
    source = "overlay"
    if image:
        source = f"berth:{os.stat(image).st_dev}:{os.stat(image).st_ino}"
    folders = [os.path.join(top, x) for x in ["upper", "work", "merged"]]
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    info = os.stat(lower)
    os.chmod(folders[0], info.st_mode)
    os.chown(folders[0], info.st_uid, info.st_gid)
    os.utime(folders[0], ns=(info.st_mtime_ns, info.st_mtime_ns))
    subprocess.run(["mount", "-t", "overlay", source, "-o",
                    f"{options},lowerdir={lower},upperdir={folders[0]},workdir={folders[1]}", folders[2]],
                   check=True)
    try:
        yield folders[2]
    finally:
        subprocess.run(["umount", folders[2]], check=True)


class Program:
    """Does something with files below `top`."""

    def __init__(self, seed, top):
        self.random = random.Random(seed)
        self.top = top

    def walk(self):
        """Without what is berth's own."""
        for folder, folders, files in os.walk(self.top):
            if folder == self.top and ".berth" in folders:
                folders.remove(".berth")
            yield folder, files

    def folders(self):
        return [x for x, _ in self.walk()]

    def files(self):
        return [os.path.join(x, n) for x, files in self.walk() for n in files]

    def somewhere(self):
        return os.path.join(self.random.choice(self.folders()), self.random.choice(NAMES))

    def anything(self):
        found = [x for x in self.files() + self.folders() if x != self.top]
        return self.random.choice(found) if found else None

    def remove(self, path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def make(self):
        path = self.somewhere()
        self.remove(path)
        kind = self.random.randrange(12)
        if kind < 4:
            os.mkdir(path, self.random.choice([0o755, 0o700]))
        elif kind == 4:
            os.symlink(self.random.choice(["a", "../b", "/none", os.fsdecode(b"\xff")]), path)
        elif kind == 5:
            os.mkfifo(path)
        elif kind == 6 and len(os.path.basename(path)) < 60:
            here = os.getcwd()
            os.chdir(os.path.dirname(path))
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(os.path.basename(path))
            os.chdir(here)
        else:
            self.write(path, "wb")

    def write(self, path, mode):
        with open(path, mode) as out:
            out.write(self.random.randbytes(5) * self.random.choice([0, 1, 500, 50000]))

    def step(self):
        """One of the things that programs do."""
        action = self.random.randrange(10)
        path = self.anything()
        files = [x for x in self.files() if not os.path.islink(x) and os.path.isfile(x)]
        if action < 4 or path is None:
            self.make()
        elif action == 4:
            self.remove(path)
        elif action == 5:
            self.remove(path)  # and something of the same name
            os.mkdir(path)
        elif action == 6 and files:
            self.write(self.random.choice(files), "ab")
        elif action == 7 and files:
            target = self.somewhere()
            if not os.path.lexists(target):
                os.link(self.random.choice(files), target)
        elif action == 8:
            target = self.somewhere()
            with contextlib.suppress(OSError):  # into itself, or a directory of the lower layer
                os.rename(path, target)
        elif not os.path.islink(path):
            os.chmod(path, self.random.choice([0o711, 0o644, 0o4755]))
            if self.random.random() < 0.5:
                os.chown(path, self.random.choice([0, 1000]), 5)
            if os.path.isfile(path) or os.path.isdir(path):
                os.setxattr(path, "user.k", b"v")
            os.utime(path, (0, self.random.choice([0, 1234567890])))
