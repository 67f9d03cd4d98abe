#!/usr/bin/env python3
"""Does the lint find what it must, and nothing else? Each rule has a planted case and a clean twin."""
import tempfile
import unittest
from pathlib import Path

import format_rules
import lint

TREE = Path(__file__).resolve().parents[2]
# What most cases plant is no whole C++.
RULES = [rule for rule in lint.RULES if rule is not format_rules]

# A small tree in the shape of ours, which has nothing to find.
CLEAN = {
    ".clang-format": (TREE / ".clang-format").read_text(encoding="utf-8"),
    "idl/locator.thrift": "service Base {\n}\nservice Locator extends Base {\n}\n",
    "sdk/include/p2p/result.h": "// Why?\n#pragma once\n#include <string>\n",
    "sdk/include/p2p/snapshot.h": "#pragma once\n#include <mutex>\n",
    "sdk/include/p2p/handlers.h": "#pragma once\n#include <Base.h>\n#include <thrift/TProcessor.h>\n",
    "sdk/include/p2p/abi.h": "#ifndef P2P_ABI_H\n#define P2P_ABI_H\n#endif\n",
    "sdk/src/result.cc": "#include <p2p/result.h>\n",
    "host/node.h": "#pragma once\n#include <p2p/result.h>\n",
    "host/config/schema.h": "#pragma once\n#include <vector>\n",
    "host/config/CMakeLists.txt": "p2p_host_folder(host_config schema.cc)\n",
    "host/lifecycle/reload_plan.cc": "#include <algorithm>\n",
    "host/lifecycle/runner.cc": '#include "config/schema.h"\n\n#include <thread>\n',
    "host/lifecycle/CMakeLists.txt": "p2p_host_folder(host_lifecycle runner.cc)\n"
                                     "target_link_libraries(host_lifecycle\n  PUBLIC p2psdk host_config)\n",
    "plugins/locator/plugin.cc": '#include "membership/core.h"\n\n#include <p2p/handlers.h>\n',
    "plugins/locator/membership/core.h": "#pragma once\n#include <p2p/result.h>\n\n#include <chrono>\n",
    "plugins/locator/classic/core/table.h": "#pragma once\n",
    "plugins/locator/classic/adapter.cc": '#include "classic/core/table.h"\n',
    "lib/placement/ring.h": "#pragma once\n",
    "lib/net/dial.h": "#pragma once\n#include <p2p/result.h>\n\n#include <boost/asio/io_context.hpp>\n",
    "lib/net/back_off.h": "#pragma once\n",
    "lib/ring_layers/chain.h": "#pragma once\n",
    "plugins/locator/wire/client.h": "#pragma once\n#include <thrift/TProcessor.h>\n",
    "plugins/diststore/plugin.cc": '#include "engine/memory/engine.h"\n#include "replication/rules.h"\n\n#include <Locator.h>\n',
    "plugins/diststore/classic/ring_watch.h": "#pragma once\n",
    "plugins/diststore/engine/memory/engine.h": "#pragma once\n",
    "plugins/diststore/engine/memory/engine.cc": '#include "engine/memory/engine.h"\n',
    "plugins/diststore/replication/rules.h": "#pragma once\n",
    "clients/cpp/include/p2p/client.h": "#pragma once\n#include <p2p/result.h>\n",
    "clients/cpp/src/link.h": '#pragma once\n#include "placement/ring.h"\n',
    "host/ctl/verbs.cc": "#include <p2p/client.h>\n",
    "tests/unit/ring_test.cc": '#include "placement/ring.h"\n\n#include "node.h"\n',
}


class Lint(unittest.TestCase):
    def lint(self, files=None, rules=RULES):
        """Findings in the clean tree with some files replaced or added, as (path, line, rule)."""
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **(files or {})}.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return [(finding.path, finding.line, finding.rule) for finding in lint.findings(Path(folder), rules)]

    def finds(self, path, text, line, rule, rules=RULES):
        self.assertEqual(self.lint({path: text}, rules), [(path, line, rule)])

    def accepts(self, path, text, rules=RULES):
        self.assertEqual(self.lint({path: text}, rules), [])

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.lint(rules=lint.RULES), [])

    # --- walls ---

    def test_an_implementation_is_known_only_where_it_is_chosen(self):
        for name in ('"classic/core/table.h"', "<classic/core/table.h>"):
            self.finds("plugins/locator/node.cc", f"#include {name}\n", 1, "wall")
            self.accepts("plugins/locator/plugin.cc", f"#include {name}\n")
            self.accepts("tests/unit/table_test.cc", f"#include {name}\n")
        self.finds("plugins/diststore/serving/a.cc", '#include "classic/ring_watch.h"\n', 1, "wall")

    # --- addresses ---

    def test_only_the_node_address_makes_and_reads_the_text_of_an_address(self):
        for text in ("auto a = at.address + ':' + std::to_string(at.port);",
                     "auto a = '[' + at.address + \"]:\" + std::to_string(at.port);",
                     "auto a = endpoint.address().to_string() + \":\" + digits;",
                     "out << host << ':' << port;",
                     "auto a = name + ':' + std::to_string(ntohs(v4.sin_port));",
                     "auto a = fmt::format(\"{}:{}\", host,\n    peer.port);",
                     "auto a = fmt::format(\"no node at [{}]:{}\", text, port);",
                     "std::snprintf(to, n, \"%s:%u\", text, port);",
                     "const auto colon = name.rfind(':');",
                     "const auto colon = name.find_last_of(\":\");"):
            self.finds("host/a.cc", f"\n{text}\n", 2, "address")
        self.finds("plugins/locator/a.cc", "auto colon = name.rfind(':');\n", 1, "address")
        self.finds("clients/cpp/src/a.cc", "auto colon = name.rfind(':');\n", 1, "address")

    def test_other_colons_are_no_addresses(self):
        for text in ("auto a = at.name();", "auto a = std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);",
                     "auto a = fmt::format(\"{}:{}\", place.line, place.column);", "auto a = service + ':' + method;",
                     "const auto colon = text.rfind(\": \");", "const auto colon = name.find(':');  // of a service",
                     "// address + ':' + std::to_string(port)"):
            self.accepts("host/a.cc", text + "\n")
        self.accepts("sdk/src/node_address.cc", "auto colon = text.rfind(':');\n")
        self.accepts("tests/bench/cluster/a.cc", "auto colon = name.rfind(':');\n")

    def test_in_python_too_one_module_makes_and_reads_them(self):
        for text in ('name = f"{host}:{port}"', 'name = f"127.0.0.1:{self.port}"', "name = f'[{host}]:{at.port}'",
                     'name = "%s:%d" % (host, port)', 'name = "{}:{}".format(host, port)', 'name = host + ":" + str(port)',
                     'host, _, port = name.rpartition(":")', 'host, port = name.rsplit(":", 1)', "host, port = name.split(':')"):
            self.finds("clients/python/p2p_client/a.py", f"\n{text}\n", 2, "address")
            self.finds("tests/cluster/harness/a.py", f"\n{text}\n", 2, "address")
        for text in ('name = f"{service}:{method}"', 'words = line.split(",")', "name = name_of(host, port)"):
            self.accepts("clients/python/p2p_client/a.py", text + "\n")
        self.accepts("clients/python/p2p_client/view.py", 'host, _, port = name.rpartition(":")\n')

    # --- fences ---

    def test_a_plugin_must_not_include_a_private_header_of_the_host(self):
        self.finds("plugins/diststore/a.cc", '\n#include "node.h"\n', 2, "fence")

    def test_a_plugin_must_not_include_a_private_header_of_another_plugin(self):
        self.finds("plugins/diststore/a.cc", '#include "membership/core.h"\n', 1, "fence")

    def test_angle_brackets_and_dots_are_no_way_around_a_fence(self):
        self.finds("plugins/diststore/a.cc", "#include <membership/core.h>\n", 1, "fence")
        self.finds("plugins/diststore/a.cc", '#include "../locator/membership/core.h"\n', 1, "fence")
        self.finds("plugins/diststore/a.cc", '#include "../../host/not_there.h"\n', 1, "fence")
        self.finds("plugins/diststore/a.cc", '#include "host/not_there.h"\n', 1, "fence")
        self.finds("plugins/diststore/a.cc", "#include </usr/include/stdio.h>\n", 1, "fence")

    def test_the_host_must_not_know_a_plugin(self):
        self.finds("host/a.cc", '#include "placement/ring.h"\n', 1, "fence")

    def test_the_libraries_are_for_those_who_must_agree_only(self):
        self.accepts("plugins/locator/a.cc", '#include "placement/ring.h"\n')
        self.accepts("clients/cpp/src/a.cc", '#include "placement/ring.h"\n')
        self.accepts("plugins/diststore/a.cc", '#include "placement/ring.h"\n')
        self.finds("plugins/diststore/a.cc", '#include "net/dial.h"\n', 1, "fence")
        self.finds("lib/placement/a.cc", '#include "membership/core.h"\n', 1, "fence")

    def test_who_reaches_others_shares_how(self):
        self.accepts("clients/cpp/src/a.cc", '#include "net/dial.h"\n')
        self.accepts("host/a.cc", '#include "net/dial.h"\n')
        self.finds("plugins/locator/a.cc", '#include "net/dial.h"\n', 1, "fence")
        self.finds("plugins/diststore/a.cc", '#include "net/dial.h"\n', 1, "fence")

    def test_of_the_libraries_only_net_has_sockets_and_it_stands_alone(self):
        self.finds("lib/ring_layers/a.cc", "#include <boost/asio/post.hpp>\n", 1, "fence")
        self.finds("lib/net/a.cc", '#include "placement/ring.h"\n', 1, "fence")
        self.finds("lib/net/a.cc", '#include "node.h"\n', 1, "fence")
        self.finds("lib/net/back_off.cc", "#include <thread>\n", 1, "pure")
        self.accepts("clients/cpp/src/rules/a.cc", '#include "net/back_off.h"\n')
        self.finds("clients/cpp/src/rules/a.cc", '#include "net/dial.h"\n', 1, "pure")

    def test_of_the_host_only_the_harness_runs_ring_layers(self):
        self.accepts("host/testing/a.cc", '#include "ring_layers/chain.h"\n')
        self.finds("host/a.cc", '#include "ring_layers/chain.h"\n', 1, "fence")
        self.finds("host/testing/a.cc", '#include "placement/ring.h"\n', 1, "fence")

    def test_of_the_host_only_p2pctl_is_a_client(self):
        self.finds("host/a.cc", "#include <p2p/client.h>\n", 1, "fence")
        self.finds("host/ctl/a.cc", '#include "link.h"\n', 1, "fence")
        self.finds("clients/cpp/src/a.cc", '#include "node.h"\n', 1, "fence")

    def test_an_engine_is_named_where_it_is_made_alone(self):
        self.finds("plugins/diststore/serving/a.h", '#pragma once\n#include "engine/memory/engine.h"\n', 2, "fence")
        self.finds("plugins/diststore/engine/a.cc", '#include "memory/engine.h"\n', 1, "fence")
        self.accepts("tests/unit/a.cc", '#include "engine/memory/engine.h"\n')

    def test_the_sdk_must_not_know_the_host(self):
        self.finds("sdk/src/a.cc", '#include "node.h"\n', 1, "fence")

    def test_a_header_of_ones_own_wins_over_a_namesake_elsewhere(self):
        clean = {"plugins/diststore/node.h": "#pragma once\n", "plugins/diststore/a.cc": '#include "node.h"\n'}
        self.assertEqual(self.lint(files=clean), [])

    def test_everybody_may_include_the_sdk_and_generated_headers(self):
        self.accepts("plugins/diststore/a.cc", "#include <p2p/handlers.h>\n#include <locator_types.h>\n#include <vector>\n")

    def test_an_include_in_a_comment_is_none(self):
        self.accepts("plugins/diststore/a.cc", '// #include "node.h"\n/*\n#include "node.h"\n*/\n')

    # --- folders of the host ---

    def test_a_folder_of_the_host_includes_what_its_target_links_and_nothing_else(self):
        self.accepts("host/lifecycle/a.cc", '#include "config/schema.h"\n#include "lifecycle/a.h"\n')
        self.finds("host/config/a.h", '#pragma once\n#include "lifecycle/reload_plan.cc"\n', 2, "host-folder")
        self.finds("host/lifecycle/a.cc", '#include "node.h"\n', 1, "host-folder")
        self.finds("host/cli/a.cc", '#include "config/schema.h"\n', 1, "host-folder")

    def test_what_a_comment_links_is_not_linked(self):
        self.assertEqual(self.lint({"host/lifecycle/CMakeLists.txt": "add_library(host_lifecycle runner.cc)\n"
                                    "# target_link_libraries(host_lifecycle PUBLIC host_config)\n"}),
                         [("host/lifecycle/runner.cc", 1, "host-folder")])

    def test_dots_are_no_way_around_the_fence_of_a_folder(self):
        self.finds("host/cli/a.cc", '#include "../config/schema.h"\n', 1, "host-folder")

    def test_a_cycle_of_folders_is_found_once(self):
        links = "\ntarget_link_libraries(host_config PRIVATE host_runtime)\n"
        runtime = "p2p_host_folder(host_runtime a.cc)\ntarget_link_libraries(host_runtime PUBLIC host_lifecycle)\n"
        self.assertEqual(self.lint({"host/config/CMakeLists.txt": CLEAN["host/config/CMakeLists.txt"] + links,
                                    "host/runtime/CMakeLists.txt": runtime}),
                         [("host/config/CMakeLists.txt", 3, "host-cycle")])

    # --- format ---

    def test_a_line_past_the_limit_is_found_wherever_it_stands(self):
        for path in ("host/a.cc", "sdk/include/p2p/a.h", "sdk/template/plain/greeter.cc", "tests/unit/a.cc"):
            with self.subTest(path):
                text = '#pragma once\nconst char* kText =\n    R"({})";\n'
                self.finds(path, text.format("x" * 111), 3, "columns", lint.RULES)
                self.accepts(path, text.format("x" * 110), lint.RULES)

    def test_columns_are_counted_not_bytes(self):
        self.accepts("host/a.cc", "// " + "\u00e4" * 117 + "\n", lint.RULES)

    def test_an_unformatted_file_is_found(self):
        self.accepts("host/a.cc", "int f() { return 1; }\n", lint.RULES)
        self.finds("host/a.cc", "int a;\nint f()\n{ return 1; }\n", 2, "format", lint.RULES)
        self.finds("host/a.cc", '#include "b.h"\n#include "a.h"\n', 1, "format", lint.RULES)

    def test_a_tree_that_says_no_format_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.cc").write_text("int a;\n", encoding="utf-8")
            self.assertEqual([finding.rule for finding in lint.findings(Path(folder), [format_rules])], ["format"])

    # --- Thrift in public headers ---

    def test_thrift_headers_stay_out_of_other_public_headers(self):
        self.finds("sdk/include/p2p/call.h", "#pragma once\n#include <thrift/Thrift.h>\n", 2, "thrift-in-sdk")

    def test_thrift_stays_out_of_the_client_library_s_headers(self):
        self.finds("clients/cpp/include/p2p/client.h", "#pragma once\n#include <p2p/handlers.h>\n", 2, "thrift-in-sdk")

    def test_generated_headers_stay_out_of_other_public_headers(self):
        for header in ("Locator.h", "p2p/idl/Locator.h"):
            with self.subTest(header):
                self.finds("sdk/include/p2p/call.h", f"#pragma once\n#include <{header}>\n", 2, "thrift-in-sdk")

    def test_a_public_header_must_not_bring_thrift_in_through_another(self):
        self.finds("sdk/include/p2p/call.h", "#pragma once\n#include <p2p/handlers.h>\n", 2, "thrift-in-sdk")

    def test_message_buffer_may_include_thrift(self):
        self.accepts("sdk/include/p2p/message_buffer.h", "#pragma once\n#include <thrift/Thrift.h>\n")

    # --- purity ---

    def test_a_pure_folder_includes_nothing_of_the_world(self):
        for header in ("sys/socket.h", "boost/asio.hpp", "ctime", "thread", "mutex", "fstream", "thrift/Thrift.h", "Base.h",
                       "p2p/handlers.h"):
            with self.subTest(header):
                self.finds("plugins/locator/membership/a.cc", f"#include <{header}>\n", 1, "pure")

    def test_every_pure_folder_is_watched(self):
        for path in ("plugins/locator/membership/a.cc", "lib/placement/a.cc", "clients/cpp/src/rules/a.cc", "plugins/diststore/replication/a.cc",
                     "host/config/a.cc", "host/routing/a.cc", "host/text/foreign_text.cc", "host/lifecycle/reload_plan.cc"):
            with self.subTest(path):
                self.finds(path, "#include <thread>\n", 1, "pure")

    def test_the_world_behind_a_header_of_ours_is_seen(self):
        self.finds("plugins/locator/membership/a.cc", "#include <p2p/snapshot.h>\n", 1, "pure")
        self.finds("plugins/locator/membership/a.cc", '#include "wire/client.h"\n', 1, "pure")

    def test_a_pure_folder_calls_no_clock(self):
        for call in ("std::chrono::steady_clock::now()", "Clock::now()", "std::time(nullptr)", "time(0)", "gettimeofday(&a, b)",
                     "std::this_thread::sleep_for(1ms)", "usleep(1)", "std::random_device seed"):
            with self.subTest(call):
                self.finds("plugins/diststore/replication/a.cc", f"int f() {{\n  {call};\n}}\n", 2, "pure")

    def test_a_pure_folder_may_handle_paths_but_not_ask_the_disk(self):
        self.accepts("host/config/a.cc", "#include <filesystem>\nauto p = std::filesystem::path(a) / b;\n")
        self.finds("host/config/a.cc", "#include <filesystem>\nbool b = std::filesystem::exists(p);\n", 2, "pure")

    def test_a_pure_folder_may_be_told_the_time(self):
        self.accepts("plugins/diststore/replication/a.cc",
                     "#include <chrono>\nvoid tick(std::chrono::steady_clock::time_point now, std::chrono::nanoseconds time);\n"
                     "int a = view.time(0);\n// as told by steady_clock::now()\nauto text = \"sleep(1)\";\n")

    def test_shells_may_use_the_world(self):
        self.accepts("plugins/locator/shell.cc", "#include <thread>\nauto now = std::chrono::steady_clock::now();\n")
        self.accepts("host/config/read_configuration.cc", "#include <fstream>\n")

    # --- the Python client ---

    def test_the_python_client_needs_python_and_thrift_alone(self):
        self.accepts("clients/python/p2p_client/a.py", "import socket\nfrom thrift.Thrift import TException\n"
                     "from p2p_client.view import View\nfrom . import view\n")
        self.finds("clients/python/p2p_client/a.py", "import json\nimport requests.adapters\n", 2, "fence")
        self.finds("clients/python/p2p_client/a.py", "def f():\n    from harness import client\n", 2, "fence")

    def test_the_python_clients_rules_know_no_world(self):
        self.accepts("clients/python/p2p_client/rounds.py", "import random\n")
        self.finds("clients/python/p2p_client/rounds.py", "import time\n", 1, "pure")
        self.finds("clients/python/p2p_client/view.py", "from socket import socket\n", 1, "pure")

    # --- text ---

    def test_a_file_past_the_limit_is_too_long(self):
        self.finds("host/a.cc", "\n" * 501, 501, "length")
        self.accepts("host/a.cc", "\n" * 500)
        self.accepts("tests/vectors/ring.json", "\n" * 5000)

    def test_a_header_begins_with_pragma_once(self):
        self.finds("host/a.h", "#include <vector>\n", 1, "guard")
        self.finds("host/a.h", "// #pragma once\nint a;\n", 1, "guard")
        self.accepts("host/a.h", "// What is this?\n\n#pragma once\n#include <vector>\n")

    def test_paths_of_one_machine_are_found(self):
        for folder in ("work", "home", "root", "Users"):
            with self.subTest(folder):
                self.finds("docs/a.md", f"see /{folder}/somebody\n", 1, "machine-path")

    def test_paths_below_the_tree_or_a_variable_are_fine(self):
        self.accepts("docs/a.md", "build/work/x ${HOME}/home/x ../root/x https://example.org/home/x\n")

    def test_unfinished_work_is_found(self):
        self.finds("host/a.cc", "// TODO: later\n", 1, "unfinished")
        self.finds("host/a.cc", "// TODO(now) this\n", 1, "unfinished")
        self.finds("host/a.cc", "// FIXME\n", 1, "unfinished")
        self.accepts("host/a.cc", "// TODO(someday) Share the buffer with the sender.\n")


if __name__ == "__main__":
    unittest.main()
