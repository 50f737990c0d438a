// What is known of the part that is chosen: where it is, what it does, what it costs, what an element of it sees.

/** So many layers are named, and their formulas told. */
const MOST_LAYERS = 8;

/** What is chosen: a node, or a box with the layers of all that are alike; `marks` are the layers that are marked for it, where it is one of several. @typedef {{node: number, spans: Spans, alike: number, marks?: Spans}} Chosen */

/** @param {Network} network @param {Chosen} chosen @param {{open: (node: number) => void, choose: (node: number) => void, drawn: number[]}} told What is drawn needs no opening. */
function details(network, { node, spans, alike }, told) {
  const path = network.paths[node];
  const own = network.spans[node];
  const opened = network.opened(node);
  const calls = alike === 1 && opened >= 0 && layerCount(spans) > layerCount(own); // a closed box with what it calls of others
  const counted = alike > 1 || calls ? spans : own;
  const [input, output] = [network.shape("in", own), network.shape("out", spans.length ? spans : own)];
  return [
    make("h2", {}, path || network.data.title, " ", alike > 1 ? make("span", { class: "badge" }, `×${alike}`) : null),
    make("p", { class: "said" }, [network.kinds[node], network.said[node]].filter((said, i, all) => said && all.indexOf(said) === i).join(": ")),
    output ? make("p", { class: "shapes" }, `${input} → ${output}`) : null,
    opened >= 0 && node > 0 && !told.drawn.includes(opened) ? make("button", { type: "button", class: "open", click: () => told.open(node) }, say("Open")) : null,
    costs(network, node, counted, alike > 1 ? say("{0} alike, in all", alike) : calls ? say("with what it calls of other modules") : "", alike),
    field(network, spans.length ? spans : own),
    layers(network, node, alike > 1 ? own : spans, told),
  ].filter((part) => part !== null);
}

/** Each quantity, and its share of the network's. @param {Network} network @param {number} node @param {Spans} spans @param {string} said @param {number} many */
function costs(network, node, spans, said, many) {
  const rows = [...network.columns.values()].map((column) => {
    if (column.name === "receptive_field") return null; // it has a figure of its own
    const value = spans === network.spans[node] ? network.cost(column.name, node) : network.value(column.name, spans);
    if (value === null || value === 0) return null;
    const share = column.reduce === "sum" && column.total && typeof value === "number" ? (100 * value) / column.total : 0;
    const exact = Number.isInteger(value) && column.unit !== "bytes" ? grouped(value) : measured(column, value);
    const cell = make("td", { class: "share" }, share >= 0.05 ? `${share.toFixed(share < 10 ? 1 : 0)} %` : "");
    cell.style.setProperty("--share", `${Math.min(share, 100)}%`);
    const row = make("tr", {}, make("th", { scope: "row" }, say(column.name)), make("td", { class: "value" }, exact), cell);
    return [row, working(network, node, column, spans, many)];
  }).flat();
  const caption = said ? make("caption", {}, said) : null;
  return make("table", { class: "costs" }, caption, make("tbody", {}, ...rows));
}

/** How a number is got: by the formulas of its layers, where they are few, or as so many times that of one of a box. @param {Network} network @param {number} node @param {Column} column @param {Spans} spans @param {number} many */
function working(network, node, column, spans, many) {
  const { of, formulas, rules } = network.data.workings;
  const each = network.cost(column.name, node);
  const alike = many > 1 && column.reduce === "sum" && typeof each === "number" && each * many === network.value(column.name, spans);
  if (alike) return make("tr", { class: "working" }, make("td", { colspan: 3 }, `= ${many} · ${grouped(Number(each.toFixed(3)))}`));
  if (layerCount(spans) > MOST_LAYERS) return null;
  const layers = eachLayer(spans);
  const counted = layers.filter((at) => column.values[at]);
  const told = counted.map((at) => formulas[of[column.name]?.[at]]);
  if (!told.length || told.includes(undefined) || network.unused.has(node)) return null;
  const title = [...new Set(told.map(([, rule]) => rules[rule][Number(korean)]))].join("; ");
  return make("tr", { class: "working" }, make("td", { colspan: 3, title }, `= ${told.map(([text]) => text).join(" + ")}`));
}

/** The receptive field over the frame of the input. @param {Network} network @param {Spans} spans */
function field(network, spans) {
  const seen = network.value("receptive_field", spans.slice(-1));
  const frame = (network.data.input[0] ?? "").split("x").map(Number).slice(1);
  if (!seen || frame.length !== 2) return null;
  const everything = seen === "global";
  if (!everything && (!Array.isArray(seen) || seen.length !== 2)) return null;
  const [height, width] = everything ? frame : seen;
  const unit = 84 / Math.max(...frame);
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, high, wide] of /** @type {[string, number, number][]} */ ([["frame", ...frame], ["seen", Math.min(height, frame[0]), Math.min(width, frame[1])]])) {
    const rect = document.createElementNS(space, "rect");
    const sizes = { x: 50 - (wide * unit) / 2, y: 50 - (high * unit) / 2, width: Math.max(wide * unit, 1), height: Math.max(high * unit, 1) };
    for (const [key, value] of Object.entries(sizes)) rect.setAttribute(key, value.toFixed(2));
    rect.setAttribute("class", name);
    svg.append(rect);
  }
  const said = everything ? say("an element sees the whole input") : `${height}×${width}`;
  return make("figure", {}, svg, make("figcaption", {}, make("b", {}, say("receptive_field")), make("br"), said, make("br"), say("of the input of {0}", frame.join("×"))));
}

/** The layers of a box that is drawn as one. @param {Network} network @param {number} node @param {Spans} spans @param {{choose: (node: number) => void}} told */
function layers(network, node, spans, told) {
  const many = layerCount(spans);
  if (many < 2 || many > MOST_LAYERS || network.opened(node) >= 0) return null;
  const found = eachLayer(spans);
  const items = found.map((at) => make("li", {}, make("a", { href: `#${encoded(network.paths[network.nodeOf[at]])}`, click: (/** @type {Event} */ event) => {
    event.preventDefault();
    told.choose(network.nodeOf[at]);
  } }, network.paths[network.nodeOf[at]]), " ", make("span", { class: "said" }, network.said[network.nodeOf[at]])));
  return make("div", { class: "layers" }, make("h3", {}, say("Layers drawn in this box")), make("ol", {}, ...items));
}

/** A path as it stands in an address. @param {string} path */
const encoded = (path) => encodeURIComponent(path).replace(/%2F/g, "/");
