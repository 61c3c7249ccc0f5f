// The browser tests. They build nothing: dist/ must be there ("scripts/test browser" sees to it).

import { defineConfig } from "@playwright/test";
import { findChromium, FLAGS } from "./chromium.mjs";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  outputDir: "../../test-results",
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  // A debug build is ten times as slow as a release build.
  timeout: 90_000,
  // A busy machine needs long until the program is compiled and runs.
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    browserName: "chromium",
    headless: true,
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath: await findChromium(), args: FLAGS },
    // It would take a third of the time; "--trace retain-on-failure" shows what a failed test did.
    trace: "off",
  },
});
