/** Days from one new moon to the next, in the mean. */
export const MONTH = 29.530588853;

/** A new moon: 6 January 2000, 18:14 UTC. */
const NEW_MOON = Date.UTC(2000, 0, 6, 18, 14);
const DAY = 86_400_000;

const NAMES = ["new moon", "waxing crescent", "first quarter", "waxing gibbous", "full moon", "waning gibbous", "last quarter", "waning crescent"];

/** Days since the last new moon, by the mean month: right within a day. */
export function age(date: Date): number {
  const days = (date.getTime() - NEW_MOON) / DAY;
  return ((days % MONTH) + MONTH) % MONTH;
}

/** The part of the moon that is lit, from 0 to 1. */
export function lit(date: Date): number {
  return (1 - Math.cos((2 * Math.PI * age(date)) / MONTH)) / 2;
}

/** What the phase is called. */
export function phase(date: Date): string {
  return NAMES[Math.round((8 * age(date)) / MONTH) % 8] ?? "";
}

/** The next full moons. */
export function fullMoons(after: Date, count: number): Date[] {
  const wait = (MONTH / 2 - age(after) + MONTH) % MONTH;
  return Array.from({ length: count }, (_, index) => new Date(after.getTime() + (wait + index * MONTH) * DAY));
}
