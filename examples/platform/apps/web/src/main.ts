// The board: shows all notes, and hangs up new ones. The types come from the back end's own schema.
import type { components } from "./api/backend";
import "./style.css";

type Note = components["schemas"]["Note"];
type NewNote = components["schemas"]["NewNote"];

const part = <T extends Element>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
};
const form = part<HTMLFormElement>("form");
const list = part<HTMLUListElement>("ul");
const status = part<HTMLElement>("[role=status]");

async function ask<T>(init?: RequestInit): Promise<T> {
  const answer = await fetch("/api/notes", init);
  if (!answer.ok) throw new Error(`the back end answered ${answer.status}`);
  return answer.json() as Promise<T>;
}

async function show(): Promise<void> {
  const notes = await ask<Note[]>();
  const items = notes.map((note) => {
    const className = (note.urgency ?? 0) > 0.5 ? "urgent" : "";
    return Object.assign(document.createElement("li"), { className, textContent: note.text });
  });
  list.replaceChildren(...items);
  status.textContent = notes.length === 0 ? "The board is empty." : "";
}

async function add(note: NewNote): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await ask<Note>({ method: "POST", headers, body: JSON.stringify(note) });
  form.reset();
  await show();
}

const tell = (error: unknown): void => {
  status.textContent = error instanceof Error ? error.message : String(error);
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  add({ text: String(new FormData(form).get("text")) }).catch(tell);
});
show().catch(tell);
