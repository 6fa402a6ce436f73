import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { type Checkout, placeOrder, type ShippingMethod } from "@/api/client";
import { messageOf } from "@/api/useResource";
import { useCart } from "@/cart";
import { Alert, Loading, Message } from "@/components/Message";
import { price } from "@/format";
import "./checkout.css";

const shippingNames: Record<ShippingMethod, string> = {
  standard: "Standard, three days",
  express: "Express, tomorrow",
};

const countries = { NL: "Netherlands", BE: "Belgium", DE: "Germany", FR: "France", IE: "Ireland" };

export default function CheckoutPage() {
  const { cart, loading, forget } = useCart();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();

  if (loading) return <Loading />;
  if (!cart || cart.lines.length === 0) {
    return <Message title="There is nothing to pay for">Your cart is empty.</Message>;
  }
  const cartId = cart.id;

  // Not a form action: React would empty the fields after one that failed, too.
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      const { number } = await placeOrder(checkoutOf(cartId, new FormData(event.currentTarget)));
      void navigate(`/orders/${number}`);
      forget();
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <section className="narrow">
      <h1>Checkout</h1>
      <form className="checkout" onSubmit={submit}>
        <Field name="name" label="Name" autoComplete="name" minLength={2} />
        <Field name="email" label="E-mail" autoComplete="email" type="email" pattern="[^@\s]+@[^@\s]+\.[^@\s]+" />
        <Field name="street" label="Street and number" autoComplete="street-address" minLength={3} />
        <div className="row">
          <Field name="postal_code" label="Postal code" autoComplete="postal-code" pattern="[0-9A-Za-z \-]{3,10}" />
          <Field name="city" label="City" autoComplete="address-level2" minLength={2} />
        </div>
        <label>
          Country
          <select name="country">
            {Object.entries(countries).map(([code, name]) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>Shipping</legend>
          {Object.entries(shippingNames).map(([method, name]) => (
            <label key={method}>
              <input type="radio" name="shipping" value={method} defaultChecked={method === "standard"} /> {name}
            </label>
          ))}
        </fieldset>
        {failure && <Alert>{failure}</Alert>}
        <p className="sum">
          {cart.pieces} {cart.pieces === 1 ? "piece" : "pieces"} <b>{price(cart.subtotal_cents)}</b>
        </p>
        <button type="submit" className="button" disabled={busy}>
          Place the order
        </button>
      </form>
    </section>
  );
}

interface FieldProps {
  name: string;
  label: string;
  autoComplete: string;
  type?: "text" | "email";
  minLength?: number;
  pattern?: string;
}

function Field({ label, ...input }: FieldProps) {
  return (
    <label>
      {label}
      <input required maxLength={120} {...input} />
    </label>
  );
}

function checkoutOf(cartId: string, form: FormData): Checkout {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  return {
    cart_id: cartId,
    customer: {
      name: text("name"),
      email: text("email"),
      address: {
        street: text("street"),
        postal_code: text("postal_code"),
        city: text("city"),
        country: text("country"),
      },
    },
    shipping: text("shipping") === "express" ? "express" : "standard",
  };
}
