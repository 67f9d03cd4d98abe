#!/usr/bin/env python3
"""Checks what compilers do not: fences between components and between folders of the host, purity, addresses,
format, file lengths, guards, words.

Usage: lint.py [ROOT]     prints FILE:LINE: [RULE] WHY for each finding; exit code 1 when there are any.
"""
import sys
from pathlib import Path

import address_rules
import folder_rules
import format_rules
import include_rules
import python_rules
import text_rules
from source_tree import Finding, SourceTree


RULES = (address_rules, folder_rules, format_rules, include_rules, python_rules, text_rules)


def findings(root: Path, rules=RULES) -> list[Finding]:
    tree = SourceTree(root)
    found = [finding for rule in rules for finding in rule.check(tree)]
    return sorted(found, key=lambda finding: (finding.path, finding.line, finding.rule))


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = findings(root)
    for finding in found:
        print(finding)
    print(f"lint: {len(found)} finding{'' if len(found) == 1 else 's'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
