# SPDX-License-Identifier: Apache-2.0
"""Bad input: one clear message each, compared whole, and no file left behind."""
import json
import os
import tarfile
import unittest

import harness
import layout
from layout import entry

GOOD = layout.make_layer([entry("a", data=b"a" * 3000), entry("b", "dir")])
DAMAGED = "berth: hint: the source is damaged: make or copy it again\n"


class Sources(harness.ImportTest):
    def write(self, name, data):
        with open(self.path(name), "wb") as out:
            out.write(data)

    def test_a_path_that_does_not_exist(self):
        self.fails(["none", "out.sqsh"],
                   "berth: cannot import 'none': stat: No such file or directory (ENOENT)\n")
        self.fails(["oci:none", "out.sqsh"],
                   "berth: cannot read the OCI layout 'none': open: No such file or directory (ENOENT)\n")
        self.fails(["dir:none", "out.sqsh"],
                   "berth: cannot read the directory 'none': open: No such file or directory (ENOENT)\n")
        self.fails(["tar:none", "out.sqsh"],
                   "berth: cannot read 'none': open: No such file or directory (ENOENT)\n")

    def test_a_folder_with_a_hole_that_would_take_days(self):
        layout.write_folder(self.path("in"), {"a": b""})
        os.truncate(self.path("in/a"), 5 << 40)
        self.fails(["dir:in", "out.sqsh"], "berth: cannot read 'in/a': it is larger than 4 TiB\n")

    def test_a_kind_of_source_that_nobody_knows(self):
        self.fails(["ocl:x", "out.sqsh"],
                   "berth: cannot import 'ocl:x': there is no kind of source called 'ocl'\n"
                   "berth: hint: did you mean 'oci:'?\n", status=2)

    def test_what_is_no_archive(self):
        self.write("text", b"this is no archive\n" * 100)
        self.fails(["text", "out.sqsh"],
                   "berth: cannot read the layer 'text': Unrecognized archive format\n")
        self.fails(["oci-archive:text", "out.sqsh"],
                   "berth: cannot read the archive 'text': Unrecognized archive format\n")
        self.write("empty", b"")
        self.fails(["empty", "out.sqsh"],
                   "berth: cannot read the layer 'empty': Unrecognized archive format\n")
        os.mkfifo(self.path("fifo"))
        self.fails(["tar:fifo", "out.sqsh"], "berth: cannot read 'fifo': it is not a regular file\n")

    def test_an_archive_of_an_image_that_is_compressed(self):
        layout.write_archive(self.path("app.tar"), layout.layout_files([GOOD]))
        with open(self.path("app.tar"), "rb") as data:
            self.write("app.tgz", layout.compress(data.read(), "gzip"))
        self.fails(["oci-archive:app.tgz", "out.sqsh"],
                   "berth: cannot read the archive 'app.tgz': it is compressed\n"
                   "berth: hint: decompress it first: gunzip 'app.tgz'\n")

    def test_truncated_tar_files(self):
        self.write("cut.tar", GOOD[:2000])
        self.fails(["cut.tar", "out.sqsh"],
                   "berth: cannot read the layer 'cut.tar': Truncated tar archive\n")
        for how, why in [("gzip", "it ends in the middle"), ("zstd", "Truncated zstd input"),
                         ("xz", "it ends in the middle")]:
            packed = layout.compress(os.urandom(3000) + GOOD, how)
            self.write("cut", packed[:len(packed) // 2])
            done = self.run_import("tar:cut", "out.sqsh")
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith("berth: cannot decompress 'cut': "), done.stderr)
            self.assertIn(why, done.stderr)

    def test_damaged_gzip_data(self):
        packed = bytearray(layout.compress(GOOD, "gzip"))
        packed[-6] ^= 1
        self.write("bad.gz", packed)
        self.fails(["tar:bad.gz", "out.sqsh"],
                   "berth: cannot decompress 'bad.gz': its checksum is wrong\n")


class Layouts(harness.ImportTest):
    def setUp(self):
        super().setUp()
        self.blobs = layout.Blobs()
        self.manifest = self.blobs.add_image([GOOD])

    def write(self, index=None):
        index = index or layout.index_of(layout.tagged(self.manifest, "v1"))
        layout.write_folder(self.path("in"), self.blobs.files(index))

    def document(self):
        return json.loads(self.blobs.content[self.manifest["digest"]])

    def replace(self, document):
        self.manifest = self.blobs.add(json.dumps(document).encode(),
                                       layout.MEDIA + "manifest.v1+json")
        self.write()
        return self.manifest["digest"]

    def blob_path(self, key):
        return "in/blobs/sha256/" + key[7:]

    def refuse(self, reason):
        self.fails(["oci:in", "out.sqsh"], reason)

    def test_a_tag_that_is_not_there(self):
        self.write()
        self.fails(["oci:in:v2", "out.sqsh"],
                   "berth: cannot find 'v2' in 'in'\nberth: hint: there is: 'v1'\n")

    def test_several_images_and_no_tag(self):
        other = self.blobs.add_image([layout.make_layer([])])
        self.write(layout.index_of(layout.tagged(self.manifest, "v1"), layout.tagged(other, "v2")))
        self.refuse("berth: cannot choose among the 2 images in 'in'\n"
                    "berth: hint: add ':' and one of 'v1', 'v2'\n")

    def test_an_image_for_another_platform(self):
        item = self.blobs.add_image([GOOD], architecture="m68k")
        self.write(layout.index_of(item))
        self.refuse(f"berth: cannot use 'in': it is for linux/m68k, not for linux/{layout.HOST}\n"
                    "berth: hint: to import it all the same: --platform linux/m68k\n")
        item["platform"] = {"os": "linux", "architecture": "m68k"}
        self.write(layout.index_of(item))
        self.refuse(f"berth: cannot find an image for linux/{layout.HOST} in 'in'\n"
                    "berth: hint: choose with --platform; there is: 'linux/m68k'\n")
        self.image_of("oci:in", "--platform", "linux/m68k")

    def test_a_blob_that_is_missing(self):
        self.write()
        layer = self.blob_path(self.document()["layers"][0]["digest"])
        os.unlink(self.path(layer))
        self.refuse(f"berth: cannot read '{layer}': open: No such file or directory (ENOENT)\n")

    def test_blobs_that_are_not_what_their_names_say(self):
        self.write()
        document = self.document()
        for key in [self.manifest["digest"], document["config"]["digest"],
                    document["layers"][0]["digest"]]:
            path = self.path(self.blob_path(key))
            with open(path, "rb") as data:
                good = data.read()
            bad = good[:-1] + bytes([good[-1] ^ 1])
            with open(path, "wb") as out:
                out.write(bad)
            self.refuse(f"berth: cannot trust '{self.blob_path(key)}': its content is "
                        f"{layout.digest(bad)}, not {key}\n" + DAMAGED)
            with open(path, "wb") as out:
                out.write(good + b"x")
            self.refuse(f"berth: cannot trust '{self.blob_path(key)}': it has {len(good) + 1} bytes, "
                        f"not {len(good)}\n" + DAMAGED)
            with open(path, "wb") as out:
                out.write(good)
        self.image_of("oci:in")

    def test_a_layer_damaged_in_the_middle_is_blamed_on_its_digest(self):
        self.write()
        key = self.document()["layers"][0]["digest"]
        data = bytearray(self.blobs.content[key])
        data[len(data) // 2] ^= 0xff
        self.blobs.content[key] = bytes(data)
        self.write()
        self.refuse(f"berth: cannot trust '{self.blob_path(key)}': its content is "
                    f"{layout.digest(bytes(data))}, not {key}\n" + DAMAGED)

    def test_a_layer_that_is_not_the_one_in_the_config(self):
        document = self.document()
        other = layout.make_layer([entry("other")])
        document["layers"] = [self.blobs.add(layout.compress(other, "gzip"),
                                             layout.MEDIA + "layer.v1.tar+gzip")]
        self.replace(document)
        path = self.blob_path(document["layers"][0]["digest"])
        self.refuse(f"berth: cannot trust '{path}': uncompressed it is {layout.digest(other)}, not "
                    f"{layout.digest(GOOD)} as the config says\n" + DAMAGED)
        document["layers"] *= 2
        self.replace(document)
        self.refuse(f"berth: cannot read '{document['config']['digest']}': it names 1 layers, the "
                    "manifest 2\n")

    def test_manifests_that_make_no_image(self):
        good = self.document()
        name = self.replace({**good, "layers": []})
        self.refuse(f"berth: cannot read '{name}': it has no layers\n")
        name = self.replace({**good, "layers": [{**good["layers"][0], "mediaType": "text/plain"}]})
        self.refuse(f"berth: cannot read '{name}': a layer has the unknown type 'text/plain'\n")
        name = self.replace({**good, "config": {**good["config"], "mediaType": "text/plain"}})
        self.refuse(f"berth: cannot read '{name}': it is no container image: its config is "
                    "'text/plain'\n")
        name = self.replace({**good, "layers": [{**good["layers"][0], "digest": "sha256:../../x"}]})
        self.refuse(f"berth: cannot read '{name}': it refers to the digest 'sha256:../../x', which is "
                    "not sha256 and 64 digits\n")

    def test_an_index_that_is_none(self):
        self.write()
        for text, why in [("{", "it is not JSON"), ("{}", "it lists no manifests"),
                          ('{"manifests":[]}', "it lists no manifests")]:
            with open(self.path("in/index.json"), "w", encoding="ascii") as out:
                out.write(text)
            self.refuse(f"berth: cannot read 'in/index.json': {why}\n")


class Entries(harness.ImportTest):
    def refuse(self, entries, why):
        with open(self.path("in.tar"), "wb") as out:
            out.write(layout.make_layer(entries))
        self.fails(["tar:in.tar", "out.sqsh"], f"berth: cannot use the entry {why}\n")

    def test_names_that_climb_are_refused(self):
        for name in ["../a", "a/../b", "/..", "a/.."]:
            self.refuse([entry(name)], f"'{name}': its path has '..' in it")
        self.refuse([entry("a", "link", target="../etc/passwd")],
                    "'../etc/passwd': its path has '..' in it")

    def test_names_that_no_kernel_opens_are_refused(self):
        name = "n" * 256
        self.refuse([entry(name)], f"'{name[:200]}'...: a name is longer than 255 bytes")
        name = "n/" * 2048
        self.refuse([entry(name + "x")], f"'{name[:200]}'...: its path is longer than 4095 bytes")

    def test_a_hard_link_to_nothing(self):
        self.refuse([entry("a", "link", target="none")],
                    "'a': it is a hard link to 'none', which neither its layer nor a lower one has")
        self.refuse([entry("d", "dir"), entry("a", "link", target="d")],
                    "'a': it is a hard link to 'd', which neither its layer nor a lower one has")

    def test_a_root_that_is_no_directory(self):
        self.refuse([entry(".")], "'/': it is not a directory")

    def test_a_symlink_to_nothing(self):
        self.refuse([entry("s", "symlink", target="")], "'s': its target is empty")

    def test_a_link_whose_target_an_upper_layer_of_the_link_had_deleted(self):
        layers = [[entry("low")], [entry(".wh.low")], [entry("a", "link", target="low")]]
        layout.write_layout(self.path("in"), [layout.make_layer(x) for x in layers])
        self.fails(["oci:in", "out.sqsh"], "berth: cannot use the entry 'a': it is a hard link to "
                   "'low', which neither its layer nor a lower one has\n")

    def test_whiteouts_of_nothing(self):
        for name in [".wh.", "a/.wh...", ".wh.."]:
            layout.write_layout(self.path("in"), [layout.make_layer([entry(name)])])
            self.fails(["oci:in", "out.sqsh"], f"berth: cannot use the entry '{name}': it deletes "
                       "nothing that has a name\n")

    def test_owners_out_of_range(self):
        item = tarfile.TarInfo("a")
        item.uid = 2**33
        with tarfile.open(self.path("in.tar"), "w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(item)
        self.fails(["tar:in.tar", "out.sqsh"],
                   "berth: cannot use the entry 'a': its owner 8589934592 is out of range\n")


class CommandLine(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_folder(self.path("in"), {"a": b"x"})

    def test_wrong_options_name_the_nearest(self):
        self.fails(["--treads", "2", "in"], "berth: cannot understand the option '--treads'\n"
                   "berth: hint: did you mean '--threads'?\n", 2)
        self.fails(["-x", "in"], "berth: cannot understand the option '-x'\n"
                   "berth: hint: see 'berth import --help'\n", 2)

    def test_an_image_that_exists_is_kept(self):
        layout.write_folder(self.folder, {"out.sqsh": b"precious"})
        self.fails(["in", "out.sqsh"], "berth: cannot write 'out.sqsh': it exists already\n"
                   "berth: hint: replace it with --force\n")
        with open(self.path("out.sqsh"), "rb") as data:
            self.assertEqual(data.read(), b"precious")

    def test_places_where_nothing_can_be_written(self):
        self.fails(["in", "none/out.sqsh"],
                   "berth: cannot write 'none/out.sqsh': open: No such file or directory (ENOENT)\n")
        self.fails(["in", "in"], "berth: cannot write 'in': it is a directory\n")
        self.fails(["in", "/proc/out.sqsh"],
                   "berth: cannot write '/proc/out.sqsh': open: No such file or directory (ENOENT)\n")

    def test_help_says_everything_on_stdout(self):
        done = self.run_import("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ["--output OUT.sqsh", "docker-archive:FILE[:REF]", "-q, --quiet"]:
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
