// Pictures of every view for the documentation: docs/demo-*.png. Rendered scenes only. Run `npm run build:demo` first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { preview } from 'vite';

const demo = fileURLToPath(new URL('..', import.meta.url));
const docs = join(demo, '..', '..', 'docs');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const flags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

const server = await preview({ root: demo, preview: { port: 0 }, logLevel: 'error' });
const address = `http://localhost:${server.httpServer.address().port}/?backend=wasm`;
const browser = await chromium.launch({ executablePath, headless: true, args: flags });
const page = await browser.newPage({ viewport: { width: 1160, height: 860 }, colorScheme: 'light' });
const wait = { timeout: 300_000 };
const idle = () =>
  page.waitForFunction(
    () => {
      const { session } = document.querySelector('gss-demo');
      if (session.error) throw new Error(session.error);
      return session.result && !session.task;
    },
    undefined,
    wait,
  );

/** Saves what is seen with few colours, below 150 kB. */
async function save(name) {
  await page.waitForTimeout(400);
  const shot = await page.screenshot();
  mkdirSync(docs, { recursive: true });
  for (const colours of [256, 128, 64, 32]) {
    const png = await sharp(shot).png({ palette: true, colours, effort: 10, compressionLevel: 9 }).toBuffer();
    if (png.length > 150_000 && colours > 32) continue;
    writeFileSync(join(docs, `demo-${name}.png`), png);
    console.log(`docs/demo-${name}.png: ${png.length} bytes, ${colours} colours`);
    return;
  }
}

try {
  await page.goto(address);
  await idle();
  await page
    .locator('demo-picture canvas')
    .nth(2)
    .hover({ position: { x: 150, y: 140 } });
  await save('segment');
  await page.click('#tab-play');
  await page.click('#draw');
  await page.waitForSelector('#samples demo-picture', wait);
  await idle();
  await save('play');
  await page.click('#tab-codec');
  await page.waitForSelector('view-codec demo-picture', wait);
  await page.locator('view-codec input[type=range]').nth(1).fill('60');
  await page.locator('view-codec input[type=range]').nth(2).fill('2');
  await page.waitForFunction(
    () => /right/.test(document.querySelector('view-codec .live').textContent),
    undefined,
    wait,
  );
  await save('codec');
  await page.click('#tab-learn');
  if (await page.locator('#truth').count()) await page.click('#truth');
  else {
    // The model has other classes than the scene: one of its own regions gets another class.
    await page.locator('view-learn .choice', { hasText: 'Fill' }).locator('input').check();
    await page.locator('view-learn input[name=learn-class]').nth(5).check();
    await page.locator('view-learn canvas.paint').click({ position: { x: 60, y: 20 } });
  }
  await page.click('#keep');
  await page.click('#learn');
  await page.waitForFunction(
    () => /(after|apart)\.$/.test(document.querySelector('#status').textContent),
    undefined,
    wait,
  );
  await page.evaluate(() => document.querySelector('#kept').scrollIntoView());
  await save('learn');
} finally {
  await browser.close();
  await server.close();
}
