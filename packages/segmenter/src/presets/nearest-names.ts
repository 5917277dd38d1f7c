/** Pairs of neighbouring letters of a name, lower case. */
const pairs = (name: string): Set<string> => {
  const text = name.toLowerCase();
  return new Set(Array.from({ length: Math.max(1, text.length - 1) }, (_, i) => text.slice(i, i + 2)));
};

/** The names that share most with a mistyped one (Dice coefficient of their letter pairs), best first. */
export function nearestNames(name: string, names: readonly string[], count = 2): string[] {
  const wanted = pairs(name);
  const ranked = names.map((candidate) => {
    const theirs = pairs(candidate);
    const shared = [...theirs].filter((pair) => wanted.has(pair)).length;
    return { candidate, score: (2 * shared) / (wanted.size + theirs.size) };
  });
  ranked.sort((a, b) => b.score - a.score);
  return ranked.slice(0, count).map(({ candidate }) => candidate);
}
