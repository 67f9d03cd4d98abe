"""To which key's owner does a call of a Service go, and may it be repeated? Without a network."""
import unittest

from p2p_client.gen.diststore import Store
from p2p_client.service import Service


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.jobs = []
        self.deadlines = []

    def run_job(self, job, deadline):
        self.jobs.append(job)
        self.deadlines.append(deadline)

    def service(self, key=None, repeatable=(), deadline=None):
        return Service(self.run_job, "diststore", Store.Client, key, repeatable, deadline)

    def test_text_and_bytes_are_the_same_key(self):
        service = self.service()
        for key, expected in (("käse", "käse".encode()), (b"k\xff", b"k\xff"), (bytearray(b"k"), b"k"), ("", b"")):
            service.at(key).ping()
            self.assertEqual(self.jobs[-1].key(0), expected)
            self.assertIs(type(self.jobs[-1].key(0)), bytes)

    def test_at_changes_the_key_and_nothing_else(self):
        here = self.service(b"here", {"read"}, 2.0)
        here.at("there").read(b"k", None)
        self.assertTrue(self.jobs[-1].kind(0).is_repeatable)
        here.at("there", deadline=1.0).write(b"k", b"v", None)
        self.assertFalse(self.jobs[-1].kind(0).is_repeatable)
        here.ping()
        self.assertEqual([job.key(0) for job in self.jobs], [b"there", b"there", b"here"])
        self.assertEqual(self.deadlines, [2.0, 1.0, 2.0])

    def test_a_wrong_key_is_reported_where_it_is_given(self):
        for key in (None, 7, ["k"]):
            with self.assertRaises(TypeError) as caught:
                self.service().at(key)
            self.assertIn("bytes or str", str(caught.exception))

    def test_a_call_without_a_key_is_an_error(self):
        with self.assertRaises(ValueError):
            self.service().ping()
        self.assertEqual(self.jobs, [])


if __name__ == "__main__":
    unittest.main()
