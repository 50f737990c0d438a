// How things are said: in the reader's language, and numbers as everywhere in archscope.

/** Korean for the English of the page. @type {Record<string, string>} */
const KOREAN = {
  "Search: name, kind, 3x3, params>1M": "검색: 이름, 종류, 3x3, params>1M",
  "Colour": "색", "By kind": "종류별", "Light or dark": "밝게 또는 어둡게", "Print": "인쇄", "Save": "저장",
  "This picture as SVG": "이 그림을 SVG로", "This picture as PNG": "이 그림을 PNG로",
  "Parts": "구성 요소", "Details": "상세", "Differences": "차이", "Name": "이름", "Output": "출력", "Input": "입력",
  "params": "매개변수", "macs": "MAC", "activations": "활성값", "output_bytes": "출력 메모리",
  "training_memory_bytes": "학습 메모리", "latency_ms": "지연 시간", "intensity": "연산/바이트", "bound": "병목",
  "bound_ms": "하한 시간", "bound_percent": "하한 대비", "elementwise_ops": "원소별 연산", "bytes_moved": "이동 바이트",
  "arithmetic_ops": "전체 연산", "buffers": "버퍼", "receptive_field": "수용 영역",
  "Open": "열기", "Up": "위로", "Whole network": "전체 네트워크", "Larger": "크게", "Smaller": "작게", "Fit": "맞춤",
  "{0} of {1} claims of the papers hold": "논문의 주장 {1}개 중 {0}개 성립",
  "{0} found": "{0}개 찾음", "Nothing found": "찾은 것이 없습니다",
  "{0} % of the total": "전체의 {0} %", "{0} alike, in all": "같은 것 {0}개, 합계", "with what it calls of other modules": "다른 모듈에서 부르는 것까지", "unknown": "알 수 없음",
  "an element sees the whole input": "원소 하나가 입력 전체를 봅니다",
  "of the input of {0}": "입력 {0} 가운데", "Layers drawn in this box": "이 상자에 그려진 층",
  "This module has no picture of its own: its parts are in the table.": "이 모듈의 그림은 따로 없습니다. 구성 요소는 표에 있습니다.",
  "not used in this pass": "이 계산에서 쓰이지 않음", "pages of parts": "구성 요소의 쪽", "depth": "깊이",
  "{0} weighted layers deep": "가중치 층 {0}개 깊이", "claimed": "주장", "recomputed": "재계산", "Facts": "사실",
  "holds": "성립", "holds under convention": "관례에 따라 성립", "differs": "다름", "fails": "불성립",
  "not recomputable": "재계산 불가", "total": "합계", "parameters": "매개변수", "Verdict": "판정", "Changed": "바뀜",
  "Segments": "구간 수", "Params": "매개변수", "Spatial": "공간 가중치", "Pointwise": "1×1 가중치", "Bytes": "바이트", "Ops/byte": "연산/바이트",
  "Channels": "채널", "Latency": "지연 시간", "Figures 1 to 3 of the paper": "논문의 그림 1~3", "Figure 4 of the paper": "논문의 그림 4",
  "In ratio to the first point": "첫 점 대비", "Only here": "여기에만 있음",
  "identical": "동일", "same function": "같은 함수", "same parameters": "같은 매개변수", "different": "다름",
  "not compared": "비교하지 않음", "No difference.": "차이가 없습니다.",
  "This browser cannot unpack the page's data: it needs one of 2023 or later.": "이 브라우저는 페이지의 데이터를 풀 수 없습니다. 2023년 이후의 브라우저가 필요합니다.",
};

/** Names of columns in English, where they are not their own. @type {Record<string, string>} */
const HEADINGS = {
  params: "Parameters", macs: "MACs", activations: "Activations", output_bytes: "Output memory",
  training_memory_bytes: "Kept to train", latency_ms: "Latency", intensity: "Ops/byte", bound: "Bound by",
  bound_ms: "Bound", bound_percent: "Of bound", elementwise_ops: "Elementwise ops", bytes_moved: "Bytes moved",
  arithmetic_ops: "All ops", buffers: "Buffers", receptive_field: "Receptive field",
};

/** A number with its thousands apart. By Intl, which has to be loaded, it would take as long as a third of the first picture. @param {number} value */
const grouped = (value) => String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

let korean = (navigator.language || "").startsWith("ko");

/** The text in the reader's language, `{0}` and so on filled in. @param {string} text @param {...(string|number)} given */
function say(text, ...given) {
  const said = (korean && KOREAN[text]) || HEADINGS[text] || text;
  return said.replace(/\{(\d)\}/g, (_, at) => String(given[+at]));
}

/** `18,560` or `1.107 M`. @param {number} value */
function count(value) {
  return Math.abs(value) < 1e5 ? grouped(Math.round(value)) : scaled(value, 4);
}

/** `8.36 G`: powers of 1000. @param {number} value @param {number} digits */
function scaled(value, digits) {
  if (Math.abs(value) < 1000) return value.toFixed(0);
  let power = 0;
  while (power < 5 && Math.abs(value) >= 999.5 * 1000 ** power) power += 1;
  const number = value / 1000 ** power;
  const whole = String(Math.trunc(Math.abs(Number(number.toPrecision(digits))))).length;
  return `${number.toFixed(Math.max(digits - whole, 0))} ${" kMGTP"[power]}`;
}

/** `87.4 MiB`. @param {number} value */
function size(value) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; at < 4 && Math.abs(value) >= 1024; at += 1) value /= 1024;
  return `${at === 0 || value >= 1000 ? value.toFixed(0) : value.toFixed(1)} ${names[at]}`;
}

/** `12.3 ms`, `5.46 µs`. @param {number} value */
function milliseconds(value) {
  const [number, unit] = value && Math.abs(value) < 0.01 ? [value * 1000, "µs"] : [value, "ms"];
  return `${grouped(Number(number.toPrecision(3)))} ${unit}`;
}

/** A value as a cell: `–` where it is zero, `?` where it is unknown. @param {{unit: string, name: string}} column @param {any} value */
function measured(column, value) {
  if (value === null || value === undefined) return column.name === "intensity" || column.name.startsWith("bound") ? "–" : "?";
  if (Array.isArray(value)) return value.join("×");
  if (typeof value === "string") return value;
  if (!value) return "–";
  if (column.unit === "bytes") return size(value);
  if (column.unit === "ms") return milliseconds(value);
  if (column.unit === "%") return `${value.toFixed(0)} %`;
  return Number.isInteger(value) ? count(value) : value.toFixed(1);
}

/** A number as a reader types it: `1M`, `2.5 G`, `100MiB`; NaN of anything else. @param {string} text */
function typed(text) {
  const found = /^([\d.,]+) ?([a-z%]*)$/i.exec(text);
  const factors = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, "%": 1, ms: 1 };
  const factor = found && factors[/** @type {keyof typeof factors} */ (found[2].toLowerCase())];
  return found && factor ? Number(found[1].replace(/,/g, "")) * factor : NaN;
}

/**
 * An element with attributes (functions are listeners) and what it holds. Texts are texts, whatever is in them.
 * @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string | null)} held
 * @returns {HTMLElement}
 */
function make(tag, attributes = {}, ...held) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(.../** @type {(Node | string)[]} */ (held.filter((one) => one !== null)));
  return element;
}

/** Hand on the page's data, which is base64 of gzip. @param {(data: any) => void} use */
async function unpacked(use) {
  const place = document.querySelector("main");
  try {
    const packed = atob((document.getElementById("data")?.textContent ?? "").trim());
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i); // Uint8Array.from takes ten times as long
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    use(JSON.parse(text));
    document.body.classList.add("ready");
  } catch (error) {
    if (place) place.textContent = typeof DecompressionStream === "undefined" ? say("This browser cannot unpack the page's data: it needs one of 2023 or later.") : String(error);
    throw error;
  }
}
