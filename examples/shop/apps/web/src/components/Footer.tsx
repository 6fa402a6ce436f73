import { buildVersion, environment } from "@/build";

export function Footer() {
  return (
    <footer className="site-footer">
      <span>Kettle &amp; Bean, an example shop</span>
      <span data-testid="build">
        version <b data-testid="version">{buildVersion}</b>, <b data-testid="environment">{environment}</b>
      </span>
    </footer>
  );
}
