# SPDX-License-Identifier: Apache-2.0
"""layer.py ROOT LAYER.tar [FLAT.tar]: what has changed in a root since the call before, as a layer.

New and changed entries come whole, what has gone as whiteouts, one for each name unless its folder
went too. FLAT.tar is the root as it stands now, in one archive. What ROOT/.layers says about the call
before is replaced. An entry counts as changed when its inode does, so that nothing is read twice."""
import json
import os
import stat
import sys
import tarfile

# Mounted over in a container, or of this build only. Folders stay, their content is left out.
EMPTY = {"dev", "proc", "sys", "run", "tmp", "var/cache", "var/lib/apt/lists", "etc/apt/apt.conf.d"}
ABSENT = {".layers", "etc/resolv.conf", "etc/hostname", "etc/machine-id", "etc/apt/sources.list.d",
          "etc/apt/sources.list", "var/lib/dpkg/lock", "var/lib/dpkg/lock-frontend"}


def walk(root, folder=""):
    """Every path below the root, parents before children, in the order of the names."""
    for name in sorted(os.listdir(os.path.join(root, folder))):
        path = os.path.join(folder, name)
        if path in ABSENT:
            continue
        info = os.lstat(os.path.join(root, path))
        yield path, info
        if stat.S_ISDIR(info.st_mode) and path not in EMPTY:
            yield from walk(root, path)


def state_of(info):
    """What tells two versions of an entry apart. A folder's times change with what is in it."""
    state = [info.st_mode, info.st_uid, info.st_gid]
    return state if stat.S_ISDIR(info.st_mode) else [*state, info.st_ino, info.st_ctime_ns]


def write_tar(root, target, paths, gone):
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in gone:
            folder, name = os.path.split(path)
            tar.addfile(tarfile.TarInfo(os.path.join(folder, ".wh." + name)))
        for path in paths:
            member = tar.gettarinfo(os.path.join(root, path), arcname=path)
            if member is None:  # a socket
                continue
            member.mtime = int(member.mtime)
            member.uname = member.gname = ""
            if member.isreg():
                with open(os.path.join(root, path), "rb") as data:
                    tar.addfile(member, data)
            else:
                tar.addfile(member)


def with_first_names(root, changed, paths):
    """Adds the other names of changed files: a hard link has to find its target in its own layer."""
    inodes = {os.lstat(os.path.join(root, path)).st_ino for path in changed}
    return [path for path, info in paths.items() if path in changed or
            (info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode) and info.st_ino in inodes)]


def main():
    root, layer, flat = sys.argv[1], sys.argv[2], sys.argv[3:]
    notes = os.path.join(root, ".layers", "state.json")
    os.makedirs(os.path.dirname(notes), exist_ok=True)
    before = {}
    if os.path.exists(notes):
        with open(notes, encoding="utf-8", errors="surrogateescape") as text:
            before = json.load(text)
    paths = dict(walk(root))
    now = {path: state_of(info) for path, info in paths.items()}
    changed = {path for path, state in now.items() if before.get(path) != state}
    gone = [path for path in sorted(before.keys() - now.keys())
            if os.path.dirname(path) == "" or os.path.dirname(path) in now]
    write_tar(root, layer, with_first_names(root, changed, paths), gone)
    for target in flat:
        write_tar(root, target, paths, [])
    with open(notes, "w", encoding="utf-8", errors="surrogateescape") as text:
        json.dump(now, text)
    print(f"{layer}: {len(changed)} entries, {len(gone)} whiteouts", file=sys.stderr)


main()
