# SPDX-License-Identifier: Apache-2.0
"""Hostile images that are after the memory: whatever they hold, an import takes at most 512 MiB, and what
it refuses it refuses in one line. Only for a build without sanitizers, whose memory is their own."""
import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import unittest
import zlib

import harness
import layout
import rawtar
from layout import entry

MIB = 1 << 20
MOST = 512 * MIB
TRUST = "\nberth: hint: if you trust it: "
TOO_MANY = (r"berth: cannot use the entry '[^\n]*: the names and attributes of the image are too many to "
            r"keep in memory" + TRUST + r"a higher limits.entries in berth.yaml allows more of both\n")
# The kernel counts the memory of whoever starts a program as the program's: this one has little.
SMALL = """import os, sys
child = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)"""


def records(names):
    """Headers of empty files, quickly."""
    plain = bytearray(rawtar.header(b""))
    rest = sum(plain[:148]) + sum(plain[156:]) + 8 * 32
    for name in names:
        block = bytearray(plain)
        block[:len(name)] = name
        block[148:156] = b"%06o\0 " % (rest + sum(name))
        yield bytes(block)


class MemoryTest(harness.ImportTest):
    def measure(self, message, source="tar:in.tar", *options):
        """Imports; checks what is said, the memory, and what is left."""
        words = [harness.PROGRAM, "import", "--quiet", *options, source, "out.sqsh"]
        done = subprocess.run([sys.executable, "-ISc", SMALL, *words], cwd=self.folder, text=True,
                              capture_output=True, check=False)
        status, memory = map(int, done.stdout.split())
        self.assertRegex(done.stderr, rf"\A{message}\Z")
        self.assertEqual(status, 1 if message else 0)
        self.assertEqual(os.path.exists(self.path("out.sqsh")), not message)
        self.assertLess(memory * 1024, MOST)
        if not message:
            os.unlink(self.path("out.sqsh"))

    def write(self, pieces, how="gzip -1"):
        with open(self.path("in.tar"), "wb") as out:
            packer = subprocess.Popen([*how.split(), "-c"], stdin=subprocess.PIPE, stdout=out)
            for piece in pieces:
                packer.stdin.write(piece)
            packer.communicate()
        self.assertEqual(packer.returncode, 0)

    def zeros(self, size):
        yield rawtar.header(b"zeros", size=size)
        for _ in range(size // MIB):
            yield bytes(MIB)
        yield rawtar.END


class Compressions(MemoryTest):
    def test_bombs(self):
        for how in ["gzip -9", "zstd -1 --long=27", "bzip2 -1", "xz -0"]:
            self.write(self.zeros(1100 * MIB), how)
            self.measure(r"berth: cannot unpack 'in.tar': it unpacks to more than 1000 times its size"
                         + TRUST + r"limits.ratio in berth.yaml \(now 1000, berth's default\)\n")

    def test_xz_that_wants_a_gigabyte(self):
        self.write(self.zeros(4 * MIB), "xz -0")
        with open(self.path("in.tar"), "r+b") as file:
            # The first block's header (xz-file-format, 3.1): its size, flags, LZMA2, and the dictionary.
            data = bytearray(file.read())
            self.assertEqual(data[13:16], b"\0\x21\1")
            end = 12 + (data[12] + 1) * 4
            data[16] = 36
            data[end - 4:end] = struct.pack("<I", zlib.crc32(data[12:end - 4]))
            file.seek(0)
            file.write(data)
        self.measure(r"berth: cannot decompress 'in.tar': it takes 1.0 GiB of memory, and 128 MiB are the "
                     r"most\nberth: hint: compress it again with 'xz -9' or less\n")

    def test_zstd_that_wants_a_gigabyte(self):
        self.write(self.zeros(1024 * MIB), "zstd -1 --long=30")
        self.measure(r"berth: cannot decompress 'in.tar': Zstd decompression failed: [^\n]*\n")

    def test_windows_of_many_layers(self):
        # Random once, then the same again, which only a long window sees.
        noise = os.urandom(MIB)
        layers, packed = [], []
        for number in range(12):
            pieces = [rawtar.header(b"f%d" % number, size=100 * MIB)]
            pieces += [bytes([number, n]) + noise[2:] for n in range(100)] + [rawtar.END]
            layer = b"".join(pieces)
            layers.append(layout.digest(layer))
            packed.append(subprocess.run(["zstd", "-1", "--long=27", "-c"], input=layer,
                                         capture_output=True, check=True).stdout)
        blobs = layout.Blobs()
        config = {"architecture": layout.HOST, "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": layers}}
        manifest = {"schemaVersion": 2, "mediaType": layout.MEDIA + "manifest.v1+json",
                    "config": blobs.add(json.dumps(config).encode(), layout.MEDIA + "config.v1+json"),
                    "layers": [blobs.add(x, layout.MEDIA + "layer.v1.tar+zstd") for x in packed]}
        made = blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
        layout.write_folder(self.path("in"), blobs.files(layout.index_of(made)))
        self.measure("", "oci:in", "--threads=16")


class Entries(MemoryTest):
    def test_ten_million_empty_files(self):
        # A gzip file may have members, one after the other.
        member = gzip.compress(b"".join(records(b"%04d" % n for n in range(2000))))
        with open(self.path("in.tar"), "wb") as out:
            for _ in range(5000):
                out.write(member)
        self.measure(r"berth: cannot unpack 'in.tar': the layers have more than 600000 entries"
                     + TRUST + r"limits.entries in berth.yaml \(now 600000, berth's default\)\n")

    def test_as_many_as_are_allowed(self):
        self.write(records(b"%06d" % n + b"n" * 38 for n in range(599990)))
        self.measure("")
        self.write(records(b"%06d" % n + b"n" * 93 for n in range(599990)))
        self.measure(TOO_MANY)

    def test_as_many_as_are_allowed_behind_a_large_file(self):
        # The threads, what is under way to them and what is read ahead are there, all of them, first.
        def both():
            yield rawtar.header(b"noise", size=100 * MIB)
            yield os.urandom(100 * MIB)
            yield from records(b"%06d" % n + b"n" * 38 for n in range(599980))

        self.write(both())
        self.measure("")
        self.measure("", "tar:in.tar", "--threads=64")

    def test_with_more_text_than_is_allowed(self):
        def linked():
            for number in range(125000):
                yield rawtar.long_text(b"K", b"t" * 4000)
                yield rawtar.header(b"%06d" % number, b"2", target=b"t" * 100)

        def attributed():
            for number in range(300000):
                yield rawtar.pax([("SCHILY.xattr.user.a", b"%06d" % number * 70)])
                yield rawtar.header(b"%06d" % number)

        def deep():
            for number in range(20000):
                yield rawtar.long_text(b"L", b"%06d/" % number + b"a/" * 2000 + b"b")
                yield rawtar.header(b"x")

        for made in [linked, attributed, deep]:
            self.write(made())
            self.measure(TOO_MANY)

    def test_a_map_of_eight_million_holes(self):
        count = 8000000
        body = b"%d\n" % count + b"0\n0\n" * count
        sparse = [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"s"),
                  ("GNU.sparse.realsize", b"0")]
        self.write([rawtar.pax(sparse), rawtar.header(b"s", size=len(body)), rawtar.padded(body), rawtar.END])
        self.measure(r"berth: cannot read the layer 'in.tar': the header of an entry is larger than "
                     r"8.0 MiB\n")

    def test_names_of_a_megabyte_and_100000_levels(self):
        for name, why in [("n" * 900000, "a name is longer than 255 bytes"),
                          ("a/" * 100000 + "b", "its path is longer than 4095 bytes")]:
            self.write([rawtar.make_layer([entry(name)])])
            self.measure(rf"berth: cannot use the entry '[^\n]*'\.\.\.: {why}\n")


class Documents(MemoryTest):
    def write_manifest(self, data):
        blobs = layout.Blobs()
        made = blobs.add(data, layout.MEDIA + "manifest.v1+json")
        layout.write_folder(self.path("in"), blobs.files(layout.index_of(made)))

    def test_a_manifest_of_ten_thousand_layers(self):
        blobs = layout.Blobs()
        manifest = json.loads(blobs.content[blobs.add_image([layout.make_layer([])])["digest"]])
        manifest["layers"] *= 10000
        self.write_manifest(json.dumps(manifest).encode())
        self.measure(r"berth: cannot read 'sha256:[0-9a-f]*': it has more than 1000 layers\n", "oci:in")

    def test_a_thousand_layers(self):
        layout.write_layout(self.path("in"), [layout.make_layer([entry(f"f{n}")]) for n in range(1000)])
        self.measure("", "oci:in")

    def test_a_manifest_that_is_deep_or_has_millions_of_values(self):
        for data in [b"[" * 3000000, b"[" + b"0," * 1500000 + b"0]"]:
            self.write_manifest(data)
            self.measure(r"berth: cannot read [^\n]*\n", "oci:in")


class TooLittle(harness.ImportTest):
    """Whatever the bound on memory, an import ends well or with one line that says why not."""
    STARVED = ("berth: cannot get more memory: Cannot allocate memory (ENOMEM)\n"
               "berth: hint: raise the bound on your memory (ulimit -v, or the job's), or free some\n")
    NO_THREAD = "berth: cannot start a thread: clone: Resource temporarily unavailable (EAGAIN)\n"

    def test_memory_is_told_in_one_line(self):
        layout.write_layout(self.path("in"), [layout.make_layer([entry("f", data=os.urandom(20 * MIB))])])
        before = sorted(os.listdir(self.folder))
        messages = set()
        for bound in range(60 * MIB, 300 * MIB, 6 * MIB):
            def set_bound(most=bound):
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
            done = self.run_import("-q", "--force", "oci:in", "out.sqsh", preexec_fn=set_bound)
            if done.returncode == 127:  # the loader's: berth has not begun
                continue
            messages.add(done.stderr)
            if done.returncode == 0:
                self.assertEqual(done.stderr, "")
                os.unlink(self.path("out.sqsh"))
            else:
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertTrue(done.stderr == self.STARVED or done.stderr.startswith(self.NO_THREAD)
                                or "memory" in done.stderr.lower(), done.stderr)
            self.assertEqual(sorted(os.listdir(self.folder)), before)
        self.assertIn(self.STARVED, messages)


if __name__ == "__main__":
    unittest.main()
