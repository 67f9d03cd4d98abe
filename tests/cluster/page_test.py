"""The page of a node, in a real browser: what it draws is what p2pctl says, also while members come, die and move."""
import functools
import http.server
import json
import random
import subprocess
import threading
import urllib.request

from harness import address, client, settings
from harness.agreed import AGREED
from harness.browser import Browser
from harness.case import ClusterTest
from harness.waiting import wait_until

COLUMNS = ("address", "state", "primaries", "in_sync", "learners", "weight")
SECONDS = 60  # a page asks every 2 s, and the next node after 3 s at the latest
PHONE = 390


def p2pctl(node, *arguments):
    ended = subprocess.run([str(settings.P2PCTL), "--node", node.name, "--json", *arguments], capture_output=True, text=True,
                           check=True, stdin=subprocess.DEVNULL, timeout=20 * settings.PATIENCE)
    return json.loads(ended.stdout)


class PageTest(ClusterTest):
    shipped_config = settings.STORE_CONFIG

    def setUp(self):
        super().setUp()
        self.browser = Browser(self.temporary_folder())
        self.addCleanup(self.browser.close)

    def drawn(self):
        """What the page shows of the cluster."""
        page = self.browser.run("return {...document.body.dataset, ring: document.getElementById('ring').dataset.epoch, "
                                "complete: document.getElementById('complete').textContent}")
        members = {key: {name: row[name] for name in COLUMNS} | {"voter": row["voter"] == "voter"}
                   for key, row in self.browser.cells("members").items()}
        return {"epoch": page.get("epoch"), "ring": page.get("ring"), "complete": page["complete"], "members": members}

    @staticmethod
    def told(node):
        """The same by p2pctl."""
        told = p2pctl(node, "map")
        members = {one["address"]: {name: str(one[name]) for name in COLUMNS} | {"voter": one["voter"]} for one in told["members"]}
        return {"epoch": str(told["epoch"]), "ring": str(told["epoch"]),
                "complete": f"{told['complete']:,} of {told['partitions']:,}", "members": members}

    def wait_until_true(self, node, what, holds=lambda told: True):
        """Until the page draws what `node` says, and `holds` of that."""
        def is_true():
            told, drawn = self.told(node), self.drawn()
            seen.update(told=told, drawn=drawn)
            return holds(told) and drawn == told

        seen = {}
        try:
            wait_until(f"the page draws {what}", is_true, SECONDS)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {json.dumps(seen)}") from failure

    def wait_until_services_are_true(self, node):
        def is_true():
            told = {one["name"]: one["state"] for one in p2pctl(node, "services")["services"]}
            return {key: row["state"] for key, row in self.browser.cells("services").items()} == told
        wait_until("the page draws the services", is_true, SECONDS)

    def wait_for_event(self, text):
        wait_until(f"the page tells {text!r}",
                   lambda: text in self.browser.run("return document.getElementById('events').textContent"), SECONDS)

    def test_it_draws_what_is_through_a_join_a_kill_and_a_move(self):
        nodes = self.cluster(3, *AGREED)
        first = nodes[0]
        self.browser.open(first.name)
        self.wait_until_true(first, "three members", lambda told: len(told["members"]) == 3)
        self.wait_until_services_are_true(first)
        self.assertEqual(self.browser.problems(), [])

        nodes.append(self.next_node(*AGREED).start())
        self.wait_until_true(nodes[1], "a fourth member with its share",
                             lambda told: len(told["members"]) == 4 and int(told["members"][nodes[3].name]["primaries"]) == 1024)
        self.wait_for_event(f"{nodes[3].name} has joined")

        p2pctl(nodes[3], "weight", nodes[3].name, "0")
        self.wait_until_true(nodes[1], "a member that has given up all",
                             lambda told: told["members"][nodes[3].name]["weight"] == "0" and told["members"][nodes[3].name]["in_sync"] == "0")
        self.wait_for_event(f"{nodes[3].name}: ")

        # The one that the page came from.
        first.kill()
        self.wait_until_true(nodes[1], "that a member is down", lambda told: told["members"][first.name]["state"] == "down")
        self.wait_for_event(f"{first.name} is down")
        asked = self.browser.run("return document.body.dataset.asked")
        self.assertIn(asked, [node.name for node in nodes[1:]])
        self.wait_until_services_are_true(next(node for node in nodes if node.name == asked))
        self.assertEqual(self.browser.problems(), [])

    def test_keys_and_themes_and_a_phone(self):
        first = self.cluster(3, *AGREED)[0]
        client.write(first.port, "key", "value")
        self.browser.open(first.name)
        self.wait_until_true(first, "three members and all copies", lambda told: told["complete"].startswith("4,096 of"))
        shown = functools.partial(self.browser.run, "return document.documentElement.dataset.theme")
        for theme in ("light", "dark"):
            self.browser.theme(theme)
            wait_until(f"the page is {theme}", lambda theme=theme: shown() == theme)
            self.browser.size(1440, 1320)
            self.browser.screenshot(f"3-{theme}")
        self.browser.run("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 't', bubbles: true}))")
        self.assertEqual(shown(), "light")
        self.browser.run("document.getElementById('ring').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#members tr[aria-selected=true]').length"), 1)
        self.check_phone("3-phone")
        self.assertEqual(self.browser.problems(), [])

    def between_rounds(self, script):
        """Runs it when the page listens and waits for its next round."""
        return self.browser.run("return (async () => { while (is_asking || !stream || asker.tried) await new Promise(done => setTimeout(done, 20));"
                                + script + "})()")

    def test_it_asks_no_more_than_it_must(self):
        self.browser.open(self.lonely_node(*AGREED).name)
        hide, show = ("Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
                      "document.dispatchEvent(new Event('visibilitychange'));" % value for value in ("true", "false"))
        self.assertEqual(self.between_rounds("whole_at = 0; const running = round();" + hide + "await running; return stream"), None,
                         "nobody sees it, and it listens")
        self.browser.run(show)

        # A node is chosen while one is asked that does not answer; browsers let nobody ask at port 1.
        self.assertEqual(self.between_rounds(
            "const own = asker.base; asker.base = 'http://127.0.0.1:1'; whole_at = 0; const running = round();"
            "ask_this(own); await running; return [asker.base === own, asker.tried]"),
            [True, 0], "what another node did is laid to the chosen one")

        # Many events, one round of the map; what else is asked waits for its time.
        self.assertEqual(self.between_rounds("""
            whole_at = Infinity; performance.clearResourceTimings();
            for (let count = 0; count < 50; ++count) soon();
            const waits = next_look_at() - round_at;
            clearTimeout(round_timer);
            await round();
            const rest = performance.getEntriesByType("resource").map(one => new URL(one.name).pathname)
              .filter(path => !["/api/v1/events", "/api/v1/partitions.json"].includes(path));
            whole_at = 0; soon();
            return [waits >= kLookMs, rest];"""), [True, ["/api/v1/map.json"]])
        self.assertEqual(self.browser.problems(), [])

    def check_phone(self, name):
        self.browser.size(PHONE, 844, is_phone=True)
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), PHONE, "it scrolls sideways")
        self.browser.size(PHONE, 2300, is_phone=True)
        self.browser.screenshot(name)

    def test_a_hundred_nodes_are_readable(self):
        """Drawn from documents that are made up, but for the form of a real node's."""
        node = self.lonely_node(*AGREED)

        def get(path):
            with urllib.request.urlopen(f"http://{node.name}{path}", timeout=10 * settings.PATIENCE) as answer:
                return answer.headers["Content-Type"], answer.read()

        documents = {path: get(path) for path in ("/", "/metrics", "/api/v1/status.json")}
        documents.update((path, ("application/json", json.dumps(made).encode()))
                         for path, made in hundred(json.loads(get("/api/v1/map.json")[1])).items())
        self.browser.open(address.name_at(address.HOST, serve(self, documents)))
        wait_until("a hundred members are drawn", lambda: len(self.browser.cells("members")) == 100
                   and self.browser.run("return document.getElementById('ring').dataset.epoch") == "512", SECONDS)
        self.assertEqual(len(self.browser.run("return [...document.querySelectorAll('#ring .band')]")), 99)
        # Its stream is refused: it is not asked for it at once, and nothing else is asked because of that.
        wait_until("the page waits before it listens again", lambda: self.browser.run(
            "return stream === null && listen_pause > kListenPauseMs && listen_at > round_at && !is_wanted_again"), SECONDS)
        for theme in ("light", "dark"):
            self.browser.theme(theme)
            self.browser.size(1440, 1320)
            self.browser.screenshot(f"100-{theme}")
        self.browser.run("document.querySelector('#members tbody tr:nth-child(9)').click()")
        self.browser.screenshot("100-chosen")
        self.check_phone("100-phone")


def hundred(of_one):
    """map.json and partitions.json of a hundred nodes, of which one is down and one is being filled."""
    chance = random.Random(1)
    addresses = [f"10.0.{number // 50}.{10 + number % 50}:9900" for number in range(100)]
    up = [number for number in range(100) if number != 41]
    sets = [chance.sample(up, 3) for _ in range(4096)]
    learners = {str(number): [7] for number in range(0, 4096, 50) if 7 not in sets[number]}
    members = [{**of_one["members"][0], "id": f"{number:032x}", "address": address, "state": "up" if number in up else "down",
                "voter": number % 20 == 0, "epoch": 400 + number, "primaries": sum(held[0] == number for held in sets),
                "in_sync": sum(number in held for held in sets), "learners": len(learners) if number == 7 else 0}
               for number, address in enumerate(addresses)]
    return {"/api/v1/map.json": {**of_one, "epoch": 512, "members": members, "partitions": 4096, "complete": 4096},
            "/api/v1/partitions.json": {"epoch": 512, "members": addresses, "primary": [held[0] for held in sets],
                                        "in_sync": sets, "learners": learners}}


def serve(test, documents):
    """A server of the documents alone, until the test ends; gives its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, body = documents.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in documents else 503)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((address.HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server.server_port
