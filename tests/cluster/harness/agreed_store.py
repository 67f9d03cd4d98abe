"""The store on an agreed cluster: the tests of its faults begin here."""
from harness import settings
from harness.agreed import AgreedTest


class AgreedStoreTest(AgreedTest):
    """Its nodes run the locator in mode "agreed", and the store."""

    def node(self, *arguments, **places):
        return super().node(*arguments, **{"config": settings.STORE_CONFIG, **places})
