# SPDX-License-Identifier: Apache-2.0
"""`berth image`: its verbs, their output for people and programs, and their messages."""
import hashlib
import json
import os
import shutil
import subprocess
import unittest

import harness
import layout
from layout import entry


def digest_of(path):
    with open(path, "rb") as data:
        return "sha256:" + hashlib.sha256(data.read()).hexdigest()


class ImagesTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_folder(self.path("in"), {"etc/motd": b"hello\n", "data": b"x" * 5000})

    def run_image(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.run([harness.PROGRAM, "image", *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, check=False, **more)

    def says(self, words, out="", err="", status=0):
        """Expects exactly this on stdout and stderr."""
        done = self.run_image(*words)
        self.assertEqual(done.stderr.replace(self.folder, "DIR"), err)
        self.assertEqual(done.stdout.replace(self.folder, "DIR"), out)
        self.assertEqual(done.returncode, status)

    def store(self, source, *options):
        done = self.run_import(*options, source)
        self.assertEqual(done.returncode, 0, done.stderr)


class Verbs(ImagesTest):
    def test_one_that_nobody_knows_is_a_usage_error_with_the_nearest(self):
        self.says(["lisst"], err="berth: cannot understand 'image lisst'\n"
                  "berth: hint: did you mean 'berth image list'?\n", status=2)
        self.says(["x"], err="berth: cannot understand 'image x'\n"
                  "berth: hint: see 'berth image --help'\n", status=2)

    def test_help_lists_them_and_each_has_its_own(self):
        done = self.run_image("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        verbs = [x.split()[2] for x in done.stdout.splitlines() if x.startswith("  berth image ")]
        self.assertIn("list", verbs)
        for verb in verbs:
            own = self.run_image(verb, "--help")
            self.assertEqual((own.returncode, own.stderr), (0, ""))
            self.assertTrue(own.stdout.startswith(f"Usage: berth image {verb} "), own.stdout)
        done = self.run_image()
        self.assertEqual((done.returncode, done.stdout), (2, ""))


class List(ImagesTest):
    def test_of_a_store_that_is_not_there_is_empty(self):
        self.says(["list", "--json"], "[]\n")
        self.assertFalse(os.path.exists(self.path("store")))

    def test_wrong_words(self):
        self.says(["list", "x"], err="berth: cannot understand 'x'\n"
                  "berth: hint: write: berth image list [OPTIONS]\n", status=2)
        self.says(["list", "--jsn"], err="berth: cannot understand the option '--jsn'\n"
                  "berth: hint: did you mean '--json'?\n", status=2)

    def test_has_every_image_in_order(self):
        self.store("dir:in", "-o", "other.sqsh")
        self.store("dir:in")
        self.store("dir:in", "--name", "host:5000/team/app:v1")
        os.rename(self.path("other.sqsh"), self.path("store/by-hand.sqsh"))
        found = json.loads(self.run_image("list", "--json").stdout)
        size = os.path.getsize(self.path("store/in.sqsh"))
        digest = digest_of(self.path("store/in.sqsh"))
        times = {x.pop("created") for x in found}
        self.assertRegex(times.pop(), r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        path = self.path("store") + "/{}.sqsh"
        self.assertEqual(found, [
            {"name": "by-hand", "tag": "latest", "digest": None, "size": size, "source": None,
             "path": path.format("by-hand")},
            {"name": "host:5000/team/app", "tag": "v1", "digest": digest, "size": size,
             "source": "dir:in", "path": path.format("host:5000%team%app:v1")},
            {"name": "in", "tag": "latest", "digest": digest, "size": size, "source": "dir:in",
             "path": path.format("in")}])
        lines = self.run_image("list").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "TAG", "DIGEST", "SIZE", "CREATED", "SOURCE"])
        self.assertEqual([x.split()[:3] for x in lines[1:]],
                         [["by-hand", "latest", "-"], ["host:5000/team/app", "v1", digest[:19]],
                          ["in", "latest", digest[:19]]])

    def test_a_hostile_name_cannot_forge_a_line(self):
        os.makedirs(self.path("store"))
        with open(self.path("store/a\n\x1b[31mb.sqsh"), "wb"):
            pass
        lines = self.run_image("list").stdout.splitlines()
        self.assertEqual(lines[1].split()[0], "a\\x0a\\x1b[31mb")


class Names(ImagesTest):
    def test_the_same_content_under_two_names_is_stored_once(self):
        self.store("dir:in")
        self.store("dir:in", "--name=app:v1")
        one, two = (os.stat(self.path(f"store/{x}.sqsh")) for x in ["in", "app:v1"])
        self.assertEqual(one.st_ino, two.st_ino)
        # A damaged one is not shared with what is imported next.
        with open(self.path("store/in.sqsh"), "r+b") as image:
            image.write(b"broken")
        self.store("dir:in", "--name=app:v2")
        self.assertNotEqual(os.stat(self.path("store/app:v2.sqsh")).st_ino, one.st_ino)

    def test_a_docker_archive_keeps_its_name_and_other_sources_get_their_tag(self):
        layer = layout.make_layer([entry("a", data=b"a")])
        layout.write_layout(self.path("layout"), [layer], tag="v1")
        subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "oci:layout:v1",
                        "docker-archive:save.tar:team/app:v2"], cwd=self.folder, check=True)
        for source, name in [("oci:layout:v1", "layout:v1"), ("docker-archive:save.tar", "save"),
                             ("docker-archive:save.tar:team/app:v2", "team%app:v2")]:
            self.store(source)
            self.assertTrue(os.path.exists(self.path(f"store/{name}.sqsh")), name)

    def test_what_is_no_name(self):
        hint = ("berth: hint: a name is like 'app', 'app:v1' or 'host/app:v1'; no part of it begins "
                "with '.' or '-'\n")
        self.fails(["dir:in", "--name", "../a"],
                   "berth: cannot take '../a' as an image's name\n" + hint, 2)
        self.says(["remove", "/a"], err="berth: cannot take '/a' as an image's name\n" + hint,
                  status=2)
        self.fails(["dir:in", "--name=a", "b.sqsh"], "berth: cannot write to both 'a' and 'b.sqsh'\n",
                   2)

    def test_the_digest_is_printed_and_is_the_files(self):
        done = self.run_import("dir:in", "out.sqsh")
        self.assertTrue(done.stderr.splitlines()[0].endswith(
            ", " + digest_of(self.path("out.sqsh"))), done.stderr)


class Inspect(ImagesTest):
    CONFIG = {"Env": ["A=b", "C=\x1b[31m"], "Entrypoint": ["/bin/app", "two words"], "User": "me",
              "Labels": {"k": "v"}}

    def setUp(self):
        super().setUp()
        layers = [layout.make_layer([entry("a", data=b"a")]), layout.make_layer([entry("b")])]
        self.files = layout.layout_files(layers, config=self.CONFIG)
        layout.write_folder(self.path("app"), self.files)
        self.store("oci:app:test")

    def test_tells_people_without_control_characters(self):
        done = self.run_image("inspect", "app:test")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [x.split(None, 1) for x in done.stdout.splitlines()]
        for line in [["digest", digest_of(self.path("store/app:test.sqsh"))], ["user", "me"],
                     ["source", "oci:app:test"], ["compressor", "zstd"], ["env", "A=b"],
                     ["env", "C=\\x1b[31m"], ["label", "k=v"],
                     ["entrypoint", "'/bin/app' 'two words'"], ["platform", "linux/" + layout.HOST]]:
            self.assertIn(line, lines)
        self.assertEqual(sum(x[0] == "layer" for x in lines), 2)

    def test_tells_programs_the_documents(self):
        found = json.loads(self.run_image("inspect", "--json", "store/app:test.sqsh").stdout)
        self.assertEqual(found["config"]["config"], self.CONFIG)
        self.assertEqual(len(found["manifest"]["layers"]), 2)
        self.assertEqual(found["block_size"], 131072)
        self.assertEqual(found["digest"], digest_of(self.path("store/app:test.sqsh")))

    def test_history_has_the_steps_with_the_sizes_of_their_layers(self):
        blobs = layout.Blobs()
        item = blobs.add_image([layout.make_layer([entry("a")]), layout.make_layer([entry("b")])])
        manifest = json.loads(blobs.content[item["digest"]])
        config = json.loads(blobs.content[manifest["config"]["digest"]])
        config["history"] = [{"created": "2026-01-01T00:00:00Z", "created_by": "one"},
                             {"created_by": "ENV A=b", "empty_layer": True}, {"comment": "three"}]
        manifest["config"] = blobs.add(json.dumps(config).encode(), layout.MEDIA + "config.v1+json")
        item = blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
        layout.write_folder(self.path("steps"), blobs.files(layout.index_of(item)))
        self.store("oci:steps")
        sizes = [x["size"] for x in manifest["layers"]]
        self.assertEqual(json.loads(self.run_image("history", "--json", "steps").stdout), [
            {"created": None, "created_by": None, "comment": "three", "size": sizes[1]},
            {"created": None, "created_by": "ENV A=b", "comment": None, "size": 0},
            {"created": "2026-01-01T00:00:00Z", "created_by": "one", "comment": None,
             "size": sizes[0]}])
        lines = self.run_image("history", "steps").stdout.splitlines()
        self.assertEqual([x.split()[-1] for x in lines], ["STEP", "three", "A=b", "one"])

    def test_what_is_no_image(self):
        self.says(["inspect", "none"], err="berth: cannot find image 'none' here or in 'DIR/store'\n"
                  "berth: hint: make it with 'berth import', or give the path of a .sqsh file\n",
                  status=1)
        self.says(["history", "./in/data"],
                  err="berth: cannot use './in/data' as an image: it is not a SquashFS file\n", status=1)
        self.says(["inspect"], err="berth: cannot go on: there is nothing to work on\n"
                  "berth: hint: write: berth image inspect [OPTIONS] IMAGE\n", status=2)


class Remove(ImagesTest):
    def test_frees_the_bytes_with_their_last_name(self):
        self.store("dir:in")
        self.store("dir:in", "--name=app:v1")
        self.says(["remove", "in"], err="berth: removed 'in', whose content has another name still\n")
        size = os.path.getsize(self.path("store/app:v1.sqsh"))
        self.assertEqual(size % 4096, 0)
        done = self.run_image("remove", "app:v1")
        self.assertRegex(done.stderr, r"^berth: removed 'app:v1', [0-9.]+ KiB are free\n$")
        self.assertEqual(os.listdir(self.path("store")), [])

    def test_goes_on_after_a_name_that_is_not_there(self):
        self.store("dir:in")
        done = self.run_image("remove", "no", "in:latest")
        self.assertEqual(done.returncode, 1)
        removed, *missing = done.stderr.splitlines()
        self.assertTrue(removed.startswith("berth: removed 'in', "), removed)
        self.assertEqual(missing, ["berth: cannot remove 'no': there is no image of that name",
                                   "berth: hint: see 'berth image list'"])
        self.says(["remove", "--force", "no"])
        self.says(["remove"], err="berth: cannot go on: there is nothing to work on\n"
                  "berth: hint: write: berth image remove [OPTIONS] NAME...\n", status=2)

    def test_who_has_the_image_open_keeps_it(self):
        self.store("dir:in")
        with open(self.path("store/in.sqsh"), "rb") as image:
            before = image.read()
            self.assertEqual(self.run_image("remove", "in").returncode, 0)
            image.seek(0)
            self.assertEqual(image.read(), before)


if __name__ == "__main__":
    unittest.main()
