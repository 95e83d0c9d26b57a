import { useState } from "react";

export default function App() {
  const [clicks, setClicks] = useState(0);
  return (
    <main style={{ fontFamily: "system-ui, sans-serif", margin: "4rem auto", maxWidth: "36rem" }}>
      <h1>Create React App</h1>
      <button onClick={() => setClicks(clicks + 1)}>딸깍 {clicks}</button>
    </main>
  );
}
