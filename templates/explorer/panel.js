// Pictures of nodes, as the page shows them. Where one is a single column, what is opened of it stands in it, in a frame.

const SVG = "http://www.w3.org/2000/svg";
/** Boxes that pictures within each other have at most: more are not shown at a time. */
const MOST_BOXES = 80;
/** A wider picture is seen better alone. */
const MOST_WIDTH = 640;
/** Room for a frame's title, and beside what it holds. */
const HEAD = 24, BESIDE = 8;

/**
 * A box or a frame: the node that it stands for, the layers of all its copies. What `closes` is the picture around a frame.
 * @typedef {{element: SVGGElement, node: number, spans: Spans, title: string, frame: boolean, opens: number, alike: number, closes?: number}} Shown
 */
/** A picture with what is opened in it: how far it reaches, and where its input enters. @typedef {{element: SVGGElement, left: number, right: number, bottom: number, shown: Shown[], frame: Shown | null}} Panel */

/** An element of SVG. @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} held */
function drawn(tag, attributes, ...held) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...held);
  return /** @type {SVGGElement} */ (element);
}

/** A node's picture, and what its boxes and frames stand for. @typedef {{node: number, element: SVGGElement, width: number, height: number, shown: Shown[]}} Drawn */

/** The picture of a node, anew. @param {Network} network @param {number} node @returns {Drawn} */
function picture(network, node) {
  const [width, height, parts] = network.data.pictures[network.data.nodes.picture[node]];
  const holder = make("div", {});
  holder.innerHTML = `<svg xmlns="${SVG}">${parts.map((/** @type {number} */ at) => network.data.parts[at]).join("")}</svg>`;
  const element = /** @type {SVGGElement} */ (holder.firstElementChild?.firstElementChild);
  return { node, element, width, height, shown: [...element.querySelectorAll("[data-l]")].map((group) => understood(network, node, /** @type {SVGGElement} */ (group))) };
}

/** What a group of a node's picture stands for. @param {Network} network @param {number} node @param {SVGGElement} group @returns {Shown} */
function understood(network, node, group) {
  const here = network.places[node];
  const spans = spansOf(group.dataset.l ?? "", network.spans[node][0]?.[0] ?? 0);
  const below = group.dataset.p;
  const place = !below ? undefined : below.startsWith("/") ? below.slice(1) : here ? `${here}.${below}` : below;
  const own = (place !== undefined ? network.byPlace.get(place) : undefined) ?? network.holder(spans);
  const opened = network.opened(own);
  group.dataset.path = network.places[own];
  const title = [...group.querySelectorAll(":scope > text")].map((text) => text.textContent).join(" ");
  const frame = group.classList.contains("module") && !group.classList.contains("op");
  return { element: group, node: own, spans, title, frame, alike: Number(group.dataset.n ?? 1), opens: opened === node ? -1 : opened };
}

/** Is the node what this box opens, or one of those alike? @param {Network} network @param {Shown} box @param {number} node */
function leads(network, box, node) {
  if (box.frame || box.opens < 0) return false;
  const { picture: of } = network.data.nodes;
  return box.opens === node || (box.alike > 1 && of[box.opens] === of[node] && within(network.spans[node], box.spans));
}

/** The pictures that stand within each other where a node is open: its own alone, or in what is one column around it. @param {Network} network @param {number} open */
function chain(network, open) {
  const found = [picture(network, open)];
  const [{ width, shown }] = found;
  let boxes = shown.length;
  for (let at = open; at > 0 && width <= MOST_WIDTH; at = found[0].node) {
    const around = nearest(network, at);
    boxes += around?.shown.length ?? 0;
    if (!around || boxes > MOST_BOXES) break;
    found.unshift(around);
  }
  return found;
}

/** The first picture around a node that is one column and has a box for it. @param {Network} network @param {number} at */
function nearest(network, at) {
  const columns = network.above(at).slice(0, -1).filter((above) => network.data.pictures[network.data.nodes.picture[above]]?.[3]);
  for (const above of columns) {
    const around = picture(network, above);
    if (around.shown.some((box) => leads(network, box, at))) return around;
  }
  return undefined;
}

/** The first of these pictures, in it the second, and so on. @param {Network} network @param {Drawn[]} pictures @returns {Panel} */
function panel(network, [{ node, element, width, height, shown }, ...inner]) {
  const box = inner.length ? shown.find((one) => leads(network, one, inner[0].node)) : undefined;
  if (!box) return { element, left: 0, right: width, bottom: height, shown, frame: null };
  const held = panel(network, inner);
  const [left, top, wide, high] = extent(box.element);
  const axis = left + wide / 2;
  const [entry, cut] = entered(held);
  const [before, after] = [Math.max(entry - held.left, wide / 2) + BESIDE, Math.max(held.right - entry, wide / 2) + BESIDE];
  const tall = HEAD + held.bottom - cut;
  const parts = [...element.children].filter((part) => part !== box.element);
  const lower = parts.filter((part) => topOf(part) >= top + high - 1);
  parts.filter((part) => part.tagName !== "g" && topOf(part) > top && !lower.includes(part)).forEach((leader) => topOf(leader) < top + high && leader.remove());
  const frame = framed(network, box, { x: axis - before, y: top, width: before + after, height: tall }, axis, node);
  const within = drawn("g", { transform: `translate(${axis - entry} ${top + HEAD - cut})` }, held.element);
  element.append(frame.element, within, drawn("g", { transform: `translate(0 ${tall - high})` }, ...lower));
  box.element.remove();
  const [, dx] = /translate\(([\d.-]+)/.exec(element.getAttribute("transform") ?? "") ?? ["", "0"];
  return {
    element, left: Math.min(0, axis - before + Number(dx) - BESIDE), right: Math.max(width, axis + after + Number(dx) + BESIDE), bottom: height + tall - high,
    shown: [frame, ...shown.filter((one) => one !== box), ...held.shown], frame: held.frame ?? frame,
  };
}

/** Where the input enters a picture, and the height from which it is drawn: without the box for it where one line leaves that. @param {Panel} held */
function entered({ element, left, right }) {
  const inputs = [...element.children].filter((part) => part.classList.contains("tensor") && !part.hasAttribute("data-l") && topOf(part) < 1);
  const [, dx, dy] = /translate\(([\d.-]+)[ ,]+([\d.-]+)/.exec(element.getAttribute("transform") ?? "") ?? ["", "0", "0"];
  if (inputs.length !== 1) return [(left + right) / 2, 10];
  const [x, y, width, height] = extent(/** @type {SVGGElement} */ (inputs[0]));
  const leaving = [...element.children].filter((part) => part.classList.contains("edge") && topOf(part) <= y + height + 1);
  if (leaving.length !== 1) return [x + width / 2 + Number(dx), y + Number(dy)];
  inputs[0].remove();
  return [x + width / 2 + Number(dx), y + height + Number(dy)];
}

/** The frame around a box that is opened. @param {Network} network @param {Shown} box @param {{x: number, y: number, width: number, height: number}} place @param {number} axis @param {number} around @returns {Shown} */
function framed(network, box, place, axis, around) {
  const colours = { class: "f-panel s-panel-border", fill: "#F4F6F8", stroke: "#BCC5CE", "stroke-width": 1.2 };
  const [x, y] = [place.x + place.width - 20, place.y + 6];
  const element = drawn("g", { class: "module opened" }, drawn("rect", { ...place, rx: 10, ...colours }),
    drawn("path", { d: `M${axis} ${place.y}v${HEAD}`, class: "s-edge", fill: "none", stroke: "#3D4650", "stroke-width": 1.3 }),
    drawn("text", { x: place.x + 12, y: place.y + 16, "font-size": 11, "font-weight": 700, class: "f-muted", fill: "#4A5461" }, [network.places[box.node].slice(network.places[around].length).replace(/^\./, ""), box.alike > 1 ? `×${box.alike}` : ""].join(" ")),
    drawn("g", { class: "close" }, drawn("rect", { x: x - 4, y: y - 4, width: 20, height: 20, rx: 5 }), drawn("path", { d: `M${x + 1} ${y + 1}l10 10m0-10l-10 10` })));
  return { ...box, element, frame: true, opens: -1, closes: around };
}

/** Left, top, width and height of a box. @param {Element} group */
function extent(group) {
  const [rect] = [...group.querySelectorAll("rect")].map((one) => ["x", "y", "width", "height"].map((name) => Number(one.getAttribute(name)))).sort(([, , one], [, , two]) => two - one);
  return rect ?? [0, topOf(group), 0, 0];
}

/** Where a part of a picture begins. @param {Element} part @returns {number} */
function topOf(part) {
  if (part.tagName === "g") return part.firstElementChild ? topOf(/** @type {Element} */ (part.querySelector("rect, circle, path, text"))) : 0;
  if (part.tagName === "path") return Number(/^M[\d.-]+ ([\d.-]+)/.exec(part.getAttribute("d") ?? "")?.[1] ?? 0);
  if (part.tagName === "circle") return Number(part.getAttribute("cy")) - Number(part.getAttribute("r"));
  return Number(part.getAttribute("y"));
}
