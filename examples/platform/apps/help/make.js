// Writes help/index.html: help.txt, as the target `markup` renders it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { page } from "./deps/markup/notes-markup/dist/index.js";

mkdirSync("help", { recursive: true });
writeFileSync("help/index.html", page("Notes: help", readFileSync("help.txt", "utf8"), "/note.svg"));
