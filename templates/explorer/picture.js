// The picture of what is open: its boxes can be chosen, opened, coloured by what they cost, and kept as a file.

/** Colours from nothing to the most, as archscope's diagrams have them. */
const HEAT = [[255, 255, 255], [253, 235, 216], [251, 211, 172], [246, 180, 126], [239, 148, 88]];
const HEAT_LINE = "#8A4513", HEAT_INK = "#1B1F24";
/** Pixels left free beside what is brought in sight: its border is drawn half outside. */
const EDGE = 6;
/** Of words: what bounds a box. @type {Record<string, string>} */
const WORDED = { compute: "#FBD3AC", memory: "#C9DFF7", overhead: "#E4E0EC" };

/** @param {number} share Of the most. */
function heated(share) {
  const at = Math.sqrt(Math.min(Math.max(share, 0), 1)) * (HEAT.length - 1);
  const low = Math.min(Math.trunc(at), HEAT.length - 2);
  return `rgb(${HEAT[low].map((from, i) => Math.round(from + (HEAT[low + 1][i] - from) * (at - low))).join(" ")})`;
}

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
    /** What is to be brought in sight. @type {SVGGElement | undefined} */
    this.sought = undefined;
    /** The first that is chosen. @type {SVGGElement | undefined} */
    this.marked = undefined;
    /** How much room there is, as the browser tells it. */
    this.wide = 0;
    this.high = 0;
    /** @type {Shown[]} */
    this.shown = [];
    /** @type {SVGSVGElement | null} */
    this.svg = null;
    /** What is drawn, the last of them open: see `chain`. @type {number[]} */
    this.nodes = [];
    this.width = 1;
    this.height = 1;
    this.scaled = 1;
    this.magnified = false;
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("mousedown", (event) => event.detail > 1 && event.preventDefault()); // no text is marked
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(([entry]) => {
      [this.wide, this.high] = [entry.contentRect.width, entry.contentRect.height];
      this.scale();
      this.sideways();
    }).observe(element);
  }

  /** Draw the node that is open, within what is one column around it. @param {number} open */
  show(open) {
    const pictures = chain(this.network, open);
    const nodes = pictures.map(({ node }) => node);
    const same = nodes[0] === this.nodes[0];
    if (this.svg && !same) this.element.scrollTo(0, 0); // before anything has changed: it would have all of that laid out
    this.zoom = same && (nodes.length > 1 || this.magnified) ? this.scaled : 0;
    this.magnified = this.magnified && same;
    this.nodes = nodes;
    this.painted = false;
    const { element, left, right, bottom, shown, frame } = panel(this.network, pictures);
    const label = this.network.paths[open] || this.network.data.title;
    this.svg = /** @type {any} */ (drawn("svg", { class: "archscope", viewBox: `${left} 0 ${right - left} ${bottom}`, role: "group", "aria-label": label }, element));
    [this.width, this.height] = [right - left, bottom];
    this.shown = shown;
    this.shown.forEach((one) => this.prepare(one));
    this.shown.find((one) => !one.frame)?.element.setAttribute("tabindex", "0");
    this.element.replaceChildren(/** @type {SVGSVGElement} */ (this.svg));
    this.scale();
    this.sought = frame?.element;
  }

  /** @param {Shown} shown */
  prepare(shown) {
    const { element, node, spans } = shown;
    const { network } = this;
    const costs = ["params", "macs"].map((name) => [name, network.value(name, spans)]).filter(([, value]) => value);
    const said = costs.map(([name, value]) => `${count(value)} ${say(name)}`);
    const label = [network.paths[node], shown.title, network.shape("out", spans), ...said].filter(Boolean).join(", ");
    element.setAttribute("role", "button"); // its title is its name: a label would have it said twice
    element.setAttribute("tabindex", "-1");
    element.querySelectorAll(":scope > text").forEach((text) => text.before(" ")); // words apart for who hears them
    element.prepend(drawn("title", {}, label));
    if (shown.opens >= 0) {
      element.classList.add("opens");
      if (!shown.frame) {
        this.corner(element);
        element.setAttribute("aria-expanded", "false");
      }
    }
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      const closing = /** @type {Element} */ (event.target).closest(".close");
      if (closing && shown.closes !== undefined) this.told.open(shown.closes);
      else if (shown.frame && event.detail > 1) return; // the second click of two, on what the first has opened
      else if (element.classList.contains("chosen") && shown.opens >= 0) this.told.open(shown.opens);
      else this.told.choose(shown);
    });
    element.addEventListener("focus", () => element.matches(":focus-visible") && !element.classList.contains("chosen") && this.told.choose(shown));
  }

  /** A corner that says: this can be opened. @param {SVGGElement} element */
  corner(element) {
    const box = element.querySelector('rect[class*="-fill"]');
    if (!box) return;
    const [x, y, width] = ["x", "y", "width"].map((name) => Number(box.getAttribute(name)));
    box.after(drawn("path", { d: `M${x + width - 11} ${y + 4.5}h6.5v6.5z`, class: "corner" }));
  }

  /** Mark what has these layers, or is of them. @param {Spans} spans @param {boolean} sought It is brought in sight. */
  mark(spans, sought) {
    const holding = this.shown.filter((one) => within(spans, one.spans));
    const least = Math.min(...holding.map((one) => layerCount(one.spans)));
    const inside = this.shown.filter((one) => within(one.spans, spans));
    const touching = this.shown.filter((one) => !one.frame && overlap(one.spans, spans));
    const found = holding.length ? holding.filter((one) => layerCount(one.spans) === least) : inside.length ? inside : touching;
    for (const one of this.shown) {
      one.element.classList.toggle("chosen", found.includes(one));
      if (one.frame) continue;
      one.element.setAttribute("tabindex", found.includes(one) ? "0" : "-1");
    }
    if (!found.length) this.shown.find((one) => !one.frame)?.element.setAttribute("tabindex", "0");
    this.marked = found[0]?.element;
    if (sought && this.marked) this.sought = this.marked;
  }

  /** Bring what is looked for in sight: last, since the browser lays the whole page out for it. */
  reveal() {
    if (this.sought) this.sought.scrollIntoView({ block: "nearest", inline: "nearest" });
    else if (this.wide) this.sideways();
    this.sought = undefined;
  }

  /** What is chosen in sight from left to right: who reads looks further down, but not aside. */
  sideways() {
    if (!this.marked || this.width * this.scaled <= this.wide) return;
    const box = this.marked.getBoundingClientRect();
    const left = box.left - this.element.getBoundingClientRect().left - EDGE;
    const right = left + box.width + 2 * EDGE - this.element.clientWidth;
    this.element.scrollLeft += Math.min(left, Math.max(right, 0));
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
    const { width, height } = this;
    const fitting = Math.min((this.wide - 2) / width, (this.high - 2) / height);
    const scale = this.zoom || Math.min(Math.max(fitting, 9 / 11), 1.4);
    this.scaled = scale;
    this.svg.setAttribute("width", String(width * scale));
    this.svg.setAttribute("height", String(height * scale));
  }

  /** As large as there is room for. */
  fit() {
    [this.zoom, this.magnified] = [0, false];
    this.scale();
  }

  /** @param {number} by @param {{x: number, y: number}} [at] What stays where it is, in the element. */
  magnify(by, at = { x: this.element.clientWidth / 2, y: this.element.clientHeight / 2 }) {
    const before = this.scaled;
    this.magnified = true;
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
    else if (event.key === "0") this.fit();
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
    const bordered = new Set(svg.querySelectorAll(':is(.changed, .alone, .hatched) > [class*="-fill"]'));
    const chosen = [...svg.querySelectorAll(".chosen")];
    chosen.forEach((element) => element.classList.remove("chosen")); // that is the reader's, not the picture's
    [...copy.querySelectorAll("*")].forEach((element, i) => {
      const style = getComputedStyle(painted[i]);
      for (const name of ["fill", "stroke"]) {
        if (element.hasAttribute(name) || /** @type {SVGElement} */ (painted[i]).style?.[/** @type {any} */ (name)]) element.setAttribute(name, style.getPropertyValue(name));
      }
      if (bordered.has(painted[i])) {
        for (const name of ["stroke-width", "stroke-dasharray"]) element.setAttribute(name, style.getPropertyValue(name).replaceAll("px", ""));
      }
      for (const name of ["class", "style", "tabindex", "role", "aria-label", "aria-expanded", "data-l", "data-n", "data-p", "data-path"]) element.removeAttribute(name);
    });
    chosen.forEach((element) => element.classList.add("chosen"));
    copy.querySelectorAll("path:not([fill]):not([stroke]), rect:not([fill])").forEach((sign) => sign.remove());
    const { x, y, width, height } = svg.viewBox.baseVal;
    copy.prepend(drawn("rect", { x, y, width: "100%", height: "100%", fill: getComputedStyle(this.element).backgroundColor }));
    copy.setAttribute("width", String(width));
    copy.setAttribute("height", String(height));
    copy.setAttribute("font-family", "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', 'Diagram Sans', 'DejaVu Sans Condensed', sans-serif");
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
