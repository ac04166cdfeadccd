/** Leaves the dashboard for another page of this instance, one that the router does not know. */
export function goTo(path: string): void {
  location.assign(path)
}
