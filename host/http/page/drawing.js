// --- drawing -----------------------------------------------------------------------------------------------------------
// Tables whose rows stay the same elements while what they show changes, and small things beside them.

const by_id = id => document.getElementById(id);

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function made(name, fields = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(fields)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// columns: {is, title, text(row), sort(row), number, far, draw(cell, row)}. Sorted by a click on a head; `empty` is said
// instead of no rows.
class Table {
  constructor(element, columns, {key, empty, sort_by = 0, is_descending = false, on_row}) {
    Object.assign(this, {element, columns, key, empty, sort_by, is_descending, on_row, rows: [], shown: new Map()});
    this.heads = columns.map((column, at) => this.head(column, at));
    this.body = made("tbody");
    this.nothing = made("tr", {class: "nothing"}, made("td", {colspan: columns.length}, empty));
    element.append(made("thead", {}, made("tr", {}, ...this.heads)), this.body);
    this.draw([]);
  }

  head(column, at) {
    const button = made("button", {type: "button"}, column.title);
    button.addEventListener("click", () => {
      this.is_descending = this.sort_by === at ? !this.is_descending : Boolean(column.number);
      this.sort_by = at;
      this.draw(this.rows);
    });
    return made("th", {scope: "col", class: this.class_of(column)}, button);
  }

  class_of(column) { return `${column.number ? "number" : ""} ${column.far ? "far" : ""}`.trim(); }

  draw(rows) {
    this.rows = rows;
    const column = this.columns[this.sort_by];
    const of = column.sort || column.text;
    const sign = this.is_descending ? -1 : 1;
    const sorted = [...rows].sort((a, b) => {
      const [one, other] = [of(a), of(b)];
      const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", {numeric: true});
      return sign * order || String(this.key(a)).localeCompare(String(this.key(b)), "en", {numeric: true});
    });
    this.heads.forEach((head, at) => {
      const sort = at !== this.sort_by ? "none" : this.is_descending ? "descending" : "ascending";
      if (head.getAttribute("aria-sort") !== sort) head.setAttribute("aria-sort", sort);
    });
    const wanted = sorted.map(row => this.drawn(row));
    if (!wanted.length) wanted.push(this.nothing);
    if (wanted.length !== this.body.children.length || wanted.some((row, at) => row !== this.body.children[at])) this.body.replaceChildren(...wanted);
    const keys = new Set(sorted.map(row => this.key(row)));
    for (const key of this.shown.keys()) if (!keys.has(key)) this.shown.delete(key);
  }

  drawn(row) {
    const key = this.key(row);
    if (!this.shown.has(key)) {
      const line = made("tr", {"data-key": key}, ...this.columns.map(column => made("td", {"data-is": column.is, class: this.class_of(column)})));
      if (this.on_row) line.addEventListener("click", () => this.on_row(key));
      this.shown.set(key, line);
    }
    const line = this.shown.get(key);
    this.columns.forEach((column, at) => column.draw ? column.draw(line.cells[at], row) : put(line.cells[at], String(column.text(row))));
    return line;
  }
}

function draw_state(cell, state) {
  if (cell.dataset.state === state) return;
  cell.dataset.state = state;
  cell.replaceChildren(made("span", {}, state));
}

function draw_address(cell, address, name) {
  if (cell.textContent === address) return;
  const swatch = made("i", {class: "swatch"});
  swatch.style.background = colour_of(address);
  cell.replaceChildren(swatch, name || address);
}

function draw_bar(cell, {done, of}) {
  if (!cell.firstChild) cell.append(made("span", {class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-label": "copies"}, made("i")));
  const bar = cell.firstChild;
  bar.setAttribute("aria-valuemax", of);
  bar.setAttribute("aria-valuenow", done);
  bar.firstChild.style.width = `${of ? 100 * done / of : 0}%`;
}

function draw_line(polyline, values) {
  const most = Math.max(1, ...values);
  const step = 120 / 59;
  polyline.setAttribute("points", values.map((value, at) => `${(120 - (values.length - 1 - at) * step).toFixed(1)},${(23 - 21 * value / most).toFixed(1)}`).join(" "));
}

const kEventsShown = 100;

const kEventsKnown = 5000;    // keys of events that were told; beyond, all are forgotten
const kTogetherMs = 10000;    // a move is many events: those of one node and kind that follow each other are one line

// The newest first. The same event, as another node tells it, is shown once.
class EventList {
  constructor(element) { this.element = element; this.seen = new Set(); this.lines = new Map(); }

  add({key, at_ms, about, what, kind, count = 0, together = ""}) {
    if (this.seen.has(key)) return;
    if (this.seen.size >= kEventsKnown) this.seen.clear();
    this.seen.add(key);
    const last = together && this.lines.get(together);
    if (last && last.line.isConnected && Math.abs(at_ms - last.at_ms) < kTogetherMs) {
      last.count += count;
      last.at_ms = at_ms;
      put(last.line.querySelector(".at"), about);
      put(last.line.querySelector(".what"), what.replace(String(count), counted(last.count)));
      return;
    }
    const at = new Date(at_ms);
    const line = made("li", {"data-kind": kind},
      made("time", {datetime: at.toISOString(), title: at.toLocaleString()}, at.toLocaleTimeString("en-GB")),
      made("span", {class: "at"}, about), made("span", {class: "what"}, what));
    this.element.prepend(line);
    if (together) this.lines.set(together, {line, count, at_ms});
    while (this.element.children.length > kEventsShown) this.element.lastChild.remove();
    if (this.lines.size > kEventsShown) this.lines.clear();
  }
}
