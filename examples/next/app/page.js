// Rendered at each request, so that a reload shows the server at work.
export const dynamic = "force-dynamic";

export default function Page() {
  return (
    <main>
      <h1>Next.js, rendered on a provider&apos;s machine</h1>
      <p>
        The server&apos;s clock says <time>{new Date().toISOString()}</time>.
      </p>
    </main>
  );
}
