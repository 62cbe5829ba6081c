# SPDX-License-Identifier: Apache-2.0
"""Every kind of source gives the same image, and every kind of entry arrives as it was."""
import json
import os
import shutil
import socket
import subprocess
import tarfile
import unittest

import harness
import layout
from layout import entry

LAYERS = [
    layout.make_layer([
        entry("bin", "dir"),
        entry("bin/tool", data=b"old" * 1000, mode=0o4755),
        entry("etc", "dir", mode=0o700),
        entry("etc/secret", data=b"gone"),
        entry("lib", "symlink", target="usr/lib"),
    ]),
    layout.make_layer([
        entry("bin/tool", data=b"new" * 70000, uid=7, gid=8, mode=0o755),
        entry("etc/.wh.secret"),
        entry("etc/motd", data=b"hello\n"),
    ]),
]
MERGED = [
    "drwxr-xr-x 0/0",
    "drwxr-xr-x 0/0 /bin",
    "-rwxr-xr-x 7/8 210000 /bin/tool",
    "drwx------ 0/0 /etc",
    "-rw-r--r-- 0/0 6 /etc/motd",
    "lrwxrwxrwx 0/0 7 /lib -> usr/lib",
]


def config_of(image):
    return subprocess.run(["unsquashfs", "-cat", image, ".berth/config.json"],
                          capture_output=True, check=True).stdout


class Formats(harness.ImportTest):
    def expect_merged(self, source, *options):
        self.assertEqual(self.listing_of(self.image_of(source, *options)), MERGED)

    def test_oci_layouts_with_each_compression(self):
        for how in ["none", "gzip", "members", "zstd"]:
            layout.write_layout(self.path(how), LAYERS, how)
            self.expect_merged(f"oci:{how}:test")
            self.expect_merged(how)

    def test_oci_archives(self):
        layout.write_archive(self.path("app.tar"), layout.layout_files(LAYERS))
        self.expect_merged("oci-archive:app.tar:test")
        self.expect_merged("oci-archive:app.tar")
        self.expect_merged("app.tar")

    def test_docker_archives_of_the_old_kind_share_layers_by_links(self):
        empty = layout.make_layer([])
        config = json.dumps({"os": "linux", "architecture": layout.HOST, "rootfs": {
            "type": "layers", "diff_ids": [layout.digest(x) for x in [*LAYERS, empty, empty]]}})
        name = layout.digest(config.encode())[7:] + ".json"
        images = [{"Config": name, "RepoTags": ["app:v1", "app:latest"],
                   "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar", "4/layer.tar"]}]
        files = {"1/layer.tar": LAYERS[0], "2/layer.tar": LAYERS[1], "3/layer.tar": empty,
                 name: config.encode(), "manifest.json": json.dumps(images).encode()}
        layout.write_archive(self.path("save.tar"), files, [("4/layer.tar", "../3/layer.tar")])
        for ref in ["", ":app:v1", ":app"]:
            self.expect_merged("docker-archive:save.tar" + ref)
        self.expect_merged("save.tar")

    def test_docker_archives_of_the_new_kind_are_layouts_too(self):
        files = layout.layout_files(LAYERS)
        index = json.loads(files["index.json"])
        manifest = json.loads(files["blobs/sha256/" + index["manifests"][0]["digest"][7:]])
        blob = "blobs/sha256/{}".format
        images = [{"Config": blob(manifest["config"]["digest"][7:]), "RepoTags": ["app:v1"],
                   "Layers": [blob(x["digest"][7:]) for x in manifest["layers"]]}]
        files["manifest.json"] = json.dumps(images).encode()
        layout.write_archive(self.path("save.tar"), files)
        self.expect_merged("docker-archive:save.tar:app:v1")
        self.expect_merged("oci-archive:save.tar:test")
        self.expect_merged("save.tar")

    def test_what_skopeo_writes(self):
        harness.need(shutil.which("skopeo"), "skopeo is not installed")
        layout.write_layout(self.path("in"), LAYERS)
        for target in ["oci:out:v1", "oci-archive:out.tar:v1", "docker-archive:save.tar:app:v1"]:
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "oci:in:test", target],
                           cwd=self.folder, check=True)
            self.expect_merged(target)

    def test_tar_files_with_each_compression(self):
        layout.write_layout(self.path("in"), LAYERS)
        flat = self.unpack(self.image_of("oci:in"))
        subprocess.run(["tar", "-cf", self.path("flat.tar"), "-C", flat, "."], check=True)
        with open(self.path("flat.tar"), "rb") as data:
            plain = data.read()
        for how in ["none", "gzip", "members", "zstd", "xz", "bzip2"]:
            with open(self.path(how + ".tar"), "wb") as out:
                out.write(layout.compress(plain, how))
            self.expect_merged(f"tar:{how}.tar")
            self.expect_merged(f"{how}.tar")

    def test_directories(self):
        layout.write_layout(self.path("in"), LAYERS)
        flat = self.unpack(self.image_of("oci:in"), "flat")
        os.link(os.path.join(flat, "etc/motd"), os.path.join(flat, "etc/zmotd"))
        os.setxattr(os.path.join(flat, "etc/motd"), "user.k", b"v\0w")
        before = harness.scan(flat)
        for source in ["dir:flat", "flat", "dir:flat/"]:
            self.assertEqual(self.tree_of(self.image_of(source)), before)

    def test_the_config_and_the_manifest_travel_byte_for_byte(self):
        files = layout.layout_files(LAYERS, config={"Env": ["A=b"]})
        layout.write_folder(self.path("in"), files)
        index = json.loads(files["index.json"])
        manifest = files["blobs/sha256/" + index["manifests"][0]["digest"][7:]]
        config = files["blobs/sha256/" + json.loads(manifest)["config"]["digest"][7:]]
        image = self.image_of("oci:in")
        self.assertEqual(config_of(image), config)
        inside = subprocess.run(["unsquashfs", "-cat", image, ".berth/manifest.json"],
                                capture_output=True, check=True).stdout
        self.assertEqual(inside, manifest)

    def test_a_tar_gets_a_minimal_config(self):
        layout.write_folder(self.path("plain"), {"file": b"x"})
        config = json.loads(config_of(self.image_of("dir:plain")))
        self.assertEqual(config, {"architecture": layout.HOST, "os": "linux", "config": {},
                                  "rootfs": {"type": "layers", "diff_ids": []}})

    def test_a_layer_cannot_bring_its_own_config(self):
        forged = layout.make_layer([entry(".berth", "dir"), entry(".berth/config.json", data=b"{}"),
                                    entry(".berth/other", data=b"x")])
        for layers in [[forged], [layout.make_layer([entry(".berth", "symlink", target="etc")])]]:
            files = layout.layout_files(layers)
            layout.write_folder(self.path("in"), files)
            image = self.image_of("oci:in")
            names = subprocess.run(["unsquashfs", "-l", image], capture_output=True, text=True,
                                   check=True).stdout.split()
            self.assertEqual(names, ["squashfs-root", "squashfs-root/.berth",
                                     "squashfs-root/.berth/config.json",
                                     "squashfs-root/.berth/manifest.json"])
            self.assertIn(b"diff_ids", config_of(image))
            shutil.rmtree(self.path("in"))

    def test_an_index_gives_the_hosts_platform_or_the_one_asked_for(self):
        blobs = layout.Blobs()
        other = "s390x" if layout.HOST != "s390x" else "amd64"
        images = []
        for name in [layout.HOST, other]:
            item = blobs.add_image([layout.make_layer([entry(name)])], architecture=name)
            images.append({**item, "platform": {"os": "linux", "architecture": name}})
        images.append({**images[0], "platform": {"os": "unknown", "architecture": "unknown"}})
        inner = blobs.add(json.dumps(layout.index_of(*images)).encode(),
                          layout.MEDIA + "index.v1+json")
        layout.write_folder(self.path("in"), blobs.files(layout.index_of(
            layout.tagged(inner, "v1"))))
        self.assertIn("/" + layout.HOST, self.listing_of(self.image_of("oci:in:v1"))[1])
        image = self.image_of("oci:in:v1", "--platform", "linux/" + other)
        self.assertIn("/" + other, self.listing_of(image)[1])

    def test_without_a_name_the_image_goes_to_the_store(self):
        layout.write_layout(self.path("app"), LAYERS)
        done = self.run_import("oci:app:test")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("app:test.sqsh", os.listdir(self.path("store")))
        again = self.run_import("oci:app:test")
        self.assertEqual(again.returncode, 1)
        self.assertIn("it exists already", again.stderr)

    def test_the_summary_is_a_line_and_the_digest_and_quiet_has_none(self):
        layout.write_layout(self.path("in"), LAYERS)
        done = self.run_import("oci:in", "out.sqsh")
        self.assertRegex(done.stderr, r"^berth: imported 'oci:in' to 'out.sqsh': 2 layers, 5 entries "
                         r"\(2 hidden ones never compressed\), [0-9.]+ KiB -> [0-9.]+ KiB "
                         r"in [0-9.]+ s, sha256:[0-9a-f]{64}\n$")
        self.assertEqual(self.run_import("-q", "oci:in", "quiet.sqsh").stderr, "")


class Entries(harness.ImportTest):
    def import_layers(self, *layers, form=tarfile.PAX_FORMAT):
        made = [layout.make_layer(x, form) for x in layers]
        shutil.rmtree(self.path("in"), ignore_errors=True)
        layout.write_layout(self.path("in"), made)
        return self.image_of("oci:in")

    def names(self, image):
        done = subprocess.run(["unsquashfs", "-l", image], capture_output=True, check=True)
        lines = os.fsencode(done.stdout).split(b"\n")
        names = [x.removeprefix(b"squashfs-root/") for x in lines if b"/" in x]
        return [x for x in names if not x.startswith(b".berth")]

    def test_long_and_strange_names_in_each_tar_format(self):
        long = "d" * 80 + "/" + "e" * 90 + "/" + "f" * 100
        for form in [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]:
            image = self.import_layers([entry("./a//b/./c"), entry("/top"), entry(long),
                                        entry("gr\u00fcn"), entry("tab\tnew\x01")], form=form)
            self.assertEqual(self.names(image), [
                b"a", b"a/b", b"a/b/c", b"d" * 80, b"d" * 80 + b"/" + b"e" * 90, long.encode(),
                "gr\u00fcn".encode(), b"tab\tnew\x01", b"top"])

    def test_names_that_are_not_utf8_keep_their_bytes(self):
        name = os.fsdecode(b"caf\xe9")
        for form in [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]:
            image = self.import_layers([entry(name), entry("s", "symlink", target=name)], form=form)
            tree = self.tree_of(image)
            self.assertEqual(sorted(tree), [name, "s"])
            self.assertEqual(tree["s"]["target"], name)
        # GNU tar writes raw bytes into pax headers, which says that they are UTF-8
        os.mkdir(self.path("raw"))
        long = b"\xe9" * 120
        with open(os.path.join(os.fsencode(self.path("raw")), long), "wb"):
            pass
        subprocess.run(["tar", "--format=posix", "-cf", self.path("raw.tar"), "-C",
                        self.path("raw"), "."], check=True)
        self.assertEqual(list(self.tree_of(self.image_of("tar:raw.tar"))), [os.fsdecode(long)])

    def test_times_out_of_range_become_the_nearest_that_fits(self):
        image = self.import_layers([entry("early", mtime=-5), entry("late", mtime=2**33),
                                    entry("half", mtime=1234567890.75)])
        tree = self.tree_of(image)
        self.assertEqual([tree[x]["mtime"] for x in ["early", "late", "half"]],
                         [0, 2**32 - 1, 1234567890])

    def test_fifos_stay_and_devices_and_privileged_xattrs_go_with_a_line(self):
        made = layout.make_layer([
            entry("fifo", "fifo"), entry("null", "char"), entry("zero", "char"),
            entry("f", xattrs={"user.a": "1", "security.capability": "x", "trusted.t": "y",
                               "user.overlay.opaque": "y"})])
        layout.write_layout(self.path("in"), [made])
        done = self.run_import("oci:in", "out.sqsh")
        self.assertEqual(done.stderr.splitlines()[1],
                         "berth: left out 2 device nodes and 3 extended attributes, "
                         "which need privilege")
        tree = self.tree_of(self.path("out.sqsh"))
        self.assertEqual(sorted(tree), ["f", "fifo"])
        self.assertEqual(tree["f"]["xattrs"], {"user.a": b"1"})

    def test_xattrs_keeps_all_but_those_that_steer_an_overlay_as_root(self):
        harness.need(os.getuid() == 0, "only root sees privileged attributes")
        made = layout.make_layer([entry("f", xattrs={
            "user.a": "1", "security.capability": "\1\0\0\2" + "\0" * 16, "trusted.t": "y",
            "trusted.overlay.opaque": "y", "user.overlay.opaque": "y", "system.x": "z"})])
        layout.write_layout(self.path("in"), [made])
        done = self.run_import("--xattrs", "oci:in", "out.sqsh")
        self.assertEqual(done.stderr.splitlines()[1],
                         "berth: left out 3 extended attributes, which need privilege")
        tree = self.tree_of(self.path("out.sqsh"))
        self.assertEqual(tree["f"]["xattrs"], {
            "user.a": b"1", "trusted.t": b"y", "security.capability": b"\1\0\0\2" + bytes(16)})

    def test_setuid_bits_go_where_the_settings_say_so(self):
        made = layout.make_layer([entry("su", mode=0o4755), entry("sg", mode=0o2711), entry("null", "char"),
                                  entry("link", "link", target="su"), entry("d", "dir", mode=0o3777)])
        layout.write_layout(self.path("in"), [made])
        layout.write_folder(self.folder, {"site.yaml": b"import:\n  setuid: drop\n"})
        done = self.run_import("oci:in", "out.sqsh", env={"BERTH_CONFIG": self.path("site.yaml")})
        self.assertEqual(done.stderr.splitlines()[1].replace(self.folder, "DIR"),
                         "berth: left out 1 device node, which needs privilege; and the setuid bits of 2 "
                         "files, as DIR/site.yaml:2 says")
        tree = self.tree_of(self.path("out.sqsh"))
        self.assertEqual([tree[x]["mode"] for x in ["su", "sg", "d"]], ["0o100755", "0o100711", "0o43777"])

    def test_sockets_of_a_directory_stay(self):
        os.mkdir(self.path("tree"))
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(self.path("tree/s"))
        os.mkfifo(self.path("tree/fifo"), 0o640)
        self.assertEqual(self.tree_of(self.image_of("dir:tree")), harness.scan(self.path("tree")))

    def test_sparse_files_of_each_dialect_keep_their_size_and_their_bytes(self):
        os.mkdir(self.path("sparse"))
        with open(self.path("sparse/file"), "wb") as out:
            out.write(b"begin")
            for count in range(1, 31):  # more than GNU's header has room for
                out.seek(count * 300_000)
                out.write(b"middle")
            out.truncate(9_900_000)
        posix = [["--format=posix", "--sparse-version=" + x] for x in ["0.0", "0.1", "1.0"]]
        for dialect in [["--format=gnu"], *posix]:
            subprocess.run(["tar", "-S", *dialect, "-cf", self.path("s.tar"), "-C", self.path("sparse"), "."],
                           check=True)
            self.assertLess(os.path.getsize(self.path("s.tar")), 300_000)
            image = self.image_of("tar:s.tar")
            self.assertLess(os.path.getsize(image), 20_000)
            self.assertEqual(self.tree_of(image)["file"], harness.scan(self.path("sparse"))["file"], dialect)

    def test_a_plain_tar_and_a_directory_may_have_files_named_like_whiteouts(self):
        layout.write_folder(self.path("plain"), {".wh.kept": b"x", "kept": b"y"})
        subprocess.run(["tar", "-cf", self.path("p.tar"), "-C", self.path("plain"), "."], check=True)
        for source in ["dir:plain", "tar:p.tar"]:
            self.assertEqual(sorted(self.tree_of(self.image_of(source))), [".wh.kept", "kept"])

    def test_a_whiteout_never_deletes_from_its_own_layer(self):
        lower = [entry("a", "dir"), entry("a/low", data=b"1"), entry("b", data=b"low")]
        for upper in [[entry(".wh.b"), entry("b", data=b"up")], [entry("b", data=b"up"), entry(".wh.b")]]:
            tree = self.tree_of(self.import_layers(lower, upper))
            self.assertEqual(sorted(tree), ["a", "a/low", "b"])
            self.assertEqual(tree["b"]["content"][0], 2)
        new = [entry("a", "dir"), entry("a/new")]
        for upper in [new + [entry("a/.wh..wh..opq")], [new[0], entry("a/.wh..wh..opq"), new[1]],
                      [entry(".wh.a")] + new]:
            self.assertEqual(sorted(self.tree_of(self.import_layers(lower, upper))),
                             ["a", "a/new", "b"])

    def test_aufs_own_files_are_ignored(self):
        image = self.import_layers([entry("a"), entry(".wh..wh.plnk", "dir"), entry(".wh..wh.plnk/1.2"),
                                    entry(".wh..wh.aufs")])
        self.assertEqual(self.names(image), [b"a"])

    def test_a_link_through_which_a_lower_layer_pointed_is_never_followed(self):
        image = self.import_layers([entry("usr/lib/x"), entry("lib", "symlink", target="usr/lib")],
                                   [entry("lib/y")])
        self.assertEqual(self.names(image), [b"lib", b"lib/y", b"usr", b"usr/lib", b"usr/lib/x"])

    def test_a_hard_link_to_a_file_that_an_upper_layer_hides(self):
        lower = [entry("target", data=b"low" * 50000, mode=0o600), entry("name", "link", target="target")]
        tree = self.tree_of(self.import_layers(lower, [entry(".wh.target")]))
        self.assertEqual(list(tree), ["name"])
        self.assertEqual(tree["name"]["content"][0], 150000)
        tree = self.tree_of(self.import_layers(lower, [entry("target", data=b"up")]))
        self.assertEqual([tree[x]["content"][0] for x in ["name", "target"]], [150000, 2])
        self.assertNotIn("same as", tree["target"])

    def test_a_hard_link_into_a_lower_layer_that_is_hidden_from_above(self):
        low, link = [entry("d/target", data=b"low")], [entry("name", "link", target="./d/target")]
        tree = self.tree_of(self.import_layers(low, link))
        self.assertEqual(tree["name"]["same as"], "d/target")
        tree = self.tree_of(self.import_layers(low, link, [entry("d/target", data=b"longer")]))
        self.assertEqual(tree["name"]["content"][0], 3)
        tree = self.tree_of(self.import_layers(low, link, [entry(".wh.d")]))
        self.assertEqual(list(tree), ["name"])
        chain = [entry("third", "link", target="second")]
        tree = self.tree_of(self.import_layers(low, [entry("second", "link", target="d/target")], chain,
                                               [entry(".wh.second"), entry("d", data=b"")]))
        self.assertEqual(tree["third"]["content"][0], 3)
        self.assertEqual(sorted(tree), ["d", "third"])


if __name__ == "__main__":
    unittest.main()
