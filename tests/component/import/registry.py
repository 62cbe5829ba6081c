# SPDX-License-Identifier: Apache-2.0
"""What the tests of registries share: an image to import, a home without anybody's credentials, and
ways to say what must come and what must be said."""
import base64
import json
import os

import harness
import layout
import servers
from layout import entry

LOWER = layout.make_layer([entry("a", data=os.urandom(20000)), entry("b", "dir"), entry("b/gone")])
UPPER = layout.make_layer([entry("b/.wh.gone"), entry("b/new", data=b"new")])
FILES = ["a", "b", "b/new"]
RETRY = {"timeout": 1, "retries": 3}


class RegistryTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        servers.need_registry()
        os.makedirs(self.path("home"))
        self.environment = {"HOME": self.path("home"), "BERTH_CONFIG": self.path("berth.yaml"),
                            "no_proxy": "127.0.0.1"}
        for name in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]:
            self.environment[name] = ""
        self.settle({})
        self.names = {self.folder: "DIR"}  # what messages are compared without

    def settle(self, registry, **more):
        self.write("berth.yaml", json.dumps({"registry": registry, **more}))

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def login(self, name, key, user, password):
        """A file of credentials, as podman and docker write it."""
        packed = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.write(name, json.dumps({"auths": {key: {"auth": packed}}}))

    def make_layout(self, name="in"):
        """A layout with an image for this machine and one for another, under one tag."""
        blobs = layout.Blobs()
        self.manifest = blobs.add_image([LOWER, UPPER])
        other = blobs.add_image([layout.make_layer([entry("other")])], architecture="m68k")
        for item, architecture in [(self.manifest, layout.HOST), (other, "m68k")]:
            item["platform"] = {"os": "linux", "architecture": architecture}
        content = json.dumps(layout.index_of(self.manifest, other)).encode()
        index = blobs.add(content, layout.MEDIA + "index.v1+json")
        single = {key: value for key, value in self.manifest.items() if key != "platform"}
        layout.write_folder(self.path(name), blobs.files(
            layout.index_of(layout.tagged(index, "all"), layout.tagged(single, "one"))))
        return f"oci:{self.path(name)}"

    def run_import(self, *words, env=None, **more):
        return super().run_import(*words, env={**self.environment, **(env or {})}, **more)

    def comes(self, *words, files=None, env=None, **more):
        """The import succeeds, and these files are what is in the image."""
        done = self.run_import("--force", *words, "out.sqsh", env=env, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.tree_of(self.path("out.sqsh"))), files or FILES)
        os.unlink(self.path("out.sqsh"))

    def says(self, words, message, env=None, status=1, **more):
        """The import fails with exactly these lines and leaves nothing behind."""
        before = sorted(os.listdir(self.folder))
        done = self.run_import(*words, "out.sqsh", env=env, **more)
        said = done.stderr
        for name, shown in self.names.items():
            said = said.replace(name, shown)
        self.assertEqual(said, message)
        self.assertEqual(done.returncode, status)
        self.assertEqual(sorted(os.listdir(self.folder)), before)
