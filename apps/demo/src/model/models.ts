/** A model that is served beside the page. */
export interface ServedModel {
  readonly id: string;
  /** Of the page's folder. */
  readonly url: string;
  readonly bytes: number;
}

/** What the build found: `weights/index.json`. */
export async function listModels(): Promise<readonly ServedModel[]> {
  const response = await fetch(new URL('weights/index.json', document.baseURI));
  return response.ok ? ((await response.json()) as { models: ServedModel[] }).models : [];
}

export type PictureKind = 'scene' | 'photo';

/** The shipped model for a kind of picture, else whichever is there. */
export function modelFor(kind: PictureKind, models: readonly ServedModel[]): ServedModel | undefined {
  const order = kind === 'scene' ? ['synthetic-streets', 'quickstart'] : ['camvid', 'synthetic-streets'];
  return order.map((id) => models.find((model) => model.id === id)).find(Boolean) ?? models[0];
}
