document.querySelector("h1").textContent = "Built by Vite";
