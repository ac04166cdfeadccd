import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import "./style.css";

function App() {
  const [count, setCount] = useState(0);
  return (
    <main>
      <p className="kicker">It is live</p>
      <h1>Vite + React</h1>
      <p>Everything here comes from <code>src/main.jsx</code>.</p>
      <button type="button" onClick={() => setCount(count + 1)}>Clicked {count} times</button>
    </main>
  );
}

createRoot(document.getElementById("root")).render(<StrictMode><App /></StrictMode>);
