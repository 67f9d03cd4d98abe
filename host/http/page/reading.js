// --- reading -----------------------------------------------------------------------------------------------------------
// What documents mean. Pure: nothing is asked or drawn here.

const sum = numbers => numbers.reduce((all, one) => all + one, 0);
const count_of = new Intl.NumberFormat("en-US");
const counted = number => count_of.format(number);

function rate_text(rate) {
  if (rate === null || !isFinite(rate)) return "–";
  if (rate >= 10000) return `${(rate / 1000).toFixed(1)}k`;
  return rate >= 100 ? counted(Math.round(rate)) : rate.toFixed(1);
}

function seconds_text(seconds) {
  if (seconds === null || isNaN(seconds)) return "–";
  if (!isFinite(seconds)) return ">5 s";
  if (seconds <= 1e-4) return "≤0.1 ms";
  const ms = seconds * 1000;
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${seconds.toFixed(1)} s`;
}

function age_text(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

// What each holder is to hold at last: copies by weight.
function targets_of(map) {
  const is_holder = one => one.state === "up" && one.weight > 0 && holds_copies(map, one);
  const holders = map.members.filter(is_holder);
  const weights = sum(holders.map(one => one.weight));
  const copies = map.partitions * Math.min(map.copies, holders.length);
  return new Map(map.members.map(one => [one.id, is_holder(one) && weights ? copies * one.weight / weights : 0]));
}

// Members without the store hold nothing, as soon as any has one.
function holds_copies(map, member) {
  const stores = map.members.filter(one => one.in_sync > 0).flatMap(one => one.services);
  return !stores.includes("diststore") || member.services.includes("diststore");
}

// Members that get copies, or give them up. `most` keeps how many one had that gives up, by id.
function moves_of(map, most) {
  const targets = targets_of(map);
  const moves = [];
  for (const one of map.members) {
    const target = Math.round(targets.get(one.id));
    most.set(one.id, target ? one.in_sync : Math.max(most.get(one.id) || 0, one.in_sync));
    if (one.learners) {
      moves.push({id: one.id, address: one.address, what: `is being given ${counted(one.learners)} copies`, done: one.in_sync, of: Math.max(target, one.in_sync + one.learners)});
    } else if (!target && one.in_sync && one.state !== "down") {
      moves.push({id: one.id, address: one.address, what: `gives up ${counted(one.in_sync)} copies`, done: most.get(one.id) - one.in_sync, of: most.get(one.id)});
    }
  }
  return moves;
}

// Calls of one node between two readings of /metrics, by service and method.
function methods_between(before, after, seconds) {
  const key = one => `${one.labels.service} ${one.labels.method}`;
  const grown = name => {
    const old = new Map((before.get(name) || []).map(one => [key(one) + (one.labels.le || one.labels.kind || ""), one.value]));
    return (after.get(name) || []).map(one => ({...one, key: key(one), value: one.value - (old.get(key(one) + (one.labels.le || one.labels.kind || "")) || 0)}));
  };
  const methods = new Map();
  for (const one of grown("p2phost_calls_total")) {
    const total = after.get("p2phost_calls_total").find(other => key(other) === one.key).value;
    methods.set(one.key, {service: one.labels.service, method: one.labels.method, calls: one.value, total, rate: one.value / seconds, buckets: [], failures: 0});
  }
  for (const one of grown("p2phost_call_duration_seconds_bucket")) {
    const le = one.labels.le === "+Inf" ? Infinity : Number(one.labels.le);
    methods.get(one.key)?.buckets.push({le, value: one.value});
  }
  for (const one of grown("p2phost_call_failures_total")) if (methods.has(one.key)) methods.get(one.key).failures += one.value;
  for (const one of methods.values()) one.buckets.sort((a, b) => a.le - b.le);
  return [...methods.values()];
}

// As Prometheus' histogram_quantile: by straight lines within a bucket.
function quantile(buckets, share) {
  const all = buckets.length ? buckets[buckets.length - 1].value : 0;
  if (!all) return null;
  const wanted = share * all;
  let from = 0, below = 0;
  for (const {le, value} of buckets) {
    if (value >= wanted) return isFinite(le) ? from + (le - from) * (wanted - below) / (value - below) : Infinity;
    from = le;
    below = value;
  }
  return Infinity;
}

// The buckets of several methods together.
function joined_buckets(methods) {
  const joined = new Map();
  for (const {buckets} of methods) for (const {le, value} of buckets) joined.set(le, (joined.get(le) || 0) + value);
  return [...joined].map(([le, value]) => ({le, value})).sort((a, b) => a.le - b.le);
}
