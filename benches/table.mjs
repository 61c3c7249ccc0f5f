// Reads the lines "where quantity value" of the measurements and prints one table of them beside the budgets.
//
// "must" and "aim" are the budgets of the project's design. Nothing fails here: a figure of a shared machine is no
// reason to.

const found = new Map();
let text = "";
for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
for (const line of text.split("\n")) {
  const [where, quantity, value] = line.split(" ");
  if (quantity !== undefined) found.set(`${where} ${quantity}`, value);
}

const value = (name) => Number(found.get(name) ?? NaN);
const number = (value, digits = 0) => value.toLocaleString("en-US", { maximumFractionDigits: digits });
const UNITS = {
  "/s": (value) => (value >= 1e6 ? `${number(value / 1e6, 2)} M/s` : `${number(value / 1e3)} k/s`),
  ms: (value) => `${number(value, value < 0.1 ? 3 : value < 10 ? 2 : 1)} ms`,
  MB: (value) => `${number(value / 1e6, 1)} MB`,
  kB: (value) => `${number(value / 1e3, 1)} kB`,
  chars: (value) => `${number(value)} chars`,
  calls: (value) => `${number(value)} calls`,
};

/** How a value stands to its budget; `more` is better, or less. */
function verdict(value, must, aim, more) {
  if (must === undefined) return "";
  const reaches = (limit) => (more ? value >= limit : value <= limit);
  if (Number.isNaN(value)) return "not measured";
  if (reaches(aim)) return "ok, aim";
  if (reaches(must)) return "ok";
  return must === 0 ? "off" : `off by ${number(more ? must / value : value / must, 1)} x`;
}

const rows = [];
function row(quantity, name, unit, { must, aim, more = false, beside } = {}) {
  const show = (value) => (Number.isNaN(value) ? "-" : UNITS[unit](value));
  const measured = show(value(name)) + (beside === undefined ? "" : ` (p99 ${show(value(beside))})`);
  const limits = [must, aim].map((limit) => (limit === undefined ? "" : UNITS[unit](limit)));
  rows.push([quantity, measured, ...limits, verdict(value(name), must, aim, more)]);
}

const events = value("wasm history_events");
const history = `a history of ${number(events)} events`;
// What is asked of a million events is not judged by fewer.
const ofMillion = (budget) => (events >= 1e6 ? budget : {});

for (const [where, budget] of [["wasm", { must: 5e5, aim: 2e6, more: true }], ["native", {}]]) {
  row(`events, history on, ${where}`, `${where} events_per_s`, "/s", budget);
}
for (const [where, budget] of [["wasm", { must: 1e6, aim: 5e6, more: true }], ["native", {}]]) {
  row(`records, RF 3, acks=all, 8 KB batches, ${where}`, `${where} records_per_s`, "/s", budget);
}
for (const where of ["wasm", "native"]) {
  const judged = where === "wasm";
  row(`any step of ${history}, median, ${where}`, `${where} seek_p50_ms`, "ms");
  row(`  p99, ${where}`, `${where} seek_p99_ms`, "ms", judged ? ofMillion({ must: 50, aim: 5 }) : {});
  row(`one step forward, p99, ${where}`, `${where} step_forward_p99_ms`, "ms", judged ? ofMillion({ must: 8, aim: 1 }) : {});
  row(`one step back, p99, ${where}`, `${where} step_back_p99_ms`, "ms", judged ? ofMillion({ must: 8, aim: 1 }) : {});
}
row(`memory with ${history}, wasm`, "wasm history_memory_bytes", "MB", ofMillion({ must: 1e8, aim: 4e7 }));
row("  what the history adds, native", "native history_memory_bytes", "MB");
const limits = { 1000: { must: 8, aim: 2 }, 10000: { must: 16, aim: 6 } };
for (const crowd of [100, 1000, 10000]) {
  const budget = limits[crowd] ?? {};
  for (const [kind, words] of [["glide", "messages glide"], ["step", "and one arrives"]]) {
    const name = `wasm frame_${kind}_${crowd}`;
    row(`script of a frame: ${number(crowd)} ${words}`, `${name}_p50_ms`, "ms", { ...budget, beside: `${name}_p99_ms` });
  }
}
row("calls while paused for 2 s", "page paused_calls", "calls", { must: 0, aim: 0 });
row("script while paused for 2 s", "page paused_script_ms", "ms", { must: 0, aim: 0 });
row("share link, 20 edits", "native link_20_chars", "chars", { must: 1000, aim: 200 });
row("share link, 100 edits", "native link_100_chars", "chars", { must: 2000, aim: 900 });
const kinds = [...found.keys()].map((key) => /^dist (\w+)_raw_bytes$/.exec(key)?.[1]).filter(Boolean);
for (const kind of [...kinds.filter((kind) => kind !== "all"), "all"]) {
  const [raw, gzip] = ["raw", "gzip"].map((coding) => UNITS.kB(value(`dist ${kind}_${coding}_bytes`)));
  const name = `dist/, ${kind === "all" ? "all files" : `.${kind}`}, brotli (raw ${raw}, gzip ${gzip})`;
  row(name, `dist ${kind}_brotli_bytes`, "kB", kind === "all" ? { must: 250e3, aim: 150e3 } : {});
}

const heading = ["quantity", "measured", "must", "aim", ""];
const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map((cells) => cells[column].length)));
const pad = (cell, column) => ([0, 4].includes(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
const line = (cells) => cells.map(pad).join("  ").trimEnd();
console.log([line(heading), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n"));

const hashes = ["history_hash", "records_hash"];
const same = hashes.every((name) => found.get(`native ${name}`) === found.get(`wasm ${name}`));
const states = hashes.map((name) => found.get(`wasm ${name}`)).join(", ");
console.log(`\nNative and wasm came to ${same ? "the same" : "DIFFERENT"} states (${states}).`);
