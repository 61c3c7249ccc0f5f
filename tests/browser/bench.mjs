// Runs the measurements of benches/budgets in a headless Chromium, and measures dist/ itself; Cargo calls it as the
// runner of that bench for wasm32. Prints a line "where quantity value" for each quantity.
//
// The bench's module goes through wasm-bindgen and wasm-opt just as the page's does.

import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { findChromium, FLAGS } from "./chromium.mjs";
import { serve } from "./serve.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LIMIT_MS = Number(process.env.BENCH_LIMIT_MS ?? 600_000);
const FULL = { events: 1_000_000, places: 1_000, records: 500_000, frames: 200 };
const QUICK = { events: 100_000, places: 200, records: 100_000, frames: 50 };
const CROWDS = [100, 1_000, 10_000];
const PAUSED_MS = 2_000;

const [module, ...rest] = process.argv.slice(2);
const size = rest.includes("--quick") ? QUICK : FULL;

const put = (where, quantity, value) => console.log(`${where} ${quantity} ${value}`);
const putLines = (where, text) => text.trim().split("\n").forEach((line) => console.log(`${where} ${line}`));

/** The folder of a page that loads the bench's module. */
async function benchPage() {
  const folder = await mkdtemp(join(tmpdir(), "glassbroker-bench-"));
  execFileSync("wasm-bindgen", ["--target", "web", "--no-typescript", "--out-dir", folder, "--out-name", "bench", module]);
  const level = /data-wasm-opt="(.)"/.exec(await readFile(join(ROOT, "index.html"), "utf8"))?.[1] ?? "z";
  const file = join(folder, "bench_bg.wasm");
  execFileSync("wasm-opt", [`-O${level}`, "-o", file, file]);
  await cp(join(ROOT, "static/css"), join(folder, "css"), { recursive: true });
  const styles = (await readdir(join(folder, "css"))).map((name) => `<link rel="stylesheet" href="css/${name}" />`);
  await writeFile(
    join(folder, "index.html"),
    `<!doctype html><meta charset="utf-8" /><title>bench</title>${styles.join("")}
    <div id="app"></div>
    <script type="module">
      import * as bench from "./bench.js";
      window.memory = (await bench.default()).memory;
      window.bench = bench;
    </script>`,
  );
  return folder;
}

/** Calls something in a page of its own, once the page is ready. */
async function inPage(browser, url, ready, work) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(LIMIT_MS);
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.addInitScript(watchFrames);
  await page.goto(url);
  await page.waitForFunction(ready);
  try {
    return await work(page);
  } finally {
    await page.close();
  }
}

/**
 * In the page: adds up the script of each animation frame, with the microtasks and timers that it leaves behind, and
 * counts what the page lets the browser call later.
 */
function watchFrames() {
  window.frames_ms = new Map();
  window.calls = 0;
  let frame = 0;
  const measured = (callback, given) => {
    window.calls += 1;
    const start = performance.now();
    const now = frame;
    // Microtasks run in their order: after some rounds all that was started is over.
    const drain = (rounds) => {
      if (rounds > 0) return queueMicrotask(() => drain(rounds - 1));
      window.frames_ms.set(now, (window.frames_ms.get(now) ?? 0) + performance.now() - start);
    };
    try {
      return callback(...given);
    } finally {
      drain(16);
    }
  };
  for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"]) {
    const original = window[name].bind(window);
    window[name] = (callback, ...rest) =>
      original((...given) => {
        // All callbacks of a frame are given the same time.
        if (name === "requestAnimationFrame") frame = given[0];
        return measured(callback, given);
      }, ...rest);
  }
}

/** In the page: lets so many frames pass; returns the script of each, in milliseconds. */
async function frames({ count, withStep }) {
  const warmUp = 5;
  window.frames_ms.clear();
  await new Promise((done) => {
    let left = count + warmUp;
    const next = () => {
      left -= 1;
      if (left === 0) return done();
      requestAnimationFrame(next);
      window.bench.advance_stage(withStep);
    };
    requestAnimationFrame(next);
  });
  return [...window.frames_ms.values()].slice(warmUp, -1);
}

function percentile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
}

/** How long the page has had a processor, in milliseconds: what other programs took does not count. */
async function clockOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const worked_ms = async (name) => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find((metric) => metric.name === name).value * 1_000;
  };
  return async (work, name = "ThreadTime") => {
    const before = await worked_ms(name);
    await work();
    return (await worked_ms(name)) - before;
  };
}

async function measureModule(browser, url) {
  const ready = () => window.bench !== undefined;
  await inPage(browser, url, ready, async (page) => {
    const busy = await clockOf(page);
    const made_ms = await busy(() => page.evaluate((events) => window.bench.make_history(events), size.events));
    put("wasm", "history_memory_bytes", await page.evaluate(() => window.memory.buffer.byteLength));
    const lines = await page.evaluate((places) => window.bench.travel_history(places), size.places);
    put("wasm", "events_per_s", (Number(/history_events (\d+)/.exec(lines)[1]) / made_ms) * 1_000);
    putLines("wasm", lines);
  });
  await inPage(browser, url, ready, async (page) => {
    const busy = await clockOf(page);
    await page.evaluate((count) => window.bench.prepare_records(count), size.records);
    let lines;
    const sent_ms = await busy(async () => (lines = await page.evaluate(() => window.bench.send_records())));
    put("wasm", "records_per_s", (Number(/records_sent (\d+)/.exec(lines)[1]) / sent_ms) * 1_000);
    putLines("wasm", lines);
  });
  for (const messages of CROWDS) {
    await inPage(browser, url, ready, async (page) => {
      await page.evaluate((messages) => window.bench.mount_stage(messages), messages);
      await page.waitForSelector("canvas.motion");
      put("wasm", `crowd_${messages}`, await page.evaluate(() => window.bench.advance_stage(false)));
      for (const [name, withStep] of [["glide", false], ["step", true]]) {
        const times = await page.evaluate(frames, { count: size.frames, withStep });
        put("wasm", `frame_${name}_${messages}_p50_ms`, percentile(times, 0.5));
        put("wasm", `frame_${name}_${messages}_p99_ms`, percentile(times, 0.99));
      }
    });
  }
}

/** The real page: plays for a moment, pauses, and is watched. */
async function measurePause(browser, url) {
  const ready = () => document.querySelector("canvas.motion") !== null;
  await inPage(browser, url, ready, async (page) => {
    const busy = await clockOf(page);
    const calls = () => page.evaluate(() => window.calls);
    const before = await calls();
    await page.keyboard.press(" ");
    await page.waitForTimeout(1_000);
    put("page", "playing_calls", (await calls()) - before);
    await page.keyboard.press(" ");
    await page.waitForTimeout(500);
    const paused = await calls();
    put("page", "paused_script_ms", await busy(() => page.waitForTimeout(PAUSED_MS), "ScriptDuration"));
    put("page", "paused_calls", (await calls()) - paused);
  });
}

/** Bytes of dist/, by kind of file and in all: as they are, with gzip and with brotli at their best. */
async function measureDist() {
  const dist = join(ROOT, "dist");
  const kinds = new Map();
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath ?? entry.path, entry.name));
    const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes, brotli).length];
    for (const kind of [extname(entry.name).slice(1), "all"]) {
      const sum = kinds.get(kind) ?? [0, 0, 0];
      kinds.set(kind, sum.map((bytes, index) => bytes + sizes[index]));
    }
  }
  for (const [kind, sizes] of [...kinds].sort()) {
    ["raw", "gzip", "brotli"].forEach((name, index) => put("dist", `${kind}_${name}_bytes`, sizes[index]));
  }
}

const folder = await benchPage();
const browser = await chromium.launch({ executablePath: await findChromium(), args: FLAGS });
try {
  await measureDist();
  // Only a page that is isolated from others has a fine clock.
  const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = await serve({ root: folder, headers: isolated });
  await measureModule(browser, server.url);
  await server.close();
  const dist = await serve();
  await measurePause(browser, dist.url);
  await dist.close();
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}
