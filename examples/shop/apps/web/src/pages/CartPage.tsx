import { useState } from "react";
import { Link } from "react-router";
import { messageOf } from "@/api/useResource";
import { useCart } from "@/cart";
import { Alert, Loading, Message } from "@/components/Message";
import { QuantityField } from "@/components/QuantityField";
import { price } from "@/format";

export function CartPage() {
  const { cart, loading, put } = useCart();
  const [failure, setFailure] = useState<string>();

  if (loading) return <Loading />;
  if (!cart || cart.lines.length === 0) {
    return <Message title="Your cart is empty">That is easily mended.</Message>;
  }

  async function change(productId: string, quantity: number) {
    setFailure(undefined);
    try {
      await put(productId, quantity);
    } catch (error) {
      setFailure(messageOf(error));
    }
  }

  return (
    <section className="narrow">
      <h1>Your cart</h1>
      {failure && <Alert>{failure}</Alert>}
      <table className="lines">
        <tbody>
          {cart.lines.map(({ product, quantity, total_cents }) => (
            <tr key={product.id}>
              <td>
                <Link to={`/products/${product.id}`}>{product.name}</Link>
                <br />
                <small className="muted">{price(product.price_cents)} each</small>
              </td>
              <td>
                <QuantityField
                  value={quantity}
                  max={99}
                  label={`Pieces of ${product.name}`}
                  onChange={(wanted) => change(product.id, wanted)}
                />
              </td>
              <td className="amount">{price(total_cents)}</td>
              <td>
                <button type="button" className="link" onClick={() => change(product.id, 0)}>
                  Remove
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="sum">
        Subtotal <b data-testid="subtotal">{price(cart.subtotal_cents)}</b>
      </p>
      <p className="actions">
        <Link to="/checkout" className="button">
          Check out
        </Link>
      </p>
    </section>
  );
}
