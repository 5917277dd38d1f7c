import { createRandom, type Random } from '../random.js';
import type { Sample } from '../types.js';
import { drawBuildings } from './buildings.js';
import type { Canvas } from './canvas.js';
import { drawCar, makeCar } from './car.js';
import { finish } from './finish.js';
import { drawLamp, drawSign, drawTrafficLight } from './furniture.js';
import { drawGround } from './ground.js';
import { makeStreet, type Side, type Street } from './layout.js';
import { drawBonnet, drawFence, drawThing } from './obstacles.js';
import { drawPerson } from './person.js';
import { drawSky } from './sky.js';
import { drawTree, makeFoliage } from './tree.js';
import { makeWeather } from './weather.js';
import { type Camera, hsv, type Weather } from './world.js';

export interface StreetSceneOptions {
  /** Any integer: another seed is another city. */
  readonly seed: number;
  /** Which picture of the split, from 0 on. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Splits share no scene. Default 'train'. */
  readonly split?: 'train' | 'val' | 'test';
  /**
   * `full` (default): seven kinds of weather, autumn leaves, every wall colour. `calm`: fair days, green trees, people close by;
   * what a small network learns in minutes.
   */
  readonly variety?: 'full' | 'calm';
}

const splitKeys = { train: 1, val: 2, test: 3 } as const;

/**
 * One picture of synthetic-streets with its truth. The same options give the same bytes; one (seed, split, index) is the same
 * scene at every size. Sizes from 48×32 to 2048×2048; made for 192×128 … 512×384.
 * @throws RangeError for a size or index out of range.
 */
export function renderStreetScene({
  seed,
  index,
  width,
  height,
  split = 'train',
  variety = 'full',
}: StreetSceneOptions): Sample {
  for (const [name, value, low] of [
    ['width', width, 48],
    ['height', height, 32],
  ] as const)
    if (!Number.isInteger(value) || value < low || value > 2048)
      throw new RangeError(`renderStreetScene: ${name} ${value} is not an integer of ${low}..2048.`);
  if (!Number.isInteger(index) || index < 0)
    throw new RangeError(`renderStreetScene: index ${index} is not an integer ≥ 0.`);
  if (!(split in splitKeys)) throw new RangeError(`renderStreetScene: split "${split}" is none of train, val, test.`);
  if (variety !== 'full' && variety !== 'calm')
    throw new RangeError(`renderStreetScene: variety "${variety}" is none of full, calm.`);
  const calm = variety === 'calm';
  const key = [seed, splitKeys[split], index];
  const scene = (part: number) => createRandom(...key, part);
  const canvas = makeCanvas(2 * width, 2 * height);
  const weather = makeWeather(scene(0), calm);
  const layout = makeStreet(scene(1), calm);
  const camera = makeCamera(canvas, layout, scene(2), calm);
  drawSky(canvas, camera, weather, scene(3));
  drawGround(canvas, camera, weather, layout, scene(4));
  drawSurroundings(canvas, camera, weather, layout, scene);
  drawTraffic(canvas, camera, weather, layout, scene(20));
  const bonnet = scene(21);
  if (bonnet.chance(0.25))
    drawBonnet(
      canvas,
      weather,
      hsv(bonnet.uniform(), bonnet.range(0, 0.6), bonnet.range(0.15, 0.7)),
      bonnet.range(0.06, 0.12),
    );
  return { ...finish(canvas, weather, scene(22)), name: `${split}-${seed}-${String(index).padStart(5, '0')}` };
}

/** The canvas of the last picture: sky and ground cover every pixel of it, so one of the same size can be drawn over it. */
let last: Canvas | undefined;

function makeCanvas(width: number, height: number): Canvas {
  if (last?.width !== width || last.height !== height)
    last = {
      width,
      height,
      rgb: new Uint8ClampedArray(3 * width * height),
      labels: new Uint8Array(width * height),
      unit: width / 192,
    };
  return last;
}

function makeCamera(c: Canvas, layout: Street, random: Random, calm: boolean): Camera {
  const onPavement = random.chance(calm ? 0 : 0.15);
  const side = random.chance(0.5) ? 1 : -1;
  return {
    f: c.width * random.range(0.72, 0.95),
    cx: c.width * random.range(0.33, 0.67),
    cy: c.height * random.range(0.38, 0.52),
    x: side * (onPavement ? layout.roadHalf + 0.9 : layout.roadHalf * random.range(0.2, 0.6)),
    height: random.range(1.35, 2.1),
  };
}

/** Houses, gardens, and what grows and stands in them. */
function drawSurroundings(
  c: Canvas,
  cam: Camera,
  weather: Weather,
  layout: Street,
  scene: (part: number) => Random,
): void {
  for (const [n, side] of [layout.left, layout.right].entries()) {
    drawBuildings(c, cam, weather, side, scene(5 + n));
    if (side.kind === 'urban') continue;
    const random = scene(7 + n);
    const foliage = makeFoliage(random, weather.calm);
    const many = side.kind === 'park' ? 15 : 5;
    const deep = side.kind === 'park' ? 16 : 3;
    const spots = Array.from({ length: many }, () => ({
      z: random.range(6, 60),
      x: side.front - 2 + random.range(0, deep),
    }));
    for (const { x, z } of spots.sort((a, b) => b.z - a.z))
      drawTree(
        c,
        cam,
        weather,
        side.sign * x,
        z,
        random.chance(0.35) ? random.range(1, 2) : random.range(3.5, 8),
        foliage,
        random,
      );
    if (side.fence) {
      const z0 = random.range(2, 6);
      drawFence(c, cam, weather, side.sign * side.fence, z0, z0 + random.range(18, 45), random);
    }
  }
}

interface Thing {
  readonly z: number;
  draw(): void;
}

/** All that stands on road and pavement, far to near. */
function drawTraffic(c: Canvas, cam: Camera, weather: Weather, layout: Street, random: Random): void {
  const things: Thing[] = [];
  const add = (z: number, draw: (own: Random) => void) => {
    const own = createRandom(random.int(2 ** 31));
    things.push({ z, draw: () => draw(own) });
  };
  const foliage = makeFoliage(random, weather.calm);
  const { roadHalf } = layout;
  for (const side of [layout.left, layout.right]) addSide(add, c, cam, weather, side, roadHalf, foliage, random);
  // Cars that drive: ours ahead, others towards us.
  for (const [lane, oncoming] of [
    [Math.sign(cam.x), false],
    [-Math.sign(cam.x), true],
  ] as const)
    for (let z = random.range(6.5, 16); z < (weather.calm ? 30 : 45); z += random.range(7, 26))
      if (random.chance(0.6)) {
        const x = lane * roadHalf * random.range(0.42, 0.55);
        const at = z;
        add(at, (own) => drawCar(c, cam, weather, makeCar(x, at, oncoming, own, weather.calm)));
      }
  if (layout.zebra !== undefined)
    for (let n = random.int(4); n > 0; n--) {
      const z = layout.zebra + random.range(0.3, 2.7);
      const x = random.range(-roadHalf, roadHalf);
      add(z, (own) => drawPerson(c, cam, weather, x, z, own));
    }
  for (const thing of things.sort((a, b) => b.z - a.z)) thing.draw();
}

function addSide(
  add: (z: number, draw: (own: Random) => void) => void,
  c: Canvas,
  cam: Camera,
  weather: Weather,
  side: Side,
  roadHalf: number,
  foliage: readonly [number, number, number],
  random: Random,
): void {
  const { sign, pavementEnd } = side;
  const kerb = sign * (roadHalf + 0.45);
  const walk = () => sign * random.range(roadHalf + 0.7, pavementEnd - 0.3);
  if (random.chance(0.55)) {
    for (let z = random.range(5, 9); z < 42; z += random.range(5.2, 8))
      if (random.chance(0.65)) {
        const at = z;
        const oncoming = sign !== Math.sign(cam.x) && random.chance(0.7);
        add(at, (own) => drawCar(c, cam, weather, makeCar(sign * (roadHalf - 0.95), at, oncoming, own, weather.calm)));
      }
  }
  for (let n = 1 + random.int(5); n > 0; n--) {
    const z = random.range(4.5, weather.calm ? 11 : 20);
    const x = walk();
    add(z, (own) => drawPerson(c, cam, weather, x, z, own));
  }
  const spacing = random.range(9, 18);
  const lamps = random.chance(0.85);
  const trees = side.kind !== 'park' && random.chance(0.4);
  for (let z = random.range(4.5, 10); z < (weather.calm ? 22 : 36); z += spacing) {
    const at = z;
    if (lamps) add(at, (own) => drawLamp(c, cam, weather, kerb, at, own));
    if (trees)
      add(at + spacing / 2, (own) =>
        drawTree(c, cam, weather, kerb + sign * 0.3, at + spacing / 2, own.range(4, 6.5), foliage, own),
      );
  }
  for (let n = random.int(4); n > 0; n--) {
    const z = random.range(5, weather.calm ? 12 : 17);
    add(z, (own) => (own.chance(0.3) ? drawTrafficLight : drawSign)(c, cam, weather, kerb, z, own));
  }
  if (random.chance(0.45)) {
    const z = random.range(4, 14);
    add(z, (own) => drawThing(c, cam, weather, sign * (pavementEnd - 0.5), z, own));
  }
  if (side.kind === 'urban' && side.fence) {
    const z0 = random.range(4, 9);
    const fence = side.fence;
    add(z0, (own) => drawFence(c, cam, weather, sign * fence, z0, z0 + own.range(8, 20), own));
  }
}
