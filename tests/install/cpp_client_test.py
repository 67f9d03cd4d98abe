"""Can a program outside be built with the installed client library, and does the README's example do what it says?"""
import re
import subprocess
import unittest

import installed
from harness import settings
from harness.case import ClusterTest
from installed import SOURCE, author_environment, cmake_package, prefix, run

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(caller CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(p2phost 0.1 REQUIRED)
add_executable(caller caller.cc)
target_link_libraries(caller PRIVATE p2phost::client)
"""


def example():
    """The C++ program of the README's section on clients."""
    block = re.search(r"```cpp\n(#include <p2p/client.h>.*?)```", (SOURCE / "README.md").read_text(), re.S)
    assert block, "README.md has a C++ program that includes <p2p/client.h>"
    return block.group(1)


class ClientTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.home = installed.fresh_folder()
        self.environment = author_environment(self.home)
        node = self.lonely_node()
        (self.home / "caller.cc").write_text(example().replace("9900", str(node.port)))

    def assert_it_works(self, caller, **environment):
        said = subprocess.run([str(caller)], capture_output=True, text=True, check=True, timeout=60,
                              env={**self.environment, **environment})
        self.assertEqual(said.stdout, "green\n", said.stderr)

    def test_a_cmake_project_uses_it(self):
        (self.home / "CMakeLists.txt").write_text(PROJECT)
        run("sh", "-ec", 'cmake -B build -Dp2phost_DIR="$(p2phost --cmakedir)" && cmake --build build', cwd=self.home,
            environment=self.environment)
        self.assert_it_works(self.home / "build" / "caller")

    def test_pkg_config_is_enough(self):
        library = cmake_package().parents[1]
        environment = {**self.environment, "PKG_CONFIG_PATH": str(library / "pkgconfig")}
        run("sh", "-ec", "c++ -std=c++20 caller.cc -o caller $(pkg-config --cflags --libs p2pclient)", cwd=self.home,
            environment=environment)
        self.assert_it_works(self.home / "caller", LD_LIBRARY_PATH=str(library))

    def test_its_headers_are_there(self):
        wanted = {path.name for path in (SOURCE / "clients/cpp/include/p2p").iterdir()}
        self.assertLessEqual(wanted, {path.name for path in (prefix() / "include/p2p").iterdir()})


if __name__ == "__main__":
    unittest.main()
