import { useState } from "react";
import { Link, useParams } from "react-router";
import { getProduct, type Product } from "@/api/client";
import { messageOf, useResource } from "@/api/useResource";
import { useCart } from "@/cart";
import { Alert, Loading, Message } from "@/components/Message";
import { ProductPicture } from "@/components/ProductPicture";
import { QuantityField } from "@/components/QuantityField";
import { categoryNames, price } from "@/format";

export function ProductPage() {
  const { id = "" } = useParams();
  const product = useResource(id, (signal) => getProduct(id, signal));
  if (product.state === "loading") return <Loading />;
  if (product.state === "failed") return <Message title="We could not find this">{product.message}</Message>;
  return <ProductSheet product={product.data} />;
}

function ProductSheet({ product }: { product: Product }) {
  return (
    <article className="product">
      <ProductPicture category={product.category} />
      <div>
        <p className="breadcrumb">
          <Link to={`/?category=${product.category}`}>{categoryNames[product.category]}</Link>
        </p>
        <h1>{product.name}</h1>
        <p className="tagline">{product.tagline}</p>
        <p className="price" data-testid="price">
          {price(product.price_cents)}
        </p>
        <p>{product.description}</p>
        <dl className="facts">
          {product.facts.map((fact) => (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd>{fact.value}</dd>
            </div>
          ))}
        </dl>
        {product.in_stock ? <AddToCart product={product} /> : <p className="sold-out">Sold out for now</p>}
      </div>
    </article>
  );
}

function AddToCart({ product }: { product: Product }) {
  const { quantityOf, put } = useCart();
  const [quantity, setQuantity] = useState(1);
  const [failure, setFailure] = useState<string>();
  const inCart = quantityOf(product.id);

  async function add() {
    setFailure(undefined);
    try {
      await put(product.id, inCart + quantity);
    } catch (error) {
      setFailure(messageOf(error));
    }
  }

  return (
    <>
      <div className="buy">
        <QuantityField value={quantity} max={product.stock} label="Pieces" onChange={setQuantity} />
        <button type="button" className="button" onClick={add}>
          Add to cart
        </button>
      </div>
      {failure && <Alert>{failure}</Alert>}
      {inCart > 0 && (
        <p role="status">
          {inCart} in your cart. <Link to="/cart">See the cart</Link>
        </p>
      )}
      <p className="muted">{product.stock < 10 ? `Only ${product.stock} left` : "In stock"}</p>
    </>
  );
}
