// The customer's cart, shared by all pages. The back end keeps it; the browser remembers its name alone.

import { createContext, type ReactNode, startTransition, use, useEffect, useState } from "react";
import { ApiError, type Cart, createCart, getCart, setQuantity } from "@/api/client";

const STORAGE_KEY = "kettle-and-bean.cart";

interface CartAccess {
  /** Undefined until the customer puts something in. */
  cart: Cart | undefined;
  /** Whether the cart of an earlier visit is still on its way. */
  loading: boolean;
  quantityOf: (productId: string) => number;
  /** Let the cart hold so many pieces; 0 takes the product out. */
  put: (productId: string, quantity: number) => Promise<void>;
  /** The cart has become an order. */
  forget: () => void;
}

const CartContext = createContext<CartAccess | undefined>(undefined);

export function CartProvider({ children }: { children: ReactNode }) {
  const [cart, setCart] = useState<Cart>();
  const [loading, setLoading] = useState(() => localStorage.getItem(STORAGE_KEY) !== null);

  useEffect(() => {
    const id = localStorage.getItem(STORAGE_KEY);
    if (id === null) return;
    const request = new AbortController();
    getCart(id, request.signal)
      .then(setCart, forgetIfGone)
      .finally(() => setLoading(request.signal.aborted));
    return () => request.abort();
  }, []);

  async function put(productId: string, quantity: number) {
    const id = cart?.id ?? (await createCart()).id;
    localStorage.setItem(STORAGE_KEY, id);
    try {
      setCart(await setQuantity(id, productId, quantity));
    } catch (error) {
      forgetIfGone(error);
      throw error;
    }
  }

  function quantityOf(productId: string) {
    return cart?.lines.find((line) => line.product.id === productId)?.quantity ?? 0;
  }

  function forget() {
    localStorage.removeItem(STORAGE_KEY);
    // Together with the change of page that is under way, or the checkout would show an empty cart for a moment.
    startTransition(() => setCart(undefined));
  }

  /** A back end that was started anew does not know the cart any more. */
  function forgetIfGone(error: unknown) {
    if (error instanceof ApiError && error.status === 404) forget();
  }

  return <CartContext value={{ cart, loading, quantityOf, put, forget }}>{children}</CartContext>;
}

export function useCart(): CartAccess {
  const access = use(CartContext);
  if (!access) throw new Error("useCart is called outside of CartProvider");
  return access;
}
