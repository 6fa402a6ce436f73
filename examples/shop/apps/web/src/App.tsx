import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";
import { Footer } from "@/components/Footer";
import { Header } from "@/components/Header";
import { Loading, Message } from "@/components/Message";
import { CartPage } from "@/pages/CartPage";
import { CataloguePage } from "@/pages/CataloguePage";
import { ProductPage } from "@/pages/ProductPage";

// Most visits end before the checkout: its code is loaded when it is asked for.
const CheckoutPage = lazy(() => import("@/pages/CheckoutPage"));
const OrderPage = lazy(() => import("@/pages/OrderPage"));

export function App() {
  return (
    <>
      <Header />
      <main>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route index element={<CataloguePage />} />
            <Route path="products/:id" element={<ProductPage />} />
            <Route path="cart" element={<CartPage />} />
            <Route path="checkout" element={<CheckoutPage />} />
            <Route path="orders/:number" element={<OrderPage />} />
            <Route path="*" element={<Message title="There is nothing here">The address may have a typo.</Message>} />
          </Routes>
        </Suspense>
      </main>
      <Footer />
    </>
  );
}
