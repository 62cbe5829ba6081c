# SPDX-License-Identifier: Apache-2.0
"""layers.py OUT SNAPSHOT.tar...: writes the OCI layout OUT with one layer per snapshot of a root.

A layer holds what was added or changed since the snapshot before, and a whiteout for what has gone.
Layers take turns with gzip and zstd. Same snapshots, same bytes."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
CREATED = "2025-01-01T00:00:00Z"
# The last layer makes this folder opaque: what lower layers had in it is gone without a name each.
OPAQUE = "usr/share/locale"


def name_of(member):
    return member.name.removeprefix("./").strip("/")


def fingerprint(tar, member):
    """What tells two versions of an entry apart. The content counts: all times are alike."""
    digest = ""
    if member.isreg():
        digest = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
    xattrs = tuple(sorted((k, v) for k, v in member.pax_headers.items() if "SCHILY" in k))
    return (member.type, member.mode, member.uid, member.gid, member.linkname, digest, xattrs)


def read_snapshot(path):
    with tarfile.open(path) as tar:
        return {name_of(m): fingerprint(tar, m) for m in tar if name_of(m)}


def changed_names(path, before, after):
    """New and different entries, and with a hard link the file that it belongs to."""
    names = {name for name, state in after.items() if before.get(name) != state}
    with tarfile.open(path) as tar:
        links = {name_of(m): m.linkname.removeprefix("./") for m in tar if m.islnk()}
    return names | {links[name] for name in names if name in links}


def removed_names(before, after):
    """What has gone, without what lies below a folder that has gone."""
    gone = before.keys() - after.keys()
    return sorted(n for n in gone if str(pathlib.PurePosixPath(n).parent) not in gone)


def add_empty(tar, name):
    member = tarfile.TarInfo(name)
    member.mtime = EPOCH
    tar.addfile(member, io.BytesIO())


def add_opaque_folder(tar, folder):
    member = tarfile.TarInfo(folder)
    member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, EPOCH
    tar.addfile(member)
    add_empty(tar, folder + "/.wh..wh..opq")


def write_layer(target, path, before, after, is_last):
    changed = changed_names(path, before, after)
    gone = removed_names(before, after)
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer, tarfile.open(path) as tar:
        if is_last and OPAQUE in gone:
            gone.remove(OPAQUE)
            add_opaque_folder(layer, OPAQUE)
        for name in gone:
            parent, _, last = name.rpartition("/")
            add_empty(layer, f"{parent}/.wh.{last}".lstrip("/"))
        for member in tar:
            if name_of(member) not in changed:
                continue
            data = tar.extractfile(member) if member.isreg() else None
            member.name = name_of(member)
            if member.name in ("proc", "sys"):  # mounted over: the owner seen depends on the mode
                member.uid = member.gid = 0
            member.linkname = member.linkname.removeprefix("./") if member.islnk() else member.linkname
            layer.addfile(member, data)


def compress(path, kind):
    if kind == "zstd":
        return subprocess.run(["zstd", "-q", "-6", "-T2", "-c", path], check=True,
                              stdout=subprocess.PIPE).stdout
    return gzip.compress(path.read_bytes(), 6, mtime=0)


def add_blob(out, data, media_type, **more):
    digest = hashlib.sha256(data).hexdigest()
    (out / "blobs/sha256" / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data), **more}


def add_json(out, value, media_type, **more):
    return add_blob(out, json.dumps(value, indent=1).encode(), media_type, **more)


def add_layers(out, snapshots):
    """The descriptors of all layers, and the digests of their tars."""
    before, layers, diff_ids = {}, [], []
    for number, path in enumerate(snapshots):
        after = read_snapshot(path)
        tar = out / "layer.tar"
        write_layer(tar, path, before, after, path == snapshots[-1])
        kind = ("gzip", "zstd")[number % 2]
        layers.append(add_blob(out, compress(tar, kind),
                               "application/vnd.oci.image.layer.v1.tar+" + kind))
        diff_ids.append("sha256:" + hashlib.sha256(tar.read_bytes()).hexdigest())
        tar.unlink()
        before = after
    return layers, diff_ids


def make_config(diff_ids, snapshots):
    return {
        "created": CREATED, "architecture": "amd64", "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "BERTH_DEMO=from the image"],
            "Cmd": ["/bin/bash"],
            "Labels": {"org.opencontainers.image.title": "berth demo",
                       "org.opencontainers.image.description": "Debian, Open MPI, numpy"},
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": CREATED, "created_by": "make-demo-image " + p.stem}
                    for p in snapshots],
    }


def main():
    out = pathlib.Path(sys.argv[1])
    snapshots = [pathlib.Path(p) for p in sys.argv[2:]]
    (out / "blobs/sha256").mkdir(parents=True)
    layers, diff_ids = add_layers(out, snapshots)
    config = add_json(out, make_config(diff_ids, snapshots),
                      "application/vnd.oci.image.config.v1+json")
    manifest = add_json(
        out, {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
              "config": config, "layers": layers},
        "application/vnd.oci.image.manifest.v1+json",
        annotations={"org.opencontainers.image.ref.name": "demo"})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": [manifest]}
    (out / "index.json").write_text(json.dumps(index, indent=1))
    (out / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


main()
