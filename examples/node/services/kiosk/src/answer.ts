import escape from "escape-html";

import { isStrength, recipe } from "@kettle/brew";

export interface Answer {
  status: number;
  type: string;
  body: string;
}

/** What the kiosk says to a request. */
export function answer(url: URL): Answer {
  switch (url.pathname) {
    case "/recipe.json":
      return order(url.searchParams, (made) => ({ type: "application/json", body: JSON.stringify(made) }));
    case "/":
      return order(url.searchParams, (made) => ({
        type: "text/html; charset=utf-8",
        body: page(`${made.coffee} g coffee, ${made.water} g water`),
      }));
    default:
      return { status: 404, type: "text/html; charset=utf-8", body: page(`There is no ${url.pathname}`) };
  }
}

type Made = ReturnType<typeof recipe>;

function order(query: URLSearchParams, show: (made: Made) => Omit<Answer, "status">): Answer {
  const strength = query.get("strength") ?? "medium";
  try {
    if (!isStrength(strength)) {
      throw new RangeError(`there is no strength ${strength}`);
    }
    return { status: 200, ...show(recipe(Number(query.get("cups") ?? 1), strength)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: 400, type: "text/html; charset=utf-8", body: page(message) };
  }
}

function page(text: string): string {
  return `<!doctype html><title>Kettle</title><p>${escape(text)}</p>\n`;
}
