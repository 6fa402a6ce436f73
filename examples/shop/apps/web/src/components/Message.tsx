import type { ReactNode } from "react";
import { Link } from "react-router";

/** A page that only says something, and leads back to the shop. */
export function Message({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="message">
      <h1>{title}</h1>
      <p>{children}</p>
      <Link to="/" className="button">
        Back to the shop
      </Link>
    </section>
  );
}

export function Loading() {
  return (
    <p className="loading" role="status">
      One moment …
    </p>
  );
}

export function Alert({ children }: { children: ReactNode }) {
  return (
    <p className="alert" role="alert">
      {children}
    </p>
  );
}
