import { useSearchParams } from "react-router";
import { type Category, type CategoryCount, listCategories, listProducts, type ProductOrder } from "@/api/client";
import { type Resource, useResource } from "@/api/useResource";
import hero from "@/assets/hero.svg";
import { Alert, Loading } from "@/components/Message";
import { ProductCard } from "@/components/ProductCard";
import { categoryNames } from "@/format";

const orderNames: Record<ProductOrder, string> = {
  name: "Name",
  cheapest: "Price, lowest first",
  dearest: "Price, highest first",
};

/** All products; what is searched for stands in the address, so that it can be shared and gone back to. */
export function CataloguePage() {
  const [parameters, setParameters] = useSearchParams();
  const search = {
    q: parameters.get("q") ?? "",
    category: keyOf(categoryNames, parameters.get("category")),
    order: keyOf(orderNames, parameters.get("order")) ?? "name",
  };
  const categories = useResource("categories", listCategories);
  const products = useResource(parameters.toString(), (signal) => listProducts(search, signal));

  function change(name: "q" | "category" | "order", value: string) {
    const changed = new URLSearchParams(parameters);
    if (value) changed.set(name, value);
    else changed.delete(name);
    setParameters(changed, { replace: true });
  }

  return (
    <>
      <section className="hero">
        <div>
          <h1>Coffee, and what it takes to make it</h1>
          <p>Roasted on Tuesdays, sent on Wednesdays. Standard shipping is on us from €50.</p>
        </div>
        <img src={hero} alt="" width="280" height="200" />
      </section>
      <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          aria-label="Search"
          placeholder="Search for beans, brewers, cups …"
          maxLength={100}
          value={search.q}
          onChange={(event) => change("q", event.target.value)}
        />
        <select aria-label="Sort by" value={search.order} onChange={(event) => change("order", event.target.value)}>
          {Object.entries(orderNames).map(([order, name]) => (
            <option key={order} value={order}>
              {name}
            </option>
          ))}
        </select>
      </form>
      <Shelves categories={categories} chosen={search.category} onChoose={(category) => change("category", category)} />
      {products.state === "loading" && <Loading />}
      {products.state === "failed" && <Alert>{products.message}</Alert>}
      {products.state === "ready" && (
        <>
          <p className="muted" data-testid="found">
            {products.data.total === 1 ? "1 product" : `${products.data.total} products`}
          </p>
          <div className="grid">
            {products.data.items.map((product) => (
              <ProductCard key={product.id} product={product} />
            ))}
          </div>
        </>
      )}
    </>
  );
}

interface ShelvesProps {
  categories: Resource<CategoryCount[]>;
  chosen: Category | undefined;
  onChoose: (category: Category | "") => void;
}

function Shelves({ categories, chosen, onChoose }: ShelvesProps) {
  const shelves = categories.state === "ready" ? categories.data : [];
  return (
    <div className="chips" role="group" aria-label="Category">
      <button type="button" aria-pressed={chosen === undefined} onClick={() => onChoose("")}>
        Everything
      </button>
      {shelves.map(({ category, title, products }) => (
        <button key={category} type="button" aria-pressed={chosen === category} onClick={() => onChoose(category)}>
          {title} <small>{products}</small>
        </button>
      ))}
    </div>
  );
}

/** The text as a key of the record, if it is one. */
function keyOf<Key extends string>(record: Record<Key, string>, text: string | null): Key | undefined {
  return text !== null && Object.hasOwn(record, text) ? (text as Key) : undefined;
}
