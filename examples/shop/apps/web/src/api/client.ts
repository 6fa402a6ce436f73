// Calls of the back end. Every path, parameter and answer is typed by `backend.d.ts`, which farm generates from the
// back end's own schema: a call that no longer fits does not compile.

import createClient from "openapi-fetch";
import type { components, paths } from "./backend";

type Schemas = components["schemas"];
export type Cart = Schemas["Cart"];
export type Category = Schemas["Category"];
export type CategoryCount = Schemas["CategoryCount"];
export type Checkout = Schemas["Checkout"];
export type Order = Schemas["Order"];
export type OrderStatus = Schemas["OrderStatus"];
export type Product = Schemas["Product"];
export type ProductList = Schemas["ProductList"];
export type ProductOrder = Schemas["ProductOrder"];
export type ProductSummary = Schemas["ProductSummary"];
export type ShippingMethod = Schemas["ShippingMethod"];

/** Every body that an error answer of the back end can have. */
type Failure = Schemas["Problem"] | Schemas["HTTPValidationError"];

/** A request that did not work out, with a message for the customer. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

const client = createClient<paths>({ baseUrl: "/" });

export interface Search {
  q: string;
  category: Category | undefined;
  order: ProductOrder;
}

export function listCategories(signal: AbortSignal): Promise<CategoryCount[]> {
  return answer(client.GET("/api/categories", { signal }));
}

export function listProducts({ q, category, order }: Search, signal: AbortSignal): Promise<ProductList> {
  const query = category === undefined ? { q, order } : { q, order, category };
  return answer(client.GET("/api/products", { params: { query }, signal }));
}

export function getProduct(product_id: string, signal: AbortSignal): Promise<Product> {
  return answer(client.GET("/api/products/{product_id}", { params: { path: { product_id } }, signal }));
}

export function createCart(): Promise<Cart> {
  return answer(client.POST("/api/carts"));
}

export function getCart(cart_id: string, signal: AbortSignal): Promise<Cart> {
  return answer(client.GET("/api/carts/{cart_id}", { params: { path: { cart_id } }, signal }));
}

export function setQuantity(cart_id: string, product_id: string, quantity: number): Promise<Cart> {
  const request = { params: { path: { cart_id, product_id } }, body: { quantity } };
  return answer(client.PUT("/api/carts/{cart_id}/items/{product_id}", request));
}

export function placeOrder(checkout: Checkout): Promise<Order> {
  return answer(client.POST("/api/orders", { body: checkout }));
}

export function getOrder(number: string, signal: AbortSignal): Promise<Order> {
  return answer(client.GET("/api/orders/{number}", { params: { path: { number } }, signal }));
}

export function cancelOrder(number: string): Promise<Order> {
  const request = { params: { path: { number } }, body: { status: "cancelled" as const } };
  return answer(client.PUT("/api/orders/{number}/status", request));
}

interface Reply<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

async function answer<Data>(call: Promise<Reply<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (data !== undefined) return data;
  throw new ApiError(response.status, messageOf(error) ?? `The shop does not answer (${response.status})`);
}

function messageOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const failure = error as Failure;
  if ("message" in failure) return failure.message;
  const first = failure.detail?.[0];
  return first && `${first.loc.at(-1)}: ${first.msg}`;
}
