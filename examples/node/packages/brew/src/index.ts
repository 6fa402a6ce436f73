/** How a coffee is made. */
export interface Recipe {
  /** Ground coffee, in grams. */
  coffee: number;
  /** Water, in grams. */
  water: number;
  /** When to pour, and how much: the first pour lets the grounds swell. */
  pours: Pour[];
}

export interface Pour {
  /** Seconds after the start. */
  at: number;
  /** Grams. */
  water: number;
}

export type Strength = "mild" | "medium" | "strong";

/** Grams of water for each gram of coffee. */
const RATIOS: Record<Strength, number> = { mild: 17, medium: 16, strong: 15 };
/** Seconds between two pours. */
const INTERVAL = 45;

/** The recipe for so many cups of 250 g. */
export function recipe(cups: number, strength: Strength = "medium"): Recipe {
  if (!Number.isInteger(cups) || cups < 1 || cups > 8) {
    throw new RangeError(`a filter holds 1 to 8 cups, not ${cups}`);
  }
  const water = cups * 250;
  const coffee = Math.round(water / RATIOS[strength]);
  const bloom = coffee * 2;
  const rest = Math.round((water - bloom) / 3);
  const pours = [0, 1, 2, 3].map((step) => ({
    at: step * INTERVAL,
    water: step === 0 ? bloom : step === 3 ? water - bloom - 2 * rest : rest,
  }));
  return { coffee, water, pours };
}

export function isStrength(text: string): text is Strength {
  return Object.hasOwn(RATIOS, text);
}
