"""Are the Debian packages right, and do they come and go without a trace? They are installed on a copy of this machine's file
system whose changes exist in memory only, so that the machine stays as it is. That takes root, or sudo that asks for no password:
in a user namespace, dpkg could not write files of the real root."""
import collections
import email.utils
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import installed
from installed import BUILD, SOURCE, VERSION, run

sys.path.insert(0, str(SOURCE / "tests" / "cluster"))
from harness.own_machine import own_mounts  # noqa: E402, as the line before says where

# Overlays the root folder and goes into it; what it changes lies in a tmpfs of the mount namespace and ends with it. $1: an empty
# folder for the mounts; $2: the folder that shall be seen as /mnt; $3: what to run.
IN_A_COPY = r"""
set -e
scratch=$1; packages=$2; shift 2
mount -t tmpfs scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
mount --rbind /dev "$scratch/root/dev"
mount -t proc proc "$scratch/root/proc"
mount --bind "$packages" "$scratch/root/mnt"
chroot "$scratch/root" /bin/sh -ec "$1"
# What is left that was not there before, without the notes of dpkg and the caches of others.
cd "$scratch/upper"
find . -mindepth 1 ! -type d ! -path './var/lib/dpkg/*' ! -path './var/cache/*' ! -path './var/log/[ad]*' ! -path './etc/ld.so.cache' \
  -printf 'left %p\n'
find . -mindepth 1 -type d -path '*p2p*' -printf 'left %p\n'
"""


def as_root():
    """What goes before a command that root has to run; None: there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    has_sudo = shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0
    return sudo if has_sudo else None


AS_ROOT = as_root()


@functools.lru_cache
def packages():
    """The folder that cpack has put all packages into."""
    folder = installed.fresh_folder()
    run(os.environ["P2P_CPACK"], "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    return folder


class DebianTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = packages()
        architecture = run("dpkg", "--print-architecture").strip()
        cls.runtime = cls.folder / f"p2phost_{VERSION}_{architecture}.deb"
        cls.development = cls.folder / f"p2phost-dev_{VERSION}_{architecture}.deb"
        cls.python = cls.folder / f"python3-p2phost_{VERSION}_all.deb"
        cls.all = (cls.runtime, cls.development, cls.python)

    def field(self, package, name):
        return run("dpkg-deb", "--field", package, name).strip()

    def contents(self, package):
        """Path -> mode and owner, as `tar -tv` shows them."""
        listed = {}
        for line in run("dpkg-deb", "--contents", package).splitlines():
            mode, owner, *_, path = line.split(" -> ")[0].split()
            listed[path.removeprefix(".")] = (mode, owner)
        return listed

    def test_each_file_is_in_its_package(self):
        runtime, development = self.contents(self.runtime), self.contents(self.development)
        for path in ("/usr/bin/p2phost", "/usr/bin/p2pctl", "/usr/lib/p2phost/plugins/locator.so",
                     "/usr/lib/p2phost/plugins/diststore.so", "/etc/p2phost/store.toml", "/etc/p2phost/locator.toml",
                     "/etc/p2phost/classic.toml",
                     "/lib/systemd/system/p2phost.service", "/usr/share/man/man1/p2phost.1", "/usr/share/doc/p2phost/copyright"):
            self.assertIn(path, runtime)
        for path in ("/usr/include/p2p/plugin.h", "/usr/share/p2phost/idl/locator.thrift",
                     "/usr/share/p2phost/template/plain/greeter.cc", "/usr/share/doc/p2phost-dev/copyright"):
            self.assertIn(path, development)
        python = self.contents(self.python)
        for path in ("/usr/lib/python3/dist-packages/p2p_client/__init__.py",
                     "/usr/lib/python3/dist-packages/p2p_client/gen/locator/Locator.py",
                     "/usr/share/doc/python3-p2phost/copyright"):
            self.assertIn(path, python)
        self.assertFalse([path for path in python if "__pycache__" in path or path.endswith(("-remote", "/made"))])
        packages_of = collections.Counter(path for package in (runtime, development, python) for path in package
                                          if not path.endswith("/"))
        self.assertEqual({path for path, count in packages_of.items() if count > 1}, set())
        self.assertTrue(any(path.endswith("/libp2psdk.so.2") for path in runtime))
        self.assertTrue(any(path.endswith("/libp2psdk.so") for path in development))
        self.assertTrue(any(path.endswith("/libp2pclient.so.2") for path in runtime))
        self.assertTrue(any(path.endswith("/libp2pclient.so") for path in development))
        self.assertFalse([path for path in runtime if path.startswith(("/usr/etc", "/usr/local"))])

    def test_files_belong_to_root_and_are_writable_by_nobody_else(self):
        for package in self.all:
            for path, (mode, owner) in self.contents(package).items():
                self.assertEqual(owner, "root/root", path)
                self.assertNotIn("w", mode[5] + mode[8] if mode[0] != "l" else "", path)

    def test_dependencies_are_those_of_the_binaries(self):
        depends = self.field(self.runtime, "Depends")
        for name in ("libc6", "libstdc++6", "libthrift", "libfmt9", "libspdlog", "libssl3", "libelf1"):
            self.assertIn(name, depends)
        self.assertNotIn("-dev", depends)
        for name in (f"p2phost (= {VERSION})", "libthrift-dev", "thrift-compiler", "libfmt-dev"):
            self.assertIn(name, self.field(self.development, "Depends"))
        self.assertEqual(self.field(self.python, "Architecture"), "all")
        self.assertRegex(self.field(self.python, "Depends"), "python3 .*python3-thrift .*python3-six, libxxhash0 ")

    def test_the_readmes_python_example_works_with_the_package_alone(self):
        folder = self.folder / "python"
        run("dpkg-deb", "--extract", self.python, folder)
        environment = dict(os.environ, P2P_PYTHON_CLIENT=str(folder / "usr/lib/python3/dist-packages"))
        run(sys.executable, "readme_test.py", "ReadmeTest.test_the_python_example_prints_what_it_says",
            cwd=SOURCE / "tests/cluster", environment=environment)

    def test_all_name_the_same_maintainer_by_name_and_address(self):
        fields = {self.field(package, "Maintainer") for package in self.all}
        self.assertEqual(len(fields), 1, fields)
        name, address = email.utils.parseaddr(fields.pop())
        self.assertGreater(len(name.split()), 1)
        self.assertRegex(address, r"^[^@]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")  # a host of one label is a machine's own
        self.assertNotIn("localhost", address)

    def test_every_file_below_etc_is_the_operators(self):
        folder = self.folder / "control"
        run("dpkg-deb", "--control", self.runtime, folder)
        named = (folder / "conffiles").read_text().split()
        self.assertEqual(sorted(named), sorted(path for path in self.contents(self.runtime)
                                               if path.startswith("/etc/") and not path.endswith("/")))
        self.assertRegex((folder / "shlibs").read_text(), rf"libp2psdk 2 p2phost \(>= {re.escape(VERSION)}\)")

    def test_binaries_are_stripped_and_name_no_build_folder(self):
        folder = self.folder / "files"
        run("dpkg-deb", "--extract", self.runtime, folder)
        run("dpkg-deb", "--extract", self.development, folder)
        run("dpkg-deb", "--extract", self.python, folder)
        for path in folder.rglob("*"):
            if not path.is_file() or path.is_symlink():
                continue
            content = path.read_bytes()
            for name in (SOURCE, BUILD, packages()):
                self.assertNotIn(os.fsencode(name), content, path)
            if content.startswith(b"\x7fELF"):
                self.assertNotIn(".debug_info", run("readelf", "--sections", "--wide", path), path)


@unittest.skipIf(AS_ROOT is None, "needs root, or sudo without a password, to mount an overlay of the root folder")
@unittest.skipIf(pathlib.Path("/var/lib/dpkg/info/p2phost.list").exists(), "this machine has p2phost's packages installed")
class DebianInstallTest(unittest.TestCase):
    def in_a_copy(self, script, *namespaces):
        """Runs `script` where the packages are /mnt/*.deb; what it printed, and what it left behind."""
        printed = run(*AS_ROOT, "unshare", *own_mounts(), "--pid", "--fork", *namespaces, "sh", "-ec", IN_A_COPY, "sh",
                      installed.fresh_folder(), packages(), script).splitlines()
        left = [line.removeprefix("left ") for line in printed if line.startswith("left ")]
        return "\n".join(line for line in printed if not line.startswith("left ")), left

    INSTALL = (f"dpkg --install /mnt/p2phost_{VERSION}_*.deb /mnt/p2phost-dev_{VERSION}_*.deb "
               f"/mnt/python3-p2phost_{VERSION}_all.deb >/dev/null\n")

    def test_what_is_installed_works(self):
        printed, _ = self.in_a_copy(
            self.INSTALL
            + "p2phost --check --config /etc/p2phost/store.toml\n"
            + "p2phost --list-plugins\n"
            + "p2phost --new-plugin clock --dir /tmp >/dev/null && ls /tmp/clock\n"
            + 'ls "$(p2phost --cmakedir)"\n'
            + "ldconfig -p | grep libp2psdk.so.2\n"
            + "pkg-config --modversion p2psdk\n"
            # As found without a hint.
            + "cd /tmp/clock; testing=ON; [ -e /usr/include/p2p/testing.h ] || testing=OFF\n"
            + "cmake -B build -DBUILD_TESTING=$testing >/dev/null && cmake --build build >/dev/null\n"
            + "ctest --test-dir build --output-on-failure\n"
            + "p2phost --check --config clock.toml --plugin-dir build\n")
        self.assertIn("services clock", printed)
        for words in ("configuration is fine", "/usr/lib/p2phost/plugins/locator.so", "clock.thrift", "p2phostConfig.cmake",
                      "libp2psdk.so.2", VERSION):
            self.assertIn(words, printed)

    # A node that apt has just installed, and what it takes to try the README's example on it.
    TRY_PYTHON = (
        "ip link set lo up\n"
        f"dpkg --install /mnt/p2phost_{VERSION}_*.deb >/dev/null\n"
        f"apt-get install --yes /mnt/python3-p2phost_{VERSION}_all.deb >/dev/null 2>&1\n"
        "HOME=/tmp p2phost --config /etc/p2phost/store.toml 2>/dev/null & node=$!\n"
        "until p2pctl ping >/dev/null 2>&1; do sleep 0.1; done\n"
        "cd /tmp; /usr/bin/python3 - <<'EXAMPLE'\n{example}EXAMPLE\n"
        "kill $node; wait $node\n")

    def test_the_readmes_python_example_works_after_apt_install(self):
        readme = (SOURCE / "README.md").read_text()
        example = re.search(r"```python readme-test\n(.*?)```", readme, re.S).group(1)
        printed, _ = self.in_a_copy(self.TRY_PYTHON.replace("{example}", example), "--net")
        self.assertEqual(printed.splitlines(), ["b'apple'", "[b'cherry', b'banana', None]", "True"])

    def test_installing_starts_nothing(self):
        printed, _ = self.in_a_copy(
            self.INSTALL + "for exe in /proc/[0-9]*/exe; do readlink $exe; done | grep p2phost || echo none\n")
        self.assertEqual(printed, "none")

    def test_removing_keeps_the_configuration_and_the_data(self):
        _, left = self.in_a_copy(
            self.INSTALL + "mkdir -p /var/lib/p2phost/9900 && echo > /var/lib/p2phost/9900/state\n"
            "dpkg --remove python3-p2phost p2phost-dev p2phost >/dev/null\n")
        self.assertEqual(sorted(path for path in left if not pathlib.Path(path).name.startswith("p2phost")),
                         ["./etc/p2phost/classic.toml", "./etc/p2phost/locator.toml", "./etc/p2phost/store.toml",
                          "./var/lib/p2phost/9900", "./var/lib/p2phost/9900/state"])

    def test_purging_leaves_nothing(self):
        _, left = self.in_a_copy(
            self.INSTALL + "echo '# mine' >> /etc/p2phost/store.toml\n"
            "for folder in /var/lib /var/log; do\n"
            "  mkdir -p $folder/private/p2phost && ln -s private/p2phost $folder/p2phost && echo > $folder/p2phost/file\n"
            "done\n"
            "dpkg --remove python3-p2phost p2phost-dev p2phost >/dev/null\n"
            "dpkg --purge python3-p2phost p2phost-dev p2phost >/dev/null\n")
        self.assertEqual(left, [])

    def test_an_upgrade_keeps_an_operators_changes(self):
        printed, _ = self.in_a_copy(
            self.INSTALL + "echo '# mine' >> /etc/p2phost/store.toml\n" + self.INSTALL + "tail -1 /etc/p2phost/store.toml\n")
        self.assertEqual(printed, "# mine")


if __name__ == "__main__":
    unittest.main()
