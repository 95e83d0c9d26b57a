// Loading a page while containers come and go: their interfaces are a change of the network to Chromium, which breaks off
// what it is loading. Whoever sits before it would load the page again, and so do the tests.

const CHANGED = 'net::ERR_NETWORK_CHANGED';
const PARTS = ['document', 'script', 'stylesheet'];
const TRIES = 5;

/** Goes to an address; again when a part of the page was broken off before it was drawn. */
export async function open(page, url, begin = () => {}) {
  for (let tries = 1; ; tries += 1) {
    begin();
    let tell;
    const broken = new Promise((resolve) => (tell = resolve));
    const hear = (request) => {
      if (request.failure()?.errorText === CHANGED && PARTS.includes(request.resourceType())) tell(CHANGED);
    };
    page.on('requestfailed', hear);
    const drawn = page.goto(url).then(() => page.locator('#app > *').first().waitFor({ state: 'attached' }));
    const fault = await Promise.race([drawn.catch((thrown) => thrown), broken]);
    page.off('requestfailed', hear);
    if (fault === undefined) return;
    if (tries === TRIES || !String(fault).includes(CHANGED)) throw fault;
  }
}

/** A view that was broken off says so and is loaded again by its own button. */
export const pressLoadAgain = (page) =>
  page.addLocatorHandler(page.getByRole('button', { name: 'Load again' }), (again) => again.click());
