"""What is in an installation, and does it stand on its own?"""
import os
import pathlib
import re
import subprocess
import unittest

import installed
from installed import BUILD, SOURCE, VERSION, cmake_package, prefix, program, run

SONAME = "libp2psdk.so.2"
COMPILE = (os.environ["P2P_CXX"], "-std=c++20", "-fsyntax-only")


def all_files():
    return [path for path in sorted(prefix().rglob("*")) if path.is_file()]


class TreeTest(unittest.TestCase):
    def test_everything_is_in_its_place(self):
        library = cmake_package().parents[1]
        for path in ("bin/p2phost", "bin/p2pctl", "lib/p2phost/plugins/locator.so", "lib/p2phost/plugins/diststore.so",
                     "include/p2p/plugin.h", "include/p2p/version.h", "include/p2p/idl/Base.h", "include/p2p/idl/Locator.h",
                     "share/p2phost/idl/locator.thrift", "share/p2phost/template/plain/CMakeLists.txt",
                     "share/p2phost/template/locator/greeter.cc",
                     "etc/p2phost/store.toml", "etc/p2phost/locator.toml", "etc/p2phost/classic.toml",
                     "lib/systemd/system/p2phost.service", "share/man/man1/p2phost.1", "share/man/man1/p2pctl.1",
                     "share/man/man5/p2phost.toml.5", "share/bash-completion/completions/p2pctl",
                     "share/bash-completion/completions/p2phost", "share/doc/p2phost/copyright",
                     "lib/python3/dist-packages/p2p_client/client.py",
                     "lib/python3/dist-packages/p2p_client/gen/diststore/Store.py"):
            self.assertTrue((prefix() / path).is_file(), path)
        for name in (SONAME, "libp2psdk.so", "libp2pclient.so", "pkgconfig/p2psdk.pc", "pkgconfig/p2pclient.pc", "cmake/p2phost/p2phostConfig.cmake",
                     "cmake/p2phost/p2phostConfigVersion.cmake", "cmake/p2phost/p2phostTargets.cmake",
                     "cmake/p2phost/P2PPlugin.cmake"):
            self.assertTrue((library / name).is_file(), name)

    def test_no_public_header_is_left_behind(self):
        wanted = {path.name.removesuffix(".in") for path in (SOURCE / "sdk/include/p2p").iterdir()}
        there = {path.name for path in (prefix() / "include/p2p").iterdir()}
        self.assertLessEqual(wanted, there)

    def test_nothing_names_the_tree_or_its_build(self):
        names = [os.fsencode(path) for path in (SOURCE, BUILD)]
        for path in all_files():
            content = path.read_bytes()
            for name in names:
                self.assertNotIn(name, content, f"{path} names {os.fsdecode(name)}")

    def test_binaries_find_their_libraries_in_their_own_prefix(self):
        library = cmake_package().parents[1]
        for name in ("p2phost", "p2pctl"):
            found = re.search(rf"{SONAME} => (\S+)", run("ldd", program(name)))
            self.assertIsNotNone(found, name)
            self.assertEqual(pathlib.Path(found.group(1)).resolve(), (library / SONAME).resolve())

    def test_run_paths_are_relative(self):
        binaries = [path for path in all_files() if path.read_bytes().startswith(b"\x7fELF")]
        self.assertGreaterEqual(len(binaries), 5)
        for path in binaries:
            for run_path in re.findall(r"R(?:UN)?PATH\).*\[(.*)\]", run("readelf", "-d", path)):
                self.assertTrue(all(part.startswith("$ORIGIN") for part in run_path.split(":")), f"{path}: {run_path}")

    def test_plugins_export_their_entry_alone(self):
        for path in (prefix() / "lib/p2phost/plugins").iterdir():
            symbols = [line.split()[-1] for line in run("nm", "-D", "--defined-only", path).splitlines()]
            self.assertEqual(symbols, ["p2p_plugin_v1"], path)

    def test_the_host_finds_its_plugins_beside_itself(self):
        listed = run(program(), "--list-plugins", "--json")
        for name in ("locator", "diststore"):
            self.assertIn(f"{prefix()}/lib/p2phost/plugins/{name}.so", listed)

    def test_the_configuration_is_fine(self):
        for name in ("store", "locator", "classic"):
            said = run(program(), "--check", "--config", prefix() / f"etc/p2phost/{name}.toml")
            self.assertIn("configuration is fine", said)

    def test_the_unit_starts_what_is_installed(self):
        unit = (prefix() / "lib/systemd/system/p2phost.service").read_text()
        self.assertIn(f"ExecStart={prefix()}/bin/p2phost --config {prefix()}/etc/p2phost/store.toml", unit)
        self.assertNotIn("/usr/", unit)

    def test_versions_agree(self):
        self.assertIn(f"p2phost {VERSION} ", run(program(), "--version"))
        self.assertEqual(self.pkg_config("--modversion"), VERSION)

    def test_an_operators_changes_survive_a_further_install(self):
        folder = installed.fresh_folder() / "again"
        install = (os.environ["P2P_CMAKE"], "--install", BUILD, "--prefix", folder, "--component", "Runtime")
        run(*install)
        changed = folder / "etc/p2phost/store.toml"
        changed.write_text("# mine\n")
        run(*install)
        self.assertEqual(changed.read_text(), "# mine\n")
        self.assertEqual((folder / "etc/p2phost/store.toml.new").read_bytes(), (SOURCE / "etc/store.toml").read_bytes())

    # --- headers ---

    def test_each_header_compiles_alone(self):
        flags = self.pkg_config("--cflags").split()
        headers = sorted(path.relative_to(prefix() / "include") for path in (prefix() / "include/p2p").glob("*.h"))
        self.assertIn(pathlib.Path("p2p/handlers.h"), headers)
        for header in headers:
            with self.subTest(str(header)):
                done = subprocess.run([*COMPILE, "-Wall", "-Wextra", "-x", "c++", *flags, "-"], capture_output=True, text=True,
                                      input=f"#include <{header}>\n#include <{header}>\n", check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_header_of_the_authors_does_not_replace_one_of_ours(self):
        folder = installed.fresh_folder()
        (folder / "Base.h").write_text("#error the author's own Base.h\n")
        (folder / "a.cc").write_text("#include <p2p/handlers.h>\n")
        run(*COMPILE, f"-I{folder}", *self.pkg_config("--cflags").split(), "a.cc", cwd=folder)

    def pkg_config(self, *arguments):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(cmake_package().parents[1] / "pkgconfig")}
        return run("pkg-config", *arguments, "p2psdk", environment=environment).strip()


if __name__ == "__main__":
    unittest.main()
