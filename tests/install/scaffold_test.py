"""Can an author begin? `p2phost --new-plugin` in an empty folder, far from this tree, then what its README says."""
import importlib
import os
import pathlib
import re
import sys
import unittest

import installed
from harness import client, settings
from harness.node_process import NodeProcess
from installed import author_environment, cmake_package, prefix, program, run

CTEST = os.environ["P2P_CTEST"]

# EX_USAGE, EX_CANTCREAT
USAGE = 64
CANNOT_CREATE = 73


def has_harness():
    return (prefix() / "include/p2p/testing.h").exists()


class Author:
    """One plugin, from nothing to a loadable file."""

    def __init__(self, name, *flags):
        self.name = name
        self.home = installed.fresh_folder()
        self.folder = self.home / name
        self.environment = author_environment(self.home)
        run("p2phost", "--new-plugin", name, *flags, cwd=self.home, environment=self.environment)

    def sh(self, command):
        return run("sh", "-ec", command, cwd=self.folder, environment=self.environment)

    def build(self):
        testing = "" if has_harness() else " -DBUILD_TESTING=OFF"
        self.sh(f'cmake -B build -Dp2phost_DIR="$(p2phost --cmakedir)"{testing}')
        self.sh("cmake --build build")
        return self

    def service(self):
        """The generated Python module of the plugin's service, made from the installed IDL."""
        self.sh('export PKG_CONFIG_PATH="$(p2phost --cmakedir)/../../pkgconfig"\n'
                f'thrift -r --gen py -I "$(pkg-config --variable=idldir p2psdk)" {self.name}.thrift')
        sys.path.insert(0, str(self.folder / "gen-py"))
        camel_case = "".join(part.capitalize() for part in self.name.split("_"))
        return importlib.import_module(f"{self.name}_v1.{camel_case}")

    def start(self):
        settings.P2PHOST = program()
        return NodeProcess("--plugin-dir", self.folder / "build", config=self.folder / f"{self.name}.toml").start()


class ScaffoldTest(unittest.TestCase):
    def the_readme_holds(self, author):
        """What it says to build with is what was done here."""
        text = (author.folder / "README.md").read_text()
        for line in ('cmake -B build -Dp2phost_DIR="$(p2phost --cmakedir)"', "cmake --build build", "ctest --test-dir build",
                     f"p2phost --config {author.name}.toml --plugin-dir build"):
            self.assertIn(line, text)

    def own_tests_pass(self, author):
        done = run(CTEST, "--test-dir", "build", "--output-on-failure", cwd=author.folder, environment=author.environment)
        if has_harness():
            self.assertRegex(done, r"100% tests passed, 0 tests failed out of [1-9]")

    def is_a_proper_plugin(self, author):
        file = author.folder / "build" / f"{author.name}.so"
        symbols = [line.split()[-1] for line in run("nm", "-D", "--defined-only", file).splitlines()]
        self.assertEqual(symbols, ["p2p_plugin_v1"])
        dynamic = run("readelf", "-d", file)
        self.assertRegex(dynamic, r"BIND_NOW|\bNOW\b")
        self.assertIn("Build ID", run("readelf", "-n", file))
        needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
        self.assertIn("libp2psdk.so.2", needed)

    def calls(self, author, service):
        node = author.start()
        self.addCleanup(node.close)
        self.addCleanup(node.begin_stop)
        return node, client.connect(node.port, service, service=author.name)

    def test_a_plain_plugin_builds_passes_its_tests_and_serves(self):
        author = Author("tick_tock").build()
        self.the_readme_holds(author)
        self.own_tests_pass(author)
        self.is_a_proper_plugin(author)
        node, connection = self.calls(author, author.service())
        with connection as tick_tock:
            self.assertEqual(tick_tock.greet("world"), "hello world")
            self.assertEqual(tick_tock.service_types(), ["locator.Base", "tick_tock.TickTock"])
        node.leave()

    def test_a_plugin_on_the_locator_builds_passes_its_tests_and_knows_owners(self):
        author = Author("ring_clock", "--requires", "locator").build()
        self.the_readme_holds(author)
        self.own_tests_pass(author)
        self.is_a_proper_plugin(author)
        node, connection = self.calls(author, author.service())
        with connection as ring_clock:
            self.assertEqual(ring_clock.owner("apple"), node.name)
        node.leave()

    def test_a_plugin_on_the_store_builds_passes_its_tests_and_keeps_state(self):
        author = Author("tally_clock", "--requires", "store").build()
        self.the_readme_holds(author)
        self.own_tests_pass(author)
        self.is_a_proper_plugin(author)
        node, connection = self.calls(author, author.service())
        with connection as tally_clock:
            for _ in range(2):
                tally_clock.greet("world")
            self.assertEqual(tally_clock.greeted("world"), 2)
        node.leave()

    def test_words_that_are_functions_of_c_are_good_names(self):
        Author("time").build()

    def test_a_plugin_is_installed_where_its_prefix_has_plugins(self):
        author = Author("clock").build()
        run(os.environ["P2P_CMAKE"], "--install", "build", "--prefix", author.home / "there", cwd=author.folder,
            environment=author.environment)
        self.assertTrue((author.home / "there/lib/p2phost/plugins/clock.so").is_file())

    # --- what is refused ---

    def refusal(self, *arguments, code):
        return run(program(), "--new-plugin", *arguments, "--dir", installed.fresh_folder(), code=code)

    def test_refusals_say_why(self):
        self.assertIn("small letter", self.refusal("My-Plugin", code=USAGE))
        self.assertIn("'diststore'", self.refusal("clock", "--requires", "diststore", code=USAGE))
        folder = installed.fresh_folder()
        (folder / "clock").mkdir()
        self.assertIn("exists already", run(program(), "--new-plugin", "clock", "--dir", folder, code=CANNOT_CREATE))

    def configure(self, text):
        """What CMake says to a project of these lines behind find_package, which must not configure."""
        folder = installed.fresh_folder()
        (folder / "a.cc").write_text("")
        (folder / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.25)\nproject(a LANGUAGES CXX)\n{text}\n")
        said = run(os.environ["P2P_CMAKE"], "-B", "build", f"-Dp2phost_DIR={cmake_package()}", cwd=folder, code=1)
        return " ".join(said.split())

    def test_mistakes_in_a_cmake_file_are_named(self):
        found = "find_package(p2phost 0.1 REQUIRED)\n"
        self.assertIn("SORCES", self.configure(found + "p2p_add_plugin(a SORCES a.cc)"))
        self.assertIn("must match [a-z][a-z0-9_]*", self.configure(found + "p2p_add_plugin(My-Plugin SOURCES a.cc)"))
        self.assertIn("there is no", self.configure(found + "p2p_add_plugin(a SOURCES a.cc IDL a.thrift)"))
        self.assertIn("'b' is no plugin", self.configure(found + "p2p_add_plugin_test(t SOURCES a.cc PLUGIN b)"))
        self.assertIn("version", self.configure("find_package(p2phost 0.2 REQUIRED)"))

    def test_the_build_tree_serves_as_well(self):
        folder = installed.fresh_folder()
        build_tree = installed.BUILD / "bin" / "p2phost"
        run(build_tree, "--new-plugin", "clock", "--dir", folder)
        package = pathlib.Path(run(build_tree, "--cmakedir").strip())
        self.assertTrue(package.is_relative_to(installed.BUILD), package)
        run(os.environ["P2P_CMAKE"], "-B", "build", f"-Dp2phost_DIR={package}", "-DBUILD_TESTING=OFF", cwd=folder / "clock")
        run(os.environ["P2P_CMAKE"], "--build", "build", cwd=folder / "clock")
        self.assertIn("clock", run(build_tree, "--list-plugins", "--plugin-dir", folder / "clock/build"))


if __name__ == "__main__":
    unittest.main()
