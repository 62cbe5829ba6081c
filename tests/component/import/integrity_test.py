# SPDX-License-Identifier: Apache-2.0
"""The hash tree behind an image, with veritysetup as the judge."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import time
import unittest
import uuid

import harness
import layout
from layout import entry

BLOCK = 4096


def read(path):
    with open(path, "rb") as data:
        return data.read()


def make_layer(size):
    """A layer with `size` bytes that do not compress, so that the image has about that size."""
    return layout.make_layer([entry("noise", data=random.Random(size).randbytes(size)),
                              entry("etc", "dir"), entry("etc/name", data=b"test\n")])


def used_blocks(image):
    """The SquashFS' own length, from its superblock, in whole blocks."""
    return (int.from_bytes(image[40:48], "little") + BLOCK - 1) // BLOCK


class HashTree(harness.ImportTest):
    def veritysetup(self, *words):
        tool = shutil.which("veritysetup", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        harness.need(tool, "package cryptsetup-bin is not installed")
        return subprocess.run([tool, *words], capture_output=True, text=True, check=False)

    def format_like_veritysetup(self, image, path):
        """What veritysetup makes of the image's SquashFS, with our UUID."""
        end = used_blocks(image) * BLOCK
        with open(path, "wb") as out:
            out.write(image[:end])
        done = self.veritysetup(
            "format", "--data-block-size=4096", "--hash-block-size=4096", "--hash=sha256", "--salt=-",
            f"--data-blocks={end // BLOCK}", f"--hash-offset={end}",
            "--uuid=" + str(uuid.UUID(bytes=image[end + 16:end + 32])), path, path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return next(x.split()[-1] for x in done.stdout.splitlines() if x.startswith("Root hash"))

    def make_image(self, size, *options):
        layout.write_layout(self.path("in"), [make_layer(size)])
        path = self.image_of("oci:in", *options)
        shutil.rmtree(self.path("in"))
        return path

    def test_is_byte_for_byte_what_veritysetup_writes(self):
        # One block of the tree, two levels, and a last level that is full.
        for size in [1, 100_000, 600_000, 3_000_000]:
            image = read(self.make_image(size))
            root = self.format_like_veritysetup(image, self.path("theirs"))
            theirs = read(self.path("theirs"))
            # Past its header veritysetup leaves the block, and with it the file, unfinished.
            self.assertEqual(theirs.ljust(len(image), b"\0"), image, size)
            end = used_blocks(image) * BLOCK
            self.assertEqual(image[end:end + 8], b"verity\0\0")
            self.assertEqual(image[end + 16:end + 32].hex(), root[:32])

    def test_is_accepted_by_veritysetup_until_a_byte_changes(self):
        path = self.make_image(600_000)
        image = read(path)
        end = used_blocks(image) * BLOCK
        root = self.format_like_veritysetup(image, self.path("theirs"))
        words = ["verify", path, path, root, f"--hash-offset={end}"]
        self.assertEqual(self.veritysetup(*words).returncode, 0)
        with open(path, "r+b") as out:
            out.seek(100_000)
            out.write(bytes([image[100_000] ^ 1]))
        done = self.veritysetup(*words)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Verification failed at position 98304.", done.stderr)

    def test_is_left_out_when_it_is_not_wanted(self):
        layout.write_layout(self.path("in"), [make_layer(50_000)])
        with_tree = read(self.image_of("oci:in"))
        without = read(self.image_of("oci:in", "--no-hash-tree"))
        self.assertEqual(len(without), used_blocks(without) * BLOCK)
        self.assertEqual(with_tree[:len(without)], without)
        self.assertGreater(len(with_tree), len(without))


class Digest(harness.ImportTest):
    def test_is_told_and_is_that_of_the_file(self):
        layout.write_layout(self.path("in"), [make_layer(300_000)])
        for options in [[], ["--no-hash-tree"]]:
            done = self.run_import("--force", "--json", *options, "oci:in", "out.sqsh")
            result = json.loads(done.stdout.splitlines()[-1])
            image = read(self.path("out.sqsh"))
            digest = "sha256:" + hashlib.sha256(image).hexdigest()
            self.assertEqual(result["digest"], digest)
            self.assertEqual(result["size"], len(image))
            root = image[used_blocks(image) * BLOCK + 16:][:16].hex()
            self.assertEqual((result["root_hash"] or "")[:32], root)
            done = self.run_import("--force", *options, "oci:in", "out.sqsh")
            self.assertIn(" s, " + digest + "\n", done.stderr)


class SameBytes(harness.ImportTest):
    """What may not show in an image, its tree included."""

    def sum_of(self, *words, **more):
        done = self.run_import(*words, "--force", "oci:in", "out.sqsh", **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return hashlib.sha256(read(self.path("out.sqsh"))).hexdigest()

    def test_whatever_the_threads_time_zone_umask_and_locale(self):
        layout.write_layout(self.path("in"), [make_layer(700_000), make_layer(300_000)])
        sums = {self.sum_of("--threads", threads) for threads in ["1", "2", "8"]}
        sums.add(self.sum_of(env={"TZ": "Pacific/Kiritimati"}))
        sums.add(self.sum_of(env={"TZ": "America/Adak", "SOURCE_DATE_EPOCH": "86400"}))
        sums.add(self.sum_of(env={"LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8"}))
        for umask in [0o077, 0]:
            sums.add(self.sum_of(umask=umask))
        self.assertEqual(len(sums), 1)

    def test_whatever_the_time_and_the_times_of_the_source(self):
        layout.write_layout(self.path("in"), [make_layer(200_000)])
        first = self.sum_of()
        for folder, _, files in os.walk(self.path("in")):
            for name in files:
                os.utime(os.path.join(folder, name), (1, 1))
        time.sleep(1.1)  # a time anywhere in the image would be another one
        self.assertEqual(self.sum_of(), first)

    def test_whoever_imports_as_root(self):
        harness.need(os.getuid() == 0, "only root can become somebody else")
        layout.write_layout(self.path("in"), [make_layer(200_000)])
        first = self.sum_of()
        os.unlink(self.path("out.sqsh"))
        os.chmod(self.folder, 0o777)
        program = shutil.copy(harness.PROGRAM, self.path("berth-image"))  # the build may be closed
        for user in [1234, 65534]:
            self.assertEqual(self.sum_of(program=program, user=user, group=user, extra_groups=[]), first)
            os.unlink(self.path("out.sqsh"))


if __name__ == "__main__":
    unittest.main()
