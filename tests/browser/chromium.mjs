// Finds a Chromium to test with, and the flags that keep it quiet and offline.
//
// The order: the CHROMIUM variable, a Chromium or Chrome of the system, the one Playwright keeps for itself.
// Run by itself it prints the path, or ends with 1 when there is none.

import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC_APPS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Flags for a browser that asks nothing of the network or of a graphics card. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    // Ubuntu's chromium-browser is a doorway to a snap, which cannot read files of other folders.
    return !realpathSync(path).endsWith("/snap");
  } catch {
    return false;
  }
}

/** The path of a Chromium, or `undefined` when there is none. */
export async function findChromium() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (!runs(named)) throw new Error(`CHROMIUM names ${named}, which is not a program`);
    return named;
  }
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of NAMES) {
      if (folder && runs(join(folder, name))) return join(folder, name);
    }
  }
  const app = MAC_APPS.find(runs);
  if (app) return app;
  try {
    const { chromium } = await import("@playwright/test");
    if (runs(chromium.executablePath())) return chromium.executablePath();
  } catch {
    // The packages are not installed yet: then Playwright has no browser either.
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = await findChromium().catch((error) => console.error(error.message));
  if (path) console.log(path);
  process.exitCode = path ? 0 : 1;
}
