"""Is the ABI of libp2psdk still what it was? Writes it down with abidw, and compares a library with that with abidiff.

    abi_gate.py write FILE.abi LIBRARY HEADERS      writes the ABI of LIBRARY into FILE.abi
    abi_gate.py compare FILE.abi LIBRARY HEADERS    ends with 1, and says what differs, when plugins built against FILE.abi
                                                    could break; what was only added is fine

HEADERS is the folder of the public headers: types that stand elsewhere are nobody's affair.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OURS = HERE / "ours_only.suppr"

RENEW = """\
The ABI of libp2psdk is not the one that tests/abi/libp2psdk.abi describes: plugins that were built with it could break.
  - If that ABI has been released: do it another way (a new interface with a new id, a field at the end behind
    struct_size), or give P2P_ABI_MAJOR in sdk/include/p2p/abi.h and SOVERSION in sdk/CMakeLists.txt the next number.
  - If it has not been released, or the number is new: cmake --build build/release --target renew_abi, and commit tests/abi
    with the change. See tests/abi/README.md.
"""


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def write(described, library, headers):
    written = run(os.environ.get("P2P_ABIDW", "abidw"), "--suppressions", OURS, "--headers-dir", headers,
                  "--drop-private-types", "--drop-undefined-syms", "--no-show-locs", "--no-comp-dir-path",
                  "--no-corpus-path", "--no-parameter-names", library)
    if written.returncode != 0:
        sys.exit(f"abidw failed on {library}:\n{written.stdout}{written.stderr}")
    # Where it was built is no part of it.
    pathlib.Path(described).write_text(re.sub(r" path='[^']*/((?:sdk|gen)/[^']*)'", r" path='\1'", written.stdout))


def compare(described, library, headers):
    """"" when every plugin built against `described` works with `library`; otherwise what abidiff says."""
    with tempfile.TemporaryDirectory() as folder:
        # Written down in the same way: without places, abidiff would take all types of one side for private ones.
        today = pathlib.Path(folder) / "today.abi"
        write(today, library, headers)
        compared = run(os.environ.get("P2P_ABIDIFF", "abidiff"), "--no-added-syms", described, today)
    if compared.returncode == 0:
        return ""
    return compared.stdout + compared.stderr or f"abidiff ended with {compared.returncode}"


def main(verb, described, library, headers):
    if verb == "write":
        write(described, library, headers)
        return 0
    difference = compare(described, library, headers)
    if not difference:
        return 0
    print(difference, RENEW, sep="\n")
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("write", "compare"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
