// Two networks: the rows of their diff, each of which leads to its place in both.

/** @typedef {{what: string, kind: string, params: number, macs: number, changed: [string, string], alone: [string, string], beside: [string, string]}} Row */

/** The layers of one side that rows are about: which are changed, and which the other has not. @param {Row[]} rows @param {number} side */
function differing(rows, side) {
  const told = rows.filter((row) => row.kind !== "consequence");
  const layers = (/** @type {"changed" | "alone"} */ how) => told.flatMap((row) => spansOf(row[how][side]));
  return { changed: layers("changed"), alone: layers("alone") };
}

/** The layers of a row on one side. @param {Row} row @param {number} side @returns {Spans} */
const about = (row, side) => [...spansOf(row.alone[side]), ...spansOf(row.changed[side])].sort(([one], [two]) => one - two);

/** @param {number} amount */
const more = (amount) => (amount ? `${amount > 0 ? "+" : "−"}${count(Math.abs(amount))}` : "");

/** The list of the rows. @param {{verdict: string, rows: Row[]}} diff @param {(row: Row) => void} go */
function listed({ verdict, rows }, go) {
  const lines = rows.map((row) => {
    const button = make("button", { type: "button", click: () => go(row) }, row.what);
    return make("tr", { class: row.kind }, make("td", {}, button), make("td", {}, more(row.params)), make("td", {}, more(row.macs)));
  });
  const heads = [say("Differences"), say("params"), say("macs")].map((said) => make("th", { scope: "col" }, said));
  return make("div", { class: "differences", tabindex: "0", role: "region", "aria-label": say("Differences") },
    make("p", {}, `${say("Verdict")}: `, make("b", {}, say(verdict)), rows.length ? "" : ` ${say("No difference.")}`),
    make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines)));
}
