# SPDX-License-Identifier: Apache-2.0
"""The kernel's overlayfs over layers that GNU tar has unpacked, each one alone.

What a layer cannot say by itself is copied up before, as the kernel does it for whoever writes into a
container: the directories that a layer has something in but no entry for, and the files of lower layers
that its hard links lead to."""
import contextlib
import os
import shutil
import stat
import subprocess

import rawtar

OPAQUE = ".wh..wh..opq"


@contextlib.contextmanager
def shown(folders, target):
    """The merged directory of these layers, lowest first."""
    if len(folders) == 1:
        yield folders[0]
        return
    os.makedirs(target, exist_ok=True)
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    "ro,lowerdir=" + ":".join(reversed(folders)), target], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", target], check=True)


def copy_attributes(source, target):
    info = os.lstat(source)
    os.chown(target, info.st_uid, info.st_gid)
    os.chmod(target, stat.S_IMODE(info.st_mode))
    for key in os.listxattr(source):
        if not key.startswith("trusted.overlay."):
            os.setxattr(target, key, os.getxattr(source, key))
    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


def copy_up(path, below, layer):
    """Copies the file, and its parents' attributes once they exist."""
    source, target = os.path.join(below, path), os.path.join(layer, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    copy_attributes(source, target)


def plain(name):
    return os.path.normpath("/" + name).strip("/")


def parents_of(paths):
    return {"/".join(x.split("/")[:depth]) for x in paths for depth in range(1, x.count("/") + 1)}


def take_marks(top):
    """Removes every mark that the layer has; returns their folders, relative, and names, outer ones first."""
    marks = []
    for folder, _, files in os.walk(top):
        for name in files:
            if name.startswith(".wh."):
                os.unlink(os.path.join(folder, name))
                marks.append(("" if folder == top else os.path.relpath(folder, top), name))
    return sorted(marks, key=lambda mark: (mark[0].count("/") + bool(mark[0]), mark[1] != OPAQUE))


def forget(layer, paths):
    """Takes back copies that a mark hides, inner ones first."""
    for path in sorted(paths, reverse=True):
        place = os.path.join(layer, path)
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)  # at most whiteouts are in it
        else:
            os.unlink(place)


def is_cut(layer, folder):
    """True when the layer itself hides what is below this folder: a whiteout there would be seen."""
    while folder:
        if "trusted.overlay.opaque" in os.listxattr(os.path.join(layer, folder)):
            return True
        folder = os.path.dirname(folder)
    return False


def apply_mark(layer, folder, name, below, copied):
    """Turns one of OCI's marks into overlayfs' own. `copied`: what stands there without an entry."""
    if not os.path.isdir(os.path.join(layer, folder)):
        return  # an outer mark has taken it
    path = os.path.normpath(os.path.join(folder, name[4:] if name != OPAQUE else ""))
    hidden = {x for x in copied if x.startswith(path + "/") or path == "." or name != OPAQUE and x == path}
    forget(layer, hidden)
    copied -= hidden
    place = os.path.join(layer, path)
    if not os.path.lexists(place):
        if os.path.lexists(os.path.join(below, path)) and not is_cut(layer, folder):
            os.mknod(place, stat.S_IFCHR, os.makedev(0, 0))
    elif path != "." and stat.S_ISDIR(os.lstat(place).st_mode):
        os.setxattr(place, "trusted.overlay.opaque", b"y")


def for_gnu_tar(entries):
    """With -P it takes symbolic links as they are, but also a leading slash. And of a directory that a
    layer has twice it leaves what the first entry said, where everybody else takes the last."""
    last = {plain(x["name"]): x for x in entries if x["kind"] == "dir"}
    return [{**(last[plain(x["name"])] if x["kind"] == "dir" else x), "name": "./" + plain(x["name"])}
            for x in entries]


def unpack_layer(layer, target, below):
    """Unpacks one layer alone; `below` shows the layers under it. True when it hides them all."""
    os.makedirs(target)
    for path in layer["linked"]:
        copy_up(path, below, target)
    names = {plain(x["name"]) for x in layer["entries"]}
    implied = {x for x in parents_of(names | layer["linked"]) - layer["own"] - names
               if os.path.isdir(os.path.join(below, x))}
    for path in sorted(implied):
        os.makedirs(os.path.join(target, path), exist_ok=True)
    subprocess.run(["tar", "-xpP", "--xattrs", "--xattrs-include=*", "--numeric-owner",
                    "--delay-directory-restore", "-C", target],
                   input=rawtar.make_layer(for_gnu_tar(layer["entries"])), check=True,
                   stderr=subprocess.DEVNULL)  # it finds old times implausible
    times = {x: os.lstat(x).st_mtime_ns for x, _, _ in os.walk(target)}
    copied = implied | (layer["linked"] - layer["own"])
    marks = take_marks(target)
    for folder, name in marks:
        apply_mark(target, folder, name, below, copied)
    for path, mtime in times.items():
        if os.path.isdir(path):
            os.utime(path, ns=(mtime, mtime))
    for path in sorted(implied & copied, reverse=True):
        copy_attributes(os.path.join(below, path), os.path.join(target, path))
    if "" not in names:
        copy_attributes(below, target)
    return ("", OPAQUE) in marks


def unpack(layers, top):
    """Unpacks layers, lowest first; returns the folders that make the mount."""
    nothing = os.path.join(top, "nothing")
    os.makedirs(nothing)
    os.utime(nothing, (0, 0))  # what an import gives to a directory that nobody describes
    folders = []
    for count, layer in enumerate(layers):
        target = os.path.join(top, str(count))
        with shown(folders or [nothing], os.path.join(top, "below")) as below:
            hides_all = unpack_layer(layer, target, below)
        folders = [target] if hides_all else [*folders, target]
    return folders
