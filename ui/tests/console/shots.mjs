// Pictures of every page in both languages and themes at three widths, to be looked at.
import { mkdir } from 'node:fs/promises';
import { giveWallet } from './wallet.mjs';

const WIDTHS = [390, 820, 1440];
const PAGES = { overview: '/', billing: '/billing', wallet: '/wallet' };
const WORDS = {
  en: { connect: 'Connect Test wallet', ready: 'Review and sign', locale: 'en-GB' },
  ko: { connect: 'Test wallet 연결', ready: '확인하고 서명', locale: 'ko-KR' },
};

/** Takes them all. `world`: `{folder, url, rpc, address, token}`. */
export async function takeShots(browser, { folder, url, rpc, address, token }) {
  await mkdir(folder, { recursive: true });
  for (const language of ['en', 'ko']) {
    for (const theme of ['light', 'dark']) {
      const { connect, ready, locale } = WORDS[language];
      const context = await browser.newContext({ locale, colorScheme: theme });
      await giveWallet(context, { rpc, address, chain: '0x7a69' });
      const page = await context.newPage();
      const shoot = async (name) => {
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          await page.evaluate(() => document.fonts.ready);
          await page.screenshot({ path: `${folder}/${name}-${language}-${theme}-${width}.png`, fullPage: true });
        }
      };
      await page.goto(url);
      await page.locator('input').waitFor();
      await shoot('sign-in');
      await page.evaluate((token) => sessionStorage.setItem('ttalkak.token', token), token);
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(url + path);
        if (name === 'wallet') {
          await page.getByRole('button', { name: connect }).click();
          await page.getByRole('button', { name: ready }).waitFor();
          await shoot(name);
          await page.getByRole('button', { name: ready }).click();
          await page.getByTestId('facts').waitFor();
          await shoot('review');
        } else {
          await page.getByText('shop').first().waitFor();
          await shoot(name);
        }
      }
      await context.close();
    }
  }
}
