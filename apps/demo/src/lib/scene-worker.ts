import { renderStreetScene, type StreetSceneOptions, syntheticStreetsClasses } from '@gss/datasets';

/** Rendering takes longer than a frame: it has a thread of its own. */
const worker = self as unknown as {
  onmessage: ((event: MessageEvent<{ id: number; options: StreetSceneOptions }>) => void) | null;
  postMessage(message: unknown): void;
};
worker.onmessage = ({ data: { id, options } }) => {
  const { image, labels, name } = renderStreetScene(options);
  const classes = syntheticStreetsClasses.map((entry) => entry.name);
  worker.postMessage({ id, scene: { image, labels, name, classes } });
};
