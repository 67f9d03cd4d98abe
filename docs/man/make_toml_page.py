#!/usr/bin/env python3
"""Writes p2phost.toml.5 from etc/store.toml and etc/classic.toml, where every key stands with its default and its meaning.

Usage: make_toml_page.py > docs/man/p2phost.toml.5
"""
import re
import sys
from pathlib import Path

HEAD = r""".TH P2PHOST.TOML 5 "" "p2phost" "File Formats"
.\" Written by docs/man/make_toml_page.py from etc/store.toml and etc/classic.toml: change those.
.SH NAME
p2phost.toml \- configuration of p2phost
.SH DESCRIPTION
The file that
.B p2phost \-\-config
reads, in TOML. A service that is named runs, unless
.BR "enabled = false" .
Every mistake is reported with line and column, all at once, and nothing is started;
.B p2phost \-\-check
does only that, and
.B p2phost \-\-print\-config
shows what is in force and where it was set.
.PP
Times have a unit: ns, us, ms, s, m, h. So have sizes: B, KiB, MiB, GiB (powers of 1024) and KB, MB, GB (powers of 1000).
.PP
Precedence, lowest first: defaults < this file < files that it includes < [node.NAME] < environment < arguments. In the environment a key
is P2PHOST_HOST__LISTEN or P2PHOST_SERVICES__LOCATOR__CONFIG__JOIN, as an argument \-\-set host.listen=...
.PP
The following sections list the keys of each table with their values in the file that comes with p2phost. These are the defaults, except that
a service that no file names does not run. Keys that mean something in mode "classic" alone stand in sections of their own.
"""

TAIL = r""".SH NODE OVERLAYS
One file can serve many machines: tables under [node.NAME] take precedence on the node of that name.
.PP
.nf
[node.n3.services.diststore]
enabled = false
.fi
.SH ROUTES
A service whose plugin knows of one node becomes one service of all nodes by
.BR [services.NAME.route] :
for each method the field of its arguments that holds the key. The call runs on the node that owns the key's value, whichever node
is asked.
.PP
.nf
[services.counter.route]
increment = "name"
order = "order.customer"
value = { key = 1, repeatable = true }
total = "here"
"*" = "refused"
.fi
.TP
.I FIELD
The argument that holds the key, by its name or its id: a string, a binary or an integer. Names are known of plugins whose file
carries its IDL.
.TP
.I \(dqFIELD.FIELD\(dq
A field of the struct in a field, and so on.
.TP
.I { key = FIELD, repeatable = true }
The method may be executed twice: it is called again when its answer is lost. Without it such a call fails with
.BR p2p:unknown\-outcome .
.TP
.I \(dqhere\(dq
The node that was asked;
.I \(dqany\(dq
is the same word.
.TP
.I \(dqrefused\(dq
No node: the call fails with
.BR p2p:unroutable .
.PP
.B \(dq*\(dq
stands for every method that is not listed, and is refused unless it says otherwise. The methods of locator.Base, such as ping,
always run on the node that was asked. Nodes whose routes differ say so in their logs. State moves with ownership only where the plugin itself sees to it, and says so; of others
.B \-\-check
warns.
.SH FILES
.TP
.I /etc/p2phost/store.toml
.TQ
.I /etc/p2phost/locator.toml
.TQ
.I /etc/p2phost/classic.toml
.SH SEE ALSO
.BR p2phost (1),
.BR p2pctl (1)
"""

TABLE = re.compile(r"^\[([\w.]+)\]$")
KEY = re.compile(r"^#?([a-z_]+) = (.*)$")


def roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def without_comment(value: str) -> str:
    """The value, without a comment behind it. Strings of the shipped file hold no #."""
    return value.split("#", 1)[0].strip()


Keys = list[tuple[str, str]]
Entry = tuple[str | None, Keys, str]  # the table, keys that stand together, and what is said of them


def entries_of(source: str) -> list[Entry]:
    entries: list[Entry] = []
    table = None
    words: list[str] = []  # the comment above the keys at hand
    keys: Keys = []

    def flush():
        if keys:
            entries.append((table, list(keys), " ".join(words) or "As above, for this service."))
            words.clear()
        keys.clear()

    for line in source.splitlines():
        if line.startswith("# --- What differs on one node"):
            break
        if match := TABLE.match(line):
            flush()
            table = match.group(1)
        elif match := KEY.match(line):
            keys.append((match.group(1), without_comment(match.group(2))))
        elif line.startswith("# ---") or not line:
            flush()
            words.clear()
        elif line.startswith("#"):
            if keys:
                flush()
            words.append(line.removeprefix("#").strip())
    flush()
    return entries


def sections(entries: list[Entry], behind_title: str = "") -> list[str]:
    lines: list[str] = []
    title = None
    for table, keys, words in entries:
        if title != (title := f"[{roff(table)}]{behind_title}" if table else "TOP LEVEL"):
            lines.append(f".SH {title}")
        for number, (key, value) in enumerate(keys):
            lines.append(".TQ" if number else ".TP")
            lines.append(f".BR {roff(key)} \" = {roff(value).replace(chr(34), chr(92) + '(dq')}\"")
        lines.append(roff(words))
    return lines


def page(store: str, classic: str) -> str:
    shown = entries_of(store)
    keys_of_both = {(table, key) for table, keys, _ in shown for key, _ in keys}
    of_classic_alone = [entry for entry in entries_of(classic)
                        if not any((entry[0], key) in keys_of_both for key, _ in entry[1])]
    return "\n".join([HEAD, *sections(shown), *sections(of_classic_alone, " IN MODE CLASSIC")]) + "\n" + TAIL


def main() -> int:
    etc = Path(__file__).resolve().parents[2] / "etc"
    sys.stdout.write(page(*((etc / name).read_text(encoding="utf-8") for name in ("store.toml", "classic.toml"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
