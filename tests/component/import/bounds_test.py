# SPDX-License-Identifier: Apache-2.0
"""What an import costs is bounded: it writes the image and nothing else, and its memory does not grow
with the layers, nor beyond a limit with the threads."""
import hashlib
import json
import os
import random
import re
import subprocess
import tarfile
import unittest

import harness
import layout

MIB = 1 << 20
MEMORY = 512 * MIB
LARGE = int(os.environ.get("BERTH_LARGE_MIB", "256"))
# The sanitizers' shadow memory and quarantine are not the import's.
IS_SANITIZED = b"__asan_init" in subprocess.run(
    ["nm", "-C", harness.PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


class Stream:
    """Bytes that compress to half, without being kept."""

    def __init__(self, seed, size):
        self.chance, self.left = random.Random(seed), size

    def read(self, count):
        count = min(count, self.left)
        self.left -= count
        pieces = [self.chance.randbytes(512) for _ in range(count // 1024 + 1)]
        return b"".join(x + x for x in pieces)[:count]


def write_layers(path, count, size, how):
    """An OCI layout of `count` layers, each with one file of `size` bytes, none of it in memory."""
    blobs = layout.Blobs()
    config = {"architecture": layout.HOST, "os": "linux", "config": {}}
    layers, diff_ids = [], []
    os.makedirs(path + "/blobs/sha256")
    for number in range(count):
        tar, packed = f"{path}/layer.tar", f"{path}/layer.packed"
        with tarfile.open(tar, "w") as out:
            member = tarfile.TarInfo(f"file{number}")
            member.size = size
            out.addfile(member, Stream(number, size))
        subprocess.run(f"{how} <{tar} >{packed}", shell=True, check=True)
        diff_ids.append("sha256:" + sum_of(tar))
        name = sum_of(packed)
        layers.append({"mediaType": layout.MEDIA + "layer.v1.tar+gzip", "digest": "sha256:" + name,
                       "size": os.path.getsize(packed)})
        os.rename(packed, f"{path}/blobs/sha256/{name}")
        os.unlink(tar)
    config["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    manifest = {"schemaVersion": 2, "mediaType": layout.MEDIA + "manifest.v1+json", "layers": layers,
                "config": blobs.add(json.dumps(config).encode(), layout.MEDIA + "config.v1+json")}
    top = blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
    layout.write_folder(path, blobs.files(layout.index_of(layout.tagged(top, "test"))))


def sum_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as data:
        while piece := data.read(MIB):
            digest.update(piece)
    return digest.hexdigest()


class Bounds(harness.ImportTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = harness.tempfile.mkdtemp(prefix="berth-large-")
        cls.addClassCleanup(harness.shutil.rmtree, cls.large)
        write_layers(cls.large + "/in", 4, LARGE * MIB // 4, "gzip -1")

    def measure(self, *options):
        out = self.path("out.sqsh")
        return self.measure_verb(["import", "--quiet", "--force", *options, f"oci:{self.large}/in", out], out)

    def measure_verb(self, words, out):
        """Bytes of the output, bytes that the kernel was told to write, most bytes in memory."""
        process = subprocess.Popen([harness.PROGRAM, *words], cwd=self.folder)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return os.path.getsize(out), used.ru_oublock * 512, used.ru_maxrss * 1024

    def test_the_disk_is_written_no_more_than_the_image(self):
        size, written, _ = self.measure("--threads", "2")
        harness.need(written > 0, "this file system does not count what is written")
        self.assertGreaterEqual(written, size * 0.98)
        self.assertLessEqual(written, size * 1.02 + 8192)

    def test_no_other_file_is_made(self):
        os.mkdir(self.path("tmp"))
        os.mkdir(self.path("out"))
        trace = self.path("trace")
        # Strace and the leak checker exclude each other.
        environment = {**os.environ, "TMPDIR": self.path("tmp"), "ASAN_OPTIONS": "detect_leaks=0"}
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", trace, "-e",
             "trace=open,openat,openat2,creat,memfd_create,mkdir,mkdirat,mknodat,symlinkat,linkat,renameat2",
             harness.PROGRAM, "import", "--quiet", f"oci:{self.large}/in", "out/img.sqsh"],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(trace, encoding="utf-8") as text:
            made = [x for x in text if " = -1 " not in x and re.search(
                r"O_CREAT|O_TMPFILE|O_WRONLY|O_RDWR|^\d+ +(?!open| )", x)]
        calls = [re.search(r"(\w+)\(", x).group(1) for x in made if "+++" not in x and "---" not in x]
        self.assertEqual(calls, ["openat", "linkat"], made)
        self.assertIn("O_TMPFILE", made[0])
        self.assertEqual(os.listdir(self.path("out")) + os.listdir(self.path("tmp")), ["img.sqsh"])

    def test_memory_does_not_grow_with_the_layers(self):
        if IS_SANITIZED:
            self.skipTest("a sanitizer's memory is not the import's")
        # What is read ahead has 96 MiB.
        self.assertLess(self.measure("--threads", "2")[2], LARGE * MIB * 5 // 8)

    def test_memory_is_bounded_with_many_threads_and_large_blocks(self):
        for options in [["--threads=64"], ["--threads=64", "--block-size=1M"], ["--threads=1024"],
                        ["--threads=64", "--block-size=1M", "--compressor=gzip"],
                        ["--threads=64", "--block-size=1M", "--compressor=xz"]]:
            memory = self.measure(*options)[2]
            if IS_SANITIZED:
                continue
            self.assertLess(memory, MEMORY, options)

    def test_an_export_writes_the_archive_and_keeps_little_of_it(self):
        self.measure("--threads", "2")
        for how in ["gzip", "zstd", "none"]:
            size, written, memory = self.measure_verb(
                ["image", "export", "--quiet", "--force", "--compression", how, self.path("out.sqsh"),
                 self.path("out.tar")], self.path("out.tar"))
            harness.need(written > 0, "this file system does not count what is written")
            self.assertLessEqual(written, size * 1.02 + 8192)
            if not IS_SANITIZED:
                self.assertLess(memory, 64 * MIB + 16 * MIB * len(os.sched_getaffinity(0)))


if __name__ == "__main__":
    unittest.main()
