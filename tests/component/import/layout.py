# SPDX-License-Identifier: Apache-2.0
"""Makes images for the tests: layers from lists of entries, OCI layouts, OCI and docker archives."""
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

TYPES = {
    "dir": tarfile.DIRTYPE,
    "file": tarfile.REGTYPE,
    "symlink": tarfile.SYMTYPE,
    "link": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "char": tarfile.CHRTYPE,
}
MEDIA = "application/vnd.oci.image."
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
HOST = ARCHITECTURES.get(os.uname().machine, os.uname().machine)


def entry(name, kind="file", data=b"", **more):
    """One entry of a layer. `more`: mode, uid, gid, mtime, target, xattrs."""
    return {"name": name, "kind": kind, "data": data, **more}


def add_entry(tar, item):
    member = tarfile.TarInfo(item["name"])
    member.type = TYPES[item["kind"]]
    member.mode = item.get("mode", 0o755 if item["kind"] == "dir" else 0o644)
    member.uid = item.get("uid", 0)
    member.gid = item.get("gid", 0)
    member.mtime = item.get("mtime", 1700000000)
    member.linkname = item.get("target", "")
    for key, value in item.get("xattrs", {}).items():
        member.pax_headers["SCHILY.xattr." + key] = value
    if item["kind"] == "file":
        member.size = len(item["data"])
        tar.addfile(member, io.BytesIO(item["data"]))
    else:
        tar.addfile(member)


def make_layer(entries, form=tarfile.PAX_FORMAT):
    """The bytes of an uncompressed layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for item in entries:
            add_entry(tar, item)
    return out.getvalue()


def compress(data, how):
    if how == "none":
        return data
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "members":  # gzip in several members, as estargz has it
        middle = len(data) // 2
        return gzip.compress(data[:middle], mtime=0) + gzip.compress(data[middle:], mtime=0)
    return subprocess.run([how, "-c"], input=data, capture_output=True, check=True).stdout


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Blobs:
    """Content by digest, on its way into a layout."""

    def __init__(self):
        self.content = {}

    def add(self, data, media_type, **more):
        self.content[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}

    def add_image(self, layers, how="gzip", architecture=HOST, config=None):
        """An image of these layers, lowest first; returns the manifest's descriptor."""
        suffix = {"none": "", "zstd": "+zstd"}.get(how, "+gzip")
        document = {
            "architecture": architecture,
            "os": "linux",
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MEDIA + "manifest.v1+json",
            "config": self.add(json.dumps(document).encode(), MEDIA + "config.v1+json"),
            "layers": [
                self.add(compress(x, how), MEDIA + "layer.v1.tar" + suffix) for x in layers
            ],
        }
        return self.add(json.dumps(manifest).encode(), MEDIA + "manifest.v1+json")

    def files(self, index):
        """The files of the layout, by name."""
        names = {f"blobs/sha256/{key[7:]}": data for key, data in self.content.items()}
        names["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        names["index.json"] = json.dumps(index).encode()
        return names


def tagged(descriptor, tag):
    annotations = {"org.opencontainers.image.ref.name": tag}
    return {**descriptor, "annotations": annotations}


def index_of(*descriptors):
    return {"schemaVersion": 2, "manifests": list(descriptors)}


def layout_files(layers, how="gzip", tag="test", **more):
    blobs = Blobs()
    return blobs.files(index_of(tagged(blobs.add_image(layers, how, **more), tag)))


def write_folder(path, files):
    for name, data in files.items():
        full = os.path.join(path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as out:
            out.write(data)
    return path


def write_archive(path, files, links=()):
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            add_entry(tar, entry(name, data=data))
        for name, target in links:
            add_entry(tar, entry(name, "symlink", target=target))
    return path


def write_layout(path, layers, how="gzip", tag="test", **more):
    return write_folder(path, layout_files(layers, how, tag, **more))
