# SPDX-License-Identifier: Apache-2.0
"""Tar entries byte by byte: what Python's tarfile does not write. Sparse files in all their forms, long
names in both, names that are no UTF-8, times before 1970 and between seconds, and damage of every
kind. tar(5) has the fields; GNU tar's manual, appendix "Sparse Formats", the rest."""
import os

BLOCK = 512
END = bytes(2 * BLOCK)
FLAGS = {"file": b"0", "link": b"1", "symlink": b"2", "char": b"3", "block": b"4", "dir": b"5",
         "fifo": b"6"}
SPARSE = ["old", "0.0", "0.1", "1.0"]


def number(value, width):
    """Octal, or base 256 for what does not fit or is negative."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    raw = bytearray((value % 256 ** width).to_bytes(width, "big"))
    raw[0] |= 0x80
    return bytes(raw)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def header(name, flag=b"0", size=0, *, mode=0o644, uid=0, gid=0, mtime=0, target=b"", device=(0, 0),
           gnu=False, extra=b""):
    """One header block. `extra` begins at byte 345: ustar's prefix, or GNU's fields."""
    block = bytearray(BLOCK)
    fields = [(0, name[:100]), (100, number(mode, 8)), (108, number(uid, 8)), (116, number(gid, 8)),
              (124, size if isinstance(size, bytes) else number(size, 12)), (136, number(mtime, 12)),
              (148, b" " * 8), (156, flag), (157, target[:100]),
              (257, b"ustar  \0" if gnu else b"ustar\00000"), (329, number(device[0], 8)),
              (337, number(device[1], 8)), (345, extra)]
    for offset, text in fields:
        block[offset:offset + len(text)] = text
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def record(key, value):
    """A pax record: its length counts itself."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def pax(records, flag=b"x"):
    """The extended header with these (key, bytes) records; flag g: for all that follow."""
    data = b"".join(record(key, value) for key, value in records)
    return header(b"PaxHeaders/x", flag, len(data)) + padded(data)


def long_text(flag, text):
    """GNU's way to a long name (flag L) or link target (K)."""
    return header(b"././@LongLink", flag, len(text) + 1, gnu=True) + padded(text + b"\0")


def sparse_map(item):
    """Offsets and lengths of the data; a last empty one tells where the file ends."""
    regions = [(offset, len(data)) for offset, data in item["regions"]]
    return regions + [(item["size"], 0)]


def old_sparse(item):
    """GNU's type S: four regions in the header, 21 in each block that follows. Returns the header's
    own part and those blocks."""
    places = [number(offset, 12) + number(length, 12) for offset, length in sparse_map(item)]
    extra = bytearray(150)
    extra[41:41 + 96] = b"".join(places[:4]).ljust(96, b"\0")
    extra[137] = len(places) > 4
    extra[138:150] = number(item["size"], 12)
    blocks = []
    for at in range(4, len(places), 21):
        block = b"".join(places[at:at + 21]).ljust(504, b"\0")
        blocks.append(block + bytes([at + 21 < len(places)]) + bytes(7))
    return bytes(extra), b"".join(blocks)


def pax_sparse(item, version):
    """Returns the records, and what stands before the data."""
    places = sparse_map(item)
    size = b"%d" % item["size"]
    if version == "1.0":
        text = "".join(f"{x}\n" for x in [len(places), *(n for place in places for n in place)])
        return [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.realsize", size)], \
            padded(text.encode())
    records = [("GNU.sparse.size", size), ("GNU.sparse.numblocks", b"%d" % len(places))]
    if version == "0.1":
        flat = b",".join(b"%d,%d" % place for place in places)
        return records + [("GNU.sparse.map", flat)], b""
    for offset, length in places:
        records += [("GNU.sparse.offset", b"%d" % offset), ("GNU.sparse.numbytes", b"%d" % length)]
    return records, b""


def whole_seconds(mtime):
    return int(mtime // 1)


def data_of(item):
    """What lies in the archive, sparse or not."""
    return b"".join(x for _, x in item["regions"]) if "regions" in item else item.get("data", b"")


def fields_of(item):
    more = {key: item[key] for key in ("mode", "uid", "gid", "device") if key in item}
    more.setdefault("mode", 0o755 if item["kind"] == "dir" else 0o644)
    return {**more, "mtime": whole_seconds(item.get("mtime", 1700000000))}


def gnu_entry(item, name, target):
    """With GNU's own extensions and none of pax."""
    before = (long_text(b"L", name) if len(name) > 100 else b"") + \
        (long_text(b"K", target) if len(target) > 100 else b"")
    data, extra, blocks, flag = data_of(item), b"", b"", FLAGS[item["kind"]]
    if "regions" in item:
        extra, blocks = old_sparse(item)
        flag = b"S"
    return before + header(name, flag, len(data), target=target, gnu=True, extra=extra,
                           **fields_of(item)) + blocks + padded(data)


def pax_entry(item, name, target):
    records = [("SCHILY.xattr." + key, value) for key, value in item.get("xattrs", {}).items()]
    mtime = item.get("mtime", 0)
    if mtime != whole_seconds(mtime) or mtime < 0:
        records.append(("mtime", b"%r" % mtime))
    if len(target) > 100:
        records.append(("linkpath", target))
    data, before, shown = data_of(item), b"", name
    version = item.get("sparse", "1.0")
    if "regions" in item:
        more, before = pax_sparse(item, version)
        records += more
        if version != "0.0":
            records.append(("GNU.sparse.name", name))
            shown = b"GNUSparseFile.1/x"
    if len(shown) > 100:
        records.append(("path", shown))
    fields = fields_of(item)
    fields["mtime"] = max(fields["mtime"], 0)
    return (pax(records) if records else b"") + header(
        shown, FLAGS[item["kind"]], len(before + data), target=target, **fields) + before + padded(data)


def encode(item):
    """One entry. item["style"]: pax (the default) or gnu."""
    name, target = os.fsencode(item["name"]), os.fsencode(item.get("target", ""))
    if item["kind"] == "dir" and item.get("slash"):
        name += b"/"
    return (gnu_entry if item.get("style") == "gnu" else pax_entry)(item, name, target)


def make_layer(entries):
    """The bytes of an uncompressed layer; entries that are bytes already stand as they are."""
    return b"".join(x if isinstance(x, bytes) else encode(x) for x in entries) + END
