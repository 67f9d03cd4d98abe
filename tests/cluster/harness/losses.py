"""What is lost on the links of harness.machines, and of whose: by filters of tc(8) in the classic bytecode that every kernel has,
which send what is to vanish to a bridge that leads nowhere. Its queues that lose at random (netem) are missing in small kernels."""
from harness import commands

_SINK = "sink"
_RANDOM = 0xFFFFF038  # where a filter reads a random number (linux/filter.h)


def hardware_address(number):
    """By which filters know the machine, whatever protocol it sends."""
    return f"02:00:00:00:{number >> 8:02x}:{number & 0xFF:02x}"


def make_sink():
    commands.run("ip", "link", "add", _SINK, "type", "bridge")
    commands.run("ip", "link", "set", _SINK, "up")


def remove_sink():
    commands.run("ip", "link", "delete", _SINK)


def prepare(link):
    commands.run("tc", "qdisc", "add", "dev", link, "clsact")


def lose(link, shares):
    """Of what goes over `link` to its machine, the share of each sender in the table vanishes; whatever held before ends."""
    commands.run("tc", "filter", "del", "dev", link, "egress")
    for sender, share in shares.items():
        commands.run("tc", "filter", "add", "dev", link, "egress", "protocol", "all", "pref", str(sender), "bpf", "bytecode",
                     _bytecode(sender, share), "action", "mirred", "egress", "redirect", "dev", _SINK)


def _bytecode(sender, share):
    program = [
        (40, 0, 0, 10),      # load the last two bytes of the sender's hardware address
        (21, 0, 3, sender),  # not this sender's: go to the end
        (32, 0, 0, _RANDOM),
        (37, 1, 0, round(share * 2**32) - 1),  # greater: go to the end
        (6, 0, 0, 0xFFFFFFFF),                 # it is to vanish
        (6, 0, 0, 0),
    ]
    return ",".join([str(len(program)), *(" ".join(map(str, step)) for step in program)])
