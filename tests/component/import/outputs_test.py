# SPDX-License-Identifier: Apache-2.0
"""What verbs write and where: an output that is the input, a full device, values that are empty, a file
in place of a link."""
import os
import random
import subprocess
import unittest

import harness
import layout

FULL = "berth: cannot write to standard output: write: No space left on device (ENOSPC)\n"


class OutputsTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        layout.write_folder(self.path("in"), {"a": random.Random(1).randbytes(9000)})
        self.image = self.image_of("in", name="img.sqsh")
        with open(self.image, "rb") as image:
            self.bytes = image.read()

    def run_verb(self, *words, stdout=subprocess.PIPE):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        return subprocess.run([harness.PROGRAM, *words], cwd=self.folder, env=environment, text=True,
                              stdout=stdout, stderr=subprocess.PIPE, check=False)

    def refuses(self, words, message, status):
        """Exactly this message, and not a file more, less or other."""
        before = sorted(os.listdir(self.folder))
        done = self.run_verb(*words)
        self.assertEqual((done.stderr, done.returncode, done.stdout), (message, status, ""))
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        with open(self.image, "rb") as image:
            self.assertEqual(image.read(), self.bytes)


class TheInput(OutputsTest):
    def test_is_never_replaced_by_what_is_made_of_it(self):
        os.link(self.image, self.path("same.sqsh"))
        os.symlink("img.sqsh", self.path("link.sqsh"))
        for out in ["img.sqsh", "./img.sqsh", "same.sqsh", "link.sqsh"]:
            why = f"berth: cannot write '{out}': it is what is read\n"
            self.refuses(["import", "--force", "sqsh:img.sqsh", out], why, 1)
            self.refuses(["import", "--force", "--output", out, "img.sqsh"], why, 1)
            self.refuses(["image", "export", "--force", "img.sqsh", out], why, 1)

    def test_may_be_a_layer(self):
        layer = layout.make_layer([layout.entry("f", data=b"1")])
        layout.write_layout(self.path("oci"), [layer], how="none")
        folder = self.path("oci/blobs/sha256")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as blob:
                before = blob.read()
            if before != layer:
                continue
            out = "oci/blobs/sha256/" + name
            self.refuses(["import", "--force", "oci:oci", out],
                         f"berth: cannot write '{out}': it is what is read\n", 1)
            with open(os.path.join(folder, name), "rb") as blob:
                self.assertEqual(blob.read(), before)
            return
        self.fail("there is no such layer")

    def test_a_link_is_replaced_and_not_what_it_points_to(self):
        layout.write_folder(self.folder, {"other": b"precious"})
        for words in [["import", "--force", "in", "link"], ["image", "export", "-f", "img.sqsh", "link"]]:
            os.symlink("other", self.path("link"))
            self.assertEqual(self.run_verb(*words).returncode, 0)
            self.assertFalse(os.path.islink(self.path("link")))
            with open(self.path("other"), "rb") as other:
                self.assertEqual(other.read(), b"precious")
            os.unlink(self.path("link"))


class AFullDevice(OutputsTest):
    def test_is_noticed_by_every_verb_that_prints(self):
        for words in [["--version"], ["--help"], ["import", "--help"], ["image", "--help"],
                      ["image", "list", "--json"], ["image", "inspect", "img.sqsh"],
                      ["image", "history", "img.sqsh"], ["image", "verify", "img.sqsh"],
                      ["image", "verify", "--help"]]:
            with open("/dev/full", "wb") as full:
                done = self.run_verb(*words, stdout=full)
            self.assertEqual((done.stderr, done.returncode), (FULL, 1), words)

    def test_is_noticed_by_an_export(self):
        with open("/dev/full", "wb") as full:
            done = self.run_verb("image", "export", "img.sqsh", "-", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, FULL + "berth: hint: free space there, or write elsewhere\n")

    def test_does_not_hide_another_error(self):
        with open("/dev/full", "wb") as full:
            done = self.run_verb("image", "verify", "./in", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "berth: cannot use './in' as an image: it is not a regular file\n")


class NoName(OutputsTest):
    def test_is_a_value(self):
        for option, value, words in [
                ("--key", "FILE", ["image", "verify", "img.sqsh"]),
                ("--signature", "FILE", ["image", "verify", "img.sqsh"]),
                ("--digest", "sha256:HEX", ["image", "verify", "img.sqsh"]),
                ("--key", "FILE", ["image", "sign", "img.sqsh"]),
                ("--output", "FILE", ["image", "sign", "img.sqsh"]),
                ("--tag", "TAG", ["image", "export", "img.sqsh", "out"]),
                ("--upper", "DIR", ["image", "save", "img.sqsh", "out"]),
                ("--output", "OUT.sqsh", ["import", "in"]),
                ("--name", "NAME[:TAG]", ["import", "in"]),
                ("--cache", "DIR", ["import", "in"])]:
            why = f"berth: cannot take '' for '{option}'\nberth: hint: write {option} {value}\n"
            self.refuses([*words, option, ""], why, 2)
            self.refuses([*words, option + "="], why, 2)

    def test_is_a_file_to_write(self):
        self.refuses(["image", "export", "img.sqsh", ""], "berth: cannot write '': it is no name\n", 2)
        self.refuses(["image", "export", "--force", "img.sqsh", ""],
                     "berth: cannot write '': it is no name\n", 2)


class ATag(OutputsTest):
    def test_is_one_that_podman_loads(self):
        for tag in ["a:b:c", "host:99999/app", "App:v1", "Team/app"]:
            self.refuses(["image", "export", "--tag", tag, "img.sqsh", "out.tar"],
                         f"berth: cannot take '{tag}' for '--tag'\n"
                         "berth: hint: a tag is like 'v1', 'app:v1' or 'host/team/app:v1'\n", 2)


if __name__ == "__main__":
    unittest.main()
