// Runs the project's own TypeScript compiler.
//
// farm-node/tsc.mjs check|emit CONFIG: `check` keeps its state between runs, and writes nothing else; `emit` writes files and
// has no state, so none can keep it from writing one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const [task, config] = process.argv.slice(2);
const compiler = find("typescript");
const { version } = JSON.parse(fs.readFileSync(path.join(compiler, "package.json"), "utf8"));
const flags = task === "emit" && atLeast(5, 6) ? ["--noCheck"] : [];
const state = task === "check" ? openState() : undefined;
const arguments_ = [path.join(compiler, "bin", "tsc"), "--project", config, ...flags];
const { status } = spawnSync(process.execPath, arguments_, { stdio: "inherit" });
state?.close(status === 0);
process.exit(status ?? 1);

function find(name) {
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const place = path.join(folder, "node_modules", name);
    if (fs.existsSync(place)) {
      return place;
    }
    if (folder === path.dirname(folder)) {
      console.error(`\`${name}\` is not installed`);
      process.exit(1);
    }
  }
}

function atLeast(major, minor) {
  const [ours, theirs] = version.split(".").map(Number);
  return ours > major || (ours === major && theirs >= minor);
}

// The state of the last check of this project that found nothing wrong. The compiler works on a copy, and compares what
// it says of each file with the file itself.
function openState() {
  const folder = process.env.FARM_CHECKED;
  if (folder === undefined) {
    return undefined;
  }
  const { compilerOptions } = JSON.parse(fs.readFileSync(config, "utf8"));
  const own = compilerOptions.tsBuildInfoFile;
  const id = createHash("sha256").update([process.cwd(), config, version].join("\0")).digest("hex");
  const kept = path.join(folder, `${id}.tsbuildinfo`);
  if (fs.existsSync(kept)) {
    fs.copyFileSync(kept, own);
  }
  return {
    close(isGood) {
      if (isGood && fs.existsSync(own)) {
        const fresh = `${kept}.${process.pid}`;
        fs.copyFileSync(own, fresh);
        fs.renameSync(fresh, kept);
      }
      fs.rmSync(own, { force: true });
    },
  };
}
