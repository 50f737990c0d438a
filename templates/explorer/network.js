// A network: its module tree, what its parts cost, and how they are found.

/** First layers and how many follow each other from there on. @typedef {[number, number][]} Spans */
/** @typedef {{name: string, unit: string, reduce: string, of: string[], total: number | null, values: any[]}} Column */

/** `3:2 8` are layers 3, 4 and 8. @param {string} text @param {number} first @returns {Spans} */
function spansOf(text, first = 0) {
  return text.split(" ").filter(Boolean).map((part) => {
    const [start, many] = part.split(":").map(Number);
    return [start + first, many || 1];
  });
}

/** @param {Spans} spans */
const layerCount = (spans) => spans.reduce((sum, [, many]) => sum + many, 0);

/** @param {Spans} spans @returns {number[]} */
const eachLayer = (spans) => spans.flatMap(([start, many]) => Array.from({ length: many }, (_, i) => start + i));

/** Is each layer of one among the other's? @param {Spans} one @param {Spans} other */
const within = (one, other) =>
  one.length > 0 && one.every(([start, many]) => other.some(([from, all]) => from <= start && start + many <= from + all));

/** Has one a layer of the other? @param {Spans} one @param {Spans} other */
const overlap = (one, other) => one.some(([start, many]) => other.some(([from, all]) => from < start + many && start < from + all));

class Network {
  /** @param {any} data What views/explorer/data.py wrote. */
  constructor(data) {
    this.data = data;
    const { nodes, strings } = data;
    this.length = nodes.name.length;
    /** @type {string[]} Paths as the page has them, and as the network has them. */
    this.places = [];
    /** @type {string[]} */
    this.paths = [];
    /** @type {number[]} */
    this.levels = [];
    /** @type {number[][]} */
    this.children = nodes.name.map(() => []);
    const pages = new Set(nodes.pages);
    for (let at = 0; at < this.length; at += 1) {
      const parent = nodes.parent[at];
      const join = (/** @type {string} */ above) => (above ? `${above}.${nodes.name[at]}` : nodes.name[at]);
      this.places[at] = parent < 0 ? "" : join(this.places[parent]);
      this.paths[at] = parent < 0 ? "" : pages.has(at) ? join(this.paths[parent]) : join(this.paths[this.real(parent, pages)]);
      this.levels[at] = parent < 0 ? 0 : this.levels[parent] + 1;
      if (parent >= 0) this.children[parent].push(at);
    }
    this.byPlace = new Map(this.places.map((place, at) => [place, at]));
    this.byPath = new Map(this.paths.map((path, at) => [path, at]));
    /** @type {Spans[]} */
    this.spans = nodes.layers.map((/** @type {string} */ text) => spansOf(text));
    this.unused = new Map(nodes.unused);
    /** @type {string[]} */
    this.texts = [];
    /** @type {string[]} */
    this.said = nodes.said.map((/** @type {number} */ at) => strings[at]);
    /** @type {string[]} */
    this.kinds = nodes.kind.map((/** @type {number} */ at) => strings[at]);
    /** @type {number[]} The node of each layer: the deepest that has it. */
    this.nodeOf = [];
    this.spans.forEach((spans, at) => {
      for (const [start, many] of spans) for (let i = start; i < start + many; i += 1) this.nodeOf[i] = at;
    });
    /** @type {Map<string, Column>} */
    this.columns = new Map(data.columns.map((/** @type {Column} */ column) => [column.name, column]));
    /** @type {Map<string, {sums: Float64Array, known: Int32Array}>} */
    this.prefixes = new Map();
  }

  /** The nearest node above that is no page of its parent. @param {number} at @param {Set<number>} pages */
  real(at, pages) {
    while (pages.has(at)) at = this.data.nodes.parent[at];
    return at;
  }

  /** @param {number} at */
  parent(at) {
    return this.data.nodes.parent[at];
  }

  /** The node and all that it is within, the root first. @param {number} at */
  above(at) {
    const found = [];
    for (; at >= 0; at = this.parent(at)) found.unshift(at);
    return found;
  }

  /** The node by its path, or as the page has it. @param {string} path */
  find(path) {
    return this.byPath.get(path) ?? this.byPlace.get(path);
  }

  /** The node whose picture shows this one opened: its own, or that of the one part that has all its layers; -1 for none. @param {number} at */
  opened(at) {
    /** @type {number | undefined} */
    let node = at;
    while (node !== undefined && this.data.nodes.picture[node] < 0) {
      const many = layerCount(this.spans[node]);
      node = this.children[node].find((child) => layerCount(this.spans[child]) === many);
    }
    return node ?? -1;
  }

  /** The deepest node that has all these layers. @param {Spans} spans */
  holder(spans) {
    let at = this.nodeOf[spans[0]?.[0] ?? 0] ?? 0;
    while (at > 0 && !within(spans, this.spans[at])) at = this.parent(at);
    return at;
  }

  /** The sizes of what goes in, or comes out. @param {"in" | "out"} which @param {Spans} spans */
  shape(which, spans) {
    if (!spans.length) return "";
    const [start, many] = spans[which === "in" ? 0 : spans.length - 1];
    return this.data.strings[this.data.shapes[which][which === "in" ? start : start + many - 1]].replace(/x/g, "×");
  }

  /** A column's value for these layers: the same as Report.value. @param {string} name @param {Spans} spans @returns {any} */
  value(name, spans) {
    const column = this.columns.get(name);
    if (!column) return null;
    if (column.reduce === "sum") return this.sum(column, spans);
    if (column.reduce === "ratio") {
      const [over, under] = column.of.map((other) => this.value(other, spans));
      return over !== null && under ? ((column.unit === "%" ? 100 : 1) * over) / under : null;
    }
    const values = spans.flatMap(([start, many]) => column.values.slice(start, start + many));
    if (column.reduce === "heaviest") return this.heaviest(values, column, spans);
    const known = values.filter((value) => value !== null);
    if (!known.length) return null;
    return column.reduce === "last" ? values[values.length - 1] : known.reduce((most, value) => (value > most ? value : most));
  }

  /** @param {Column} column @param {Spans} spans */
  sum(column, spans) {
    let prefix = this.prefixes.get(column.name);
    if (!prefix) {
      prefix = { sums: new Float64Array(column.values.length + 1), known: new Int32Array(column.values.length + 1) };
      for (let i = 0; i < column.values.length; i += 1) {
        prefix.sums[i + 1] = prefix.sums[i] + (column.values[i] ?? 0);
        prefix.known[i + 1] = prefix.known[i] + (column.values[i] === null ? 0 : 1);
      }
      this.prefixes.set(column.name, prefix);
    }
    let [sum, known] = [0, 0];
    for (const [start, many] of spans) {
      sum += prefix.sums[start + many] - prefix.sums[start];
      known += prefix.known[start + many] - prefix.known[start];
    }
    return known ? sum : null;
  }

  /** @param {any[]} values @param {Column} column @param {Spans} spans */
  heaviest(values, column, spans) {
    const weights = this.columns.get(column.of[0])?.values ?? [];
    const weighed = spans.flatMap(([start, many]) => weights.slice(start, start + many));
    /** @type {Map<string, number>} */
    const sums = new Map();
    values.forEach((word, i) => word !== null && sums.set(word, (sums.get(word) ?? 0) + (weighed[i] ?? 0)));
    return [...sums].reduce((most, each) => (each[1] > most[1] ? each : most), ["", -1])[0] || null;
  }

  /** What a node costs; its parameters are those too that the pass never touched. @param {string} name @param {number} at */
  cost(name, at) {
    const unused = name === "params" ? this.unused.get(at) : undefined;
    const value = this.spans[at].length ? this.value(name, this.spans[at]) : null;
    return unused ? (value ?? 0) + unused : value;
  }

  /** The nodes that meet each word of a query, such as `depthwise 3x3 params>1M`. @param {string} query @returns {number[]} */
  search(query) {
    const tests = query.trim().toLowerCase().replace(/×/g, "x").split(/\s+/).map((word) => this.test(word));
    return [...this.places.keys()].filter((at) => at > 0 && tests.every((test) => test(at)));
  }

  /** @param {string} word @returns {(at: number) => boolean} */
  test(word) {
    const found = /^(\w+)(>=|<=|>|<|=)(.+)$/.exec(word);
    const name = found && [...this.columns.keys()].find((column) => column.startsWith(found[1]));
    const limit = found ? typed(found[3]) : NaN;
    if (found && name && !Number.isNaN(limit)) {
      return (at) => {
        const value = this.cost(name, at);
        if (typeof value !== "number") return false;
        return { ">": value > limit, "<": value < limit, ">=": value >= limit, "<=": value <= limit, "=": value === limit }[found[2]] ?? false;
      };
    }
    const texts = this.words();
    return (at) => texts[at].includes(word);
  }

  /** What a search looks through, a text a node. @returns {string[]} */
  words() {
    if (!this.texts.length) this.texts = this.paths.map((path, at) => `${path} ${this.kinds[at]} ${this.said[at]} ${this.shape("out", this.spans[at]).replace(/×/g, "x")}`.toLowerCase());
    return this.texts;
  }
}
