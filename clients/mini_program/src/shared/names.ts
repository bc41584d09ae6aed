// Resource names, such as `households/10000001/entries/42`.

/** The last segment: `42`. */
export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The name's first two segments: `households/10000001`. */
export function rootOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}
