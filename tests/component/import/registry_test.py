# SPDX-License-Identifier: Apache-2.0
"""Images from the real docker-registry on loopback: what arrives is what the layers say, by whichever
way one has to prove who one is."""
import json
import os
import unittest

import harness
import layout
import servers
from layout import entry

LOWER = layout.make_layer([entry("a", data=os.urandom(9 << 20)), entry("b", "dir"), entry("b/gone")])
UPPER = layout.make_layer([entry("c", data=os.urandom(5 << 20)), entry("b/.wh.gone"),
                           entry("b/new", data=b"new")])


class RegistryTest(harness.ImportTest):
    """A layout with two images, and a home without anybody's credentials."""

    def setUp(self):
        super().setUp()
        servers.need_registry()
        self.blobs = layout.Blobs()
        self.manifest = self.blobs.add_image([LOWER, UPPER])
        other = self.blobs.add_image([layout.make_layer([entry("other")])], architecture="m68k")
        self.index = layout.index_of(layout.tagged(self.manifest, "v1"), layout.tagged(other, "m68k"))
        layout.write_folder(self.path("in"), self.blobs.files(self.index))
        os.makedirs(self.path("home"))
        self.environment = {"HOME": self.path("home"), "BERTH_CONFIG": self.path("berth.yaml")}
        for name in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]:
            self.environment[name] = ""
        self.settle({})

    def settle(self, settings):
        with open(self.path("berth.yaml"), "w", encoding="utf-8") as out:
            json.dump(settings, out)

    def run_import(self, *words, env=None, **more):
        return super().run_import(*words, env={**self.environment, **(env or {})}, **more)

    def source(self, name="v1"):
        return f"oci:{self.path('in')}:{name}"

    def expected(self):
        return self.tree_of(self.image_of(self.source(), name="expected.sqsh"), "expected")

    def comes(self, *words, env=None, **more):
        """The import succeeds, and the image is that of the layout."""
        done = self.run_import("--force", *words, "out.sqsh", env=env, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.tree_of(self.path("out.sqsh")), self.expected())
        return done


class Plain(RegistryTest):
    def setUp(self):
        super().setUp()
        self.registry = servers.Registry(self, self.path("registry"))
        self.host = self.registry.host
        self.registry.push(self.source(), "team/app:v1")
        self.name = f"docker://{self.host}/team/app"

    def test_an_image_by_tag_and_by_digest(self):
        self.comes("--plain-http", self.host, self.name + ":v1")
        self.comes("--plain-http", "127.0.0.1", f"{self.name}@{self.manifest['digest']}")
        self.settle({"registry": {"plain-http": [self.host]}})
        self.comes(self.name + ":v1")


if __name__ == "__main__":
    unittest.main()
