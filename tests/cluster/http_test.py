"""What a node tells over HTTP, at the port of everything else, to clients of its own machine."""
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness import address, client, settings
from harness.case import ALONE, ClusterTest
from harness.ports import free_port, free_ports
from harness.raw import RawConnection, Request
from harness.waiting import wait_until

from thrift.Thrift import TApplicationException

from counter import Counter
from diststore import Store
from diststore.ttypes import ReadOptions
from locator import Base

SECONDS = 10 * settings.PATIENCE
HTTP_CONNECTIONS_MAX = 100  # kHttpConnectionsMax
HEAD_BYTES_MAX = 8 * 1024
# Of a document that changes with each call that is asked for it.
CHANGING = ("calls", "connections", "in_flight", "lease_left_ms", "gauges")


def get(node, path, method="GET", port=None, **fields):
    """The status and the body of one request on a connection of its own."""
    connection = http.client.HTTPConnection(address.HOST, port or node.port, timeout=SECONDS)
    try:
        connection.request(method, path, headers=fields)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def raw(node, sent):
    """All that the node answers to these bytes until it closes."""
    with socket.create_connection((address.HOST, node.port), timeout=SECONDS) as connection:
        connection.sendall(sent)
        answer = b""
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return answer
                answer += piece
        except ConnectionResetError:
            return answer


def samples(node):
    """The numbers of /metrics by their names with labels."""
    status, text = get(node, "/metrics")
    assert status == 200, text
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def steady(document):
    if isinstance(document, dict):
        return {key: steady(value) for key, value in document.items() if key not in CHANGING}
    if isinstance(document, list):
        return [steady(one) for one in document]
    return document


def p2pctl(node, *arguments):
    ended = subprocess.run([str(settings.P2PCTL), "--node", node.name, "--json", *arguments], capture_output=True, text=True,
                           check=True, stdin=subprocess.DEVNULL, timeout=20 * settings.PATIENCE)
    return json.loads(ended.stdout)


class HttpTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.one = self.lonely_node()

    def check_store(self):
        client.write(self.one.port, "key", "value")
        self.assertEqual(client.read(self.one.port, "key"), b"value")

    def test_a_ready_node_says_that_it_lives_and_serves(self):
        self.assertEqual(get(self.one, "/healthz"), (200, "ok\n"))
        self.assertEqual(get(self.one, "/readyz"), (200, "ready\n"))
        self.assertEqual(get(self.one, "/readyz", method="HEAD"), (200, ""))

    def test_calls_change_the_metrics_of_their_method_and_outcome(self):
        before = samples(self.one)
        for number in range(10):
            client.write(self.one.port, f"key {number}", "value")
        for number in range(15):
            client.read(self.one.port, f"key {number}")
        after = samples(self.one)

        def grown(name):
            return after[name] - before.get(name, 0)

        self.assertEqual(grown('p2phost_calls_total{service="diststore",method="write"}'), 10)
        self.assertEqual(grown('p2phost_calls_total{service="diststore",method="read"}'), 15)
        self.assertEqual(grown('p2phost_call_duration_seconds_count{service="diststore",method="read"}'), 15)
        self.assertEqual(grown('p2phost_diststore_writes_total{service="diststore",outcome="done"}'), 10)
        self.assertEqual(grown('p2phost_diststore_reads_total{service="diststore",outcome="found"}'), 10)
        self.assertEqual(grown('p2phost_diststore_reads_total{service="diststore",outcome="missing"}'), 5)
        self.assertEqual(after['p2phost_diststore_keys{service="diststore"}'], 10)
        self.assertEqual(after['p2phost_locator_cluster_members{service="locator",state="up"}'], 1)
        self.assertEqual(after['p2phost_locator_under_replicated_partitions{service="locator"}'], 0)
        self.assertGreater(after['p2phost_locator_lease_left_seconds{service="locator"}'], 0)
        self.assertEqual(after["p2phost_ready"], 1)
        for name in ("p2phost_received_bytes_total", "p2phost_sent_bytes_total", "process_cpu_seconds_total"):
            self.assertGreaterEqual(after[name], before[name])
        self.assertGreater(after["p2phost_received_bytes_total"], before["p2phost_received_bytes_total"])

    def test_a_method_that_there_is_not_makes_no_metric(self):
        request = Request(Store, "read", service="diststore", named="get_nothing", key=b"key", options=ReadOptions())
        with socket.create_connection((address.HOST, self.one.port), timeout=SECONDS) as connection:
            connection.sendall(request.encode(client.CLASSIC))
            self.assertIn(b"get_nothing", connection.recv(4096))
        failed = 'p2phost_call_failures_total{service="diststore",method="other",kind="unknown_method"}'
        self.assertEqual(samples(self.one)[failed], 1)
        self.assertNotIn("get_nothing", get(self.one, "/metrics")[1])

    def test_every_metric_has_a_help_and_a_type_and_is_named_as_prometheus_wants(self):
        _, text = get(self.one, "/metrics")
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        helps = re.findall(r"^# HELP (\S+) \S", text, re.M)
        self.assertEqual(sorted(types), sorted(helps))
        for name, kind in types.items():
            self.assertRegex(name, r"^(p2phost|process)_[a-z0-9_]+$")
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                     timeout=SECONDS, check=False)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_alerts_and_dashboard_ask_for_metrics_that_there_are(self):
        there = set(re.findall(r"^# TYPE (\S+)", get(self.one, "/metrics")[1], re.M))
        for file in sorted((settings.SOURCE / "etc" / "prometheus").iterdir()):
            asked = set(re.findall(r"\b(?:p2phost|process)_[a-z0-9_]+", file.read_text()))
            self.assertEqual({name.removesuffix("_bucket") for name in asked} - there, set(), file.name)
            if file.suffix == ".json":
                json.loads(file.read_text())
            elif shutil.which("promtool"):
                checked = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True,
                                         timeout=SECONDS, check=False)
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_documents_are_those_of_p2pctl(self):
        for path, verb in (("status", "status"), ("services", "services"), ("members", "members"), ("map", "map")):
            status, text = get(self.one, f"/api/v1/{path}.json")
            self.assertEqual(status, 200, text)
            self.assertEqual(steady(json.loads(text)), steady(p2pctl(self.one, verb)))

    def test_a_browser_of_another_site_gets_nothing(self):
        for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.5"):
            status, text = get(self.one, "/metrics", Host=host)
            self.assertEqual(status, 421)
            self.assertNotIn("p2phost_", text)
        self.assertEqual(get(self.one, "/healthz", Host=f"localhost:{self.one.port}")[0], 200)

    def test_a_stream_of_events_ends_with_its_reader_or_its_node(self):
        def open_stream():
            connection = socket.create_connection((address.HOST, node.port), timeout=SECONDS)
            self.addCleanup(connection.close)
            connection.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read = b""
            while not read.endswith(b"retry: 1000\n\n"):
                piece = connection.recv(65536)
                self.assertTrue(piece, read)
                read += piece
            return connection, read.split(b"\r\n\r\n")[0]

        def is_over(connection):
            """Reads on until the node closes."""
            try:
                while connection.recv(65536):
                    pass
            except ConnectionResetError:
                pass

        node = self.lonely_node(*ALONE)
        stream, head = open_stream()
        self.assertIn(b"Connection: close", head)
        self.assertNotIn(b"Content-Length", head)
        self.assertNotIn(b"Transfer-Encoding", head)
        stream.sendall(b"x")
        is_over(stream)
        stream, _ = open_stream()
        node.send_signal(signal.SIGTERM)
        is_over(stream)
        wait_until("it has ended", lambda: not node.is_running(), SECONDS)

    def test_nothing_but_get_and_head_and_no_other_path(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertEqual(get(self.one, "/metrics", method=method)[0], 405)
        for path in ("/../etc/passwd", "/metrics/..", "//metrics", "/api/v1/keys.json"):
            status, text = get(self.one, path)
            self.assertEqual(status, 404, path)
            self.assertIn("/metrics\n", text)

    def test_requests_that_come_at_once_are_answered_in_their_order(self):
        line = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        paths = ["/healthz", "/api/v1/map.json", "/nope", "/api/v1/status.json"]
        sent = "".join(line.format(path) for path in paths) + "GET /readyz HTTP/1.0\r\n\r\n"
        answer = raw(self.one, sent.encode()).decode()
        self.assertEqual(re.findall(r"HTTP/1.1 (\d+)", answer), ["200", "200", "404", "200", "200"])
        self.assertLess(answer.index("peak_over_average"), answer.index("no such path"))
        self.assertTrue(answer.endswith("ready\n"), answer)

    def test_very_many_requests_in_one_packet_are_all_answered_and_hold_up_nobody(self):
        sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1999
        with socket.create_connection((address.HOST, self.one.port), timeout=SECONDS) as connection:
            connection.sendall(sent + b"GET /metrics HTTP/1.0\r\n\r\n")
            self.check_store()
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 2000)
        self.assertEqual(answer.count(b"\r\n\r\nok\n"), 1999)

    def test_a_node_that_has_no_place_for_clients_is_watched_all_the_same(self):
        full = self.lonely_node("--set", "host.connections_max=1")

        def become_the_client():
            # Who is on trial is not served in this form.
            held = RawConnection(full.port, client.Form(framed=True, encoding="binary"))
            self.addCleanup(held.close)
            return held.call(Request(Base, "ping", service="locator"))

        wait_until("the only place is taken", become_the_client)
        answer = raw(full, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2).decode()
        self.assertEqual(re.findall(r"HTTP/1.1 (\d+)", answer), ["200"])
        self.assertIn("Connection: close\r\n", answer)

    def test_a_request_may_come_in_pieces(self):
        with socket.create_connection((address.HOST, self.one.port), timeout=SECONDS) as connection:
            for piece in (b"G", b"ET /heal", b"thz HTTP/1.1\r\nHo", b"st: localhost\r\n", b"\r", b"\n"):
                connection.sendall(piece)
            self.assertIn(b"200 OK", connection.recv(4096))

    def test_garbage_ends_its_own_connection_alone(self):
        with client.channel(self.one.port) as protocol:
            store = client.client_on(protocol, service="diststore")
            client.write(self.one.port, "key", "value")
            for sent in (b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * HEAD_BYTES_MAX, b"A" * HEAD_BYTES_MAX,
                         b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01\x00"):
                answer = raw(self.one, sent)
                self.assertTrue(answer == b"" or re.match(rb"HTTP/1.1 (400|431|505) ", answer), answer)
            self.assertEqual(store.read(b"key", ReadOptions()).value, b"value")

    def test_connections_that_say_no_more_harm_no_thrift_client(self):
        held = []
        self.addCleanup(lambda: [connection.close() for connection in held])
        for number in range(3 * HTTP_CONNECTIONS_MAX):
            held.append(socket.create_connection((address.HOST, self.one.port), timeout=SECONDS))
            held[-1].sendall(b"GET /healthz HTTP/1.1\r\n")  # and no more
        self.check_store()
        self.assertIn(b"503", raw(self.one, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        for connection in held:
            connection.close()
        wait_until("there is room again", lambda: get(self.one, "/healthz")[0] == 200)

    def test_a_request_that_does_not_end_is_closed_in_time(self):
        slow = self.lonely_node("--set", "host.message_timeout=1s")
        self.assertEqual(raw(slow, b"GET /healthz HTTP/1.1\r\nHost: local"), b"")


class HttpLifeTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def test_a_node_that_waits_for_its_network_lives_and_does_not_serve(self):
        waiting = self.node("--join", address.here(free_port())).launch()
        wait_until("it answers", lambda: get(waiting, "/healthz")[0] == 200)
        wait_until("it says for whom it waits", lambda: "starting: " in get(waiting, "/readyz")[1])
        self.assertEqual(get(waiting, "/readyz")[0], 503)
        self.assertEqual(samples(waiting)["p2phost_ready"], 0)

    def test_a_node_that_drains_lives_and_does_not_serve(self):
        # What it holds has nowhere to go while the other node is frozen: the drain lasts.
        leaving, other = self.cluster(2, "--set", "host.drain_timeout=1h", config=settings.CLASSIC_CONFIG)
        for number in range(100):
            client.write(leaving.port, f"key {number}", "value")
        wait_until("it holds some", lambda: leaving.gauge("keys") > 0)
        other.freeze()
        leaving.send_signal(signal.SIGTERM)
        wait_until("it drains", lambda: get(leaving, "/readyz")[1].startswith("draining: "))
        self.assertEqual(get(leaving, "/readyz")[0], 503)
        self.assertEqual(get(leaving, "/healthz"), (200, "ok\n"))
        self.assertEqual(samples(leaving)["p2phost_ready"], 0)
        other.thaw()
        wait_until("it has ended", lambda: not leaving.is_running(), 30)

    def test_another_listener_is_for_http_alone(self):
        port, other = free_ports(2)
        node = self.node(*ALONE, "--set", f"host.http.listen={address.here(other)}", port=port).start()
        self.assertEqual(get(node, "/readyz", port=other), (200, "ready\n"))
        self.assertEqual(get(node, "/metrics", port=other, Host="evil.example")[0], 421)
        with self.assertRaises(Exception):
            client.status(other)
        self.assertEqual(client.status(port).state, "ready")

    def test_a_listener_that_is_taken_refuses_the_start(self):
        taken = self.lonely_node()
        node = self.node(*ALONE, "--set", f"host.http.listen={taken.name}").launch()
        self.assertEqual(node.process.wait(SECONDS), 71)
        self.assertIn("[host.http] listen", node.log())


class PluginMetricTest(ClusterTest):
    def counting_node(self):
        return self.lonely_node("--set", f"host.plugin_dirs=['{settings.PLUGINS}', '{settings.EXAMPLE_PLUGINS}']",
                                config=settings.EXAMPLES / "counter" / "counter.toml")

    def test_a_method_that_a_generated_processor_does_not_know_makes_no_metric(self):
        node = self.counting_node()
        with RawConnection(node.port, client.CLASSIC) as connection:
            for number in range(3):
                with self.assertRaises(TApplicationException):
                    connection.call(Request(Counter, "increment", service="counter", named=f"invented_{number}"))
        self.assertEqual(samples(node)['p2phost_calls_total{service="counter",method="other"}'], 3)
        self.assertNotIn("invented", get(node, "/metrics")[1])

    def test_a_counter_of_a_plugin_is_shown_as_its_own(self):
        node = self.counting_node()
        with client.connect(node.port, Counter, "counter") as counter:
            for _ in range(3):
                counter.increment("a", 1)
        name = 'p2phost_counter_increments_total{service="counter"}'
        self.assertEqual(samples(node)[name], 3)
        self.assertEqual(node.gauge("increments", "counter"), 3)
        self.assertEqual(samples(node)['p2phost_calls_total{service="counter",method="increment"}'], 3)


if __name__ == "__main__":
    unittest.main()
