import type { Category, OrderStatus } from "@/api/client";

const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });
const days = new Intl.DateTimeFormat("en-IE", { dateStyle: "long", timeStyle: "short" });

export function price(cents: number): string {
  return euros.format(cents / 100);
}

export function moment(iso: string): string {
  return days.format(new Date(iso));
}

// One entry for each value of the back end's enums: a new value does not compile until it has a name here.

export const categoryNames: Record<Category, string> = {
  coffee: "Coffee",
  brewers: "Brewers",
  grinders: "Grinders",
  cups: "Cups",
};

export const statusNames: Record<OrderStatus, string> = {
  placed: "Placed",
  packed: "Packed",
  shipped: "On its way",
  cancelled: "Cancelled",
};
