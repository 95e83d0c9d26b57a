// Light or dark, by the owner's wish or the system's. Deliberately absent: keeping the wish.

export type Wish = 'system' | 'light' | 'dark';

const dark = () => window.matchMedia('(prefers-color-scheme: dark)');

/** Draws in what is wished, and follows the system while that is the wish. Returns how to stop following. */
export function appear(wish: Wish): () => void {
  const system = dark();
  const draw = () => {
    const theme = wish === 'system' ? (system.matches ? 'dark' : 'light') : wish;
    document.documentElement.dataset['theme'] = theme;
  };
  draw();
  system.addEventListener('change', draw);
  return () => system.removeEventListener('change', draw);
}
