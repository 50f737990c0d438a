// The parts as a tree in a table. Only the rows in sight are in the page, however many there are, and they are used again:
// of a row that shows something else only what differs is written, so that the browser has little to lay out.

const ROW = 26;
/** Rows that are made above and below those in sight: each takes its part of the time of a letter typed. */
const BEYOND = 1;

/** A row of the page: `texts` are its own name, what is said of it, its output, and a cell a column. @typedef {{element: HTMLElement, twist: HTMLElement, name: HTMLElement, texts: Text[], share: HTMLElement}} Line */

/** @param {HTMLElement} element @param {string} name @param {string | null} value */
function put(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

class Table {
  /**
   * @param {Network} network @param {HTMLElement} element
   * @param {{choose: (node: number) => void, open: (node: number) => void, up: () => void}} told
   */
  constructor(network, element, told) {
    this.network = network;
    this.told = told;
    this.element = element;
    this.query = "";
    this.sorted = "";
    this.upwards = false;
    this.chosen = -1;
    /** The row that is lit: the chosen one's, or what holds it. */
    this.lit = -1;
    /** @type {Set<number>} */
    this.expanded = new Set([0]);
    /** @type {string[]} */
    this.columns = ["params", "macs"];
    /** @type {number[]} */
    this.rows = [];
    /** @type {Line[]} */
    this.lines = [];
    /** What is in sight, as the browser tells it: to ask would have the whole page laid out. */
    this.top = 0;
    this.scrolled = 0;
    this.high = 0;
    this.headed = "";
    this.head = make("div", { class: "row head", role: "row", "aria-rowindex": "1" });
    this.body = make("div", { class: "rows", role: "rowgroup" });
    this.scroll = make("div", { class: "scroll", role: "treegrid", tabindex: "0", "aria-owns": "head" }, this.body);
    this.element.append(make("div", { role: "rowgroup", id: "head" }, this.head), this.scroll);
    this.scroll.addEventListener("scroll", () => { this.top = this.scrolled = this.scroll.scrollTop; this.fill(); });
    this.body.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(([entry]) => {
      const first = !this.high;
      this.high = entry.contentRect.height;
      if (first) this.aim();
      this.fill();
      this.reveal();
    }).observe(this.scroll);
  }

  /** Rows anew: after a search, an order, an opening. @param {boolean} filled Those in sight are made too. */
  update(filled = true) {
    this.rows = this.query ? this.ordered(this.network.search(this.query)) : [];
    if (!this.query) this.list(0);
    this.body.style.height = `${this.rows.length * ROW}px`;
    this.scroll.setAttribute("aria-rowcount", String(this.rows.length + 1));
    this.headings();
    if (filled) this.fill();
  }

  /** @param {number} parent */
  list(parent) {
    for (const at of this.ordered(this.network.children[parent])) {
      this.rows.push(at);
      if (this.expanded.has(at)) this.list(at);
    }
  }

  /** @param {number[]} nodes */
  ordered(nodes) {
    if (!this.sorted) return nodes;
    const { sorted, network } = this;
    const key = (/** @type {number} */ at) => {
      const value = sorted === "name" ? network.paths[at] : sorted === "output" ? network.shape("out", network.spans[at]) : network.cost(sorted, at);
      return Array.isArray(value) ? value[0] : value ?? -1;
    };
    const keyed = nodes.map((at) => /** @type {[any, number]} */ ([key(at), at]));
    keyed.sort(([one], [two]) => (typeof one === "string" && typeof two === "string" ? one.localeCompare(two, "en", { numeric: true }) : one - two));
    const found = keyed.map(([, at]) => at);
    return this.upwards ? found : found.reverse();
  }

  headings() {
    const named = /** @type {[string, string][]} */ ([["name", "Name"], ["output", "Output"], ...this.columns.map((name) => [name, name])]);
    const said = JSON.stringify([named, this.sorted, this.upwards, korean]);
    if (said === this.headed) return;
    this.headed = said;
    this.head.replaceChildren(...named.map(([name, said]) => {
      const order = this.sorted !== name ? "none" : this.upwards ? "ascending" : "descending";
      const sign = { none: "", ascending: " ▲", descending: " ▼" }[order];
      const button = make("button", { type: "button", click: () => this.sort(name) }, say(said) + sign);
      return make("div", { role: "columnheader", "aria-sort": order }, button);
    }));
  }

  /** Largest first, then smallest first, then as it runs. @param {string} name */
  sort(name) {
    const first = name === "name";
    if (this.sorted !== name) [this.sorted, this.upwards] = [name, first];
    else if (this.upwards === first) this.upwards = !first;
    else this.sorted = "";
    this.update();
  }

  /** The rows in sight. */
  fill() {
    const from = Math.max(Math.floor(this.top / ROW) - BEYOND, 0);
    const many = Math.ceil(this.high / ROW) + 2 * BEYOND;
    if (this.lines.length !== many || this.lines[0].texts.length !== 3 + this.columns.length) {
      this.lines = Array.from({ length: many }, () => this.line());
      this.body.replaceChildren(...this.lines.map(({ element }) => element));
    }
    for (let place = from; place < from + many; place += 1) {
      const line = this.lines[place % many]; // while it is in sight a row stays the same one
      line.element.hidden = place >= this.rows.length;
      if (place < this.rows.length) this.show(line, this.rows[place], place);
      else line.element.removeAttribute("id");
    }
    const active = this.rows.indexOf(this.lit);
    put(this.scroll, "aria-activedescendant", active >= from && active < from + many ? `row${this.lit}` : null);
  }

  /** An empty row. @returns {Line} */
  line() {
    const texts = Array.from({ length: 3 + this.columns.length }, () => document.createTextNode(""));
    const [own, said, ...others] = texts;
    const twist = make("span", { class: "twist", "aria-hidden": "true" });
    const name = make("div", { role: "gridcell", class: "name" }, twist, make("b", {}, own), " ", make("span", { class: "said" }, said));
    const cells = others.map((text) => make("div", { role: "gridcell" }, text));
    return { element: make("div", { role: "row", class: "row" }, name, ...cells), twist, name, texts, share: cells[cells.length - 1] };
  }

  /** @param {Line} line @param {number} at @param {number} place */
  show({ element, twist, name, texts, share }, at, place) {
    const { network } = this;
    const opens = !this.query && network.children[at].length > 0;
    const counted = network.spans[at].length > 0 || network.unused.has(at);
    const values = this.columns.map((column) => (counted ? network.cost(column, at) : ""));
    const last = this.columns.length - 1;
    const total = network.columns.get(this.columns[last])?.total;
    const said = [
      network.data.nodes.name[at], [this.query && network.paths[network.parent(at)], network.said[at]].filter(Boolean).join(" · "),
      network.shape("out", network.spans[at]), ...this.columns.map((column, i) => measured(/** @type {Column} */ (network.columns.get(column)), values[i])),
    ];
    texts.forEach((text, i) => { if (text.data !== said[i]) text.data = said[i]; });
    const part = total && typeof values[last] === "number" ? Math.min(values[last] / total, 1) : 0;
    share.style.backgroundSize = part ? `${(100 * part).toFixed(1)}% 3px` : "";
    name.style.paddingLeft = `${((this.query ? 1 : network.levels[at]) - 1) * 14}px`;
    twist.className = !opens ? "twist" : this.expanded.has(at) ? "twist down" : "twist right";
    element.style.top = `${place * ROW}px`;
    put(element, "id", `row${at}`);
    put(element, "title", `${network.paths[at]} ${network.said[at]}`);
    put(element, "aria-level", String(this.query ? 1 : network.levels[at]));
    put(element, "aria-rowindex", String(place + 2));
    put(element, "aria-selected", String(at === this.lit));
    put(element, "aria-expanded", opens ? String(this.expanded.has(at)) : null);
  }

  /** @param {MouseEvent} event */
  click({ target }) {
    const place = this.lines.findIndex(({ element }) => element.contains(/** @type {Node} */ (target)));
    if (place < 0) return;
    const at = Number(this.lines[place].element.id.slice("row".length));
    const twist = /** @type {Element} */ (target).closest(".right, .down");
    if (twist) this.toggle(at);
    else if (at === this.chosen) this.told.open(at);
    else this.told.choose(at);
  }

  /** @param {number} at */
  toggle(at) {
    if (!this.expanded.delete(at)) this.expanded.add(at);
    this.update();
  }

  /** Only what is open is unfolded. @param {number} open */
  fold(open) {
    this.expanded = new Set(this.network.above(open));
  }

  /** Choose a row, and see to it that it is in sight. @param {number} at @param {boolean} sought Rows are unfolded for it. */
  mark(at, sought) {
    this.chosen = at;
    this.lit = sought ? at : this.network.above(at).reverse().find((above) => this.rows.includes(above)) ?? at;
    const before = this.expanded.size;
    if (!this.query && sought) for (const above of this.network.above(at).slice(0, -1)) this.expanded.add(above);
    if (this.expanded.size > before) this.update(false);
    this.aim();
    this.fill();
  }

  /** Where the table stands when the lit row is in sight. */
  aim() {
    const place = this.rows.indexOf(this.lit);
    if (place >= 0 && this.high) this.top = Math.min(Math.max(this.top, (place + 1) * ROW - this.high), place * ROW);
  }

  /** Scroll there: last, since the browser lays the whole page out for it. */
  reveal() {
    if (this.top !== this.scrolled) this.scroll.scrollTop = this.scrolled = this.top;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target !== this.scroll) return;
    const at = this.lit; // the chosen one's row, or where that is folded what holds it
    const place = this.rows.indexOf(at);
    const page = Math.max(Math.floor(this.scroll.clientHeight / ROW) - 1, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const opens = !this.query && place >= 0 && this.network.children[at].length > 0;
    if (step !== undefined && this.rows.length) this.told.choose(this.rows[Math.min(Math.max(place + step, 0), this.rows.length - 1)]);
    else if (event.key === "ArrowRight" && opens && !this.expanded.has(at)) this.toggle(at);
    else if (event.key === "ArrowLeft" && opens && this.expanded.has(at)) this.toggle(at);
    else if (event.key === "ArrowLeft" && place >= 0 && this.network.parent(at) > 0) this.told.choose(this.network.parent(at));
    else if (event.key === "Enter" && place >= 0) this.told.open(at);
    else return;
    event.preventDefault();
  }
}
