# SPDX-License-Identifier: Apache-2.0
"""Settings files as an import finds them: by the environment, with messages and warnings whole."""
import os
import unittest

import harness
import layout
from layout import entry


class Settings(harness.ImportTest):
    def setUp(self):
        super().setUp()
        with open(self.path("app.tar"), "wb") as out:
            out.write(layout.make_layer([entry("a", data=b"a")]))

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def run_with(self, env):
        done = self.run_import("--force", "app.tar", "out.sqsh", env=env)
        return done.returncode, done.stderr.replace(self.folder, "DIR")

    def test_a_wrong_key_of_the_users_file_stops_an_import(self):
        os.makedirs(self.path("cfg/berth"))
        self.write("cfg/berth/berth.yaml", "limits:\n  layer: 5\n")
        environment = {key: value for key, value in os.environ.items() if key != "BERTH_CONFIG"}
        os.environ.pop("BERTH_CONFIG")
        self.addCleanup(os.environ.update, BERTH_CONFIG="")
        self.assertEqual(self.run_with({**environment, "XDG_CONFIG_HOME": self.path("cfg")}), (
            1, "berth: cannot read 'DIR/cfg/berth/berth.yaml:2': there is no key 'limits.layer'\n"
               "berth: hint: did you mean 'limits.layers'?\n"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["app.tar", "cfg"])

    def test_a_key_that_the_site_locked_is_warned_about(self):
        harness.need(not os.path.exists("/etc/berth/berth.yaml"), "this machine has a site's file")
        self.write("site.yaml", "locked: [limits]\n")
        self.write("user.yaml", "limits:\n  layers: 5\n")
        environment = {"BERTH_SITE_CONFIG": self.path("site.yaml"), "BERTH_CONFIG": self.path("user.yaml")}
        status, lines = self.run_with(environment)
        self.assertEqual(status, 0, lines)
        self.assertEqual(lines.splitlines()[0],
                         "berth: continuing without 'limits.layers' of 'DIR/user.yaml:2': the site has "
                         "locked it (DIR/site.yaml:1)")
        done = self.run_import("--force", "--quiet", "app.tar", "out.sqsh", env=environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
