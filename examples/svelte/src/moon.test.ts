import { render } from "svelte/server";
import { describe, expect, it } from "vitest";
import Calendar from "./Calendar.svelte";
import { fullMoons, lit, phase } from "./moon";

describe("the moon", () => {
  it("is new and dark in the night of the 13th of January 2021", () => {
    const date = new Date("2021-01-13T05:00:00Z");
    expect(phase(date)).toBe("new moon");
    expect(lit(date)).toBeLessThan(0.01);
  });

  it("is full on the days after which months used to be named", () => {
    const [first, second] = fullMoons(new Date("2023-08-20T00:00:00Z"), 2);
    expect(first?.toISOString().slice(0, 10)).toBe("2023-08-31");
    expect(second?.toISOString().slice(0, 10)).toBe("2023-09-29");
  });
});

describe("the calendar", () => {
  it("lists full moons", () => {
    const { body } = render(Calendar, { props: { from: new Date("2023-08-20T00:00:00Z") } });
    expect(body).toContain("2023-08-31");
    expect(body.match(/<li>/g)).toHaveLength(6);
  });
});
