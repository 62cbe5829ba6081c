# SPDX-License-Identifier: Apache-2.0
"""What every import test needs: the program, a folder of its own, and image trees to compare.

BERTH_IMAGE is the program under test. With BERTH_MUST_WORK=1 a skip is a failure."""
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["BERTH_IMAGE"]
# The settings of this machine are not the tests'.
os.environ["BERTH_CONFIG"] = ""
MUST_WORK = os.environ.get("BERTH_MUST_WORK") == "1"


def need(condition, reason):
    """Skips the test loudly, or fails it where everything must work."""
    if condition:
        return
    if MUST_WORK:
        raise AssertionError("must work here: " + reason)
    raise unittest.SkipTest(reason)


class ImportTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="berth-import-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_import(self, *words, env=None, program=PROGRAM, **more):
        """Runs berth-image import in the test's folder. Returns the finished process."""
        environment = {**os.environ, "BERTH_STORE": self.path("store"), **(env or {})}
        return subprocess.run(
            [program, "import", *words],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False, **more)

    def image_of(self, source, *options, name="out.sqsh"):
        """Imports `source`, which must succeed, and returns the image's path."""
        done = self.run_import(*options, "--force", source, name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path(name)

    def fails(self, words, message, status=1):
        """Expects exactly these lines on stderr, and that no file has appeared."""
        before = sorted(os.listdir(self.folder))
        done = self.run_import(*words)
        self.assertEqual(done.stderr.replace(self.folder, "DIR"), message)
        self.assertEqual(done.returncode, status)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def unpack(self, image, name="unpacked"):
        """Unpacks an image with unsquashfs and takes berth's own folder out."""
        target = self.path(name)
        shutil.rmtree(target, ignore_errors=True)
        done = subprocess.run(["unsquashfs", "-n", "-d", target, image],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        times = os.stat(target)
        shutil.rmtree(os.path.join(target, ".berth"))
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
        return target

    def tree_of(self, image, name="unpacked"):
        return scan(self.unpack(image, name))

    def listing_of(self, image):
        """Mode, owner, size (not of directories) and name as unsquashfs shows them without unpacking,
        berth's own left out."""
        done = subprocess.run(["unsquashfs", "-lln", image], capture_output=True, text=True, check=True)
        lines = [x for x in done.stdout.splitlines() if "squashfs-root" in x and "/.berth" not in x]
        words = [x.replace("squashfs-root", "").split() for x in lines]
        return [" ".join(x[:2 if x[0].startswith("d") else 3] + x[5:]) for x in words]


def describe(path, ignore):
    """Everything about one name that an import must keep."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    seen = {"mode": oct(info.st_mode), "owner": (info.st_uid, info.st_gid)}
    if kind == stat.S_IFREG:
        with open(path, "rb") as data:
            seen["content"] = (info.st_size, hashlib.sha256(data.read()).hexdigest())
    if kind == stat.S_IFLNK:
        seen["target"] = os.readlink(path)
    # SquashFS has whole seconds, from 1970 to 2106; an import takes the nearest that is not later.
    seen["mtime"] = min(max(info.st_mtime_ns // 10**9, 0), 2**32 - 1)
    if kind in (stat.S_IFREG, stat.S_IFDIR):
        names = [x for x in os.listxattr(path) if not x.startswith("trusted.overlay.")]
        seen["xattrs"] = {x: os.getxattr(path, x) for x in names}
    return {key: value for key, value in seen.items() if key not in ignore}


def scan(top, ignore=()):
    """Every name below `top` with what it is; names that share an inode name the first of them."""
    tree, groups = {}, {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files + folders):
            path = os.path.join(folder, name)
            tree[os.path.relpath(path, top)] = describe(path, ignore)
    for name in sorted(tree):
        info = os.lstat(os.path.join(top, name))
        if not stat.S_ISDIR(info.st_mode):
            groups.setdefault(info.st_ino, []).append(name)
    for names in groups.values():
        for name in names[1:]:
            tree[name]["same as"] = names[0]
    return tree


def differences(ours, expected):
    """One line for each name that is not alike, for people to read."""
    lines = []
    for name in sorted({*ours, *expected}):
        if name not in ours or name not in expected:
            lines.append(f"{name}: only {'expected' if name in expected else 'ours'}")
            continue
        for key in sorted({*ours[name], *expected[name]}):
            mine, wanted = ours[name].get(key), expected[name].get(key)
            if mine != wanted:
                lines.append(f"{name}: {key} is {mine}, expected {wanted}")
    return re.sub(r"(.)\1{99,}", r"\1...", "\n".join(lines))
