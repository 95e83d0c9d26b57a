// Letters before text: long text that is drawn in another font first wraps anew when its own arrives, and jumps.

/** Longer nobody waits: text in the wrong letters is better than none. */
const WAIT_MS = 400;

/** Until the fonts are there that `text` is written in. */
export async function fontsFor(text: string): Promise<void> {
  const letters = [...new Set(text)].join('');
  const wanted = ['400 16px "Pretendard Variable"', '400 14px "JetBrains Mono Variable"'];
  const loaded = Promise.allSettled(wanted.map((font) => document.fonts.load(font, letters)));
  await Promise.race([loaded, new Promise((done) => setTimeout(done, WAIT_MS))]);
}
