// The parts as a tree in a table. Only the rows in sight are in the page, however many there are.

const ROW = 26;

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
    this.head = make("div", { class: "row head", role: "row" });
    this.body = make("div", { class: "rows", role: "rowgroup" });
    this.scroll = make("div", { class: "scroll", role: "none" }, this.body);
    this.element.setAttribute("role", "treegrid");
    this.element.setAttribute("tabindex", "0");
    this.element.append(make("div", { role: "rowgroup" }, this.head), this.scroll);
    this.scroll.addEventListener("scroll", () => this.fill());
    this.element.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.fill()).observe(this.scroll);
  }

  /** Rows anew: after a search, an order, an opening. @param {boolean} filled Those in sight are made too. */
  update(filled = true) {
    this.rows = this.query ? this.ordered(this.network.search(this.query)) : [];
    if (!this.query) this.list(0);
    this.body.style.height = `${this.rows.length * ROW}px`;
    this.element.setAttribute("aria-rowcount", String(this.rows.length + 1));
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
    this.element.style.setProperty("--numbers", String(this.columns.length));
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
    const from = Math.max(Math.floor(this.scroll.scrollTop / ROW) - 3, 0);
    const many = Math.ceil(this.scroll.clientHeight / ROW) + 6;
    this.body.replaceChildren(...this.rows.slice(from, from + many).map((at, i) => this.row(at, from + i)));
    const active = this.rows.indexOf(this.chosen);
    if (active >= from && active < from + many) this.element.setAttribute("aria-activedescendant", `row${this.chosen}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at @param {number} place */
  row(at, place) {
    const { network } = this;
    const level = this.query ? 1 : network.levels[at];
    const opens = !this.query && network.children[at].length > 0;
    const twist = make("span", { class: "twist", "aria-hidden": "true" }, opens ? (this.expanded.has(at) ? "▾" : "▸") : "");
    twist.addEventListener("click", (event) => { event.stopPropagation(); this.toggle(at); });
    const name = make("div", { role: "gridcell", class: "name" }, twist,
      make("b", {}, network.data.nodes.name[at]), " ", make("span", { class: "said" }, [network.said[at], this.query && network.paths[network.parent(at)]].filter(Boolean).join(" · ")));
    name.style.paddingLeft = `${(level - 1) * 14}px`;
    const share = this.columns[this.columns.length - 1];
    const cells = this.columns.map((column) => {
      const value = network.spans[at].length || network.unused.has(at) ? network.cost(column, at) : "";
      const cell = make("div", { role: "gridcell" }, measured(/** @type {Column} */ (network.columns.get(column)), value));
      const total = network.columns.get(column)?.total;
      if (column === share && total && typeof value === "number") cell.style.setProperty("--share", `${Math.min((100 * value) / total, 100)}%`);
      return cell;
    });
    const row = make("div", {
      role: "row", id: `row${at}`, class: "row", title: `${network.paths[at]} ${network.said[at]}`, "aria-level": level, "aria-rowindex": place + 2,
      "aria-selected": at === this.lit, "aria-expanded": opens ? String(this.expanded.has(at)) : null,
      click: () => (at === this.chosen ? this.told.open(at) : this.told.choose(at)),
    }, name, make("div", { role: "gridcell" }, network.shape("out", network.spans[at])), ...cells);
    row.style.top = `${place * ROW}px`;
    return row;
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
    const place = this.rows.indexOf(at);
    if (place >= 0) {
      const top = place * ROW;
      if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
      else if (top + ROW > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = top + ROW - this.scroll.clientHeight;
    }
    this.fill();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target !== this.element) return;
    const place = this.rows.indexOf(this.chosen);
    const page = Math.max(Math.floor(this.scroll.clientHeight / ROW) - 1, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const opens = !this.query && place >= 0 && this.network.children[this.chosen].length > 0;
    if (step !== undefined && this.rows.length) this.told.choose(this.rows[Math.min(Math.max(place + step, 0), this.rows.length - 1)]);
    else if (event.key === "ArrowRight" && opens && !this.expanded.has(this.chosen)) this.toggle(this.chosen);
    else if (event.key === "ArrowLeft" && opens && this.expanded.has(this.chosen)) this.toggle(this.chosen);
    else if (event.key === "ArrowLeft" && place >= 0 && this.network.parent(this.chosen) > 0) this.told.choose(this.network.parent(this.chosen));
    else if (event.key === "Enter" && place >= 0) this.told.open(this.chosen);
    else return;
    event.preventDefault();
  }
}
