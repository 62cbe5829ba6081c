# SPDX-License-Identifier: Apache-2.0
"""Images that are SquashFS already: another .sqsh, and the partition of a SIF file, which is written
here after the format's published layout."""
import json
import os
import random
import shutil
import struct
import subprocess
import unittest

import harness
import layout
from layout import entry

LAYERS = [layout.make_layer([
    entry("d", "dir", mode=0o2750, uid=3, gid=4, mtime=1500000000),
    *[entry(f"d/f{n}", data=bytes([n]) * n * 999, mode=0o600 + n, uid=n) for n in range(40)],
    entry("d/large", data=b"".join(n.to_bytes(3, "big") for n in range(200000))),
    entry("d/link", "link", target="d/large"), entry("d/sym", "symlink", target="../x"),
    entry("fifo", "fifo"), entry("x", data=b"x", xattrs={"user.k": "v", "user.l": "w" * 3000}),
    entry("d/y", data=b"y", xattrs={"user.l": "w" * 3000}), entry("e", "dir", xattrs={"user.m": "n"})])]
HEAD = 128
DESCRIPTOR = 585
CODES = {"amd64": b"02\0", "arm64": b"04\0", "386": b"01\0"}


def descriptor(kind, offset, size, extra=b"", used=1):
    return (struct.pack("<iBIIIqqqqqqq", kind, used, 1, 0, 0, offset, size, size, 0, 0, 0, 0)
            + b"name".ljust(128, b"\0") + extra.ljust(384, b"\0"))


def partition(filesystem, kind, arch=None):
    return struct.pack("<ii3s", filesystem, kind, arch or CODES.get(layout.HOST, b"02\0"))


def write_sif(path, objects, version=b"01\0", table=4096, total=None, shift=0):
    """`objects`: (type, bytes, extra). `shift` moves what the descriptors say."""
    place = table + DESCRIPTOR * max(len(objects), 1)
    rows, data = b"", b""
    for kind, content, extra in objects:
        rows += descriptor(kind, place + len(data) + shift, len(content), extra)
        data += content
    head = (b"#!/usr/bin/env run\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + version + b"02\0" + bytes(16)
            + struct.pack("<8q", 0, 0, 0, len(objects) if total is None else total, table, len(rows),
                          place, len(data)))
    assert len(head) == HEAD and len(descriptor(0, 0, 0)) == DESCRIPTOR
    with open(path, "wb") as out:
        out.write(head.ljust(table, b"\0") + rows + data)


class SquashTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_layout(self.path("in"), LAYERS, config={"Env": ["A=b"]})
        self.base = self.image_of("oci:in", name="base.sqsh")
        self.tree = self.tree_of(self.base)

    def member(self, image, name):
        return subprocess.run(["unsquashfs", "-cat", image, name], capture_output=True,
                              check=True).stdout

    def squash(self, name="plain.sqsh", *options):
        """The tree as mksquashfs writes it."""
        target = self.path(name)
        subprocess.run(["mksquashfs", self.unpack(self.base, "tree"), target, "-noappend", "-quiet",
                        "-no-progress", *options], check=True, capture_output=True)
        return target


class Squash(SquashTest):
    def test_any_compressor_and_block_size_gives_the_same_tree_and_the_same_bytes(self):
        harness.need(os.getuid() == 0, "only root can unpack files of others")
        expected = None
        for how in [["-comp", "gzip"], ["-comp", "xz", "-b", "1M"], ["-comp", "zstd", "-b", "4K"],
                    ["-comp", "lzo"], ["-noI", "-noD", "-noF", "-noX"]]:
            image = self.image_of("sqsh:" + self.squash("plain.sqsh", *how))
            self.assertEqual(harness.differences(self.tree_of(image), self.tree), "", how)
            with open(image, "rb") as data:
                expected = expected or data.read()
                data.seek(0)
                self.assertEqual(data.read(), expected, how)

    def test_of_an_image_of_ours_keeps_its_config_and_twice_is_as_once(self):
        again = self.image_of("sqsh:base.sqsh")
        twice = self.image_of("sqsh:out.sqsh", name="twice.sqsh")
        with open(again, "rb") as one, open(twice, "rb") as two:
            self.assertEqual(one.read(), two.read())
        self.assertEqual(harness.differences(self.tree_of(again), self.tree), "")
        self.assertEqual(json.loads(self.member(again, ".berth/config.json"))["config"],
                         {"Env": ["A=b"]})

    def test_a_bare_path_is_recognised_and_names_the_image(self):
        shutil.copy(self.base, self.path("app.sqsh"))
        self.assertEqual(self.run_import("app.sqsh").returncode, 0)
        self.assertTrue(os.path.exists(self.path("store/app.sqsh")))

    def test_what_is_damaged_is_refused_with_a_message(self):
        with open(self.base, "rb") as data:
            good = data.read()
        used = struct.unpack_from("<Q", good, 40)[0]
        for name, bytes_, why in [
                ("text", b"x" * 5000, "it is not a SquashFS file"),
                ("cut", good[:2000], f"it is truncated: 2000 bytes of {used} are there")]:
            with open(self.path(name), "wb") as out:
                out.write(bytes_)
            self.fails([f"sqsh:{name}", "out.sqsh"],
                       f"berth: cannot use '{name}' as an image: {why}\n")

    def test_a_directory_that_is_in_itself_ends(self):
        # The root's listing is made to lead back to the root: its inode takes the place of 'e's.
        image = self.squash("plain.sqsh", "-noI", "-noD", "-noF", "-noX")
        with open(image, "r+b") as out:
            data = bytearray(out.read())
            root, = struct.unpack_from("<Q", data, 32)
            table, = struct.unpack_from("<Q", data, 72)
            at = data.index(b"e", table + 2)
            while data[at - 2:at] != b"\0\0" or data[at - 4:at - 2] != b"\1\0":
                at = data.index(b"e", at + 1)
            struct.pack_into("<H", data, at - 8, root & 0xffff)
            out.seek(0)
            out.write(data)
        done = self.run_import("sqsh:plain.sqsh", "out.sqsh", timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "berth: cannot read '/e' in 'plain.sqsh': it is damaged\n"
                         "berth: hint: make or copy the image again\n")
        self.assertFalse(os.path.exists(self.path("out.sqsh")))


class Damaged(harness.ImportTest):
    def test_what_differs_from_its_hash_tree_does_not_get_a_new_one(self):
        layout.write_layout(self.path("in"), [layout.make_layer(
            [entry("noise", data=random.Random(1).randbytes(300_000))])])
        image = self.image_of("oci:in", name="img.sqsh")
        self.image_of("sqsh:img.sqsh", name="again.sqsh")
        with open(image, "r+b") as file:
            file.seek(150_000)  # stored as it is: no decompressor would notice
            byte = file.read(1)[0]
            file.seek(150_000)
            file.write(bytes([byte ^ 1]))
        self.fails(["sqsh:img.sqsh", "out.sqsh"], "berth: cannot read '/noise' in 'img.sqsh': it is damaged\n"
                   "berth: hint: make or copy the image again\n")
        os.truncate(image, os.path.getsize(image) - 4096)
        self.fails(["sqsh:img.sqsh", "out.sqsh"], "berth: cannot trust 'img.sqsh': its hash tree is truncated\n"
                   "berth: hint: make or copy the image again\n")


class Sif(SquashTest):
    def setUp(self):
        super().setUp()
        with open(self.squash(), "rb") as data:
            self.image = data.read()
        self.system = (0x4004, self.image, partition(1, 2))

    def refuse(self, objects, why, **more):
        write_sif(self.path("bad.sif"), objects, **more)
        self.fails(["sif:bad.sif", "out.sqsh"], f"berth: cannot read the SIF file 'bad.sif': {why}\n")

    def test_the_system_partition_becomes_the_image_with_the_labels(self):
        labels = json.dumps({"maintainer": "me", "number": 1}).encode()
        write_sif(self.path("app.sif"), [(0x4001, b"Bootstrap: x", b""), (0x4003, labels, b""),
                                         self.system])
        for source in ["sif:app.sif", "app.sif"]:
            image = self.image_of(source)
            self.assertEqual(harness.differences(self.tree_of(image), self.tree), "")
            config = json.loads(self.member(image, ".berth/config.json"))
            self.assertEqual(config["config"], {"Labels": {"maintainer": "me"}})
            self.assertEqual(config["architecture"], layout.HOST)

    def test_an_overlay_partition_is_mentioned(self):
        write_sif(self.path("app.sif"), [self.system, (0x4004, b"x" * 4096, partition(2, 4))])
        done = self.run_import("sif:app.sif", "out.sqsh")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.splitlines()[0],
                         "berth: 'app.sif' has an overlay partition, which is left out")

    def test_another_architecture_is_refused(self):
        write_sif(self.path("app.sif"), [(0x4004, self.image, partition(1, 2, b"11\0"))])
        self.fails(["sif:app.sif", "out.sqsh"],
                   f"berth: cannot use 'app.sif': it is for linux/s390x, not for linux/{layout.HOST}\n"
                   "berth: hint: to import it all the same: --platform linux/s390x\n")

    def test_partitions_that_cannot_be_read_are_named(self):
        self.refuse([(0x4004, b"x" * 64, partition(5, 2))],
                    "its system partition is encrypted\nberth: hint: decrypt it with the program that "
                    "made it: berth has no keys")
        self.refuse([(0x4004, b"x" * 64, partition(2, 2))],
                    "its system partition is ext3, and only SquashFS can be read")
        self.refuse([self.system, self.system], "it has two system partitions")
        self.refuse([], "it has no system partition")
        self.refuse([(0x400a, b"{}", b"")],
                    "it holds an OCI image in blobs (OCI-SIF), which cannot be read yet")

    def test_numbers_that_lead_out_of_the_file_are_refused(self):
        again = "\nberth: hint: copy or make it again"
        for shift in [10**9, -10**9, 2**62]:
            self.refuse([self.system], "an object of it is outside the file" + again, shift=shift)
        for total in [5000, -1, 2**62, 4096]:
            self.refuse([(0x4004, b"x" * 64, partition(1, 2))],
                        "its table of objects is outside the file" + again, total=total)
        self.refuse([self.system], "it has a version that is not known", version=b"02\0")
        with open(self.path("text"), "wb") as out:
            out.write(b"text" * 100)
        self.fails(["sif:text", "out.sqsh"],
                   "berth: cannot read the SIF file 'text': it is no SIF file\n")


if __name__ == "__main__":
    unittest.main()
