// A slider over the points of a spectrum: what each looks like, what it costs, and where it stands on the curves.

const SPACE = "http://www.w3.org/2000/svg";
/** Quantities with a curve, and their stroke. @type {Record<string, string>} */
const CURVES = { params: "line1", macs: "line2", bytes_moved: "line3", bound_ms: "line4", latency_ms: "line5" };
const WIDE = 640, HIGH = 260, LEFT = 52, RIGHT = 96, TOP = 12, BELOW = 28;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** An element of SVG. @param {string} tag @param {Record<string, string | number>} attributes @param {string} text */
function drawn(tag, attributes, text = "") {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

class Slider {
  /** @param {any} data What views/spectrum/slider.py wrote. */
  constructor(data) {
    this.data = data;
    this.at = 0;
    this.slider = /** @type {HTMLInputElement} */ (byId("slider"));
    this.slider.max = String(data.points.length - 1);
    this.slider.addEventListener("input", () => {
      this.go(Number(this.slider.value));
      history.replaceState(null, "", `#${encodeURIComponent(this.data.points[this.at].segments)}`);
    });
    byId("theme").addEventListener("click", () => { this.theme(document.documentElement.dataset.theme !== "dark"); this.go(this.at); });
    byId("language").addEventListener("click", () => { korean = !korean; this.words(); this.go(this.at); });
    window.addEventListener("hashchange", () => this.arrive());
    this.theme(matchMedia("(prefers-color-scheme: dark)").matches);
    this.words();
    this.arrive();
  }

  /** The point that the address asks for. */
  arrive() {
    const asked = decodeURIComponent(location.hash.slice(1));
    this.go(Math.max(this.data.points.findIndex((/** @type {any} */ point) => point.segments === asked), 0));
  }

  /** @param {boolean} dark */
  theme(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  words() {
    document.documentElement.lang = korean ? "ko" : "en";
    for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(/** @type {HTMLElement} */ (element).dataset.say ?? "");
    byId("language").textContent = korean ? "English" : "한국어";
    byId("title").textContent = document.title;
    byId("about").textContent = this.data.title;
    byId("notes").replaceChildren(...this.data.notes.flatMap((/** @type {[string, string]} */ [heading, said]) => [make("dt", {}, heading), make("dd", {}, said)]));
  }

  /** @param {number} at */
  go(at) {
    this.at = at;
    const point = this.data.points[at];
    this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", `${point.segments}: ${point.name}`);
    byId("count").textContent = point.segments;
    byId("name").textContent = point.name;
    byId("equation").textContent = [point.sizes, point.equation].filter(Boolean).join("; ");
    byId("panel").innerHTML = point.panels[Number(document.documentElement.dataset.theme === "dark")] ?? "";
    byId("panel").querySelector("svg")?.setAttribute("aria-label", `${point.segments}: ${point.name}`);
    this.figures();
    byId("rows").replaceChildren(...this.data.columns.map((/** @type {any} */ column) => this.row(column)));
    byId("curve").replaceChildren(this.curve());
  }

  /** The paper's figures of this point. */
  figures() {
    const found = this.data.figures.find((/** @type {any} */ one) => one.points.includes(this.at));
    byId("figures").hidden = !found;
    byId("figured").textContent = found ? say(found.said) : "";
    byId("drawings").innerHTML = found?.panels[Number(document.documentElement.dataset.theme === "dark")] ?? "";
    byId("drawings").querySelector("svg")?.setAttribute("aria-label", say(found?.said ?? ""));
  }

  /** A quantity here, and in ratio to the first point. @param {any} column */
  row(column) {
    const value = column.values[this.at], first = column.values[0];
    const ratio = typeof value === "number" && first ? value / first : null;
    const most = Math.max(...column.values.map((/** @type {any} */ one) => one ?? 0));
    const bar = make("td", { class: "bar" });
    if (typeof value === "number" && most) bar.style.setProperty("--share", `${(100 * value) / most}%`);
    return make("tr", {}, make("th", { scope: "row" }, say(column.said)), make("td", {}, measured(column, value)),
      make("td", {}, ratio === null ? "" : `${ratio.toPrecision(3)}×`), bar);
  }

  /** Each quantity in ratio to the first point, on logarithmic axes, and where this point is. */
  curve() {
    const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": say("In ratio to the first point") });
    const lines = this.data.columns.filter((/** @type {any} */ column) => CURVES[column.name] && column.values.every((/** @type {any} */ value) => value > 0));
    const ratios = lines.map((/** @type {any} */ line) => line.values.map((/** @type {number} */ value) => value / line.values[0]));
    const all = ratios.flat();
    const low = Math.log(Math.min(...all, 1) / 1.1), high = Math.log(Math.max(...all, 1) * 1.1);
    const last = this.data.points.length - 1;
    const x = (/** @type {number} */ at) => LEFT + ((WIDE - LEFT - RIGHT) * at) / Math.max(last, 1);
    const y = (/** @type {number} */ ratio) => TOP + ((HIGH - TOP - BELOW) * (high - Math.log(ratio))) / (high - low);
    svg.append(drawn("path", { class: "axis", d: `M${LEFT} ${TOP}V${HIGH - BELOW}H${WIDE - RIGHT}` }));
    for (const tick of [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01].filter((one) => Math.log(one) > low && Math.log(one) < high)) {
      svg.append(drawn("path", { class: "axis", d: `M${LEFT - 4} ${y(tick)}H${WIDE - RIGHT}` }), drawn("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, `${tick}×`));
    }
    this.data.points.forEach((/** @type {any} */ point, /** @type {number} */ at) => svg.append(drawn("text", { x: x(at), y: HIGH - 10, "text-anchor": "middle" }, point.segments)));
    let above = HIGH - BELOW + 16; // from the lowest up: under it are the numbers of segments
    const ends = lines.map((/** @type {any} */ line, /** @type {number} */ i) => ({ line, ratios: ratios[i] })).sort((/** @type {any} */ one, /** @type {any} */ two) => one.ratios[last] - two.ratios[last]);
    for (const { line, ratios: own } of ends) {
      svg.append(drawn("path", { class: `line ${CURVES[line.name]}`, d: own.map((/** @type {number} */ ratio, /** @type {number} */ at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(ratio).toFixed(1)}`).join("") }));
      above = Math.min(y(own[last]) + 4, above - 16);
      svg.append(drawn("text", { x: WIDE - RIGHT + 8, y: above }, say(line.said)));
    }
    svg.append(drawn("path", { class: "here", d: `M${x(this.at)} ${TOP}V${HIGH - BELOW}` }));
    return svg;
  }
}

unpacked((data) => { Object.assign(globalThis, { spectrum: new Slider(data) }); });
