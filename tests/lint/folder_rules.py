"""Which folders of the host may know which? What a folder's target links is what its files may include, and the graph has no
cycle (docs/decisions/0023). All folders share one include root, so the compiler would find a header that is not declared."""
import posixpath
import re

import include_rules
from source_tree import Finding, SourceTree, line_of

HOST = "host"

_COMMENT = re.compile(r"#[^\n]*")
_MAKES_TARGET = re.compile(r"\b(?:add_library|add_executable|p2p_host_folder)\s*\(\s*([\w:]+)")
_LINKS = re.compile(r"\btarget_link_libraries\s*\(([^)]*)\)")


def check(tree: SourceTree):
    lists = {folder_of(path): file for path, file in tree.files.items()
             if path.startswith(HOST + "/") and posixpath.basename(path) == "CMakeLists.txt"}
    declared = declared_folders(lists)
    yield from check_includes(tree, declared)
    yield from check_cycles(lists, declared)


def folder_of(path: str) -> str:
    """The folder of the host that the file is in, "" for the host's own: "peers" for host/peers/dial.h."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def declared_folders(lists: dict) -> dict[str, set[str]]:
    """For each folder, those whose targets its own targets link."""
    texts = {folder: _COMMENT.sub("", file.text) for folder, file in lists.items()}
    home = {target: folder for folder, text in texts.items() for target in _MAKES_TARGET.findall(text)}
    declared = {}
    for folder, text in texts.items():
        linked = {word for call in _LINKS.findall(text) for word in call.split()}
        declared[folder] = {home[target] for target in linked if target in home} - {folder}
    return declared


def check_includes(tree: SourceTree, declared: dict[str, set[str]]):
    for file in tree.below(HOST + "/"):
        if not file.is_cpp:
            continue
        own = folder_of(file.path)
        for include in file.includes:
            target = include_rules.resolve(tree, file, include) or ""
            other = folder_of(target)
            if target.startswith(HOST + "/") and other not in declared.get(own, set()) | {own}:
                yield Finding(file.path, include.line, "host-folder",
                              f"{name_of(own)} does not name {name_of(other)} in the target_link_libraries of its target")


def check_cycles(lists: dict, declared: dict[str, set[str]]):
    seen = set()
    for folder in sorted(declared):
        cycle = shortest_cycle(folder, declared)
        if cycle and not seen.intersection(cycle):
            seen.update(cycle)
            link = _LINKS.search(lists[folder].text)
            yield Finding(lists[folder].path, line_of(lists[folder].text, link.start()), "host-cycle",
                          "folders know each other: " + " -> ".join(map(name_of, cycle)))


def shortest_cycle(start: str, declared: dict[str, set[str]]) -> list[str]:
    """The folders along it, `start` first and last; none: empty."""
    paths, reached = [[start]], set()
    while paths:
        path = paths.pop(0)
        for other in sorted(declared.get(path[-1], ())):
            if other == start:
                return path + [start]
            if other not in reached:
                reached.add(other)
                paths.append(path + [other])
    return []


def name_of(folder: str) -> str:
    return posixpath.join(HOST, folder) if folder else HOST + " itself"
