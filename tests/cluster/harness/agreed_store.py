"""The store on an agreed cluster: the tests of its faults begin here."""
from harness import settings
from harness.agreed import AgreedTest

# The store takes no other number, also where a sanitizer makes plans slow.
PARTITIONS = ("--set", "services.locator.config.partitions=4096")


class AgreedStoreTest(AgreedTest):
    """Its nodes run the locator in mode "agreed", and the store."""

    shipped_config = settings.STORE_CONFIG

    def node(self, *arguments, **places):
        return super().node(*arguments, *PARTITIONS, **places)
