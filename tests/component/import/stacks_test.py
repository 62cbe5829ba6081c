# SPDX-License-Identifier: Apache-2.0
"""Random layer stacks against two oracles: umoci, which unpacks one layer over the other, and the
kernel's overlayfs over layers that were each unpacked alone.

They differ where a layer has a file in a directory that it does not list itself: umoci keeps the
lower layer's directory as it was, overlayfs takes the new one's default attributes. We follow umoci
(and containerd), because a layer that does not mention a directory does not mean to change it. And
only umoci can tell what a hard link into a lower layer means. So the overlay stacks have neither."""
import os
import shutil
import subprocess
import unittest

import harness
import layout
import stacks

COUNT = int(os.environ.get("BERTH_STACKS", "20"))
SEED = int(os.environ.get("BERTH_SEED", "1"))


def unpack_layer(data, target, upper_of_all):
    """Unpacks one layer alone and turns OCI's marks into overlayfs' own."""
    os.makedirs(target)
    subprocess.run(["tar", "-xpP", "--xattrs", "--xattrs-include=user.*", "--numeric-owner",
                    "--delay-directory-restore", "-C", target],
                   input=data, check=True, stderr=subprocess.DEVNULL)
    for folder, _, files in os.walk(target):
        times = os.stat(folder)
        for name in files:
            path = os.path.join(folder, name)
            if name == ".wh..wh..opq":
                os.unlink(path)
                os.setxattr(folder, "trusted.overlay.opaque", b"y")
            elif name.startswith(".wh."):
                os.unlink(path)
                if not upper_of_all:
                    os.mknod(os.path.join(folder, name[4:]), 0o020000, os.makedev(0, 0))
        os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))


class Stacks(harness.ImportTest):
    def compare(self, layers, expected, seed):
        how = ["none", "gzip", "zstd", "members"][seed % 4]
        source = layout.write_layout(self.path("ours"), layers, how)
        image = self.image_of("oci:" + source, "--threads", str(1 + seed % 3))
        found = harness.differences(self.tree_of(image), expected)
        self.assertEqual(found, "", f"seed {seed}")
        shutil.rmtree(source)

    def test_umoci_agrees_as_root(self):
        harness.need(os.getuid() == 0, "only root can give files to others")
        for seed in range(SEED, SEED + COUNT):
            entries = stacks.make_stack(seed, links_down=True, implied=True)
            layers = [layout.make_layer(x) for x in entries]
            source = layout.write_layout(self.path("umoci"), layers, "none")
            bundle = self.path("bundle")
            done = subprocess.run(["umoci", "unpack", "--image", source + ":test", bundle],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, f"seed {seed}: {done.stderr}")
            self.compare(layers, harness.scan(bundle + "/rootfs"), seed)
            shutil.rmtree(bundle)
            shutil.rmtree(source)

    def test_overlayfs_agrees_as_root(self):
        harness.need(os.getuid() == 0, "only root can mount overlayfs over others' files")
        for seed in range(SEED + 1000, SEED + 1000 + COUNT):
            entries = stacks.make_stack(seed, links_down=False, implied=False)
            layers = [layout.make_layer(x) for x in entries]
            lower = [self.path(f"layer{n}") for n in range(len(layers))]
            for number, data in enumerate(layers):
                unpack_layer(data, lower[number], number == 0)
            merged = self.path("merged")
            os.makedirs(merged, exist_ok=True)
            subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                            "ro,lowerdir=" + ":".join(reversed(lower)), merged], check=True)
            try:
                expected = harness.scan(merged)
            finally:
                subprocess.run(["umount", merged], check=True)
            self.compare(layers, expected, seed)
            for folder in lower:
                shutil.rmtree(folder)


if __name__ == "__main__":
    unittest.main()
