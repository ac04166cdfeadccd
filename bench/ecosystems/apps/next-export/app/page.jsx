export default function Page() {
  return <h1>{["next-export", "answers"].join(" ")}</h1>;
}
