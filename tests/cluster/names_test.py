"""A name with several addresses, at only one of which the node is: one refuses, one is silent. In a network and a /etc/hosts of
the test's own."""
import asyncio
import socket
import subprocess

from harness import address, client_probe, settings
from harness.case import ClusterTest
from harness.own_machine import run_tests_with_own_hosts

# In the order in which the resolver puts them (RFC 6724): nobody listens at the first, and the second is silent.
NAME = "several.test"
SILENT = "2001:db8::1"
HOSTS = f"127.0.0.1 localhost\n::1 {NAME}\n{SILENT} {NAME}\n127.0.0.1 {NAME}\n"

# More than the kernel queues for a listener that queues none.
QUEUED = 4


class SeveralAddressesTest(ClusterTest):
    def setUp(self):
        super().setUp()
        self.served = self.lonely_node()
        self.seed = address.name_at(NAME, self.served.port)
        self.be_silent(self.served.port)
        found = [place[4][0] for place in socket.getaddrinfo(NAME, 1, type=socket.SOCK_STREAM)]
        self.assertEqual(found, ["::1", SILENT, "127.0.0.1"])

    def be_silent(self, port):
        """At the silent address, packets that open a connection to `port` are dropped: the queue is full."""
        full = socket.create_server((SILENT, port), family=socket.AF_INET6, backlog=0)
        self.addCleanup(full.close)
        for _ in range(QUEUED):
            waiting = socket.socket(socket.AF_INET6)
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname()[:2])

    def test_p2pctl_reaches_it(self):
        for words in (["ping"], ["status"], ["members"], ["put", "key", "value"], ["get", "key"]):
            ended = subprocess.run([str(settings.P2PCTL), "--timeout", "60s", "--node", self.seed, *words], text=True,
                                   capture_output=True, timeout=120 * settings.PATIENCE, check=False)
            self.assertEqual(ended.returncode, 0, (words, ended.stdout, ended.stderr))

    def test_a_node_joins_it(self):
        joiner = self.node("--join", self.seed).start()
        self.wait_for_network([self.served, joiner], 30)

    def test_the_cpp_client_reaches_it(self):
        told = client_probe.run_at(self.seed, "steady", 100)
        self.assertEqual((told["calls"], told["failed"]), (100, 0), told)

    def test_the_plain_python_client_reaches_it(self):
        from p2p_client import Client

        client = Client(self.seed, deadline=10 * settings.PATIENCE)
        self.addCleanup(client.close)
        client.write(b"key", b"value")
        self.assertEqual(client.read(b"key").value, b"value")

    def test_the_asyncio_client_reaches_it(self):
        from p2p_client import AsyncClient

        async def write_and_read():
            async with AsyncClient(self.seed, deadline=10 * settings.PATIENCE) as client:
                await client.write(b"key", b"value")
                return (await client.read(b"key")).value

        self.assertEqual(asyncio.run(write_and_read()), b"value")


if __name__ == "__main__":
    # An address of each family beside loopback: without, resolvers may leave out that family (AI_ADDRCONFIG).
    run_tests_with_own_hosts("names_test", HOSTS, f"ip address add {SILENT}/128 dev lo", "ip address add 192.0.2.1/32 dev lo")
