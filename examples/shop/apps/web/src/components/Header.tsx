import { Link } from "react-router";
import logo from "@/assets/logo.svg";
import { useCart } from "@/cart";

export function Header() {
  const pieces = useCart().cart?.pieces ?? 0;
  return (
    <header className="site-header">
      <Link to="/" className="brand">
        <img src={logo} alt="" width="36" height="36" />
        Kettle &amp; Bean
      </Link>
      <nav>
        <Link to="/">Shop</Link>
        <Link to="/cart" className="cart-link">
          Cart <span className="badge" data-testid="cart-count">{pieces}</span>
        </Link>
      </nav>
    </header>
  );
}
