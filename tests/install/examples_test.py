"""Are the examples what an author gets? Copied away from the tree, built and judged with what is installed."""
import shutil
import unittest

import installed
from installed import SOURCE, author_environment, run


class ExamplesTest(unittest.TestCase):
    def build(self, name):
        home = installed.fresh_folder()
        folder = home / name
        shutil.copytree(SOURCE / "sdk" / "examples" / name, folder)
        environment = author_environment(home)
        run("sh", "-ec", 'cmake -B build -Dp2phost_DIR="$(p2phost --cmakedir)" && cmake --build build', cwd=folder,
            environment=environment)
        judged = run("p2phost", "--validate", folder / "build" / f"{name}.so", cwd=folder, environment=environment)
        self.assertRegex(judged, r"(?m)^lifecycle +ok")

    def test_counter(self):
        self.build("counter")

    def test_hello(self):
        self.build("hello")

    def test_queue(self):
        self.build("queue")

    def test_work(self):
        self.build("work")
