// From the network to its stages, blocks and layers: what is open, what is chosen, and the address that says so.

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** Words of the legend. @type {Record<string, string>} */
let kinds = {};

/** A network with its picture, and the way that led to it. */
class Pane {
  /** @param {Network} network @param {Explorer} explorer */
  constructor(network, explorer) {
    this.network = network;
    this.explorer = explorer;
    this.open = 0;
    /** @type {Chosen} */
    this.chosen = { node: 0, spans: network.spans[0], alike: 1 };
    /** Was it asked for, rather than taken for the heaviest? */
    this.sought = false;
    this.crumbs = make("nav", { class: "crumbs", "aria-label": `${say("Whole network")}: ${network.data.title}` });
    this.scroll = make("div", { class: "picture", tabindex: "-1" });
    const buttons = /** @type {[string, string, () => void][]} */ ([
      ["+", "Larger", () => this.picture.magnify(1.25)],
      ["−", "Smaller", () => this.picture.magnify(0.8)],
      ["⤢", "Fit", () => this.picture.fit()],
    ]);
    const zoom = make("div", { class: "zoom" }, ...buttons.map(([sign, said, click]) => make("button", { type: "button", title: say(said), click }, make("span", { "aria-hidden": "true" }, sign))));
    this.element = make("section", { class: "pane", "aria-label": network.data.title }, this.crumbs, this.scroll, zoom);
    this.picture = new Picture(network, this.scroll, {
      choose: (shown) => explorer.choose(this, shown),
      open: (node) => explorer.walk(this, node),
      up: () => explorer.up(this),
    });
    this.element.addEventListener("focusin", () => explorer.activate(this));
    this.element.addEventListener("click", () => explorer.activate(this));
  }

  /** Show a node's picture, or where it has none that of the nearest above it, the node chosen. @param {number} node */
  show(node) {
    const drawn = this.network.above(node).reverse().find((at) => this.network.opened(at) >= 0 && (at === node || !within(this.network.spans[at], this.network.spans[node]) || at === 0));
    this.open = drawn === undefined ? 0 : this.network.opened(drawn);
    if (this.network.data.pictures.length) this.picture.show(this.open);
    this.way();
    return drawn;
  }

  /** What the first letter of a search and the first opening would have to wait for: texts, and functions compiled. */
  rehearse() {
    const { network, picture } = this;
    const box = picture.shown.find((one) => one.opens >= 0);
    network.words();
    if (box) panel(network, chain(network, box.opens));
  }

  way() {
    const steps = this.network.above(this.open).map((at, i, all) => {
      const said = at ? this.network.data.nodes.name[at] : this.network.data.title;
      if (i === all.length - 1) return make("span", { "aria-current": "page" }, said);
      return make("a", { href: `#${encoded(this.network.paths[at])}`, click: (/** @type {Event} */ event) => {
        event.preventDefault();
        this.explorer.walk(this, at);
      } }, said);
    });
    this.crumbs.replaceChildren(...steps);
  }
}

class Explorer {
  /** @param {any} data */
  constructor(data) {
    kinds = data.kinds;
    this.data = data;
    this.color = data.start.color;
    this.panes = data.networks.map((/** @type {any} */ network) => new Pane(new Network(network), this));
    this.active = this.panes[0];
    this.tab = data.diff ? "Differences" : "Parts";
    /** @type {Map<Pane, Table>} */
    this.tables = new Map(this.panes.map((/** @type {Pane} */ pane) => {
      const element = make("div", { class: "table" });
      return [pane, new Table(pane.network, element, { choose: (at) => this.find(pane, at), open: (at) => this.walk(pane, at), up: () => this.up(pane) })];
    }));
    byId("panes").replaceChildren(...this.panes.map((/** @type {Pane} */ pane) => pane.element));
    document.body.classList.toggle("two", this.panes.length > 1);
    this.listen();
    this.words();
    this.arrive();
  }

  listen() {
    const search = /** @type {HTMLInputElement} */ (byId("search"));
    search.addEventListener("input", () => this.search(search.value));
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.table.rows.length) this.find(this.active, this.table.rows[0]);
    });
    byId("color").addEventListener("change", (event) => this.paint(/** @type {HTMLSelectElement} */ (event.target).value));
    byId("theme").addEventListener("click", () => this.theme(document.documentElement.dataset.theme !== "dark"));
    byId("language").addEventListener("click", () => { korean = !korean; byId("parts").replaceChildren(); this.words(); this.refresh(); });
    byId("svg").addEventListener("click", () => this.keep(new Blob([this.active.picture.saved()], { type: "image/svg+xml" }), "svg"));
    byId("png").addEventListener("click", async () => this.keep(await this.active.picture.png(), "png"));
    byId("print").addEventListener("click", () => window.print());
    window.addEventListener("hashchange", () => this.address() !== location.hash && this.arrive());
    document.addEventListener("keydown", (event) => this.key(event));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    this.theme(dark.matches);
    dark.addEventListener("change", () => this.theme(dark.matches));
    let before = false;
    window.addEventListener("beforeprint", () => { before = document.documentElement.dataset.theme === "dark"; this.theme(false); });
    window.addEventListener("afterprint", () => this.theme(before));
  }

  get table() {
    return /** @type {Table} */ (this.tables.get(this.active));
  }

  /** @param {boolean} dark */
  theme(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const search = /** @type {HTMLInputElement} */ (byId("search"));
    if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.select();
      search.focus();
    } else if (event.key === "Escape") {
      if (search.value) {
        search.value = "";
        this.search("");
        this.table.mark(this.active.chosen.node, true);
        this.table.reveal();
      } else this.up(this.active);
      if (document.activeElement === search) this.table.scroll.focus();
    }
  }

  // ---- walking --------------------------------------------------------------------------------------------

  /** What the address would say of what is open. */
  address() {
    return `#${this.panes.map((/** @type {Pane} */ pane) => encoded(pane.network.paths[pane.open])).join("~").replace(/^~$/, "")}`.replace(/^#$/, "");
  }

  /** The address becomes that: a step that the reader can go back. By location.hash the whole page would be laid out. */
  step() {
    if (this.address() !== location.hash) history.pushState(null, "", location.href.split("#")[0] + (this.address() || "#"));
  }

  /** What the address asks for. */
  arrive() {
    const asked = (location.hash.slice(1) || (this.panes[0].picture.svg ? "" : encoded(this.data.start.place))).split("~").map(decoded);
    this.panes.forEach((/** @type {Pane} */ pane, /** @type {number} */ i) => {
      const node = pane.network.find(asked[i] ?? "") ?? 0;
      pane.show(node);
      this.tables.get(pane)?.fold(pane.open);
      this.first(pane, node === pane.open ? -1 : node);
    });
    this.refresh();
  }

  /** Choose a node, or else the box that costs most. @param {Pane} pane @param {number} node */
  first(pane, node) {
    const { network } = pane;
    const boxes = pane.picture.shown.filter((one) => !one.frame && within(one.spans, network.spans[pane.open]));
    const heaviest = (/** @type {string} */ name) =>
      boxes.reduce((/** @type {Shown | undefined} */ most, one) => ((network.value(name, one.spans) ?? 0) > (most ? network.value(name, most.spans) ?? 0 : 0) ? one : most), undefined);
    pane.sought = node >= 0;
    const box = heaviest("macs") ?? heaviest("params");
    if (node >= 0) pane.chosen = { node, spans: network.spans[node], alike: 1 };
    else if (box) pane.chosen = box;
    else pane.chosen = { node: pane.open, spans: network.spans[pane.open], alike: 1 };
  }

  /** Open a node: its picture, or where it is drawn. @param {Pane} pane @param {number} node */
  walk(pane, node) {
    const before = pane.open;
    pane.show(node);
    const whole = node === pane.open || pane.network.opened(node) === pane.open;
    const below = whole && before !== pane.open && pane.network.above(before).includes(pane.open);
    this.tables.get(pane)?.fold(pane.open);
    const back = below ? pane.picture.shown.find((one) => leads(pane.network, one, before)) : undefined;
    if (back) [pane.chosen, pane.sought] = [back, true]; // the box that was opened, with all that are alike
    else this.first(pane, below ? before : whole ? -1 : node);
    this.active = pane;
    this.step();
    this.refresh();
    const focused = pane.picture.shown.find((one) => one.element.classList.contains("chosen"));
    if (document.activeElement === document.body) focused?.element.focus({ preventScroll: true });
  }

  /** @param {Pane} pane */
  up(pane) {
    const { nodes } = pane.picture;
    if (nodes.length > 1) this.walk(pane, nodes[nodes.length - 2]);
    else if (pane.open > 0) {
      let above = pane.network.parent(pane.open);
      while (above > 0 && pane.network.opened(above) === pane.open) above = pane.network.parent(above);
      this.walk(pane, above);
    }
  }

  /** A box was chosen in a picture. @param {Pane} pane @param {Chosen} chosen */
  choose(pane, chosen) {
    pane.chosen = chosen;
    pane.sought = true;
    this.active = pane;
    this.refresh();
  }

  /** A row was chosen: its box is marked, in the picture that has it. @param {Pane} pane @param {number} node */
  find(pane, node) {
    const spans = pane.network.spans[node];
    if (spans.length && !within(spans, pane.network.spans[pane.picture.nodes[0] ?? 0])) {
      const above = pane.network.above(pane.network.parent(node)).reverse().find((at) => pane.network.opened(at) >= 0);
      pane.show(above ?? 0);
      this.step();
    }
    this.choose(pane, { node, spans, alike: 1 });
  }

  /** @param {Pane} pane */
  activate(pane) {
    if (this.active === pane) return;
    this.active = pane;
    this.refresh();
  }

  // ---- what is shown --------------------------------------------------------------------------------------

  refresh() {
    this.panes.forEach((/** @type {Pane} */ pane) => {
      pane.element.classList.toggle("active", pane === this.active);
      pane.picture.mark(pane.chosen.marks ?? pane.chosen.spans, pane.sought);
      this.scale(pane, pane.picture.paint(this.color));
      if (this.data.diff) pane.picture.compare(differing(this.data.diff.rows, this.panes.indexOf(pane)));
    });
    const { table, active } = this;
    this.lists(table);
    table.columns = ["params", "macs", ...(this.color && !["params", "macs"].includes(this.color) ? [this.color] : [])];
    if (this.color === "params") table.columns = ["macs", "params"];
    table.columns = table.columns.filter((name) => active.network.columns.has(name));
    table.scroll.setAttribute("aria-label", say("Parts"));
    table.update(false);
    table.mark(active.chosen.node, active.sought);
    const told = { open: (/** @type {number} */ at) => this.walk(active, at), choose: (/** @type {number} */ at) => this.find(active, at), drawn: active.picture.nodes };
    byId("details").replaceChildren(...details(active.network, active.chosen, told));
    table.reveal(); // all that has the page laid out comes at the end, and so once
    this.panes.forEach((/** @type {Pane} */ pane) => pane.picture.reveal());
  }

  /** What the borders of differing boxes say. */
  borders() {
    return [["changed", "Changed"], ["alone", "Only here"]].map(([name, said]) => make("span", { class: "kind" }, make("i", { class: `swatch border ${name}` }), say(said)));
  }

  /** The parts, or of two networks the rows of their diff. @param {Table} table */
  lists(table) {
    const { diff } = this.data;
    const tabs = diff ? ["Differences", "Parts"] : [];
    byId("tabs").replaceChildren(...tabs.map((name) => make("button", { type: "button", role: "tab", "aria-selected": String(name === this.tab), click: () => {
      this.tab = name;
      this.refresh();
    } }, say(name))));
    if (this.tab === "Parts" && byId("parts").firstChild !== table.element) byId("parts").replaceChildren(table.element);
    else if (this.tab !== "Parts" && !byId("parts").querySelector(".differences")) byId("parts").replaceChildren(listed(diff, (row) => this.follow(row)));
  }

  /** Both networks where a row of their diff is; one that has nothing of it, where that would be. @param {Row} row */
  follow(row) {
    /** @type {Spans[]} */
    const marks = this.panes.map((/** @type {Pane} */ _, /** @type {number} */ side) => about(row, side));
    this.panes.forEach((/** @type {Pane} */ pane, /** @type {number} */ side) => {
      const spans = marks[side].length ? marks[side] : spansOf(row.beside[side]);
      const node = pane.network.holder(spans);
      const first = pane.network.holder(spans.slice(0, 1).map(([start]) => [start, 1]));
      pane.show(node === first && pane.network.opened(node) < 0 ? pane.network.parent(node) : node);
      pane.chosen = { node: first, spans: pane.network.spans[first], alike: 1, marks: marks[side] };
      pane.sought = true;
    });
    if (!marks[this.panes.indexOf(this.active)].length) this.active = this.panes[marks[0].length ? 0 : 1];
    this.step();
    this.refresh();
  }

  /** @param {string} name */
  paint(name) {
    this.color = name;
    this.refresh();
  }

  /** What the colours of a picture are for. @param {Pane} pane @param {{most: number, words: string[]}} found */
  scale(pane, { most, words }) {
    if (pane !== this.active) return;
    const column = pane.network.columns.get(this.color);
    const key = byId("scale");
    if (!column) {
      const there = new Set(pane.picture.shown.filter((one) => !one.frame).map((one) => one.element.classList[1]));
      key.replaceChildren(...Object.keys(kinds).filter((kind) => there.has(kind)).map((kind) => make("span", { class: "kind" }, make("i", { class: `swatch ${kind}` }), kinds[kind])));
    } else if (words.length) key.replaceChildren(...words.map((word) => make("span", { class: "kind" }, make("i", { class: `swatch word-${word}` }), word)));
    else key.replaceChildren(make("span", {}, "0"), make("i", { class: "heat", "aria-hidden": "true" }), make("span", {}, measured(column, most)));
    if (this.data.diff) key.append(...this.borders());
  }

  /** @param {string} query */
  search(query) {
    this.tab = "Parts";
    this.lists(this.table);
    this.table.query = query.trim();
    this.table.top = 0;
    this.table.update();
    this.table.reveal();
    const found = this.table.rows.length;
    byId("found").textContent = !this.table.query ? "" : found ? say("{0} found", found) : say("Nothing found");
  }

  /** Everything that is text of the page itself. */
  words() {
    document.documentElement.lang = korean ? "ko" : "en";
    byId("details").setAttribute("aria-label", say("Details"));
    const search = /** @type {HTMLInputElement} */ (byId("search"));
    search.placeholder = say("Search: name, kind, 3x3, params>1M");
    search.setAttribute("aria-label", search.placeholder);
    for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(/** @type {HTMLElement} */ (element).dataset.say ?? "");
    const names = new Set(this.panes.flatMap((/** @type {Pane} */ pane) => [...pane.network.columns.keys()]));
    const choices = [["", "By kind"], ...[...names].map((name) => [name, name])];
    byId("color").replaceChildren(...choices.map(([value, said]) => make("option", { value, selected: value === this.color }, say(said))));
    byId("language").textContent = korean ? "English" : "한국어";
    byId("networks").replaceChildren(...this.panes.map((/** @type {Pane} */ pane) => heading(pane.network)));
  }

  /** Give the reader a file. @param {Blob} blob @param {string} suffix */
  keep(blob, suffix) {
    const { network, open } = this.active;
    const link = make("a", { href: URL.createObjectURL(blob), download: `${[network.data.title, network.paths[open]].filter(Boolean).join("-").replace(/[^\w.-]+/g, "_")}.${suffix}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.getAttribute("href") ?? ""), 10000);
  }
}

/** An address as a path; what is none, as it is. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Title, totals, and the papers' claims with their verdicts. @param {Network} network */
function heading(network) {
  const { title, paper, totals, input, claims, facts, setting } = network.data;
  const held = claims.filter((/** @type {any} */ claim) => claim.outcome.startsWith("holds")).length;
  const counted = claims.filter((/** @type {any} */ claim) => claim.outcome !== "not recomputable").length;
  const chips = [`${count(totals.params)} ${say("parameters")}`, `${count(totals.macs)} ${say("macs")}`, input.join(", ").replace(/x/g, "×"), say("{0} weighted layers deep", totals.depth_separable_as_one)];
  if (setting.device !== "meta") chips.push(`${setting.device}, ${setting.dtype}, batch ${setting.batch}`);
  const told = facts.map((/** @type {[string, string]} */ [heading, said]) => [make("dt", {}, heading), make("dd", {}, said)]).flat();
  return make("div", { class: "network" },
    make("h1", {}, title), paper ? make("p", { class: "paper" }, paper) : null,
    make("p", { class: "totals" }, ...chips.map((said) => make("span", { class: "chip" }, said))),
    make("div", { class: "more" },
      counted ? make("details", {}, make("summary", {}, say("{0} of {1} claims of the papers hold", held, counted)),
        make("div", { class: "box" }, make("table", {}, make("tbody", {}, ...claims.map(claimed))))) : null,
      make("details", {}, make("summary", {}, say("Facts")), make("dl", { class: "box" }, ...told))));
}

/** @param {any} claim */
function claimed(claim) {
  return make("tr", { class: claim.outcome.replace(/ /g, "-") },
    make("th", { scope: "row" }, claim.about), make("td", {}, `${claim.claimed} → ${claim.recomputed}`),
    make("td", {}, make("b", {}, say(claim.outcome)), claim.why ? `: ${claim.why}` : ""), make("td", { class: "said" }, claim.source));
}

unpacked((data) => {
  const explorer = new Explorer(data);
  Object.assign(globalThis, { explorer });
  const idle = globalThis.requestIdleCallback ?? setTimeout;
  idle(() => explorer.panes.forEach((/** @type {Pane} */ pane) => pane.rehearse()));
});
