// Build the desk's static files: bundles, icon sprite, licences, manifest. Deterministic: the same sources
// give the same bytes and names, so a file may be cached for ever.
//
// src/*.js, src/*.css   each file at the top is an entry of its own; put parts in folders below and import them
// src/*.svg             copied
// icons.json            names of the Lucide icons in use; an icon that is not listed is not shipped
// ../static/dist/       the output, with manifest.json: {"app.js": "app-3F2A9B1C.js", ...}

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");
const pack = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** Bundle every entry; answers a map from logical name to {name, bytes}. */
async function bundles() {
  const entries = readdirSync(join(here, "src"))
    .filter((name) => [".js", ".css"].includes(extname(name)))
    .sort();
  const result = await build({
    absWorkingDir: here,
    entryPoints: entries.map((name) => `src/${name}`),
    outdir: "dist",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox121", "safari17.5"], // light-dark(), :has(), @container,
    loader: { ".svg": "file", ".woff2": "file", ".png": "file" },
    legalComments: "none", // kept in full in licenses.txt
    charset: "utf8",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const logical = new Map(
    Object.entries(result.metafile.outputs).map(([path, output]) => [
      basename(path),
      basename(output.entryPoint ?? Object.keys(output.inputs)[0]),
    ]),
  );
  return result.outputFiles.map((file) => {
    const name = basename(file.path);
    return { logical: logical.get(name), name, bytes: Buffer.from(file.contents) };
  });
}

/** Files that go out as they are: the favicon. */
function copies() {
  return readdirSync(join(here, "src"))
    .filter((name) => extname(name) === ".svg")
    .map((name) => hashed(name, readFileSync(join(here, "src", name), "utf8")));
}

/** One SVG with a <symbol> for each icon of icons.json, used as <use href="…/icons-HASH.svg#name">. */
function sprite() {
  const names = [...new Set(JSON.parse(readFileSync(join(here, "icons.json"), "utf8")))].sort();
  const symbols = names.map((name) => {
    const body = iconBody(name);
    return `<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function iconBody(name) {
  let source;
  try {
    source = readFileSync(join(here, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
  } catch {
    throw new Error(`icons.json names "${name}", which is not a Lucide icon (see lucide.dev/icons)`);
  }
  const inner = source.slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"));
  // Without the <svg> that it was drawn in, an icon needs its stroke from a group of its own.
  const stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<g ${stroke}>${inner.replace(/\s*\n\s*/g, "")}</g>`;
}

/** The licences of everything that the files contain, as their authors ask. */
function licenses() {
  return Object.keys(pack.dependencies)
    .sort()
    .map((name) => {
      const folder = join(here, "node_modules", name);
      const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

function hashed(logical, text) {
  const bytes = Buffer.from(text);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const extension = extname(logical);
  return { logical, name: `${basename(logical, extension)}-${hash}${extension}`, bytes };
}

/** Write what changed, then the manifest that names it all, then drop what it no longer names. */
function write(files) {
  if (new Set(files.map((file) => file.logical)).size < files.length) {
    throw new Error("two outputs want the same name: let CSS be an entry of its own, not imported by a script");
  }
  mkdirSync(out, { recursive: true });
  for (const file of files) put(join(out, file.name), file.bytes);
  const pairs = files.map((file) => [file.logical, file.name]).sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest = join(out, "manifest.json");
  put(manifest, Buffer.from(`${JSON.stringify(Object.fromEntries(pairs), null, 2)}\n`));
  utimesSync(manifest, new Date(), new Date()); // make looks here for the age of the build
  const keep = new Set([...files.map((file) => file.name), "manifest.json"]);
  for (const name of readdirSync(out)) if (!keep.has(name)) rmSync(join(out, name), { recursive: true });
}

/** Leave a file alone that is right already: a running desk may be reading it. */
function put(path, bytes) {
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
}

write([
  ...(await bundles()),
  ...copies(),
  hashed("icons.svg", sprite()),
  { logical: "licenses.txt", name: "licenses.txt", bytes: Buffer.from(licenses()) },
]);
