import type { Category } from "@/api/client";
import brewers from "@/assets/brewers.svg";
import coffee from "@/assets/coffee.svg";
import cups from "@/assets/cups.svg";
import grinders from "@/assets/grinders.svg";

const pictures: Record<Category, string> = { coffee, brewers, grinders, cups };

export function ProductPicture({ category }: { category: Category }) {
  return (
    <div className={`picture picture-${category}`}>
      <img src={pictures[category]} alt="" width="160" height="160" />
    </div>
  );
}
