#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What serve_corpus.bats makes and compares.
extend DIR: adds what serve_tree.sh cannot make: devices, a socket, owners and attributes.
tar DIR: the tree as a tar on standard output, with owners and attributes.
owners: as a tar, empty files of as many owners as an image can have.
list DIR: a line for each file: its path, and all that is known of it.
visit DIR LIST: the same of the paths in LIST, backwards, so that each is looked up and none listed.
equal A B COLUMN...: whether two lists agree in these, or say where they first do not."""
import hashlib
import json
import os
import socket
import stat
import sys
import tarfile

SAMPLE = 1 << 20


def extend(top):
    os.chdir(top)
    os.mkdir("special")
    for name, kind, device in [("null", stat.S_IFCHR, (1, 3)), ("disk", stat.S_IFBLK, (259, 70000))]:
        os.mknod(f"special/{name}", kind | 0o640, os.makedev(*device))
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("special/socket")
    os.link("special/null", "special/null-again")
    for number, name in enumerate(["etc/passwd", "special/disk", "special/socket", "links/long", "empty"]):
        os.chown(name, 3_000_000_000 + number, 70000 - number, follow_symlinks=False)
    for name in ["etc/passwd", "empty", "links/one"]:
        os.setxattr(name, "user.note", b"of " + name.encode())
        os.setxattr(name, "user.long", b"long" * 700)
    for name in ["etc/group", "special/null", "modes/fifo", "links/symbolic"]:
        os.setxattr(name, "security.berth", b"a=b\n\0c", follow_symlinks=False)
    for folder, folders, names in os.walk("."):
        for name in folders + names:
            if name not in ["epoch", "far"]:
                os.utime(os.path.join(folder, name), (1700000000,) * 2, follow_symlinks=False)
    os.utime(".", (1700000000,) * 2)


def write_tar(top):
    def with_xattrs(member):
        path = os.path.join(top, member.name)
        member.uname = member.gname = ""
        member.mtime = int(member.mtime)
        for name in os.listxattr(path, follow_symlinks=False):
            value = os.getxattr(path, name, follow_symlinks=False)
            member.pax_headers[f"SCHILY.xattr.{name}"] = value.decode()
        return member

    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        tar.add(top, ".", filter=with_xattrs)


def write_owners():
    most = 65535
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for number in range(most):
            folder = tarfile.TarInfo(f"{number // 256:02x}")
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            if number % 256 == 0:
                tar.addfile(folder)
            member = tarfile.TarInfo(f"{folder.name}/{number}")
            member.uid, member.gid = number, most - 1 - number
            tar.addfile(member)


def sum_of(path, size):
    """Of all of it; of a large file, of the parts in which there is more than holes."""
    with open(path, "rb") as file:
        if size <= 64 << 20:
            return hashlib.sha256(file.read()).hexdigest()
        data = hashlib.sha256()
        for at in [0, (2 << 30) - SAMPLE // 2, size - SAMPLE]:
            data.update(os.pread(file.fileno(), SAMPLE, at))
        return data.hexdigest()


def read_xattrs(path):
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return None
    return {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in sorted(names)}


def describe(top, name):
    path = os.path.join(top, name)
    info = os.lstat(path)
    is_directory = stat.S_ISDIR(info.st_mode)
    is_file = stat.S_ISREG(info.st_mode)
    return {
        "path": os.fsencode(name).hex(), "mode": info.st_mode, "mtime": info.st_mtime, "number": info.st_ino,
        "size": 0 if is_directory else info.st_size, "listing": info.st_size if is_directory else 0,
        "links": 0 if is_directory else info.st_nlink, "folders": info.st_nlink if is_directory else 0,
        "blocks": info.st_blocks if is_file else 0, "device": info.st_rdev,
        "owner": [info.st_uid, info.st_gid], "xattrs": read_xattrs(path),
        "target": os.fsencode(os.readlink(path)).hex() if stat.S_ISLNK(info.st_mode) else "",
        "sum": sum_of(path, info.st_size) if is_file and info.st_mode & 0o400 else "",
    }


def names_below(top):
    yield ""
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            yield os.path.relpath(os.path.join(folder, name), top)


def read_list(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def equal(one, two, columns):
    one, two = ({entry["path"]: entry for entry in read_list(file)} for file in [one, two])
    if one.keys() != two.keys():
        sys.exit(f"only in one: {[bytes.fromhex(path) for path in one.keys() ^ two.keys()]}")
    for path, entry in one.items():
        for column in columns:
            # The kernel's driver counts the attributes' blocks, which we do not show.
            if column == "blocks" and two[path]["xattrs"]:
                continue
            if entry[column] != two[path][column]:
                sys.exit(f"{bytes.fromhex(path)!r}: {column} {entry[column]} is not {two[path][column]}")


def main(what, *words):
    if what == "extend":
        extend(*words)
    elif what == "tar":
        write_tar(*words)
    elif what == "owners":
        write_owners()
    elif what == "equal":
        equal(words[0], words[1], words[2:])
    else:
        names = names_below(words[0])
        if what == "visit":
            names = [os.fsdecode(bytes.fromhex(entry["path"])) for entry in reversed(read_list(words[1]))]
        for name in names:
            print(json.dumps(describe(words[0], name)))


main(*sys.argv[1:])
