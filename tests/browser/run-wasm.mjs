// Runs a test binary for wasm32 in a headless Chromium; Cargo calls it as the runner of that target.
//
// wasm-bindgen-test-runner serves the tests as a page (NO_HEADLESS) and a Chromium opens it: so no driver that must
// match the browser is needed. Prints what the tests print; ends with 1 unless every test passed.

import { spawn } from "node:child_process";
import { chromium } from "@playwright/test";
import { findChromium, FLAGS } from "./chromium.mjs";

const TESTS_LIMIT_MS = Number(process.env.WASM_TESTS_LIMIT_MS ?? 600_000);
const OPENED = /available at (http:\/\/\S+)/;
const RESULT = /^test result: (ok|FAILED)\..*$/m;

const server = spawn("wasm-bindgen-test-runner", process.argv.slice(2), {
  env: { ...process.env, NO_HEADLESS: "1", WASM_BINDGEN_USE_BROWSER: "1", WASM_BINDGEN_TEST_ADDRESS: "127.0.0.1:0" },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = new Promise((resolve) => server.once("exit", (code) => resolve(code ?? 1)));
server.once("error", (error) => console.error(`wasm-bindgen-test-runner does not start: ${error.message}`));

/** The address of the tests' page, or nothing when the runner ended without one (no tests, a list of tests). */
const address = await new Promise((resolve) => {
  let said = "";
  server.stdout.setEncoding("utf8").on("data", (text) => {
    const opened = !OPENED.test(said) && OPENED.test((said += text));
    if (opened) resolve(OPENED.exec(said)[1]);
  });
  server.once("error", () => resolve(undefined));
  ended.then(() => {
    if (!OPENED.test(said)) process.stdout.write(said);
    resolve(undefined);
  });
});

if (address === undefined) {
  process.exit(server.pid === undefined ? 1 : await ended);
}

let passed = false;
const browser = await chromium.launch({ executablePath: await findChromium(), args: FLAGS });
try {
  const page = await browser.newPage();
  let broken = "";
  page.on("pageerror", (error) => (broken += `\n${error.message}`));
  await page.goto(address);
  await page
    .waitForFunction(() => /^test result: /m.test(document.getElementById("output").textContent), null, {
      timeout: TESTS_LIMIT_MS,
      polling: 100,
    })
    .catch((error) => (broken += `\n${error.message}`));
  const output = await page.locator("#output").textContent();
  console.log(output.trimEnd() + broken);
  passed = RESULT.exec(output)?.[1] === "ok";
} finally {
  await browser.close();
  server.kill();
}
process.exit(passed ? 0 : 1);
