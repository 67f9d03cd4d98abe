"""Who may know whom? The fences between components, and what the pure folders must not touch.

The build is the first fence: a forbidden header is not in any include root. These rules also see what it cannot: ways around
through "..", and system headers, which are always found.
"""
import posixpath
import re

from source_tree import Finding, Include, SourceFile, SourceTree, line_of

# Each component's folder and the roots of its private headers. Everybody may include sdk/include (as <p2p/...>) and what is
# generated from idl/; tests may include everything.
COMPONENTS = {
    "sdk/examples/counter": ["sdk/examples/counter"],
    "sdk/examples/hello": ["sdk/examples/hello"],
    "sdk/examples/queue": ["sdk/examples/queue"],
    "sdk/examples/work": ["sdk/examples/work"],
    "sdk": ["sdk/src"],
    "host": ["host"],
    "plugins/locator": ["plugins/locator"],
    "plugins/diststore": ["plugins/diststore"],
    "clients/cpp": ["clients/cpp/src", "clients/cpp/include"],
    "lib": ["lib"],
}
PUBLIC_ROOT = "sdk/include"

# The libraries that each component may know besides: whoever must own keys, try again, or reach
# others by the same rules shares them.
LIBRARIES = {
    "plugins/locator": ("lib/placement/", "lib/ring_layers/"),
    "plugins/diststore": ("lib/placement/", "lib/retry/"),
    "clients/cpp": ("lib/net/", "lib/placement/", "lib/retry/"),
    "host": ("lib/history/", "lib/net/", "lib/retry/"),
}
# The one folder of lib/ that has sockets. It is below all others there, and knows none of them.
NET_ROOT = "lib/net/"
ASIO = re.compile(r"boost/asio\b.*")
# The client library's public headers, and the one part of the host that is a client.
CLIENT_ROOT = "clients/cpp/include"
CLIENT_USERS = ("host/ctl/",)
# The harness's fake locator runs the real one's layers.
LAYERS_ROOT = "lib/ring_layers"
LAYERS_USERS = ("host/testing/",)

# Parts of a component that its others know by an interface alone: each with who may name it.
BEHIND_AN_INTERFACE = {"plugins/diststore/engine/memory/": "plugins/diststore/plugin.cc"}

# The only public headers that may include Thrift's own or generated ones.
THRIFT_HEADERS = {"sdk/include/p2p/handlers.h", "sdk/include/p2p/message_buffer.h", "sdk/include/p2p/typed_input.h"}

# Implementations behind an interface, and the only files outside that may include them: where the choice is made.
WALLED = {
    "plugins/locator/classic/": ("plugins/locator/plugin.cc",),
    # Who else names it carries its messages and saves (decision 43).
    "plugins/locator/cluster/embedded/": ("plugins/locator/cluster/agreement.h", "plugins/locator/cluster/member/messages.h",
                                          "plugins/locator/agreed/agreed.cc", "plugins/locator/agreed/keeping.h",
                                          "plugins/locator/agreed/wire/"),
    "plugins/diststore/classic/": ("plugins/diststore/plugin.cc",),
    "plugins/diststore/agreed/": ("plugins/diststore/plugin.cc",),
}

# Folders and files of rules alone: the world comes in as arguments and goes out as results.
PURE = (
    "plugins/locator/membership/",
    "plugins/locator/classic/core/",
    "plugins/locator/cluster/",
    "plugins/locator/agreed/view/",
    "plugins/locator/agreed/terms.",
    "plugins/locator/agreed/refusal.",
    "lib/history/",
    "lib/placement/",
    "lib/retry/faults.",
    "lib/net/back_off.",
    "clients/cpp/src/rules/",
    "plugins/locator/discovery/",
    "plugins/diststore/replication/",
    "plugins/diststore/classic/core/",
    "plugins/diststore/serving/batch_split.",
    "plugins/diststore/serving/key_route.",
    "sdk/examples/work/core/",
    "host/config/",
    "host/ctl/lab/plan.",
    "host/ctl/lab/script.",
    "host/ctl/lab/verdict.",
    "host/routing/",
    "host/text/foreign_text.",
    "host/lifecycle/reload_plan.",
)
# The shell of a pure folder: the places in it that read files.
PURE_EXCEPT = ("host/config/config_file.", "host/config/read_configuration.")

WORLD_HEADERS = {
    "socket": r"sys/socket\.h|sys/un\.h|netinet/.*|arpa/.*|net/if\.h|netdb\.h|poll\.h|sys/(epoll|poll|select|eventfd)\.h"
              r"|boost/asio.*|openssl/ssl\.h|serving/asio\.h",
    "clock": r"ctime|time\.h|sys/(time|times|timerfd)\.h",
    "thread": r"thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|pthread\.h",
    "file": r"fstream|cstdio|stdio\.h|unistd\.h|fcntl\.h|dirent\.h|sys/(stat|file|mman|inotify)\.h",
    "Thrift": r"thrift/.*",
    "shell's": r"p2p/(context|handlers|message_buffer|peers|strand|typed_input)\.h",
}
WORLD_CALLS = {
    "clock": r"\w*[Cc]lock\w*::now\s*\(|\b(?:gettimeofday|clock_gettime|timespec_get)\s*\("
             r"|(?:\bstd::|(?<![\w.>:])(?:::)?)time\s*\(\s*(?:nullptr|NULL|0|&)",
    "sleep": r"\bsleep_(?:for|until)\s*\(|(?<![\w.>])(?:u|nano)?sleep\s*\(",
    # A path is a value; asking the disk about it is not.
    "file": r"\bfilesystem::(?!path\b)\w+|\bnamespace\s+\w+\s*=\s*(?:::)?std::filesystem\b",
    "thread": r"\bstd::(?:j?thread|async|mutex|shared_mutex|condition_variable)\b|\bthread_local\b",
    "chance": r"\bstd::random_device\b",
}


def check(tree: SourceTree):
    generated = generated_headers(tree)
    for file in tree.cpp():
        yield from check_fences(tree, file)
        if file.path.startswith((PUBLIC_ROOT, CLIENT_ROOT)):
            yield from check_public_header(file, generated)
        if file.path.startswith(PURE) and not file.path.startswith(PURE_EXCEPT):
            yield from check_purity(tree, file, generated)


def generated_headers(tree: SourceTree) -> set[str]:
    """Names of the headers that the Thrift compiler writes: one for each service, one for each file's types. Those that are
    installed with the SDK have a second name, <p2p/idl/...>."""
    names = set()
    for file in tree.below("idl/"):
        if file.path.endswith(".thrift"):
            names.add(posixpath.basename(file.path).removesuffix(".thrift") + "_types.h")
            names.update(service + ".h" for service in re.findall(r"^\s*service\s+(\w+)", file.text, re.MULTILINE))
    return names | {"p2p/idl/" + name for name in names}


def component_of(path: str) -> str | None:
    return next((name for name in COMPONENTS if path.startswith(name + "/")), None)


# --- fences ---------------------------------------------------------------------------------------------------------------


def check_fences(tree: SourceTree, file: SourceFile):
    component = component_of(file.path)
    if component is None:
        return
    for include in file.includes:
        if include.name.startswith("/"):
            yield Finding(file.path, include.line, "fence", f"'{include.name}' is an absolute path")
            continue
        target = resolve(tree, file, include)
        if component == "lib" and not_of_this_library(file.path, include.name, target or ""):
            yield Finding(file.path, include.line, "fence",
                          f"'{include.name}': of lib/ only net/ may know Asio, and net/ knows no other folder of it")
            continue
        part = next((part for part in BEHIND_AN_INTERFACE if (target or "").startswith(part)), None)
        if part and not file.path.startswith(part) and file.path != BEHIND_AN_INTERFACE[part]:
            yield Finding(file.path, include.line, "fence",
                          f"'{include.name}' is behind an interface: only {BEHIND_AN_INTERFACE[part]} may name it")
            continue
        owner = component_of(target) if target else named_component(include.name)
        for wall, doors in WALLED.items():
            if target and target.startswith(wall) and not file.path.startswith((wall, *doors)):
                yield Finding(file.path, include.line, "wall", f"only {', '.join(doors)} may know '{include.name}'")
        if owner and owner != component and not may_know(file, component, target or ""):
            yield Finding(file.path, include.line, "fence",
                          f"{component}/ must not know '{include.name}', which is private to {owner}/")


def not_of_this_library(path: str, name: str, target: str) -> bool:
    if path.startswith(NET_ROOT):
        return target.startswith("lib/") and not target.startswith(NET_ROOT)
    return bool(ASIO.fullmatch(name))


def may_know(file: SourceFile, component: str, target: str) -> bool:
    if target.startswith((PUBLIC_ROOT + "/", *LIBRARIES.get(component, ()))):
        return True
    if target.startswith(LAYERS_ROOT + "/") and file.path.startswith(LAYERS_USERS):
        return True
    return target.startswith(CLIENT_ROOT + "/") and file.path.startswith(CLIENT_USERS)


def resolve(tree: SourceTree, file: SourceFile, include: Include) -> str | None:
    """The project's file that the include names, seen from its own component first; None for a system or generated header."""
    own = component_of(file.path)
    roots = [posixpath.dirname(file.path)] if include.quoted else []
    roots += COMPONENTS.get(own, []) + [PUBLIC_ROOT]
    roots += [root for name, others in COMPONENTS.items() if name != own for root in others]
    for root in roots:
        path = posixpath.normpath(posixpath.join(root, include.name))
        if path in tree.files:
            return path
        if path + ".in" in tree.files:
            return path + ".in"
    return None


def named_component(name: str) -> str | None:
    """A component that the include's own words name, should its file not exist: "host/node.h", "../diststore/x.h"."""
    plain = re.sub(r"^(?:\.\./)+", "", name)
    for component in COMPONENTS:
        if plain.startswith((component + "/", component.removeprefix("plugins/") + "/src/")):
            return component
    return None


# --- public headers -------------------------------------------------------------------------------------------------------


def check_public_header(file: SourceFile, generated: set[str]):
    if file.path in THRIFT_HEADERS:
        return
    allowed = " and ".join(f"<{path.removeprefix(PUBLIC_ROOT + '/')}>" for path in sorted(THRIFT_HEADERS))
    indirect = {path.removeprefix(PUBLIC_ROOT + "/") for path in THRIFT_HEADERS}
    for include in file.includes:
        if include.name.startswith("thrift/") or include.name in generated or include.name in indirect:
            yield Finding(file.path, include.line, "thrift-in-sdk",
                          f"'{include.name}' brings Thrift into a public header; only {allowed} may")


# --- purity ---------------------------------------------------------------------------------------------------------------


def check_purity(tree: SourceTree, file: SourceFile, generated: set[str]):
    for include in file.includes:
        if found := world_behind(tree, file, include, generated, frozenset({file.path})):
            kind, chain = found
            way = "" if len(chain) == 1 else " (through " + " -> ".join(chain) + ")"
            yield Finding(file.path, include.line, "pure",
                          f"'{include.name}' is a {kind} header{way}; this folder holds rules only")
    for kind, pattern in WORLD_CALLS.items():
        for match in re.finditer(pattern, file.code):
            yield Finding(file.path, line_of(file.code, match.start()), "pure",
                          f"'{match.group().strip()}' is of the world ({kind}); take it as an argument instead")


def world_behind(tree: SourceTree, file: SourceFile, include: Include, generated: set[str], seen: frozenset):
    """(kind, chain of includes) when the include leads to a header of the outer world; headers of our own are followed."""
    for kind, pattern in WORLD_HEADERS.items():
        if re.fullmatch(pattern, include.name):
            return kind, [include.name]
    if include.name in generated:
        return "Thrift", [include.name]
    target = resolve(tree, file, include)
    if target is None or target in seen:
        return None
    for further in tree.files[target].includes:
        if found := world_behind(tree, tree.files[target], further, generated, seen | {target}):
            return found[0], [include.name] + found[1]
    return None
