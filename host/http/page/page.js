// --- the page ----------------------------------------------------------------------------------------------------------

const known = {status: null, map: null, holders: null, metrics: null, metrics_at: 0, methods: [], rates: [], is_classic: false,
  names: [], chosen: null, most: new Map(), looked: new Map(), looked_at: 0};
let stream = null, listen_at = 0, listen_pause = kListenPauseMs;
let round_timer = 0, round_at = 0, whole_at = 0, is_asking = false, is_wanted_again = false;

const member_rows = () => known.is_classic ? known.names.map(address => ({id: address, address})) : known.map ? known.map.members : [];
const looked = row => known.looked.get(row.address);
const or_dash = value => value === undefined || value === null ? "–" : value;

const members = new Table(by_id("members"), [
  {is: "address", title: "node", sort: row => row.address, draw: (cell, row) => draw_address(cell, row.address)},
  {is: "state", title: "state", sort: row => row.state || "", text: row => or_dash(row.state), draw: (cell, row) => row.state ? draw_state(cell, row.state) : put(cell, "–")},
  {is: "voter", title: "role", far: true, text: row => row.voter ? "voter" : ""},
  {is: "map", title: "map", number: true, far: true, sort: row => looked(row)?.epoch ?? -1, draw: draw_map},
  {is: "primaries", title: "primaries", number: true, sort: row => row.primaries ?? -1, text: row => or_dash(row.primaries)},
  {is: "in_sync", title: "copies", number: true, sort: row => row.in_sync ?? -1, text: row => or_dash(row.in_sync)},
  {is: "learners", title: "filling", number: true, far: true, sort: row => row.learners ?? -1, text: row => or_dash(row.learners)},
  {is: "weight", title: "weight", number: true, far: true, sort: row => row.weight ?? -1, text: row => or_dash(row.weight)},
  {is: "calls", title: "calls/s", number: true, far: true, sort: row => looked(row)?.rate ?? -1, text: row => rate_text(looked(row)?.rate ?? null)},
  {is: "since", title: "since", far: true, number: true, sort: row => row.epoch ?? 0,
    text: row => row.epoch === undefined ? "–" : `${row.since_ms ? age_text(Date.now() - row.since_ms) + ", " : ""}epoch ${row.epoch}`},
], {key: row => row.address, empty: "no members are known", on_row: address => choose(known.chosen === address ? null : address)});

const moves = new Table(by_id("moves"), [
  {is: "address", title: "node", text: row => row.address, draw: (cell, row) => draw_address(cell, row.address)},
  {is: "what", title: "what", text: row => row.what},
  {is: "done", title: "done", text: row => row.done, draw: draw_bar, far: true},
  {is: "of", title: "copies", number: true, text: row => `${counted(row.done)} of ${counted(row.of)}`, sort: row => row.of},
], {key: row => row.id, empty: "nothing moves"});

const services = new Table(by_id("services"), [
  {is: "name", title: "service", text: row => row.name},
  {is: "state", title: "state", text: row => row.state, draw: (cell, row) => draw_state(cell, row.state)},
  {is: "calls", title: "calls", number: true, text: row => counted(row.calls), sort: row => row.calls},
  {is: "errors", title: "errors", number: true, text: row => counted(row.errors), sort: row => row.errors},
  {is: "problem", title: "problem", text: row => row.problem},
], {key: row => row.name, empty: "no services are known"});

const methods = new Table(by_id("methods"), [
  {is: "name", title: "method", text: row => `${row.service}: ${row.method}`},
  {is: "rate", title: "calls/s", number: true, text: row => rate_text(row.rate), sort: row => row.rate},
  {is: "p50", title: "p50", number: true, far: true, text: row => seconds_text(quantile(row.buckets, .5)), sort: row => quantile(row.buckets, .5) ?? -1},
  {is: "p99", title: "p99", number: true, text: row => seconds_text(quantile(row.buckets, .99)), sort: row => quantile(row.buckets, .99) ?? -1},
  {is: "failures", title: "failed", number: true, text: row => counted(row.failures), sort: row => row.failures},
  {is: "total", title: "all calls", number: true, far: true, text: row => counted(row.total), sort: row => row.total},
], {key: row => `${row.service} ${row.method}`, empty: "no calls yet", sort_by: 1, is_descending: true});

const events = new EventList(by_id("events"));

function draw_map(cell, row) {
  const epoch = looked(row)?.epoch;
  put(cell, String(or_dash(epoch)));
  cell.className = `number far${epoch !== undefined && known.map && epoch < known.map.epoch && row.state === "up" ? " behind" : ""}`;
}

// --- what is known, drawn ---

function draw() {
  const {status, map} = known;
  document.body.dataset.asked = status ? status.node : "";
  by_id("classic").hidden = !known.is_classic;
  members.draw(member_rows());
  put(by_id("members-count"), String(member_rows().length));
  if (status) {
    services.draw(status.services);
    put(by_id("state"), status.state);
    put(by_id("cluster"), map ? map.cluster.slice(0, 8) : status.cluster);
  }
  methods.draw(known.methods);
  draw_rates();
  if (map) draw_cluster(map);
  else if (known.is_classic) draw_classic();
  mark_chosen();
  draw_asked();
}

function draw_cluster(map) {
  const in_state = state => map.members.filter(one => one.state === state).length;
  const up = in_state("up");
  put(by_id("epoch"), counted(map.epoch));
  document.body.dataset.epoch = map.epoch;
  const heard = map.members.filter(one => one.state === "up" && looked(one)?.epoch !== undefined);
  const agreed = heard.filter(one => looked(one).epoch >= map.epoch).length;
  put(by_id("agreement"), heard.length ? `known to ${agreed} of ${heard.length} asked` : `generation ${map.generation}`);
  put(by_id("up"), `${up} of ${map.members.length}`);
  by_id("up").className = up < map.members.length ? "warn" : "";
  put(by_id("others"), ["down", "leaving"].filter(in_state).map(state => `${in_state(state)} ${state}`).join(", ") || "nobody is down");
  put(by_id("complete"), `${counted(map.complete)} of ${counted(map.partitions)}`);
  by_id("complete").className = map.unserved ? "bad" : map.under_replicated ? "warn" : "";
  put(by_id("missing"), map.unserved ? `${counted(map.unserved)} unserved` : map.under_replicated ? `${counted(map.under_replicated)} with too few copies` : `${map.copies} copies of each`);
  put(by_id("lease"), map.waits_for || `lease ${map.lease_left_ms ? "held" : "lost"}, level ${map.level}`);
  const moving = moves_of(map, known.most);
  moves.draw(moving);
  put(by_id("moves-count"), moving.length ? String(moving.length) : "");
  by_id("moves").dataset.epoch = map.epoch;
}

function draw_classic() {
  put(by_id("epoch"), "–");
  put(by_id("agreement"), "mode classic");
  put(by_id("up"), String(known.names.length));
  put(by_id("others"), "members of the ring");
  put(by_id("complete"), "–");
  put(by_id("missing"), "no map");
  put(by_id("lease"), `view ${known.status.view.slice(0, 8)}`);
  by_id("ring").replaceChildren(svg("circle", {class: "empty", cx: 220, cy: 220, r: 175}), svg("g", {id: "centre"}));
  draw_centre(by_id("centre"), [String(known.names.length), "members", "mode classic"]);
}

// What clients ask of services; not what nodes ask of each other, and pages of nodes.
const of_clients = () => known.methods.filter(one => known.status.services.some(service => service.name === one.service));

function draw_rates() {
  const all = of_clients();
  const rate = known.rates.length ? known.rates[known.rates.length - 1] : null;
  put(by_id("calls"), rate_text(rate));
  draw_line(by_id("calls-line").firstElementChild, known.rates);
  const buckets = joined_buckets(all);
  put(by_id("latency"), `${seconds_text(quantile(buckets, .5))}, ${seconds_text(quantile(buckets, .99))}`);
  put(by_id("latency-of"), `of the last ${counted(sum(all.map(one => one.calls)))} calls`);
}

function draw_asked() {
  const select = by_id("asked");
  const asked = known.status ? known.status.node : "";
  const all = member_rows().filter(one => one.state !== "down").map(one => one.address);
  if (asked && !all.includes(asked)) all.unshift(asked);
  if ([...select.options].map(one => one.value).join() !== all.join()) select.replaceChildren(...all.map(one => made("option", {value: one}, one)));
  select.value = asked;
}

function say(is, text) {
  by_id("link").dataset.is = is;
  put(by_id("link-text"), text);
}

// --- choosing a member ---

function choose(address) {
  known.chosen = address;
  mark_chosen();
  if (address) members.shown.get(address)?.scrollIntoView({block: "nearest"});
}

function mark_chosen() {
  const {chosen, map} = known;
  const ring = by_id("ring");
  const one = member_rows().find(row => row.address === chosen);
  if (one && map) ring.dataset.chosen = chosen; else delete ring.dataset.chosen;
  for (const path of ring.querySelectorAll(".of")) path.classList.toggle("chosen", path.dataset.of === chosen);
  for (const [address, line] of members.shown) line.setAttribute("aria-selected", String(address === chosen));
  if (!map || !by_id("centre")) return;
  draw_centre(by_id("centre"), one ? [one.address, `${one.state}${one.voter ? ", voter" : ""}`, `${counted(one.primaries)} primaries`, `${counted(one.in_sync)} copies`]
    : [counted(map.epoch), "epoch", `${map.members.length} members`, `${counted(map.partitions)} partitions`]);
  put(by_id("chosen"), one ? `${one.address}: ${one.state}, ${one.primaries} primaries, ${one.in_sync} copies` : "");
}

function choose_next(step) {
  const all = members.rows.map(one => one.address).sort((a, b) => colours.get(a) - colours.get(b));
  if (!all.length) return;
  const at = all.indexOf(known.chosen);
  choose(all[(at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step + all.length) % all.length]);
}

// --- rounds of questions ---

async function ask_map(base) {
  try {
    known.map = await asked(base, "/api/v1/map.json");
    known.is_classic = false;
  } catch (failure) {
    if (failure.status !== 404) throw failure;
    known.map = null;
    known.is_classic = true;
    known.names = (await asked(base, "/api/v1/members.json")).members;
    return;
  }
  if (known.holders?.epoch !== known.map.epoch || known.holders?.cluster !== known.map.cluster) {
    known.holders = {...await asked(base, "/api/v1/partitions.json"), cluster: known.map.cluster};
    draw_ring(by_id("ring"), known.holders, known.map);
    by_id("ring").dataset.epoch = known.holders.epoch;
  }
}

async function ask_rates(base) {
  const now = samples_in(await asked(base, "/metrics", fetched));
  const at = performance.now();
  if (known.metrics) {
    known.methods = methods_between(known.metrics, now, (at - known.metrics_at) / 1000);
    known.rates = [...known.rates, sum(of_clients().map(one => one.rate))].slice(-60);
  }
  known.metrics = now;
  known.metrics_at = at;
}

function note_status(address, status) {
  const at = performance.now();
  const before = known.looked.get(address);
  const is_same = before && before.started === status.started_at_ms;
  known.looked.set(address, {at, calls: status.calls, started: status.started_at_ms,
    epoch: status.services.find(one => one.name === "locator")?.gauges.epoch,
    rate: is_same && at > before.at ? (status.calls - before.calls) * 1000 / (at - before.at) : before?.rate ?? null});
}

// Some of the others, in turn, for what only they know: the epoch that each has, and its calls.
async function look_at_others(bases) {
  const others = member_rows().filter(one => one.state !== "down" && one.address !== known.status.node).map(one => one.address);
  for (const address of known.looked.keys()) if (!others.includes(address) && address !== known.status.node) known.looked.delete(address);
  const some = [...others, ...others].slice(known.looked_at, known.looked_at + Math.min(kLookedAtOnce, others.length));
  known.looked_at = others.length ? (known.looked_at + some.length) % others.length : 0;
  await Promise.all(some.map(async address => {
    try {
      note_status(address, await json(bases.get(address), "/api/v1/status.json"));
    } catch {
      known.looked.delete(address);
    }
  }));
}

async function ask_all(base) {
  const status = await asked(base, "/api/v1/status.json");
  if (known.status && known.status.node !== status.node) Object.assign(known, {metrics: null, methods: [], rates: []});
  known.status = status;
  note_status(status.node, status);
  await ask_map(base);
  const rows = member_rows();
  const bases = bases_of(rows.map(one => one.address), location.origin === (base || location.origin) ? status.node : asker.own);
  if (location.origin === (base || location.origin)) asker.own = status.node;
  asker.known = [...rows.filter(one => one.state !== "down"), ...rows.filter(one => one.state === "down")].map(one => bases.get(one.address));
  say("live", `live from ${status.node}`);
  draw();
  await Promise.all([ask_rates(base), look_at_others(bases)]);
  draw();
  asker.tried = 0;
}

// Everything every kAskMs; in between, where an event has told of something, the map alone.
async function round() {
  if (is_asking) { is_wanted_again = true; return; }
  clearTimeout(round_timer);
  is_asking = true;
  round_at = performance.now();
  try {
    if (round_at >= whole_at) {
      whole_at = round_at + kAskMs;
      await ask_all(asker.base);
    } else {
      await ask_map(asker.base);
      draw();
    }
    if (!stream && !document.hidden && performance.now() >= listen_at) listen();
  } catch (failure) {
    whole_at = failure instanceof Superseded ? 0 : performance.now() + give_up_on_it(failure);
  }
  is_asking = false;
  const at = is_wanted_again ? Math.min(whole_at, next_look_at()) : whole_at;
  is_wanted_again = false;
  if (!document.hidden) round_timer = setTimeout(round, at - performance.now());
}

const next_look_at = () => Math.max(round_at + kLookMs, performance.now() + kSoonMs);

// The next one is asked at once, until all have failed; then they are asked again in turn, one each round.
function give_up_on_it(failure) {
  const name = base => (base || location.origin).replace("http://", "");
  const dead = name(asker.base);
  hang_up();
  ask_other(next_base());
  asker.tried += 1;
  const why = failure instanceof Refused ? failure.message.split("\n")[0] : "does not answer";
  say("lost", `${dead} ${why}; asking ${name(asker.base)}`);
  return asker.tried > asker.known.length ? kAskMs : 0;
}

function ask_other(base) {
  asker.base = base === location.origin ? "" : base;
}

// --- events ---

function listen() {
  stream = new EventSource(asker.base + "/api/v1/events");
  put(by_id("events-state"), "connecting");
  stream.addEventListener("open", () => {
    put(by_id("events-state"), "as they happen");
    listen_pause = kListenPauseMs;
  });
  // Closed: refused, and the browser does not ask again by itself. Else the node may have died, which a look at it shows.
  stream.addEventListener("error", () => {
    put(by_id("events-state"), "interrupted");
    if (stream?.readyState !== EventSource.CLOSED) { soon(); return; }
    hang_up();
    listen_at = performance.now() + listen_pause;
    listen_pause = Math.min(2 * listen_pause, kListenPauseMaxMs);
  });
  stream.addEventListener("missed", () => {
    const at_ms = Date.now();
    events.add({key: ["missed", at_ms].join(), at_ms, about: "", what: "some events are missing here", kind: "missed"});
  });
  stream.addEventListener("cluster", event => {
    const told = JSON.parse(event.data);
    events.add({key: [told.epoch || told.at_ms, told.event, told.node, told.other, told.count].join(), at_ms: told.at_ms, about: told.epoch ? `epoch ${told.epoch}` : "", what: told.sentence, kind: told.event,
      count: told.count, together: told.count && told.epoch ? [told.event, told.node, told.other].join() : ""});
    soon();
  });
  stream.addEventListener("service", event => {
    const told = JSON.parse(event.data);
    const node = known.status.node;
    events.add({key: [node, told.at_ms, told.service].join(), at_ms: told.at_ms, about: "service", what: `${told.service} at ${node} is ${told.state}`, kind: told.state === "ready" ? "up" : "leaving"});
    soon();
  });
}

function hang_up() {
  stream?.close();
  stream = null;
}

function soon() {
  if (is_asking) is_wanted_again = true;
  else if (!document.hidden) {
    clearTimeout(round_timer);
    round_timer = setTimeout(round, Math.min(whole_at, next_look_at()) - performance.now());
  }
}

// --- keys, theme, begin ---

const kThemes = ["system", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored_theme() {
  try { return kThemes.includes(localStorage.theme) ? localStorage.theme : "system"; } catch { return "system"; }
}

function set_theme(theme) {
  try { localStorage.theme = theme; } catch { /* it lasts as long as the page */ }
  document.documentElement.dataset.theme = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  by_id("theme").dataset.is = theme;
  put(by_id("theme"), `theme: ${theme}`);
}

const next_theme = () => set_theme(kThemes[(kThemes.indexOf(by_id("theme").dataset.is) + 1) % kThemes.length]);

function ask_this(base) {
  hang_up();
  ask_other(base);
  whole_at = listen_at = 0;
  soon();
}

by_id("theme").addEventListener("click", next_theme);
dark.addEventListener("change", () => set_theme(by_id("theme").dataset.is));
by_id("asked").addEventListener("change", event => ask_this(bases_of([event.target.value], asker.own).get(event.target.value)));
by_id("ring").addEventListener("click", event => choose(event.target.dataset.of && event.target.dataset.of !== known.chosen ? event.target.dataset.of : null));
by_id("ring").addEventListener("keydown", event => {
  const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  choose_next(step);
});
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
  if (event.key === "t") next_theme();
  if (event.key === "n") ask_this(next_base());
  if (event.key === "Escape") choose(null);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { soon(); return; }
  clearTimeout(round_timer);
  hang_up();
});

set_theme(stored_theme());
round();
