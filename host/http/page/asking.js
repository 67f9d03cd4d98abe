// --- asking ------------------------------------------------------------------------------------------------------------
// Which node is asked, and which is next when it does not answer. A node that dies is noticed by a failed request.

const kAskMs = 2000;          // between two rounds of questions
const kPatienceMs = 3000;     // for one answer
const kLookedAtOnce = 8;      // other members that are asked for their state in one round: 100 are known in 26 s
const kSoonMs = 120;          // events that come together bring one look at the map
const kLookMs = 1000;         // at most one such look in this time
const kListenPauseMs = 5000;  // until events are asked for again where they were refused; doubled each time
const kListenPauseMaxMs = 60000;

const asker = {
  base: "",                   // of the node that is asked: "" is the one that the page came from
  tried: 0,                   // how many have failed, one after the other
  own: "",                    // address of the node that the page came from, once it has said it
  known: [],                  // bases of all that could be asked, by the last map
};

class Refused extends Error {
  constructor(status, text) { super(text.trim() || `HTTP ${status}`); this.status = status; }
}

async function fetched(base, path) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), kPatienceMs);
  try {
    const response = await fetch(base + path, {signal: stop.signal, credentials: "omit", cache: "no-store"});
    const text = await response.text();
    if (!response.ok) throw new Refused(response.status, text);
    return text;
  } finally {
    clearTimeout(timer);
  }
}

// The asked node is no longer `base`: what it says is not wanted, and that it says nothing is not its successor's fault.
class Superseded extends Error {}

// What the asked node says.
async function asked(base, path, read = json) {
  try {
    return await read(base, path);
  } finally {
    if (asker.base !== base) throw new Superseded();
  }
}

const json = async (base, path) => JSON.parse(await fetched(base, path));

// Where a member is asked over HTTP: at its own port, or, if this page came from [host.http] listen, at the same port as
// the page, which is what nodes of one configuration have.
function bases_of(addresses, own_address) {
  const port = text => text.slice(text.lastIndexOf(":") + 1);
  const is_own_port = !own_address || port(own_address) === location.port;
  return new Map(addresses.map(address =>
    [address, `http://${is_own_port ? address : address.slice(0, address.lastIndexOf(":") + 1) + location.port}`]));
}

// The one after the one that is asked; the page's own origin is among them.
function next_base() {
  const all = [...new Set([...asker.known, location.origin])];
  const at = all.indexOf(asker.base || location.origin);
  return all[(at + 1) % all.length];
}

// The numbers of /metrics: name -> [{labels, value}].
function samples_in(text) {
  const found = new Map();
  for (const line of text.split("\n")) {
    const parts = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (!parts) continue;
    const labels = {};
    for (const [, name, value] of (parts[2] || "").matchAll(/([a-z_0-9]+)="((?:[^"\\]|\\.)*)"/gi)) labels[name] = value;
    if (!found.has(parts[1])) found.set(parts[1], []);
    found.get(parts[1]).push({labels, value: Number(parts[3])});
  }
  return found;
}
