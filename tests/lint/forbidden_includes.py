#!/usr/bin/env python3
"""Is a forbidden include really not found? Compiles, with the include folders of one component's target, every private header
of the other components (none may be found) and one of its own public ones (it must be).

Usage: forbidden_includes.py COMPILER FOLDER INCLUDE_DIRS FOREIGN_FOLDER...     INCLUDE_DIRS separated by ':'
"""
import subprocess
import sys
from pathlib import Path


def compiles(compiler: str, include_dirs: list[str], source: str) -> tuple[bool, str]:
    flags = [flag for folder in include_dirs for flag in ("-I", folder)]
    done = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", *flags, "-"], input=source, text=True,
                          capture_output=True)
    return done.returncode == 0, done.stderr


def private_headers(folder: Path, own: Path) -> list[str]:
    """Names under which the folder's headers are included, without those that the component itself has too."""
    return [name for header in sorted(folder.rglob("*.h")) if not (own / (name := header.relative_to(folder).as_posix())).exists()]


def main() -> int:
    compiler, own, include_dirs, *foreign = sys.argv[1:]
    dirs = [folder for folder in include_dirs.split(":") if folder]

    ok, errors = compiles(compiler, dirs, "#include <p2p/result.h>\n")
    if not ok:
        print(f"an allowed include does not compile, so this test would prove nothing:\n{errors}")
        return 1

    names = [name for folder in foreign for name in private_headers(Path(folder), Path(own))]
    if not names:
        print("no foreign header to try")
        return 0
    found = "".join(f'#if __has_include("{name}")\n#error "{name} is found"\n#endif\n' for name in names)
    ok, errors = compiles(compiler, dirs, found)
    if not ok:
        print(errors)
        return 1

    ok, errors = compiles(compiler, dirs, f'#include "{names[0]}"\n')
    if ok or f"{names[0]}: No such file" not in errors:
        print(f"including {names[0]} did not fail as it must:\n{errors}")
        return 1
    print(f"{len(names)} foreign headers, none is found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
