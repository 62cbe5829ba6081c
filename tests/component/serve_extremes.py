#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""serve_extremes.py deep|crowd|sparse N IMAGE: writes an image that no tool makes in time: N directories
in each other; N files in one directory; a file of N bytes that is a hole but for a few of them.
serve_extremes.py descend DIR: goes down as far as there are directories, and says how far that was."""
import array
import os
import struct
import sys
import zlib

BLOCK = 8192
DATA_BLOCK = 128 << 10
NONE = 2**64 - 1


class Metadata:
    """A table of metadata blocks; where a thing goes is known before it is written."""

    def __init__(self):
        self.done = bytearray()
        self.open = bytearray()

    def block(self):
        return len(self.done)

    def reference(self):
        return len(self.done) << 16 | len(self.open)

    def add(self, data):
        self.open += data
        while len(self.open) >= BLOCK:
            self.flush(self.open[:BLOCK])
            del self.open[:BLOCK]

    def flush(self, data):
        packed = zlib.compress(data, 1)
        self.done += struct.pack("<H", len(packed)) + packed

    def finish(self):
        if self.open:
            self.flush(self.open)
        return self.done


class Image:
    def __init__(self):
        self.data = bytearray()
        self.inodes = Metadata()
        self.listings = Metadata()
        self.count = 0

    def begin_inode(self, kind, mode):
        reference = self.inodes.reference()
        self.count += 1
        self.inodes.add(struct.pack("<4H2I", kind, mode, 0, 0, 1700000000, self.count))
        return reference, self.count

    def add_empty_file(self):
        inode = self.begin_inode(2, 0o644)
        self.inodes.add(struct.pack("<4I", 0, 0xffffffff, 0, 0))
        return inode

    def add_sparse_file(self, size, written):
        """`written` has bytes for the middle and for the end."""
        start = 96 + len(self.data)
        sizes = array.array("I", bytes(size // DATA_BLOCK * 4))
        for block in [len(sizes) // 2, len(sizes) - 1]:
            sizes[block] = DATA_BLOCK | 1 << 24
            self.data += bytes(DATA_BLOCK - len(written)) + written
        inode = self.begin_inode(9, 0o644)
        self.inodes.add(struct.pack("<3Q4I", start, size, size - 2 * DATA_BLOCK, 1, 0xffffffff, 0, 0xffffffff))
        self.inodes.add(sizes.tobytes())
        return inode

    def add_directory(self, kind, entries):
        """Entries are (name, (reference, number)), of one kind and sorted."""
        start = self.listings.reference()
        index, size, block, position = [], 3, self.listings.block(), 0
        while position < len(entries):
            part = entries[position:position + 256]
            inodes = part[0][1][0] >> 16
            part = [entry for entry in part if entry[1][0] >> 16 == inodes]
            if self.listings.block() != block:
                block = self.listings.block()
                name = part[0][0]
                index.append(struct.pack("<3I", size - 3, block, len(name) - 1) + name)
            listing = struct.pack("<3I", len(part) - 1, inodes, part[0][1][1]) + b"".join(
                struct.pack("<HhHH", reference & 0xffff, number - part[0][1][1], kind, len(name) - 1) + name
                for name, (reference, number) in part)
            self.listings.add(listing)
            size += len(listing)
            position += len(part)
        inode = self.begin_inode(8, 0o755)
        # The parent, if there is one, is the next inode.
        self.inodes.add(struct.pack("<4I2HI", 3, size, start >> 16, inode[1] + 1, len(index),
                                    start & 0xffff, 0xffffffff) + b"".join(index))
        return inode

    def write(self, path, root):
        tables = [self.inodes.finish(), self.listings.finish()]
        inodes = 96 + len(self.data)
        listings = inodes + len(tables[0])
        ids = listings + len(tables[1])
        id_block = struct.pack("<HI", 0x8004, 0)
        end = ids + len(id_block) + 8
        with open(path, "wb") as out:
            out.write(struct.pack("<5I6H8Q", 0x73717368, self.count, 0, DATA_BLOCK, 0, 1, 17, 0, 1, 4, 0,
                                  root[0], end, end - 8, NONE, inodes, listings, NONE, NONE))
            for part in [self.data, *tables, id_block, struct.pack("<Q", ids)]:
                out.write(part)
            out.write(bytes(-end % 4096))


def make(what, number, path):
    image = Image()
    if what == "deep":
        inode = image.add_directory(2, [(b"bottom", image.add_empty_file())])
        for _ in range(number):
            inode = image.add_directory(1, [(b"d", inode)])
    elif what == "crowd":
        inode = image.add_directory(2, [(b"name-%07d" % i, image.add_empty_file()) for i in range(number)])
    else:
        inode = image.add_directory(2, [(b"file", image.add_sparse_file(number, b"written"))])
    image.write(path, inode)


def descend(path):
    depth = 0
    fd = os.open(path, os.O_RDONLY)
    try:
        while True:
            below = os.open("d", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = below
            depth += 1
    except FileNotFoundError:
        print(depth, *os.listdir(fd))


if sys.argv[1] == "descend":
    descend(sys.argv[2])
else:
    make(sys.argv[1], int(sys.argv[2]), sys.argv[3])
