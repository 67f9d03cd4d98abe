"""A node works by its configuration as it stands now, without a restart, or says what stands in the way."""
import os
import shutil
import signal

from harness import client, settings
from harness.moody import MoodyTest, moody
from harness.node_process import run_p2phost
from harness.ports import free_port
from harness.waiting import wait_until
from thrift.Thrift import TApplicationException

from diststore.ttypes import ReadOptions, StoreError
from locator import Locator


class ReloadTest(MoodyTest):
    def start(self, *arguments, **configuration):
        self.configure(**configuration)
        self.served = self.moody_node(*arguments).start()

    def reload(self):
        return self.assert_done(self.served.ctl("reload"))

    # --- mistakes ---

    def test_a_broken_file_is_refused_with_the_words_of_a_check_and_the_node_serves_on(self):
        self.start()
        self.config.write_text(self.config.read_text() + '\n[services.moody.confg]\nlevle = 3\n[host2]\n')
        checked = run_p2phost("--config", self.config, "--check", "--plugin-dir", settings.TEST_PLUGINS)
        self.assertEqual(checked.returncode, 78)
        for verb in (["reload"], ["reload", "--check"]):
            refused = self.assert_refused(self.served.ctl(*verb))
            self.assertIn(checked.stderr.strip(), refused)
            self.assertIn("nothing was changed", refused)
        self.assertEqual(moody(self.served, "level"), 1)
        self.assertEqual(self.served.status().configuration, 1)

    def test_what_a_plugin_does_not_accept_changes_nothing(self):
        self.start()
        self.configure(host='drain_timeout = "3s"', options="size = 13")
        refused = self.assert_refused(self.served.ctl("reload"))
        self.assertIn("must not be 13", refused)
        self.assertIn("nothing was changed", refused)
        self.assertEqual(moody(self.served, "size"), 10)
        self.assertEqual(moody(self.served, "starts"), 1)
        self.configure(options="size = 14")
        self.assertNotIn("drain_timeout", self.reload())

    def test_disabling_what_others_require_is_refused(self):
        self.start()
        self.configure(locator="enabled = false")
        refused = self.assert_refused(self.served.ctl("reload"))
        self.assertIn("services.locator is disabled, but services.diststore requires", refused)
        self.assertEqual(client.members(self.served.port), [self.served.name])

    # --- the plan ---

    def test_a_check_says_what_would_be_done_and_does_nothing(self):
        self.start()
        self.assertIn("nothing to change", self.assert_done(self.served.ctl("reload", "--check")))
        self.configure(host='port_search = 7\nidle_timeout = "1m"', moody="enabled = false", diststore='log_level = "debug"')
        plan = self.assert_done(self.served.ctl("reload", "--check"))
        self.assertIn("stop moody: services.moody is disabled", plan)
        self.assertIn("change host.idle_timeout: 10m -> 1m", plan)
        self.assertIn("change services.diststore.log_level: info -> debug", plan)
        self.assertEqual(moody(self.served, "starts"), 1)
        self.assertEqual(self.served.status().configuration, 1)

    def test_a_check_says_what_a_reload_does(self):
        """Each row: what is configured, and what is done before. The reload that is compared begins from `configure()`."""
        keep = lambda: moody(self.served, "keep", "a treasure would be lost")
        write = lambda: client.write(self.served.port, "key", "value")
        second = '[services.second]\nplugin = "moody"\n'
        rows = [
            ("nothing", {}, None),
            ("stop", {"moody": "enabled = false"}, None),
            ("start", {"more": second}, None),
            ("in place", {"options": "level = 7"}, None),
            ("by a restart", {"options": "size = 20"}, None),
            ("nobody knows how", {"options": "level = 8\nsecretive = true"}, None),
            ("reconfigure fails", {"options": "level = 99"}, None),
            ("another plugin", {"moody": 'plugin = "kinds"'}, None),
            ("a provider and its user", {"locator_options": 'compare_interval = "2s"'}, None),
            ("both of them", {"locator_options": 'compare_interval = "2s"', "diststore_options": 'value_bytes_max = "1MiB"'},
             None),
            ("live keys", {"host": 'idle_timeout = "1m"', "diststore": 'log_level = "debug"', "moody": "required = false"},
             None),
            ("what a restart of the node takes", {"host": 'connections_max = 77\nidle_timeout = "1m"'}, None),
            ("must not be restarted", {"options": "size = 20"}, keep),
            ("must not stop", {"moody": "enabled = false"}, keep),
            ("must not stop, and something else", {"moody": "enabled = false", "host": 'idle_timeout = "1m"'}, keep),
            ("in place, with a treasure", {"options": "level = 3"}, keep),
            ("configure refuses", {"options": "size = 13", "host": 'idle_timeout = "1m"'}, None),
            ("configure refuses a new one", {"more": second + "[services.second.config]\nsize = 13\n"}, None),
            ("fits refuses", {"diststore_options": 'value_bytes_max = "32MiB"'}, None),
            ("two refuse", {"options": "size = 13", "diststore_options": 'value_bytes_max = "32MiB"'}, None),
            ("an unknown key", {"options": "sice = 1"}, None),
            ("no TOML", {"more": "[broken"}, None),
            ("a required service is off", {"locator": "enabled = false"}, None),
            ("an operator has disabled it", {}, lambda: self.assert_done(self.served.ctl("disable", "moody"))),
            ("a user must not stop", {"locator_options": 'compare_interval = "2s"'}, write),
        ]
        self.start()
        for name, configuration, before in rows:
            with self.subTest(name):
                self.configure()
                self.reload()
                moody(self.served, "keep", "")
                if before:
                    before()
                self.configure(**configuration)
                generation = self.served.status().configuration
                checked = self.served.ctl("reload", "--check")
                self.assertEqual(self.served.status().configuration, generation)
                done = self.served.ctl("reload")
                self.assertEqual(checked.returncode, done.returncode, checked.stdout + done.stdout)
                if done.returncode != 0:
                    self.assertEqual(checked.stdout + checked.stderr, done.stdout + done.stderr)
                    self.assertEqual(self.served.status().configuration, generation)
                else:
                    self.assertEqual(*alike(predicted(checked.stdout), happened(done.stdout)))

    def test_what_only_the_plugin_knows_is_told_with_what_would_stand_in_the_way(self):
        self.start(options="secretive = true")
        moody(self.served, "keep", "a treasure would be lost")
        self.configure(options="secretive = true\nsize = 20")
        self.assertEqual(self.assert_done(self.served.ctl("reload", "--check")).strip(),
                         "reconfigure moody (restart it if it cannot): config.size; a restart would be refused: service "
                         "moody must not stop: a treasure would be lost")

    # --- each kind of change ---

    def test_an_option_that_the_plugin_can_change_in_place(self):
        self.start()
        self.configure(options="level = 7")
        self.assertIn("service moody works by its new configuration", self.reload())
        self.assertEqual((moody(self.served, "level"), moody(self.served, "starts")), (7, 1))

    def test_an_option_that_takes_a_restart_of_the_service(self):
        self.start()
        with client.channel(self.served.port) as channel:
            store = client.client_on(channel, service="diststore")
            self.assertFalse(store.read(b"key", ReadOptions()).found)
            self.configure(options="size = 20")
            self.reload()
            self.assertFalse(store.read(b"key", ReadOptions()).found)
        self.assertEqual((moody(self.served, "size"), moody(self.served, "starts")), (20, 2))
        self.assertEqual(self.served.status().configuration, 2)

    def test_an_error_of_reconfigure_restarts_the_service(self):
        self.start()
        self.configure(options="level = 99")
        self.reload()
        self.assertEqual((moody(self.served, "level"), moody(self.served, "starts")), (99, 2))
        self.assertIn("99 is no level", self.served.log())

    def test_a_service_is_disabled_and_enabled(self):
        self.start()
        self.configure(moody="enabled = false")
        self.assertIn("service moody has stopped", self.reload())
        with self.assertRaises(TApplicationException):
            moody(self.served, "level")
        self.configure()
        self.assertIn("service moody runs", self.reload())
        self.assertEqual(moody(self.served, "level"), 1)

    def test_a_new_service_and_one_that_is_gone(self):
        self.start()
        self.configure(more='[services.second]\nplugin = "moody"\n')
        self.assertIn("service second runs", self.reload())
        self.assertEqual(client.call(self.served.port, "size", interface=moody_interface(), service="second"), 10)
        self.configure()
        self.assertIn("service second has stopped", self.reload())

    def test_a_service_whose_plugin_is_another_one(self):
        self.start(more='[services.second]\nplugin = "moody"\n')
        self.configure(more='[services.second]\nplugin = "kinds"\n')
        self.reload()
        self.assertEqual(self.served.service("second").plugin, "kinds")

    def test_who_answers_clients_that_name_no_service(self):
        self.start()
        self.assertEqual(client.call(self.served.port, "service_type"), "diststore.Store")
        self.configure(host='default_service = ["locator"]')
        self.reload()
        self.assertEqual(client.call(self.served.port, "service_type"), "locator.Locator")

    def test_a_time_limit_of_the_host(self):
        self.start()
        self.configure(host='call_timeout = "300ms"\n')
        self.config.write_text(self.config.read_text().replace('call_timeout = "2s"\n', "", 1))
        self.assertIn("changed host.call_timeout: 2s -> 300ms", self.reload())
        with self.assertRaises(TApplicationException) as caught:
            moody(self.served, "sleep", 1000)
        self.assertIn("call_timeout", caught.exception.message)

    def test_log_levels(self):
        self.start(locator='log_level = "error"')
        self.ask_for_the_view()
        self.configure(locator='log_level = "info"')
        self.assertIn("changed services.locator.log_level: error -> info", self.reload())
        self.assertNotIn("placement partitions:", self.served.log())
        self.ask_for_the_view()
        wait_until("the view is logged", lambda: "placement partitions:" in self.served.log())

    def ask_for_the_view(self):
        """Its answer is a line of the log, at level info; what follows on the same connection comes behind it."""
        with client.channel(self.served.port) as channel:
            locator = client.client_on(channel, Locator, "locator")
            locator.debug()
            locator.ping()

    def test_plugin_dirs_for_new_services(self):
        self.start()
        more = "[services.well_behaved]\n"
        self.configure(more=more)
        self.assertIn("well_behaved", self.assert_refused(self.served.ctl("reload")))
        dirs = ", ".join(f'"{folder}"' for folder in (settings.PLUGINS, settings.BAD_PLUGINS))
        self.configure(host=f"plugin_dirs = [{dirs}]", more=more)
        done = self.reload()
        self.assertIn("changed host.plugin_dirs: ", done)
        self.assertIn("service well_behaved runs", done)
        self.assertEqual(self.served.service("well_behaved").state, "ready")
        self.assertEqual(moody(self.served, "starts"), 1)

    def test_a_plugins_file_that_was_replaced(self):
        folder = self.folder / "plugins"
        folder.mkdir(mode=0o755)
        self.start()
        shutil.copy(settings.TEST_PLUGINS / "moody.so", folder / "moody.so")
        more = f'[services.third]\nplugin = "{folder / "moody.so"}"\n'
        self.configure(more=more)
        self.assertIn("service third runs", self.reload())
        # A file that replaces it is another plugin, which only a restart of the node runs.
        replacement = folder / "new.so"
        shutil.copy(settings.TEST_PLUGINS / "moody.so", replacement)
        os.replace(replacement, folder / "moody.so")
        self.assertIn("was replaced: version 0.1.0 runs, version 0.1.0 is on disk", self.reload())
        self.assert_done(self.served.ctl("disable", "third"))
        self.assertIn("restart the node", self.assert_refused(self.served.ctl("enable", "third")))

    def test_what_only_a_restart_of_the_node_changes_is_said(self):
        self.start()
        self.configure(host='port_search = 3\nconnections_max = 77\nidle_timeout = "1m"')
        done = self.reload()
        self.assertIn("restart needed: host.connections_max: 10000 -> 77", done)
        self.assertIn("changed host.idle_timeout: 10m -> 1m", done)
        self.assertIn("restart needed: host.connections_max: 10000 -> 77", self.reload(), "until it is restarted")

    def test_where_a_node_listens_and_who_it_is_takes_a_restart_and_the_rest_is_applied(self):
        port = free_port()
        listen = f'listen = "127.0.0.1:{port}"'
        self.configure(host=listen)
        self.served = self.moody_node(port=port, listen_by_configuration=True).start()
        self.configure(host=f'listen = "127.0.0.1:{free_port()}"\nadvertise = "127.0.0.2:{port}"\nadmin = "other.sock"\n'
                            'cluster = "others"\nio_threads = 7\nidle_timeout = "1m"', options="level = 7")
        plan = self.assert_done(self.served.ctl("reload", "--check"))
        done = self.reload()
        for key in ("listen", "advertise", "admin", "cluster", "io_threads"):
            self.assertIn(f"restart needed: host.{key}: ", plan)
            self.assertIn(f"restart needed: host.{key}: ", done)
        self.assertIn("changed host.idle_timeout: 10m -> 1m", done)
        self.assertEqual(moody(self.served, "level"), 7)
        self.assertEqual(self.served.status().node, self.served.name)

    def test_a_provider_and_its_user_that_both_change_are_restarted_once_each_the_user_first(self):
        self.start()
        client.call(self.served.port, "ping", service="diststore")
        self.configure(locator_options='compare_interval = "2s"', diststore_options='value_bytes_max = "1MiB"')
        plan = self.assert_done(self.served.ctl("reload", "--check")).splitlines()
        self.assertEqual(plan, ["restart locator: config.compare_interval; restarts with it: diststore",
                                "restart diststore: config.value_bytes_max"])
        self.assertEqual(self.reload().splitlines(),
                         ["service diststore has stopped", "service locator has stopped", "service locator runs",
                          "service diststore runs"])
        self.assertIn("value_bytes_max", self.refusal_of_a_value_of(2 * 1024 * 1024))
        self.assertIn("nothing to change", self.reload())
        self.assertEqual(moody(self.served, "starts"), 1)

    def test_a_provider_is_found_after_its_restart_and_after_one_that_was_refused(self):
        self.start()
        for locator_options, refused in (('compare_interval = "2s"', False), ('compare_interval = "3s"', True)):
            with self.subTest(refused=refused):
                self.configure(locator_options=locator_options, options="size = 13" if refused else "")
                answer = self.served.ctl("reload")
                self.assertEqual(answer.returncode, 5 if refused else 0, answer.stdout)
                self.assertEqual(self.served.status().members, 1)
                self.assert_done(self.served.ctl("disable", "diststore"))
                self.configure(locator_options=locator_options)
                self.assert_done(self.served.ctl("enable", "diststore"))
                client.write(self.served.port, "key", "value")
                self.assertEqual(client.read(self.served.port, "key"), b"value")
                self.assert_done(self.served.ctl("disable", "diststore", "--force"))
                self.assert_done(self.served.ctl("enable", "diststore"))

    def test_a_locator_that_restarts_comes_back_to_its_network(self):
        other = self.lonely_node()
        join = f'join = ["{other.name}"]\n'
        self.start(locator_options=join)
        self.wait_for_network([other, self.served])
        self.configure(locator_options=join + 'compare_interval = "2s"')
        self.reload()
        self.wait_for_network([other, self.served])
        for number in range(20):
            client.write(other.port, f"key-{number}", "value")
            self.assertEqual(client.read(self.served.port, f"key-{number}"), b"value")

    def refusal_of_a_value_of(self, size):
        with self.assertRaises(StoreError) as refused:
            client.write(self.served.port, "key", bytes(size))
        return refused.exception.message

    def test_what_would_be_lost_stays(self):
        self.start()
        moody(self.served, "keep", "a treasure would be lost")
        self.configure(options="size = 20")
        self.assertIn("service moody must not stop: a treasure", self.assert_refused(self.served.ctl("reload")))
        self.assertEqual(moody(self.served, "size"), 10)
        moody(self.served, "keep", "")
        self.reload()
        self.assertEqual(moody(self.served, "size"), 20)

    # --- other ways ---

    def test_sighup_reloads(self):
        self.start()
        self.configure(options="level = 5")
        self.served.send_signal(signal.SIGHUP)
        wait_until("the level has changed", lambda: moody(self.served, "level") == 5)
        self.config.write_text("[broken")
        self.served.send_signal(signal.SIGHUP)
        wait_until("the mistake is in the log", lambda: "not valid TOML" in self.served.log())
        self.assertEqual(moody(self.served, "level"), 5)

    def test_what_an_operator_has_disabled_runs_again_after_a_reload(self):
        self.start()
        self.assert_done(self.served.ctl("disable", "moody"))
        self.assertIn("start moody", self.assert_done(self.served.ctl("reload", "--check")))
        self.reload()
        self.assertEqual(moody(self.served, "level"), 1)


def predicted(plan):
    """The steps that `reload --check` names, as a set."""
    steps = set()
    for line in plan.splitlines():
        what, _, rest = line.partition(" ")
        name = rest.split(":")[0]
        users = line.split("restarts with it: ")[1].split(", ") if "restarts with it: " in line else []
        if what in ("stop", "restart"):
            steps |= {("stopped", service) for service in (name, *users)}
        if what in ("start", "restart"):
            steps |= {("runs", service) for service in (name, *users)}
        if what == "reconfigure" and " in place: " in line:
            steps.add(("in place", name.removesuffix(" in place")))
        elif what == "reconfigure":
            steps.add(("either", name.split(" (")[0]))
        if what == "change" or line.startswith("restart needed: "):
            steps.add(line.replace("change ", "changed ", 1))
        if line == "nothing to change":
            steps.add(line)
    return {step for step in steps if step != ("runs", "needed") and step != ("stopped", "needed")}


def happened(report):
    """The steps that `reload` has taken, in the same form."""
    steps = set()
    for line in report.splitlines():
        words = line.split()
        if line.endswith(" has stopped"):
            steps.add(("stopped", words[1]))
        elif line.endswith(" runs"):
            steps.add(("runs", words[1]))
        elif line.endswith(" works by its new configuration"):
            steps.add(("in place", words[1]))
        else:
            steps.add(line)
    return steps


def alike(predicted_steps, steps):
    """Both, with what was left open, in place or by a restart, as it has come."""
    for what, service in [step for step in predicted_steps if step[0] == "either"]:
        restart = {("stopped", service), ("runs", service)}
        predicted_steps = predicted_steps - {(what, service)} | (restart if restart <= steps else {("in place", service)})
    return predicted_steps, steps


def moody_interface():
    from moody import Moody

    return Moody
