import { useState } from "react";
import { useParams } from "react-router";
import { cancelOrder, getOrder, type Order } from "@/api/client";
import { messageOf, useResource } from "@/api/useResource";
import { Alert, Loading, Message } from "@/components/Message";
import { moment, price, statusNames } from "@/format";
import "./checkout.css";

export default function OrderPage() {
  const { number = "" } = useParams();
  const order = useResource(number, (signal) => getOrder(number, signal));
  if (order.state === "loading") return <Loading />;
  if (order.state === "failed") return <Message title="We could not find this order">{order.message}</Message>;
  return <OrderSheet placed={order.data} />;
}

function OrderSheet({ placed }: { placed: Order }) {
  const [order, setOrder] = useState(placed);
  const [failure, setFailure] = useState<string>();
  const { customer, totals } = order;

  async function cancel() {
    try {
      setOrder(await cancelOrder(order.number));
    } catch (error) {
      setFailure(messageOf(error));
    }
  }

  return (
    <section className="narrow">
      <h1>Thank you, {customer.name}</h1>
      <p>
        Your order has the number <b data-testid="order-number">{order.number}</b>. It was placed on{" "}
        {moment(order.placed_at)} and goes to {customer.address.city}.
      </p>
      <p>
        <span className={`status status-${order.status}`} data-testid="order-status">
          {statusNames[order.status]}
        </span>
      </p>
      <table className="lines">
        <tbody>
          {order.lines.map((line) => (
            <tr key={line.product_id}>
              <td>
                {line.quantity} × {line.name}
              </td>
              <td className="amount">{price(line.total_cents)}</td>
            </tr>
          ))}
          <tr>
            <td className="muted">Shipping, {order.shipping}</td>
            <td className="amount">{price(totals.shipping_cents)}</td>
          </tr>
        </tbody>
      </table>
      <p className="sum">
        Total <b data-testid="order-total">{price(totals.total_cents)}</b>
        <small className="muted">{price(totals.included_tax_cents)} tax included</small>
      </p>
      {failure && <Alert>{failure}</Alert>}
      {(order.status === "placed" || order.status === "packed") && (
        <button type="button" className="link" onClick={cancel}>
          Cancel this order
        </button>
      )}
    </section>
  );
}
