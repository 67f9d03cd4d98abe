"""What is every measurement told, and how does it end? The flags that all of them take, and their last lines."""
import argparse
import sys
from pathlib import Path
from typing import Callable, Iterator

import servers


def add_places(parser: argparse.ArgumentParser, name: str):
    """Where programs and configuration are, and where the figures of single runs go: NAME.json in the build folder."""
    parser.add_argument("--build", type=Path, default=servers.ROOT / "build/release", help="build folder with the programs")
    parser.add_argument("--config", type=Path, default=servers.ROOT / "etc/store.toml", help="configuration of the nodes")
    parser.add_argument("--json", type=Path, help=f"where the single figures go; default: {name}.json in the build folder")
    parser.set_defaults(json_name=f"{name}.json")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    chosen = parser.parse_args()
    chosen.json = chosen.json or chosen.build / chosen.json_name
    return chosen


def rounds(count: int) -> Iterator[tuple[int, int]]:
    """Each round's number, and the step by which it goes through what is measured: every second one backwards, so that a machine
    that slows down favours nobody. Tells of each that is done."""
    for number in range(count):
        yield number, 1 if number % 2 == 0 else -1
        print(f"round {number + 1} of {count} done", file=sys.stderr, flush=True)


def run(name: str, main: Callable[[], int]):
    """Ends the process: with what `main` answers, or with the words of what went wrong."""
    try:
        sys.exit(main())
    except RuntimeError as failure:
        sys.exit(f"{name}: {failure}")
