# SPDX-License-Identifier: Apache-2.0
"""layout.py OUT LAYER.tar...: an OCI layout with the tag `bench` of gzip layers, lowest first.

LAYER.tar.gz lies beside each; blobs are linked, not copied."""
import hashlib
import json
import os
import pathlib
import sys

MEDIA = "application/vnd.oci.image."
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def sum_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as data:
        while piece := data.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def add_text(out, value, kind):
    data = json.dumps(value).encode()
    name = hashlib.sha256(data).hexdigest()
    (out / "blobs/sha256" / name).write_bytes(data)
    return {"mediaType": MEDIA + kind, "digest": "sha256:" + name, "size": len(data)}


def add_layer(out, tar):
    packed = tar.with_name(tar.name + ".gz")
    name = sum_of(packed)
    target = out / "blobs/sha256" / name
    if not target.exists():
        os.link(packed, target)
    return {"mediaType": MEDIA + "layer.v1.tar+gzip", "digest": "sha256:" + name,
            "size": packed.stat().st_size}


def main():
    out, tars = pathlib.Path(sys.argv[1]), [pathlib.Path(x) for x in sys.argv[2:]]
    (out / "blobs/sha256").mkdir(parents=True)
    config = {
        "architecture": ARCHITECTURES.get(os.uname().machine, os.uname().machine), "os": "linux",
        "config": {"Cmd": ["/bin/bash"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sum_of(x) for x in tars]},
        # Charliecloud pulls nothing that has no history.
        "history": [{"created_by": "step %d" % (n + 1)} for n in range(len(tars))]}
    manifest = {"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json",
                "config": add_text(out, config, "config.v1+json"),
                "layers": [add_layer(out, x) for x in tars]}
    tagged = {**add_text(out, manifest, "manifest.v1+json"),
              "annotations": {"org.opencontainers.image.ref.name": "bench"}}
    (out / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [tagged]}))
    (out / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


main()
