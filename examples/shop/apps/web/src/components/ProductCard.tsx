import { Link } from "react-router";
import type { ProductSummary } from "@/api/client";
import { price } from "@/format";
import { ProductPicture } from "./ProductPicture";

export function ProductCard({ product }: { product: ProductSummary }) {
  return (
    <article className="card" data-testid="product-card">
      <Link to={`/products/${product.id}`}>
        <ProductPicture category={product.category} />
        <div className="card-body">
          <h2>{product.name}</h2>
          <p className="muted">{product.tagline}</p>
          <p className="card-price">
            <b>{price(product.price_cents)}</b>
            {product.in_stock || <span className="sold-out">Sold out</span>}
          </p>
        </div>
      </Link>
    </article>
  );
}
