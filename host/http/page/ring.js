// --- the ring ----------------------------------------------------------------------------------------------------------
// Partitions, put together by who holds them: a member's arc in the wide band is as long as it has primaries; the bands
// inside show where the further copies of those very partitions are.

const kHues = 7;
const kOuter = 196, kInner = 154, kCopiesEnd = 104, kGap = 3;
const colours = new Map();    // address -> place among all that were seen: a member keeps its colour while others come and go

function colour_of(address) {
  if (!colours.has(address)) colours.set(address, colours.size);
  const at = colours.get(address);
  const hue = `var(--c${at % kHues})`;
  const round = Math.floor(at / kHues) % 4;
  return round ? `color-mix(in oklab, ${hue} ${100 - round * 18}%, var(${round % 2 ? "--shade" : "--panel"}))` : hue;
}

function svg(name, fields, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(fields)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const at_angle = (radius, turn) => {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return `${(220 + radius * Math.cos(angle)).toFixed(2)} ${(220 + radius * Math.sin(angle)).toFixed(2)}`;
};

// A piece of a band, from one part of the full turn to another.
function piece(inner, outer, from, to) {
  if (to - from > .9999) return piece(inner, outer, from, from + .5) + piece(inner, outer, from + .5, from + .9999);
  const large = to - from > .5 ? 1 : 0;
  return `M${at_angle(outer, from)}A${outer} ${outer} 0 ${large} 1 ${at_angle(outer, to)}L${at_angle(inner, to)}A${inner} ${inner} 0 ${large} 0 ${at_angle(inner, from)}Z`;
}

// `holders`: /api/v1/partitions.json. Gives the order in which partitions are drawn, and runs of equal holders.
function order_of(holders, rank) {
  const order = holders.primary.map((_, number) => number);
  const sorted_copies = holders.in_sync.map((all, number) => all.filter(one => one !== holders.primary[number]).sort((a, b) => rank[a] - rank[b]));
  const key = number => [rank[holders.primary[number]], ...sorted_copies[number].map(one => rank[one])];
  const keys = holders.primary.map((_, number) => key(number));
  order.sort((a, b) => {
    for (let at = 0; at < Math.max(keys[a].length, keys[b].length); ++at) {
      const difference = (keys[a][at] ?? -1) - (keys[b][at] ?? -1);
      if (difference) return difference;
    }
    return a - b;
  });
  return {order, copies: sorted_copies};
}

function runs(order, value_of) {
  const found = [];
  order.forEach((number, at) => {
    const value = value_of(number);
    const last = found[found.length - 1];
    if (last && last.value === value) last.to = at + 1;
    else found.push({value, from: at, to: at + 1});
  });
  return found.filter(one => one.value !== undefined);
}

function draw_ring(into, holders, map) {
  const total = holders.primary.length;
  const members = holders.members;
  for (const one of map.members) colour_of(one.address);
  const rank = members.map(address => { colour_of(address); return colours.get(address); });
  const {order, copies} = order_of(holders, rank);
  const parts = [];
  const add = (found, inner, outer, make) => {
    const paths = new Map();
    for (const {value, from, to} of found) paths.set(value, (paths.get(value) || "") + piece(inner, outer, from / total, to / total));
    for (const [value, d] of paths) parts.push(make(value, d));
  };
  const of = (place, name, d) => {
    const drawn = svg("path", {d, class: `of ${name}`, "data-of": members[place]});
    drawn.style.fill = colour_of(members[place]);  // the page's policy forbids an attribute
    return drawn;
  };
  const primaries = new Map(map.members.map(one => [one.address, one.primaries]));
  add(runs(order, number => holders.primary[number]), kInner, kOuter, (place, d) => {
    const made = of(place, "band", d);
    made.append(svg("title", {}, `${members[place]}: ${counted(primaries.get(members[place]) ?? 0)} primaries`));
    return made;
  });
  const tracks = Math.max(0, ...copies.map(all => all.length));
  const wide = tracks ? (kInner - kGap - kCopiesEnd) / Math.max(2, tracks) : 0;
  for (let track = 0; track < tracks; ++track) {
    const outer = kInner - kGap - track * wide;
    add(runs(order, number => copies[number][track]), outer - wide + 1.5, outer, (place, d) => of(place, "copies", d));
  }
  const up = map.members.filter(one => one.state !== "down").map(one => one.address);
  const state_of = number => {
    if (!up.includes(members[holders.primary[number]])) return "unserved";
    if (holders.learners[number]) return "filling";
    return holders.in_sync[number].length < Math.min(map.copies, up.length) ? "short" : undefined;
  };
  add(runs(order, state_of), kOuter + 3, kOuter + 8, (state, d) => svg("path", {d, class: state}));
  into.replaceChildren(...parts, svg("g", {id: "centre"}));
}

function draw_centre(into, lines) {
  const [large, ...small] = lines;
  into.replaceChildren(svg("text", {class: large.length > 9 ? "" : "large", x: 220, y: large.length > 9 ? 204 : 212}, large),
    ...small.map((line, at) => svg("text", {class: "small", x: 220, y: 232 + at * 18}, line)));
}
