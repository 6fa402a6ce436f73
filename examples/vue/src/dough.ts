/** What a loaf is made of, in grams. */
export interface Dough {
  flour: number;
  water: number;
  starter: number;
  salt: number;
}

/** A recipe in bakers' percentages: parts of the flour, which is 100. */
export interface Recipe {
  hydration: number;
  starter: number;
  salt: number;
}

/**
 * The dough for loaves of a weight. A starter is half flour and half water, which count as such: a dough with a
 * hydration of 70 has 70 parts of water for 100 of flour, wherever they come from.
 */
export function dough(recipe: Recipe, loaf: number, loaves: number): Dough {
  const whole = 100 + recipe.hydration + recipe.salt;
  const flour = (loaf * loaves * 100) / whole;
  const starter = (flour * recipe.starter) / 100;
  return {
    flour: Math.round(flour - starter / 2),
    water: Math.round((flour * recipe.hydration) / 100 - starter / 2),
    starter: Math.round(starter),
    salt: Math.round((flour * recipe.salt) / 100),
  };
}

/** Hours until a dough has doubled, by its temperature: twice as fast for each 8 degrees. */
export function hours(recipe: Recipe, degrees: number): number {
  const atRoom = 5 * (20 / Math.max(recipe.starter, 1)) ** 0.5;
  return Math.round(atRoom * 2 ** ((24 - degrees) / 8) * 2) / 2;
}
