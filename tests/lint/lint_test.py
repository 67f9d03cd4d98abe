#!/usr/bin/env python3
"""Does the lint find what it must, and nothing else? Each rule has a planted case and a clean twin."""
import tempfile
import unittest
from pathlib import Path

import lint

# A small tree in the shape of ours, which has nothing to find.
CLEAN = {
    "idl/locator.thrift": "service Base {\n}\nservice Locator extends Base {\n}\n",
    "sdk/include/p2p/result.h": "// Why?\n#pragma once\n#include <string>\n",
    "sdk/include/p2p/snapshot.h": "#pragma once\n#include <mutex>\n",
    "sdk/include/p2p/handlers.h": "#pragma once\n#include <thrift/TProcessor.h>\n#include <Base.h>\n",
    "sdk/include/p2p/abi.h": "#ifndef P2P_ABI_H\n#define P2P_ABI_H\n#endif\n",
    "sdk/src/result.cc": "#include <p2p/result.h>\n",
    "host/node.h": "#pragma once\n#include <p2p/result.h>\n",
    "host/config/schema.h": "#pragma once\n#include <vector>\n",
    "host/lifecycle/start_order.cc": "#include <algorithm>\n",
    "host/lifecycle/runner.cc": "#include <thread>\n",
    "plugins/locator/plugin.cc": '#include "membership/core.h"\n#include <p2p/handlers.h>\n',
    "plugins/locator/membership/core.h": "#pragma once\n#include <chrono>\n#include <p2p/result.h>\n",
    "shared/placement/ring.h": "#pragma once\n",
    "plugins/locator/wire/client.h": "#pragma once\n#include <thrift/TProcessor.h>\n",
    "plugins/diststore/plugin.cc": '#include "replication/rules.h"\n#include <Locator.h>\n',
    "plugins/diststore/replication/rules.h": "#pragma once\n",
    "clients/cpp/include/p2p/client.h": "#pragma once\n#include <p2p/result.h>\n",
    "clients/cpp/src/link.h": '#pragma once\n#include "placement/ring.h"\n',
    "host/ctl/verbs.cc": "#include <p2p/client.h>\n",
    "tests/unit/ring_test.cc": '#include "placement/ring.h"\n#include "node.h"\n',
}


class Lint(unittest.TestCase):
    def lint(self, **planted):
        """Findings in the clean tree with some files replaced or added, as (path, line, rule)."""
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **planted.get("files", {})}.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return [(finding.path, finding.line, finding.rule) for finding in lint.findings(Path(folder))]

    def finds(self, path, text, line, rule):
        self.assertEqual(self.lint(files={path: text}), [(path, line, rule)])

    def accepts(self, path, text):
        self.assertEqual(self.lint(files={path: text}), [])

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(self.lint(), [])

    # --- addresses ---

    def test_only_location_makes_and_reads_the_text_of_an_address(self):
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
        self.accepts("sdk/src/location.cc", "auto colon = text.rfind(':');\n")
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

    def test_what_is_shared_is_for_those_who_must_agree_only(self):
        self.accepts("plugins/locator/a.cc", '#include "placement/ring.h"\n')
        self.accepts("clients/cpp/src/a.cc", '#include "placement/ring.h"\n')
        self.finds("plugins/diststore/a.cc", '#include "placement/ring.h"\n', 1, "fence")
        self.finds("shared/placement/a.cc", '#include "membership/core.h"\n', 1, "fence")

    def test_of_the_host_only_p2pctl_is_a_client(self):
        self.finds("host/a.cc", "#include <p2p/client.h>\n", 1, "fence")
        self.finds("host/ctl/a.cc", '#include "link.h"\n', 1, "fence")
        self.finds("clients/cpp/src/a.cc", '#include "node.h"\n', 1, "fence")

    def test_the_sdk_must_not_know_the_host(self):
        self.finds("sdk/src/a.cc", '#include "node.h"\n', 1, "fence")

    def test_a_header_of_ones_own_wins_over_a_namesake_elsewhere(self):
        clean = {"plugins/diststore/node.h": "#pragma once\n", "plugins/diststore/a.cc": '#include "node.h"\n'}
        self.assertEqual(self.lint(files=clean), [])

    def test_everybody_may_include_the_sdk_and_generated_headers(self):
        self.accepts("plugins/diststore/a.cc", "#include <p2p/handlers.h>\n#include <locator_types.h>\n#include <vector>\n")

    def test_an_include_in_a_comment_is_none(self):
        self.accepts("plugins/diststore/a.cc", '// #include "node.h"\n/*\n#include "node.h"\n*/\n')

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
        for path in ("plugins/locator/membership/a.cc", "shared/placement/a.cc", "clients/cpp/src/rules/a.cc", "plugins/diststore/replication/a.cc",
                     "host/config/a.cc", "host/lifecycle/start_order.cc"):
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
