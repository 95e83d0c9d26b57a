export const metadata = { title: "Next.js on Ttalkak" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body style={{ fontFamily: "system-ui, sans-serif", margin: "4rem auto", maxWidth: "36rem" }}>{children}</body>
    </html>
  );
}
