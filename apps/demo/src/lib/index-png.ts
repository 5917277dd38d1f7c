import type { LabelMap, Palette } from '@gss/maskige';

const table = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Length, name, content, checksum. */
function chunk(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(12 + content.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) out[4 + i] = name.charCodeAt(i);
  out.set(content, 8);
  view.setUint32(8 + content.length, crc(out.subarray(4, 8 + content.length)));
  return out;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * A label map as PNG whose values are class ids: 8 bits with a palette (so that viewers show colours and tools read ids), or
 * 16-bit grey for ids beyond 255. Ids without a colour are drawn black. Packed by the browser, no library.
 */
export async function encodeIndexPng({ data, width, height }: LabelMap, palette: Palette): Promise<Blob> {
  const wide = data.some((label) => label > 255);
  const row = wide ? 2 * width : width;
  const raw = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y++) {
    const at = y * (row + 1) + 1; // byte 0 of a row is its filter: none
    for (let x = 0; x < width; x++) {
      const label = data[y * width + x]!;
      if (wide) raw[at + 2 * x] = label >> 8;
      raw[at + (wide ? 2 * x + 1 : x)] = label & 255;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([wide ? 16 : 8, wide ? 0 : 3], 8);
  const colours = new Uint8Array(768);
  palette.slice(0, 256).forEach((color, k) => {
    colours.set(color, 3 * k);
  });
  const parts: BlobPart[] = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk('IHDR', header),
    ...(wide ? [] : [chunk('PLTE', colours)]),
    chunk('IDAT', await deflate(raw)),
    chunk('IEND', new Uint8Array(0)),
  ];
  return new Blob(parts, { type: 'image/png' });
}
