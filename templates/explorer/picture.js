// The picture of what is open: its boxes can be chosen, opened, coloured by what they cost, and kept as a file.

/** Colours from nothing to the most, as archscope's diagrams have them. */
const HEAT = [[255, 255, 255], [253, 235, 216], [251, 211, 172], [246, 180, 126], [239, 148, 88]];
const HEAT_LINE = "#8A4513", HEAT_INK = "#1B1F24";
/** Of words: what bounds a box. @type {Record<string, string>} */
const WORDED = { compute: "#FBD3AC", memory: "#C9DFF7", overhead: "#E4E0EC" };

/** @param {number} share Of the most. */
function heated(share) {
  const at = Math.sqrt(Math.min(Math.max(share, 0), 1)) * (HEAT.length - 1);
  const low = Math.min(Math.trunc(at), HEAT.length - 2);
  return `rgb(${HEAT[low].map((from, i) => Math.round(from + (HEAT[low + 1][i] - from) * (at - low))).join(" ")})`;
}

/**
 * A box or a frame: the node that it stands for, the layers of all its copies.
 * @typedef {{element: SVGGElement, node: number, spans: Spans, title: string, frame: boolean, opens: number, alike: number}} Shown
 */

class Picture {
  /**
   * @param {Network} network @param {HTMLElement} element It scrolls where the picture is larger.
   * @param {{choose: (shown: Shown) => void, open: (node: number) => void, up: () => void}} told
   */
  constructor(network, element, told) {
    this.network = network;
    this.element = element;
    this.told = told;
    this.zoom = 0;
    /** @type {Shown[]} */
    this.shown = [];
    /** @type {SVGSVGElement | null} */
    this.svg = null;
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.scale()).observe(element);
  }

  /** Draw a node's picture. @param {number} node */
  show(node) {
    this.node = node;
    this.painted = false;
    const [width, height, body] = this.network.data.pictures[this.network.data.nodes.picture[node]];
    const holder = make("div", {});
    holder.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" class="archscope" viewBox="0 0 ${width} ${height}">${body}</svg>`;
    this.svg = /** @type {SVGSVGElement} */ (holder.firstElementChild);
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", this.network.paths[node] || this.network.data.title);
    this.shown = [...this.svg.querySelectorAll("[data-l]")].map((group) => this.understood(/** @type {SVGGElement} */ (group)));
    this.shown.forEach((one) => this.prepare(one));
    this.shown.find((one) => !one.frame)?.element.setAttribute("tabindex", "0");
    this.zoom = 0;
    this.element.replaceChildren(this.svg);
    this.element.scrollTo(0, 0);
    this.scale();
  }

  /** What a group of the picture stands for. @param {SVGGElement} group @returns {Shown} */
  understood(group) {
    const { network } = this;
    const here = network.places[this.node ?? 0];
    const first = network.spans[this.node ?? 0][0]?.[0] ?? 0;
    const spans = spansOf(group.dataset.l ?? "", first);
    const below = group.dataset.p;
    const place = !below ? undefined : below.startsWith("/") ? below.slice(1) : here ? `${here}.${below}` : below;
    const node = (place !== undefined ? network.byPlace.get(place) : undefined) ?? this.holder(spans);
    const opened = network.opened(node);
    const title = [...group.querySelectorAll(":scope > text")].map((text) => text.textContent).join(" ");
    const frame = group.classList.contains("module") && !group.classList.contains("op");
    return { element: group, node, spans, title, frame, alike: Number(group.dataset.n ?? 1), opens: opened === this.node ? -1 : opened };
  }

  /** The deepest node that has all these layers. @param {Spans} spans */
  holder(spans) {
    let at = this.network.nodeOf[spans[0]?.[0] ?? 0] ?? 0;
    while (at > 0 && !within(spans, this.network.spans[at])) at = this.network.parent(at);
    return at;
  }

  /** @param {Shown} shown */
  prepare(shown) {
    const { element, node, spans } = shown;
    const { network } = this;
    const costs = ["params", "macs"].map((name) => [name, network.value(name, spans)]).filter(([, value]) => value);
    const said = costs.map(([name, value]) => `${count(value)} ${HEADINGS[name]}`);
    const label = [network.paths[node], shown.title, network.shape("out", spans), ...said].filter(Boolean).join(", ");
    element.setAttribute("aria-label", label);
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.prepend(Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "title"), { textContent: label }));
    if (shown.opens >= 0) {
      element.classList.add("opens");
      if (!shown.frame) this.corner(element);
    }
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      if (element.classList.contains("chosen") && shown.opens >= 0) this.told.open(shown.opens);
      else this.told.choose(shown);
    });
    element.addEventListener("focus", () => element.matches(":focus-visible") && this.told.choose(shown));
  }

  /** A corner that says: this can be opened. @param {SVGGElement} element */
  corner(element) {
    const box = element.querySelector('rect[class*="-fill"]');
    if (!box) return;
    const [x, y, width] = ["x", "y", "width"].map((name) => Number(box.getAttribute(name)));
    const sign = document.createElementNS("http://www.w3.org/2000/svg", "path");
    sign.setAttribute("d", `M${x + width - 11} ${y + 4.5}h6.5v6.5z`);
    sign.setAttribute("class", "corner");
    box.after(sign);
  }

  /** Mark what has these layers, or is of them. @param {Spans} spans @param {boolean} sought It is brought in sight. */
  mark(spans, sought) {
    const size = (/** @type {Shown} */ one) => one.spans.reduce((sum, [, many]) => sum + many, 0);
    const holding = this.shown.filter((one) => within(spans, one.spans));
    const least = Math.min(...holding.map(size));
    const inside = this.shown.filter((one) => within(one.spans, spans));
    const touching = this.shown.filter((one) => !one.frame && overlap(one.spans, spans));
    const found = holding.length ? holding.filter((one) => size(one) === least) : inside.length ? inside : touching;
    for (const one of this.shown) {
      one.element.classList.toggle("chosen", found.includes(one));
      if (one.frame) continue;
      one.element.setAttribute("tabindex", found.includes(one) ? "0" : "-1");
    }
    if (!found.length) this.shown.find((one) => !one.frame)?.element.setAttribute("tabindex", "0");
    if (sought) found[0]?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** How boxes differ from the other network. @param {{changed: Spans, alone: Spans}} layers */
  compare({ changed, alone }) {
    for (const one of this.shown.filter((other) => !other.frame)) {
      const missing = overlap(one.spans, alone);
      one.element.classList.toggle("alone", missing);
      one.element.classList.toggle("changed", !missing && overlap(one.spans, changed));
    }
  }

  /** Colour boxes by a column, or by kind. @param {string} name @returns {{most: number, words: string[]}} Of the boxes. */
  paint(name) {
    if (!name && !this.painted) return { most: 0, words: [] };
    this.painted = Boolean(name);
    const boxes = this.shown.filter((one) => !one.frame);
    const values = boxes.map((one) => (name ? this.network.value(name, one.spans) : null));
    const numbers = values.map((value) => (Array.isArray(value) ? Math.max(...value) : value));
    const most = Math.max(0, ...numbers.filter((value) => typeof value === "number"));
    const words = [...new Set(numbers.filter((value) => typeof value === "string"))];
    boxes.forEach(({ element }, i) => {
      const value = numbers[i];
      const known = value !== null && value !== undefined;
      const fill = !name ? "" : !known ? "" : typeof value === "string" ? WORDED[value] ?? "#EEE" : heated(most ? value / most : 0);
      element.classList.toggle("hatched", Boolean(name) && !known);
      for (const part of /** @type {NodeListOf<SVGElement>} */ (element.querySelectorAll('[class*="-fill"]'))) {
        part.style.fill = fill;
        part.style.stroke = fill ? HEAT_LINE : "";
      }
      for (const text of /** @type {NodeListOf<SVGElement>} */ (element.querySelectorAll("text:not(.f-badge-ink)"))) {
        text.style.fill = fill ? HEAT_INK : "";
      }
    });
    return { most, words };
  }

  /** The picture's size on the screen: within its place, its letters of 9 pixels at least. */
  scale() {
    if (!this.svg) return;
    const { width, height } = this.svg.viewBox.baseVal;
    const fitting = Math.min((this.element.clientWidth - 2) / width, (this.element.clientHeight - 2) / height);
    const scale = this.zoom || Math.min(Math.max(fitting, 9 / 11), 1.4);
    this.scaled = scale;
    this.svg.setAttribute("width", String(width * scale));
    this.svg.setAttribute("height", String(height * scale));
  }

  /** @param {number} by @param {{x: number, y: number}} [at] What stays where it is, in the element. */
  magnify(by, at = { x: this.element.clientWidth / 2, y: this.element.clientHeight / 2 }) {
    const before = this.scaled ?? 1;
    this.zoom = Math.min(Math.max(before * by, 0.1), 6);
    this.scale();
    const [left, top] = [this.element.scrollLeft + at.x, this.element.scrollTop + at.y];
    this.element.scrollTo((left * this.zoom) / before - at.x, (top * this.zoom) / before - at.y);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = this.element.getBoundingClientRect();
    this.magnify(Math.exp(-event.deltaY / 300), { x: event.clientX - frame.left, y: event.clientY - frame.top });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const current = this.shown.find((one) => one.element === document.activeElement);
    const ways = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };
    const way = ways[/** @type {keyof typeof ways} */ (event.key)];
    if (current && way) this.next(current, way)?.element.focus();
    else if (current && (event.key === "Enter" || event.key === " ")) {
      if (current.opens >= 0) this.told.open(current.opens);
      else this.told.choose(current);
    } else if (event.key === "+" || event.key === "-") this.magnify(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "0") { this.zoom = 0; this.scale(); }
    else return;
    event.preventDefault();
  }

  /** The nearest box in a direction. @param {Shown} from @param {number[]} way */
  next(from, [dx, dy]) {
    const middle = (/** @type {Shown} */ one) => {
      const box = one.element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(from);
    let [best, least] = [/** @type {Shown | undefined} */ (undefined), Infinity];
    for (const one of this.shown.filter((other) => !other.frame && other !== from)) {
      const [ox, oy] = middle(one);
      const along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along > 1 && along + 3 * across < least) [best, least] = [one, along + 3 * across];
    }
    return best;
  }

  /** The picture as an SVG file of its own, in the colours that it has now. */
  saved() {
    const svg = /** @type {SVGSVGElement} */ (this.svg);
    const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
    const painted = [...svg.querySelectorAll("*")];
    [...copy.querySelectorAll("*")].forEach((element, i) => {
      const style = getComputedStyle(painted[i]);
      for (const name of ["fill", "stroke"]) {
        if (element.hasAttribute(name) || /** @type {SVGElement} */ (painted[i]).style?.[/** @type {any} */ (name)]) element.setAttribute(name, style.getPropertyValue(name));
      }
      for (const name of ["class", "style", "tabindex", "role", "aria-label", "data-l", "data-n", "data-p"]) element.removeAttribute(name);
    });
    copy.querySelectorAll("path:not([fill]):not([stroke])").forEach((sign) => sign.remove());
    const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    ground.setAttribute("width", "100%");
    ground.setAttribute("height", "100%");
    ground.setAttribute("fill", getComputedStyle(this.element).backgroundColor);
    copy.prepend(ground);
    const { width, height } = svg.viewBox.baseVal;
    copy.setAttribute("width", String(width));
    copy.setAttribute("height", String(height));
    copy.setAttribute("font-family", "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans Condensed', sans-serif");
    for (const name of ["class", "role", "aria-label"]) copy.removeAttribute(name);
    return new XMLSerializer().serializeToString(copy);
  }

  /** The same as a PNG of twice the size. @returns {Promise<Blob>} */
  async png() {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(this.saved())}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob((blob) => done(/** @type {Blob} */ (blob)), "image/png"));
  }
}
