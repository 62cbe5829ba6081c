# SPDX-License-Identifier: Apache-2.0
"""Random layer stacks against two oracles: umoci, which unpacks one layer over the other, and the
kernel's overlayfs (overlay.py). Most stacks travel in batches, each in a folder of its own, so that a
mount and an import serve many of them.

BERTH_STACKS says how many are compared with each oracle, BERTH_SEED where to begin."""
import os
import shutil
import subprocess
import unittest

import harness
import layout
import overlay
import rawtar
import stacks

COUNT = int(os.environ.get("BERTH_STACKS", "200"))
SEED = int(os.environ.get("BERTH_SEED", "1"))
BATCH = 10


def batches(oracle):
    """Batches of stacks, and now and then one that is the whole image, with its root."""
    for seed in range(SEED, SEED + COUNT, BATCH):
        parts = {f"s{n}": stacks.make_stack(n, f"s{n}", layers=2 + seed // BATCH % 5, oracle=oracle)
                 for n in range(seed, seed + BATCH - 1)}
        yield seed, stacks.join(parts)
        yield seed + BATCH - 1, stacks.make_stack(seed + BATCH - 1, oracle=oracle)


def is_privileged(name):
    return name.startswith(("security.", "trusted."))


def take_out(tree, xattrs):
    """Takes out of an oracle's tree what an import leaves out. Returns what it should say about that."""
    devices = [n for n, seen in tree.items() if seen["mode"].startswith(("0o2", "0o6"))]
    for name in devices:
        del tree[name]
    lost = 0
    for seen in tree.values():
        for key in [] if xattrs else [x for x in seen.get("xattrs", {}) if is_privileged(x)]:
            del seen["xattrs"][key]
            lost += "same as" not in seen
    words = [f"{count} {what}{'s' if count > 1 else ''}"
             for count, what in [(len(devices), "device node"), (lost, "extended attribute")] if count]
    needs = "needs" if len(devices) + lost == 1 else "need"
    return [f"berth: left out {' and '.join(words)}, which {needs} privilege"] if words else []


def scan(top):
    """With the root, if it is more than a place for batches."""
    tree = harness.scan(top)
    return tree if os.path.isdir(os.path.join(top, "s")) else {**tree, ".": harness.describe(top, ())}


def for_umoci(entries):
    """umoci 0.4.7 refuses GNU's type for sparse files."""
    return [{**x, "style": "pax", "sparse": "1.0"} if "regions" in x else x for x in entries]


def forget_new_times(expected, ours):
    """umoci 0.4.7 leaves a directory with the present time when an outer mark has taken something out of
    it. Forgets those times in both; overlayfs is the judge of them."""
    for name, seen in expected.items():
        if seen["mtime"] > stacks.LATEST and seen["mode"].startswith("0o4") and name in ours:
            seen["mtime"] = ours[name]["mtime"]


class Stacks(harness.ImportTest):
    def compare(self, layers, expected, seed, excuse=lambda expected, ours: None):
        how = ["none", "gzip", "zstd", "members", "xz", "bzip2"][seed % 6]
        xattrs = ["--xattrs"] if seed % 2 else []
        source = layout.write_layout(
            self.path("ours"), [rawtar.make_layer(x["entries"]) for x in layers], how)
        done = self.run_import(
            *xattrs, "--force", "--threads", str(1 + seed % 3), "oci:" + source, "out.sqsh")
        self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stderr}")
        losses = take_out(expected, xattrs)
        ours = scan(self.unpack(self.path("out.sqsh")))
        excuse(expected, ours)
        found = harness.differences(ours, expected)
        self.assertEqual(found, "", f"seed {seed}")
        self.assertEqual(done.stderr.splitlines()[1:], losses, f"seed {seed}")
        shutil.rmtree(source)

    def test_overlayfs_agrees_as_root(self):
        harness.need(os.getuid() == 0, "only root can mount overlayfs over others' files")
        for seed, layers in batches("overlayfs"):
            top = self.path("layers")
            folders = overlay.unpack(layers, top)
            with overlay.shown(folders, self.path("merged")) as merged:
                expected = scan(merged)
            self.compare(layers, expected, seed)
            shutil.rmtree(top)

    def test_umoci_agrees_as_root(self):
        harness.need(os.getuid() == 0, "only root can give files to others")
        for seed, layers in batches("umoci"):
            entries = [for_umoci(x["entries"]) for x in layers]
            source = layout.write_layout(self.path("umoci"), [rawtar.make_layer(x) for x in entries], "none")
            bundle = self.path("bundle")
            done = subprocess.run(["umoci", "unpack", "--image", source + ":test", bundle],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stderr}")
            self.compare(layers, scan(bundle + "/rootfs"), seed, forget_new_times)
            shutil.rmtree(bundle)
            shutil.rmtree(source)


if __name__ == "__main__":
    unittest.main()
